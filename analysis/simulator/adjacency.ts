import type { Family } from '../../topology/address.ts';
import type { FailureSet } from './failure.ts';
import type { Network } from './model.ts';

/** Which members form one OSPF network on a segment, and which announce its range alone. */
export interface Adjacency {
  readonly joined: readonly number[];
  readonly alone: readonly number[];
}

/**
 * OSPF forms no adjacency with a neighbour of another MTU (RFC 2328 section 10.6; BIRD logs "MTU mismatch" and stays in ExStart). Everybody's
 * network is with the designated router, the one of the highest router ID where all have one priority: who has its MTU is
 * joined to it. Without anybody else there is no network, and each announces the range as a stub.
 */
export function adjacencyOn(
  network: Network,
  family: Family,
  failure: FailureSet,
  segment: number,
): Adjacency {
  const { machines, segments } = network;
  const { members = [], isEven = true } = segments[segment] ?? {};
  const speakers = members.flatMap((index) => {
    const machine = machines[index];
    const port = machine?.ports.find((one) => one.segment === segment);
    const runs = machine?.igp.includes(family) && port?.ospf.includes(family) && !failure.machines.has(index);
    return runs && machine !== undefined ? [{ index, mtu: port?.mtu, routerId: machine.routerId }] : [];
  });
  if (failure.segments.has(segment)) return { joined: [], alone: [] };
  if (isEven) return { joined: speakers.map(({ index }) => index), alone: [] };
  const designated = speakers.reduce<(typeof speakers)[number] | undefined>(
    (best, one) => (best === undefined || one.routerId > best.routerId ? one : best),
    undefined,
  );
  const alike = speakers.filter(({ mtu }) => mtu === designated?.mtu).map(({ index }) => index);
  const joined = alike.length > 1 ? alike : [];
  return { joined, alone: speakers.map(({ index }) => index).filter((index) => !joined.includes(index)) };
}
