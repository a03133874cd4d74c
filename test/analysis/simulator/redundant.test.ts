import fc from 'fast-check';
import { networkOf } from '../../../analysis/simulator/network.ts';
import { simulatorOf } from '../../../analysis/simulator/simulate.ts';
import { isWhole } from '../../../analysis/simulator/what-if.ts';
import type { TopologyInput } from '../../../topology/index.ts';
import { fabricOf } from '../../fabric-of.ts';
import { redundantNetwork, visitedNetwork } from '../redundant-network.ts';
import { healthySharedNetwork } from '../shared-network.ts';

/** The fate of the packets of every ordered pair of nodes. oracle.test.ts tests that real BIRD does the same. */
function fates(topology: TopologyInput) {
  const network = networkOf(fabricOf(topology));
  const simulation = simulatorOf(network)();
  return network.blocks.flatMap((block) => {
    const to = network.machines[block.node]?.name;
    return network.machines
      .filter(({ kind, index }) => kind === 'node' && index !== block.node)
      .map(({ name, index }) => ({ pair: `${name} to ${to}`, fate: simulation.waysTo(block).fate(index) }));
  });
}

test('a redundant network in which nothing is broken loses no packet', () => {
  fc.assert(
    fc.property(fc.oneof(redundantNetwork(), visitedNetwork()), (topology) => {
      expect(fates(topology).filter(({ fate }) => !isWhole(fate))).toEqual([]);
    }),
    { numRuns: 150 },
  );
});

test.each([true, false])(
  'a network in which much is shared loses no packet either, with the mesh: %s',
  (mesh) => {
    fc.assert(
      fc.property(healthySharedNetwork(mesh), (topology) => {
        expect(fates(topology).filter(({ fate }) => !isWhole(fate))).toEqual([]);
      }),
      { numRuns: 60 },
    );
  },
);

test('without the mesh no packet leaves a machine over the segment on which it came', () => {
  const meshless = redundantNetwork().map((topology) => ({
    ...topology,
    bgp: { ...topology.bgp, nodeToNodeMesh: false },
  }));
  fc.assert(
    fc.property(meshless, (topology) => {
      expect(fates(topology).filter(({ fate }) => fate.turns)).toEqual([]);
    }),
    { numRuns: 150 },
  );
});

/** One LAN of a reflector and three nodes; the addresses of two of these are on no segment. */
const elsewhere = (v6: boolean, igp: boolean): TopologyInput => {
  const lan = (host: number) => (v6 ? `fd00:1::${host}` : `10.1.0.${host}`);
  const loopback = (id: number) => (v6 ? `fd00:ff::${id}` : `10.255.0.${id}`);
  return {
    version: 1,
    name: 'elsewhere',
    bgp: { nodeToNodeMesh: false },
    pods: { cidrs: [v6 ? 'fd42::/112' : '10.42.0.0/16'] },
    services: { cidrs: [v6 ? 'fd43::/112' : '10.43.0.0/16'] },
    calico: { version: 'v3.32.1', nodeAddress: 'kubernetes' },
    k3s: { version: 'v1.34.5+k3s1' },
    gitops: { repoURL: 'https://git.example/net.git' },
    regions: { R: { routers: ['r'] } },
    routers: { r: { routerId: '10.254.0.1', nodeAddress: lan(1), backboneAddress: loopback(1) } },
    nodes: {
      a: { region: 'R', role: 'server', address: lan(11) },
      b: { region: 'R', role: 'agent', address: loopback(12), igp },
      c: { region: 'R', role: 'agent', address: loopback(13) },
    },
    underlay: {
      segments: {
        lan: {
          cidr: v6 ? 'fd00:1::/64' : '10.1.0.0/24',
          mtu: 1500,
          members: { r: lan(1), a: lan(11), b: lan(12), c: lan(13) },
        },
      },
    },
  };
};

/** OSPFv3 knows b by a link-local address, which cannot be announced as next hop. */
test.each([
  ['IPv4', false, false, []],
  ['IPv4, one by the IGP', false, true, []],
  ['IPv6', true, false, []],
  ['IPv6, one by the IGP', true, true, ['a to b', 'c to b']],
])('neighbours send directly to nodes whose address is on no segment: %s', (_, v6, igp, turning) => {
  const turns = fates(elsewhere(v6, igp)).filter(({ fate }) => fate.turns);
  expect(turns.map(({ pair }) => pair).sort()).toEqual(turning);
});
