import fc from 'fast-check';
import { reduced } from '../../../analysis/simulator/classes.ts';
import { failings, failureOf } from '../../../analysis/simulator/failure.ts';
import type { Network } from '../../../analysis/simulator/model.ts';
import { networkOf } from '../../../analysis/simulator/network.ts';
import { type Simulation, simulatorOf } from '../../../analysis/simulator/simulate.ts';
import { type Fabric, nodeBlocks } from '../../../fabric/index.ts';
import { largeTopology } from '../../../scripts/large-topology.ts';
import { fabricOf } from '../../fabric-of.ts';
import { enlargedNetwork } from './enlarged.ts';

/** The fate of packets from a node to another node's block, given by index. */
function fatesIn({ network, waysTo }: Simulation) {
  const blocksOf = network.machines.map(({ index }) => network.blocks.filter(({ node }) => node === index));
  const { machines } = network.named;
  return (from: string, to: string, place: number) => {
    const block = blocksOf[machines.get(to) ?? -1]?.[place];
    const machine = machines.get(from);
    return block === undefined || machine === undefined ? undefined : waysTo(block).fate(machine);
  };
}

const nodesAmong = (network: Network, names: readonly string[]) =>
  names.filter((name) =>
    network.machines.some((machine) => machine.name === name && machine.kind === 'node'),
  );

/** Compares every pair of nodes with its representative. */
function expectSameFates(fabric: Fabric, pick: number): number {
  const blocks = nodeBlocks(fabric);
  const full = networkOf(fabric, blocks);
  const simulate = simulatorOf(full);
  const all = failings(full);
  const failed = [...all.slice(pick % all.length), ...all].slice(0, 6);
  let pairs = 0;
  for (const failing of [undefined, ...failed]) {
    const those = failing === undefined ? [] : [failing];
    const named = those.flatMap(({ name }) => [name, ...name.replace(/\/.*/, '').split('--')]);
    const { standIn, ...small } = reduced(fabric, blocks, new Set(nodesAmong(full, named)));
    const network = networkOf(small.fabric, small.blocks);
    const whole = fatesIn(simulate(failureOf(full, those)));
    const part = fatesIn(simulatorOf(network)(failureOf(network, those)));
    const found: unknown[] = [];
    const expected: unknown[] = [];
    for (const from of fabric.nodes) {
      for (const to of fabric.nodes) {
        if (from === to) continue;
        for (const place of blocks.get(to.name)?.keys() ?? []) {
          pairs += 1;
          const [sender, receiver] = standIn(from.name, to.name);
          const pair = `${from.name} -> ${to.name}, block ${place}`;
          found.push([pair, part(sender, receiver, place)]);
          expected.push([pair, whole(from.name, to.name, place)]);
        }
      }
    }
    expect(found).toEqual(expected);
  }
  return pairs;
}

test('pairs of random networks share the fate of their representative, whatever fails', () => {
  let pairs = 0;
  fc.assert(
    fc.property(enlargedNetwork(), fc.nat(100), (topology, pick) => {
      pairs += expectSameFates(fabricOf(topology), pick);
    }),
    { numRuns: 60, seed: 20_260 },
  );
  expect(pairs).toBeGreaterThan(5000);
});

test('the weights of all pairs together are the number of ordered pairs of nodes', () => {
  fc.assert(
    fc.property(enlargedNetwork(), (topology) => {
      const fabric = fabricOf(topology);
      const { fabric: small, weight } = reduced(fabric);
      const sum = small.nodes
        .flatMap((from) => small.nodes.map((to) => (from === to ? 0 : weight(from.name, to.name))))
        .reduce((one, other) => one + other, 0);
      expect(sum).toBe(fabric.nodes.length * (fabric.nodes.length - 1));
    }),
    { numRuns: 50, seed: 20_260 },
  );
});

test('the number of representatives grows with the regions, and they cover all pairs', () => {
  const fabric = fabricOf(largeTopology({ regions: 5, nodes: 200, reflectors: 2 }));
  const { fabric: small, blocks, like } = reduced(fabric);
  expect(small.nodes).toHaveLength(10);
  expect(small.sessions.filter(({ kind }) => kind === 'reflector')).toHaveLength(20);
  expect(small.segments?.map(({ members }) => members.length)).toEqual([10, 4, 4, 4, 4, 4]);
  expect(blocks.size).toBe(5);
  expect(small.nodes.map(({ name }) => like(name).length)).toEqual(Array(10).fill(40));
  expect(like(small.nodes[1]?.name ?? '')[0]).toBe(small.nodes[1]?.name);
});
