import fc from 'fast-check';
import { sampleLoans } from '../../../analysis/loans.ts';
import { type Failing, failings, failureOf } from '../../../analysis/simulator/failure.ts';
import type { Fate } from '../../../analysis/simulator/fate.ts';
import type { Network } from '../../../analysis/simulator/model.ts';
import { networkOf } from '../../../analysis/simulator/network.ts';
import { type Simulation, simulatorOf } from '../../../analysis/simulator/simulate.ts';
import { type Consequence, whatIf } from '../../../analysis/simulator/what-if.ts';
import { type Fabric, nodeBlocks } from '../../../fabric/index.ts';
import { fabricOf } from '../../fabric-of.ts';
import { arbitraryNetwork } from '../arbitrary-network.ts';
import { enlargedNetwork } from './enlarged.ts';

/** The same by comparing two simulations, pair by pair. */
function compared({ network, waysTo, isUp }: Simulation, after: Simulation): Consequence {
  const pairs = network.blocks
    .filter(({ node, hasPods }) => hasPods && !after.failure.machines.has(node))
    .flatMap((block) =>
      network.machines
        .filter(({ index, speaker }) => {
          const has = speaker?.kind === 'node' && speaker.address[block.prefix.family] !== undefined;
          return has && index !== block.node && !after.failure.machines.has(index);
        })
        .map(({ index }) => ({
          from: index,
          block: block.index,
          before: waysTo(block).fate(index),
          after: after.waysTo(block).fate(index),
        })),
    )
    .filter(({ before }) => all(before));
  return {
    broken: pairs.filter(({ after }) => !all(after)),
    worse: pairs.filter(({ before, after }) => all(after) && isWorse(before, after)),
    parted: network.links
      .filter(({ index, sessionIndex: own }) => index % 2 === 0 && isUp(own) && !after.isUp(own))
      .map(({ sessionIndex }) => sessionIndex),
  };
}

const all = ({ arrives, dropped, loops }: Fate) => arrives && !dropped && !loops;

const isWorse = (before: Fate, after: Fate) =>
  [0, 1].some((end) => (after.hops[end] as number) > (before.hops[end] as number)) ||
  after.mtu[0] < before.mtu[0] ||
  (!before.turns && after.turns);

/** Every single failure, and some of two together. */
function failuresOf(network: Network, pick: number): Failing[][] {
  const single = failings(network);
  const other = (place: number) => single[(place * 7 + pick) % single.length] as Failing;
  return [...single.map((one) => [one]), ...single.slice(0, 8).map((one, place) => [one, other(place)])];
}

function expectSame(network: Network, pick: number): number {
  const [simulate, consequence] = [simulatorOf(network), whatIf(network)];
  const atRest = simulate();
  let changes = 0;
  for (const failed of failuresOf(network, pick)) {
    const expected = compared(atRest, simulate(failureOf(network, failed)));
    expect({ failed, ...consequence(failed) }).toEqual({ failed, ...expected });
    changes += expected.broken.length + expected.worse.length;
  }
  return changes;
}

/** A network in which nodes have borrowed addresses. */
const lending = (fabric: Fabric): Network =>
  networkOf(fabric, nodeBlocks(fabric), sampleLoans(fabric, nodeBlocks(fabric)));

test('on random networks a failure has exactly the consequences by which two simulations differ', () => {
  let changes = 0;
  fc.assert(
    fc.property(fc.oneof(arbitraryNetwork(), enlargedNetwork()), fc.nat(1000), (topology, pick) => {
      changes += expectSame(lending(fabricOf(topology)), pick);
    }),
    { numRuns: 60, seed: 20_261 },
  );
  expect(changes).toBeGreaterThan(5000);
});

test('the same without an underlay in the topology', () => {
  fc.assert(
    fc.property(arbitraryNetwork(), fc.nat(1000), (topology, pick) => {
      const { underlay: _, hosts = {}, ...rest } = topology;
      // Routes need segments.
      const bare = Object.entries(hosts).map(([name, host]) => [name, { ...host, routes: [] }]);
      expectSame(lending(fabricOf({ ...rest, hosts: Object.fromEntries(bare) })), pick);
    }),
    { numRuns: 20, seed: 20_261 },
  );
});
