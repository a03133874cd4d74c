import fc from 'fast-check';
import { networkOf } from '../../analysis/simulator/network.ts';
import { simulatorOf } from '../../analysis/simulator/simulate.ts';
import { isWhole } from '../../analysis/simulator/what-if.ts';
import type { TopologyInput } from '../../topology/index.ts';
import { fabricOf } from '../fabric-of.ts';
import { redundantNetwork, visitedNetwork } from './redundant-network.ts';
import { healthySharedNetwork } from './shared-network.ts';

/** Of every ordered pair of nodes what becomes of its packets. That real BIRD does the same is what oracle.test.ts tries. */
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
