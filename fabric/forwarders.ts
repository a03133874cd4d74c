import type { Family } from '../topology/address.ts';
import type { Topology } from '../topology/model.ts';
import type { NodeSpeaker } from './fabric.ts';
import { loopbacks } from './own-ways.ts';

/**
 * By segment name, the machines on it that may be the next hop of a packet: BIRD's `gw`. OSPFv3 identifies its
 * neighbours by link-local addresses, which are on no segment; static routes use addresses of both families. A node is the next hop
 * if its own address is on none of its segments: its neighbours do not reach that next hop directly, but an address in front of it. Other
 * nodes are left out: otherwise a new node would change the sessions of its neighbours.
 */
export type Forwarders = ReadonlyMap<string, Readonly<Record<Family, ReadonlySet<string>>>>;

export function forwardersOf(
  { routers, hosts, segments = [] }: Topology,
  nodes: readonly NodeSpeaker[],
): Forwarders {
  const forwarding = [
    ...routers.filter(({ planned }) => !planned).map(({ name }) => name),
    ...hosts.filter(({ igp, forwards }) => igp || forwards).map(({ name }) => name),
  ];
  const elsewhere = (family: Family) =>
    nodes
      .filter(({ igp }) => family === 'ipv4' || !igp)
      .filter((node) => loopbacks(node).some((address) => address.family === family))
      .map(({ name }) => name);
  const ipv4 = new Set([...forwarding, ...elsewhere('ipv4')]);
  const ipv6 = new Set(elsewhere('ipv6'));
  return new Map(
    segments.map(({ name, members }) => {
      const on = (machines: ReadonlySet<string>) =>
        new Set(members.map(({ machine }) => machine).filter((machine) => machines.has(machine)));
      return [name, { ipv4: on(ipv4), ipv6: on(ipv6) }];
    }),
  );
}

/** Whether any of the segments has a forwarder that is neither end of a session. */
export const haveForwarder = (
  forwarders: Forwarders,
  segments: readonly string[],
  family: Family,
  ends: readonly string[],
): boolean =>
  segments.some((segment) => {
    const on = forwarders.get(segment)?.[family];
    return on !== undefined && on.size > ends.filter((name) => on.has(name)).length;
  });
