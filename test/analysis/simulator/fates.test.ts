import type { Forwarding } from '../../../analysis/simulator/fate.ts';
import { fatesOf } from '../../../analysis/simulator/fates.ts';
import type { Network } from '../../../analysis/simulator/model.ts';
import { networkOf } from '../../../analysis/simulator/network.ts';
import { simulatorOf } from '../../../analysis/simulator/simulate.ts';
import { hopOf } from '../../../analysis/simulator/spf.ts';
import { largeTopology } from '../../../scripts/large-topology.ts';
import { fabricOf } from '../../fabric-of.ts';

/** Machines 0, 1, 2, ... that forward to these, each hop over its own segment; the last one has the pod. */
function fatesIn(
  nextHops: readonly (readonly number[])[],
  ask: readonly number[],
  mtus: readonly number[] = [],
) {
  const machines = nextHops.map((_, index) => ({ index, ports: [] }));
  const segments = nextHops.flat().map((_, index) => ({ index, mtu: mtus[index] ?? 1500 }));
  const network = { machines, segments, hasUnderlay: true } as unknown as Network;
  let segment = 0;
  const table = nextHops.map((hops, index): Forwarding => {
    const by = index === nextHops.length - 1 ? 'pod' : 'bgp';
    return { by, hops: hops.map((next) => hopOf(network, segment++, next)) };
  });
  const way = () => {
    throw new Error('nobody looks for ways here');
  };
  const fate = fatesOf({
    network,
    underlay: { way, reaches: way, answers: () => true },
    forwarding: (machine) => table[machine] as Forwarding,
  });
  for (const machine of ask) fate(machine);
  return machines.map(({ index }) => fate(index));
}

test('packets that leave a cycle on some path arrive, whichever machine is asked first', () => {
  // 0 leads into the cycle of 1 and 2, and 2 forwards half of the packets to 3.
  const network = [[1], [2], [1, 3], []];
  const expected = [
    { arrives: true, loops: true, dropped: false, hops: [3, Infinity], mtu: [1400, 1400], turns: false },
    { arrives: true, loops: true, dropped: false, hops: [2, Infinity], mtu: [1400, 1450], turns: false },
    { arrives: true, loops: true, dropped: false, hops: [1, Infinity], mtu: [1400, 1500], turns: false },
    { arrives: true, loops: false, dropped: false, hops: [0, 0], mtu: [Infinity, Infinity], turns: false },
  ];
  for (const first of [0, 1, 2, 3]) {
    expect(fatesIn(network, [first], [1400, 1450, 1400, 1500])).toEqual(expected);
  }
});

test('a cycle without exit is a loop, and so is whatever leads only there', () => {
  const lost = { arrives: false, loops: true, dropped: false, hops: [0, 0], mtu: [Infinity, Infinity] };
  const [outside, one, other] = fatesIn([[1], [2], [1], []], [2]);
  for (const fate of [outside, one, other]) expect(fate).toEqual({ ...lost, turns: false });
});

test('a circle next to a hole drops the rest', () => {
  const [one, other] = fatesIn([[1], [0, 2], [], []], [1]);
  for (const fate of [one, other]) expect(fate).toMatchObject({ arrives: false, loops: true, dropped: true });
});

test('an interface with a smaller MTU than its segment limits traffic in both directions', () => {
  const topology = largeTopology({ regions: 1, nodes: 3, reflectors: 1 });
  const lan = topology.underlay?.segments['lan-1'];
  if (lan !== undefined) lan.memberMtu = { 'node-1': 1300 };
  const network = networkOf(fabricOf(topology));
  const { waysTo } = simulatorOf(network)();
  const mtus = network.blocks.map((block) => {
    const { fate } = waysTo(block);
    const others = network.machines.filter(({ index, kind }) => kind === 'node' && index !== block.node);
    return others.map(({ index }) => fate(index).mtu);
  });
  const [small, large] = [
    [1300, 1300],
    [1500, 1500],
  ];
  expect(mtus).toEqual([
    [small, small],
    [small, large],
    [small, large],
  ]);
});
