import { type Family, LEAST_IPV6_MTU, valuesOf } from '../topology/address.ts';
import type { Segment, SegmentMember, Topology } from '../topology/model.ts';
import type { Fabric } from './fabric.ts';
import { type ShortestPaths, shortestPathsFrom } from './shortest-paths.ts';

/**
 * The families that the IGP carries over each segment, by the interface of each member. OSPFv3 speaks from link-local addresses: between two of its speakers
 * it also runs on a segment without an IPv6 range, if routers have IPv6 addresses that it must carry. Nodes do not count:
 * they do not need those, and a new node must change nothing on a router but its session. An interface with an MTU below
 * 1280 bytes has no IPv6, not even a link-local address.
 */
export function igpFamilies(
  topology: Topology,
): (segment: Segment, member: SegmentMember) => readonly Family[] {
  const running = topology.routers.filter((router) => !router.planned);
  const speakers = new Set([
    ...running.map(({ name }) => name),
    ...topology.hosts.filter(({ igp }) => igp).map(({ name }) => name),
  ]);
  const ipv6 = running.some(({ nodeAddress, backboneAddress }) =>
    [...valuesOf(nodeAddress), ...valuesOf(backboneAddress)].some(({ family }) => family === 'ipv6'),
  );
  const hasLinkLocal = ({ mtu }: SegmentMember) => mtu >= LEAST_IPV6_MTU;
  return ({ cidr, members }, member) => {
    const others = members.filter((one) => speakers.has(one.machine) && hasLinkLocal(one));
    const isAsked = cidr.ipv6 !== undefined || (ipv6 && others.length > 1);
    return [
      ...(cidr.ipv4 === undefined ? [] : (['ipv4'] as const)),
      ...(isAsked && hasLinkLocal(member) ? (['ipv6'] as const) : []),
    ];
  };
}

type Machines = Pick<Fabric, 'segments' | 'routers' | 'nodes' | 'hosts'>;

/** The IGP's shortest paths to a machine. */
export type PathsTo = (machine: string, family: Family) => ShortestPaths;

/** The IGP's shortest paths to a machine, over the segments that carry the family. Each is computed once, on demand. */
export function igpPaths(machines: Machines): PathsTo {
  const graphs: Partial<Record<Family, (machine: string) => ShortestPaths>> = {};
  const cache = new Map<string, ShortestPaths>();
  return (machine, family) => {
    graphs[family] ??= graph(machines, family);
    const paths = cache.get(`${family} ${machine}`) ?? graphs[family](machine);
    cache.set(`${family} ${machine}`, paths);
    return paths;
  };
}

function graph(machines: Machines, family: Family): (machine: string) => ShortestPaths {
  const { routers, nodes, hosts, segments = [] } = machines;
  const attachments = [...routers, ...nodes, ...hosts].flatMap((one) => one.attachments);
  const carrying = new Set(
    attachments.filter(({ igp }) => igp.includes(family)).map(({ segment }) => segment),
  );
  return shortestPathsFrom({ ...machines, segments: segments.filter(({ name }) => carrying.has(name)) });
}
