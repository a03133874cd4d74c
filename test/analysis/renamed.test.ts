import fc from 'fast-check';
import { forecast } from '../../analysis/index.ts';
import { nodeBlocks } from '../../fabric/index.ts';
import type { TopologyInput } from '../../topology/index.ts';
import { fabricOf } from '../fabric-of.ts';
import { arbitraryNetwork } from './arbitrary-network.ts';
import { redundantNetwork } from './redundant-network.ts';
import { sharedNetwork } from './shared-network.ts';

/** A new name for each name, in reverse order: the name that sorted first sorts last. */
function otherNames(names: readonly string[]): ReadonlyMap<string, string> {
  const sorted = [...names].sort();
  return new Map(sorted.map((name, at) => [name, `x${String(sorted.length - at).padStart(3, '0')}`]));
}

function renamed(topology: TopologyInput) {
  const { routers, nodes = {}, hosts = {}, regions, underlay } = topology;
  const segments = underlay?.segments ?? {};
  const machines = otherNames([...Object.keys(routers), ...Object.keys(nodes), ...Object.keys(hosts)]);
  const segmentNames = otherNames(Object.keys(segments));
  const regionNames = otherNames(Object.keys(regions));
  const of = (names: ReadonlyMap<string, string>) => (name: string) => names.get(name) ?? name;
  const [machine, segment, region] = [of(machines), of(segmentNames), of(regionNames)];
  const keyed = <V, W>(record: Record<string, V>, name: (key: string) => string, value: (one: V) => W) =>
    Object.fromEntries(Object.entries(record).map(([key, one]) => [name(key), value(one)]));
  const same = <V>(one: V) => one;
  const { backboneMesh } = topology.bgp ?? {};
  const renamedTopology: TopologyInput = {
    ...topology,
    bgp: {
      ...topology.bgp,
      ...(Array.isArray(backboneMesh)
        ? { backboneMesh: backboneMesh.map(([a, b]): [string, string] => [machine(a), machine(b)]) }
        : {}),
    },
    calico: {
      ...topology.calico,
      filters: keyed(topology.calico.filters ?? {}, same, (filter) => ({
        ...filter,
        routers: filter.routers.map(machine),
      })),
    },
    k3s: {
      ...topology.k3s,
      ...(topology.k3s.firstServer === undefined ? {} : { firstServer: machine(topology.k3s.firstServer) }),
    },
    regions: keyed(regions, region, (one) => ({
      ...one,
      ...(one.routers === undefined ? {} : { routers: one.routers.map(machine) }),
      ...(one.router === undefined ? {} : { router: machine(one.router) }),
    })),
    routers: keyed(routers, machine, same),
    nodes: keyed(nodes, machine, (node) => ({
      ...node,
      region: region(node.region),
      ...(node.defaultRouter === undefined ? {} : { defaultRouter: machine(node.defaultRouter) }),
    })),
    hosts: keyed(hosts, machine, same),
    underlay: {
      segments: keyed(segments, segment, (one) => ({
        ...one,
        members: keyed(one.members, machine, same),
        ...(one.memberMtu === undefined ? {} : { memberMtu: keyed(one.memberMtu, machine, same) }),
      })),
    },
  };
  return { topology: renamedTopology, machine, segment };
}

/** The next hops of each machine on the path between any two nodes. */
const ways = (topology: TopologyInput, machine = (name: string) => name, segment = (name: string) => name) =>
  forecast(fabricOf(topology))
    .pairs.map(({ from, to, family, reachable, isLossy, steps }) => ({
      pair: `${machine(from)} to ${machine(to)} (${family})`,
      reachable,
      isLossy,
      steps: [...steps]
        .map(
          ([at, next]) =>
            `${machine(at)}: ${next.map((step) => `${segment(step.segment)}>${machine(step.to)}`).sort()}`,
        )
        .sort(),
    }))
    .sort((a, b) => (a.pair < b.pair ? -1 : 1));

/** Blocks are assigned in the order of node names, unless the topology names them. */
function withBlocks(topology: TopologyInput): TopologyInput {
  const blocks = nodeBlocks(fabricOf(topology));
  const nodes = Object.entries(topology.nodes ?? {}).map(([name, node]) => [
    name,
    { ...node, block: blocks.get(name)?.map(({ text }) => text) },
  ]);
  return { ...topology, nodes: Object.fromEntries(nodes) };
}

test('the names of segments, machines and regions do not affect the path of any packet', () => {
  fc.assert(
    fc.property(fc.oneof(arbitraryNetwork(), redundantNetwork(), sharedNetwork()), (random) => {
      const before = withBlocks(random);
      const { topology, machine, segment } = renamed(before);
      expect(ways(topology)).toEqual(ways(before, machine, segment));
    }),
    { numRuns: 100 },
  );
});
