import { partChanges } from '../../review/parts.ts';
import { picture } from '../../review/picture.ts';
import type { SessionFate } from '../../review/session-fates.ts';
import { largeTopology } from '../../scripts/large-topology.ts';
import type { TopologyInput } from '../../topology/index.ts';
import { fabricOf } from '../fabric-of.ts';
import { redundant } from '../lab/topologies.ts';

const fate = (id: string, change: SessionFate['change']): SessionFate => ({
  id,
  kind: 'reflector',
  change,
  reasons: [],
  by: [],
});

function drawn(base: TopologyInput, head: TopologyInput, fates: readonly SessionFate[] = []) {
  const [before, after] = [fabricOf(base), fabricOf(head)];
  return picture(before, after, partChanges(before, after), fates);
}

test('routers and nodes of a small network have a box each, in their region', () => {
  const { regions, boxes, lines } = drawn(redundant(), redundant());
  expect(regions).toEqual([
    { name: 'east', change: 'same' },
    { name: 'west', change: 'same' },
  ]);
  expect(boxes.map(({ id, region, change }) => `${id} in ${region}: ${change}`)).toEqual([
    'router e1 in east: same',
    'router e2 in east: same',
    'router w1 in west: same',
    'node e-a in east: same',
    'node e-b in east: same',
    'node w-a in west: same',
  ]);
  expect(lines).toHaveLength(8);
});

test('a line shows what becomes of its session', () => {
  const { lines } = drawn(redundant(), redundant(), [
    fate('e-a--e1/ipv4', 'reset'),
    fate('e-b--e1/ipv4', 'reloaded'),
    fate('e1--e2/ipv4', 'gone'),
  ]);
  expect(lines.filter(({ change }) => change !== 'kept')).toEqual([
    { from: 'router e1', to: 'node e-a', sessions: 1, change: 'reset' },
    { from: 'router e1', to: 'node e-b', sessions: 1, change: 'reloaded' },
    { from: 'router e1', to: 'router e2', sessions: 1, change: 'gone' },
  ]);
});

test('a large network shows what changes, and its neighbours', () => {
  const size = { regions: 30, nodes: 300, reflectors: 2 };
  const base = largeTopology(size);
  const head = largeTopology({ ...size, nodes: 301 });
  const come = ['node-301--r1-a/ipv4', 'node-301--r1-b/ipv4'].map((id) => fate(id, 'new'));
  const { regions, boxes, lines } = drawn(base, head, come);
  expect(regions).toEqual([{ name: 'region-1', change: 'same' }]);
  expect(boxes.map(({ id, change }) => `${id}: ${change}`)).toEqual([
    'router r1-a: same',
    'router r1-b: same',
    'node node-301: added',
  ]);
  expect(lines.map(({ from, to, change }) => `${from} - ${to}: ${change}`)).toEqual([
    'router r1-a - node node-301: new',
    'router r1-a - router r1-b: kept',
    'router r1-b - node node-301: new',
  ]);
});
