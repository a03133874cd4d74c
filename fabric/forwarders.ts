import type { Topology } from '../topology/model.ts';

/**
 * By the name of a segment the machines on it, nodes aside, that may be the next one on a packet's way in IPv4: what BIRD calls `gw`.
 * OSPFv3 knows its neighbours by link-local addresses, which are on no segment. A node is none of them, or a node that comes would
 * change the sessions of its neighbours.
 */
export type Forwarders = ReadonlyMap<string, ReadonlySet<string>>;

export function forwardersOf({ routers, hosts, segments = [] }: Topology): Forwarders {
  const forwarding = new Set([
    ...routers.filter(({ planned }) => !planned).map(({ name }) => name),
    ...hosts.filter(({ igp, forwards }) => igp || forwards).map(({ name }) => name),
  ]);
  return new Map(
    segments.map(({ name, members }) => [
      name,
      new Set(members.map(({ machine }) => machine).filter((machine) => forwarding.has(machine))),
    ]),
  );
}
