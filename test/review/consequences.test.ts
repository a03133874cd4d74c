import { analyse } from '../../analysis/index.ts';
import { newNames, withNames } from '../../fabric/index.ts';
import { render } from '../../repository/render.ts';
import { comparable, failureChanges } from '../../review/failures.ts';
import { interruptions } from '../../review/interruptions.ts';
import { sessionFates } from '../../review/session-fates.ts';
import type { TopologyInput } from '../../topology/index.ts';
import { fabricOf } from '../fabric-of.ts';
import { redundant } from '../lab/topologies.ts';

function failures(base: TopologyInput, head: TopologyInput) {
  const [before, after] = [fabricOf(base), fabricOf(head)];
  const split = comparable(before, after);
  const { fatal, survived } = failureChanges(analyse(before, [], split), analyse(after, [], split));
  const told = (all: typeof fatal) =>
    all.map(({ kind, name, lost }) => `${kind} ${name} ${lost.join(' -> ')}`);
  return { fatal: told(fatal), survived: told(survived) };
}

const east = (routers: string[]): TopologyInput =>
  redundant({ regions: { east: { routers }, west: { router: 'w1' } } });

test("removing a region's second reflector makes the failure of the first fatal, and vice versa", () => {
  const fewer = failures(east(['e1', 'e2']), east(['e1']));
  expect(fewer.survived).toEqual([]);
  expect(fewer.fatal).toEqual(expect.arrayContaining(['session e-a--e1/ipv4 0 -> 2']));
  const more = failures(east(['e1']), east(['e1', 'e2']));
  expect(more.fatal).toEqual([]);
  expect(more.survived).toEqual(expect.arrayContaining(['session e-a--e1/ipv4 2 -> 0']));
});

/** Ten similar nodes in the east, and one more that sorts before or after them. */
function many(extra: readonly string[]): TopologyInput {
  const base = east(['e1']);
  const names = [...Array.from({ length: 10 }, (_, index) => `e-n${index}`), ...extra];
  const address = (name: string) =>
    `192.168.1.${100 + (name.startsWith('e-n') ? Number(name.slice(3)) : 50)}`;
  const { 'east-lan': lan } = base.underlay?.segments ?? {};
  const own = Object.fromEntries(names.map((name) => [name, address(name)]));
  return {
    ...base,
    nodes: {
      ...base.nodes,
      ...Object.fromEntries(
        names.map((name) => [name, { region: 'east', role: 'agent' as const, address: address(name) }]),
      ),
    },
    underlay: {
      segments: {
        ...base.underlay?.segments,
        'east-lan': { ...lan, members: { ...lan?.members, ...own } } as never,
      },
    },
  };
}

test.each(['e-a0', 'e-z'])('a node %s beside ten like it makes no failure fatal that was not', (name) => {
  expect(failures(many([]), many([name]))).toEqual({ fatal: [], survived: [] });
});

function interrupted(earlier: TopologyInput, later: TopologyInput) {
  const [before, after] = [fabricOf(earlier), fabricOf(later)];
  const [were, are] = [render(before, undefined).files, render(after, undefined).files];
  const sessions = sessionFates({ fabric: before, files: were }, { fabric: after, files: are });
  const base = withNames(before, newNames(before, after));
  return interruptions(base, analyse(after, [], comparable(base, after)), sessions).map(
    ({ speaker, sessions: count, lost }) => `${speaker}: ${count} sessions, ${lost} pairs`,
  );
}

test('routers reset one after the other: with two, pods keep a path; with one, they do not', () => {
  const bgp = (holdTime: number): TopologyInput => redundant({ bgp: { nodeToNodeMesh: false, holdTime } });
  expect(interrupted(bgp(6), bgp(9))).toEqual([
    'e1: 4 sessions, 0 pairs',
    'e2: 4 sessions, 0 pairs',
    'w1: 3 sessions, 4 pairs',
  ]);
});

test('Calico resets sessions on all nodes at once', () => {
  const bgp = (asNumber: number): TopologyInput =>
    redundant({ bgp: { nodeToNodeMesh: true, holdTime: 6, asNumber } });
  expect(interrupted(bgp(64512), bgp(64999)).at(-1)).toBe('Calico: 8 sessions, 6 pairs');
});

test('of similar nodes only those that lose their session are reported', () => {
  const base = many([]);
  const moved = {
    ...base,
    nodes: { ...base.nodes, 'e-n3': { ...base.nodes?.['e-n3'], address: '192.168.1.203' } as never },
    underlay: {
      segments: {
        ...base.underlay?.segments,
        'east-lan': {
          ...base.underlay?.segments['east-lan'],
          members: { ...base.underlay?.segments['east-lan']?.members, 'e-n3': '192.168.1.203' },
        } as never,
      },
    },
  };
  // To and from one node: eleven others in its region and one in the other.
  const [e1] = interrupted(base, moved);
  expect(e1).toMatch(/^e1: 1 sessions, /);
  expect(e1).not.toMatch(/ 0 pairs$/);
  expect(Number(e1?.match(/(\d+) pairs/)?.[1])).toBeLessThanOrEqual(24);
});

test('a node added by the change has nothing to lose', () => {
  const base = many([]);
  const head = { ...many(['e-z']), bgp: { nodeToNodeMesh: false, holdTime: 9 } };
  const [e1] = interrupted(base, head);
  // Twelve nodes in the east and one in the west before it: 24 pairs between the regions, and 132 in the east.
  expect(e1).toBe('e1: 14 sessions, 156 pairs');
});

test('a second reflector added by the change does not cover for one that it resets', () => {
  const bgp = (holdTime: number) => ({ bgp: { nodeToNodeMesh: false, holdTime } });
  const head = { ...east(['e1', 'e2']), ...bgp(9) };
  // All of the east's sessions were with e1 before: e-a and e-b are unreachable while they are down.
  expect(interrupted({ ...east(['e1']), ...bgp(6) }, head)).toContain('e1: 4 sessions, 6 pairs');
  expect(interrupted({ ...east(['e1', 'e2']), ...bgp(6) }, head)).toContain('e1: 4 sessions, 0 pairs');
});

test('a node that gets a new name and a second reflector at once loses its only session in the meantime', () => {
  const base = east(['e1']);
  const head = JSON.parse(JSON.stringify(east(['e1', 'e2'])).replaceAll('"e-b"', '"e-c"'));
  // Its own packets take its default route.
  expect(interrupted(base, head)).toEqual(['e1: 1 sessions, 2 pairs', 'Calico: 1 sessions, 2 pairs']);
});
