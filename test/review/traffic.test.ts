import { analyse } from '../../analysis/index.ts';
import { trafficChanges } from '../../review/traffic.ts';
import { largeTopology } from '../../scripts/large-topology.ts';
import type { TopologyInput } from '../../topology/index.ts';
import { fabricOf } from '../fabric-of.ts';
import { redundant, report } from '../lab/topologies.ts';

const told = (before: TopologyInput, after: TopologyInput): string[] =>
  trafficChanges(analyse(fabricOf(before)), analyse(fabricOf(after))).map(
    ({ from, to, pairs, change: became, hops, mtu }) =>
      `${from} to ${to}${pairs > 1 ? ` (${pairs} pairs)` : ''}: ${became}, hops ${hops.join(' -> ')}, MTU ${mtu.join(' -> ')}`,
  );

/** The redundant network with one segment changed. */
const segment = (name: string, change: object): TopologyInput => {
  const base = redundant();
  const own = base.underlay?.segments[name];
  return {
    ...base,
    underlay: { segments: { ...base.underlay?.segments, [name]: { ...own, ...change } as never } },
  };
};

test('nothing changes where nothing does', () => {
  expect(told(report(), report())).toEqual([]);
});

test('the hairpin of the report goes away: shorter paths for two pairs, and no others', () => {
  expect(told(report({ reflectorNextHop: 'self' }), report())).toEqual([
    'kubemaster to kubenode-wds-1: shorter, hops 2 -> 1, MTU 1500 -> 1500',
    'kubenode-wds-1 to kubemaster: shorter, hops 2 -> 1, MTU 1500 -> 1500',
  ]);
  expect(told(report(), report({ reflectorNextHop: 'self' }))).toEqual([
    'kubemaster to kubenode-wds-1: longer, hops 1 -> 2, MTU 1500 -> 1500',
    'kubenode-wds-1 to kubemaster: longer, hops 1 -> 2, MTU 1500 -> 1500',
  ]);
});

test('a backbone that carries less is narrower for all pairs across it', () => {
  expect(told(redundant(), segment('core', { mtu: 1400 }))).toEqual([
    'e-a to w-a: narrower, hops 3 -> 3, MTU 1420 -> 1400',
    'e-b to w-a: narrower, hops 3 -> 3, MTU 1420 -> 1400',
    'w-a to e-a: narrower, hops 3 -> 3, MTU 1420 -> 1400',
    'w-a to e-b: narrower, hops 3 -> 3, MTU 1420 -> 1400',
  ]);
});

test('sessions that go take pairs along, and bring them back', () => {
  const without = redundant({ bgp: { nodeToNodeMesh: false, holdTime: 6, backboneMesh: [['e1', 'e2']] } });
  expect(told(redundant(), without).map((line) => line.split(',')[0])).toEqual([
    'e-a to w-a: lost',
    'e-b to w-a: lost',
    'w-a to e-a: lost',
    'w-a to e-b: lost',
  ]);
  expect(told(without, redundant()).every((line) => line.includes(': restored, hops  -> 3'))).toBe(true);
});

test('with one reflector less, traffic shared by two takes one path', () => {
  const base = redundant();
  const single = { ...base, regions: { ...base.regions, east: { router: 'e1' } } };
  expect(told(base, single).map((line) => line.split(',')[0])).toEqual([
    'e-a to w-a: rerouted',
    'e-b to w-a: rerouted',
    'w-a to e-a: rerouted',
    'w-a to e-b: rerouted',
  ]);
});

test('in a large network one pair represents all similar ones', () => {
  const base = largeTopology({ regions: 3, nodes: 30, reflectors: 2 });
  const { backbone, ...segments } = base.underlay?.segments ?? {};
  const narrow = {
    ...base,
    underlay: { segments: { ...segments, backbone: { ...backbone, mtu: 1400 } as never } },
  };
  const changes = trafficChanges(analyse(fabricOf(base)), analyse(fabricOf(narrow)));
  expect(changes).toHaveLength(6);
  expect(changes.reduce((sum, { pairs }) => sum + pairs, 0)).toBe(30 * 20);
  expect(changes.every(({ change: became, mtu }) => became === 'too narrow' && mtu[1] === 1400)).toBe(true);
});
