import { colours, visible } from '../../cli/colour.ts';
import type { LastDelivery } from '../../cli/status-delivery.ts';
import { agoText, type StatusView, statusText } from '../../cli/status-text.ts';
import { UNPRINTABLE } from '../../topology/foreign.ts';
import { summary, type Verdict, verifyRouters } from '../../verify/index.ts';
import { states } from '../bird/answers/protocols.ts';
import { fabricOf } from '../fabric-of.ts';
import { redundant } from '../lab/topologies.ts';
import { facts, looked, lost } from '../verify/facts.ts';

const verdict = (change: Partial<Verdict>): Verdict => ({
  about: { kind: 'session', name: 'a--b/ipv4', machine: 'a' },
  is: 'different',
  kind: 'session-down',
  expected: 'Established with 10.0.0.1',
  found: 'Active',
  cause: { message: 'nothing comes', evidence: ['BGP state: Active'] },
  next: 'ssh a ping -c 3 10.0.0.1',
  ...change,
});

const tally = (expected: number, up: number, unknown = 0) => ({ expected, up, unknown });

const view = (change: Partial<StatusView> = {}): StatusView => ({
  network: 'home',
  regions: [{ name: 'east', routers: ['a', 'b'], nodes: tally(3, 3) }],
  routers: [
    { name: 'a', planned: false, sessions: tally(4, 3), differ: 1, unread: undefined },
    { name: 'b', planned: false, sessions: tally(4, 0, 4), differ: 0, unread: 'the connection was lost' },
    { name: 'c', planned: true, sessions: tally(0, 0), differ: 0, unread: undefined },
  ],
  cluster: undefined,
  deliveries: new Map([['a', { router: 'a', commit: '3fa2c1b', ago: 18_100, drainedSince: undefined }]]),
  wrong: [verdict({})],
  asPromised: 12,
  findings: [],
  changes: [{ commit: '3fa2c1b', at: '2026-01-02T03:04:05Z', subject: 'Add a node' }],
  uncommitted: false,
  topology: 'topology.yaml',
  ...change,
});

const text = (change: Partial<StatusView> = {}, isColoured = false) =>
  statusText(view(change), { colour: colours(isColoured) });

test('what there is, what differs with the next command, and what changed last', () => {
  expect(text()).toBe(`home: 1 differs, 0 unknown, 12 as promised

region  routers  nodes Ready
east    a b      3 of 3

router  sessions up  delivered
a       3 of 4       3fa2c1b, 5 h ago  1 differs
b       unknown
c       planned

differs
  a session a--b/ipv4: Active, expected Established with 10.0.0.1
    likely: nothing comes
    next: ssh a ping -c 3 10.0.0.1

topology.yaml
  3fa2c1b 2026-01-02 03:04Z Add a node
    next: git show 3fa2c1b -- topology.yaml`);
});

test('what was delivered: never, some other commit, or nothing that counts while the router is drained', () => {
  const shown = (delivery: Partial<LastDelivery> | undefined) =>
    text({
      deliveries: new Map([
        [
          'a',
          delivery && {
            router: 'a',
            commit: undefined,
            ago: undefined,
            drainedSince: undefined,
            ...delivery,
          },
        ],
      ]),
    });
  expect(shown(undefined)).toMatch(/^a {7}3 of 4 {7}never +1 differs$/m);
  expect(shown({ ago: 7 })).toContain(' another commit, 7 s ago ');
  expect(shown({ drainedSince: '2026-01-02T03:04:05Z' })).toContain(' drained since 2026-01-02 03:04Z ');
});

test('colours add no letter, and no line but a long command is wider than 80 columns', () => {
  const long = 'x'.repeat(30);
  const many = [...Array(40).keys()].map((at) =>
    verdict({
      about: { kind: 'session', name: `${long}--${at}/ipv4`, machine: `${long}-${at}` },
      found: `Active, ${'a word '.repeat(30)}`,
      is: at % 2 === 0 ? 'different' : 'unknown',
      cause: { message: `reason ${at} ${'and so on '.repeat(20)}`, evidence: [] },
    }),
  );
  const change: Partial<StatusView> = {
    wrong: many,
    regions: [{ name: long, routers: [long, long, long], nodes: tally(1000, 900, 50) }],
    routers: [{ name: long, planned: false, sessions: tally(1000, 900, 50), differ: 100, unread: undefined }],
    changes: [{ commit: '3fa2c1b', at: '2026-01-02T03:04:05Z', subject: 'Word '.repeat(40) }],
    uncommitted: true,
  };
  const plain = text(change).split('\n');
  expect(plain.filter((line) => line.length > 80 && !line.startsWith('    next: '))).toEqual([]);
  expect(plain.filter((line) => line.includes(' more'))).toEqual(['  and 12 more', '  and 16 more']);
  const coloured = text(change, true).split('\n');
  expect(coloured.map(visible)).toEqual(plain.map(visible));
});

test('of many routers and regions those that are as they should be are counted', () => {
  const regions = [...Array(30).keys()].map((at) => ({
    name: `r${at}`,
    routers: [`a${at}`],
    nodes: at === 7 ? tally(3, 2) : tally(3, 3),
  }));
  const routers = [...Array(30).keys()].map((at) => ({
    name: `a${at}`,
    planned: false,
    sessions: tally(4, 4),
    differ: 0,
    unread: at < 20 ? 'no key' : undefined,
  }));
  const shown = text({ regions, routers });
  expect(shown).toContain('r7      a7       2 of 3\nand 29 more, as they should be\n');
  expect(shown.match(/^a\d+ /gm)).toHaveLength(12);
  expect(shown).toContain('\nand 18 more, 8 of them not as they should be\n');
  expect(shown.split('\n').length).toBeLessThan(40);
});

test('a long name gives way to what stands beside it', () => {
  const routers = [
    { name: 'x'.repeat(60), planned: false, sessions: tally(1000, 900, 50), differ: 100, unread: undefined },
  ];
  const drained = { router: '', commit: undefined, ago: undefined, drainedSince: '2026-01-02T03:04:05Z' };
  const shown = text({ routers, deliveries: new Map([['x'.repeat(60), drained]]) });
  const line = shown.split('\n').find((one) => one.startsWith('xx')) ?? '';
  expect(line).toContain('…');
  expect(line.length).toBeLessThanOrEqual(80);
});

test('machines that name themselves in one reason are told once', () => {
  const unread = (machine: string) =>
    verdict({
      about: { kind: 'router', name: machine },
      is: 'unknown',
      cause: { message: `no key for ${machine}`, evidence: [] },
    });
  expect(text({ wrong: ['a', 'b'].map(unread) })).toContain('\nunknown\n  a, b: no key for a (2)\n');
});

test('what is unknown for one reason is told once, with whom it concerns', () => {
  const unread = (machine: string) =>
    verdict({
      about: { kind: 'router', name: machine },
      is: 'unknown',
      cause: { message: 'no key', evidence: [] },
    });
  expect(text({ wrong: ['a', 'b', 'c', 'd'].map(unread) })).toContain(
    '\nunknown\n  a, b and 2 more: no key (4)\n',
  );
});

test('what others wrote stays in its line', () => {
  const hostile = 'x\n::error::y\u001b[31m\u202e';
  const shown = text({
    wrong: [verdict({ found: hostile, cause: { message: hostile, evidence: [] } })],
    changes: [{ commit: '3fa2c1b', at: '2026-01-02T03:04:05Z', subject: hostile }],
    topology: "it's here.yaml",
  });
  expect(shown.split('\n').filter((line) => line.search(UNPRINTABLE) >= 0 || line.startsWith('::'))).toEqual(
    [],
  );
  expect(shown).toContain("    next: git show 3fa2c1b -- 'it'\\''s here.yaml'");
});

test('ages, in the largest unit that fits twice', () => {
  expect([0, 119, 120, 7199, 7200, 172_799, 172_800, 1e8].map(agoText)).toEqual([
    '0 s',
    '119 s',
    '2 min',
    '119 min',
    '2 h',
    '47 h',
    '2 days',
    '1157 days',
  ]);
});

test('sessions and nodes are counted from the verdicts, and what nobody looked at is unknown', () => {
  const fabric = fabricOf(redundant());
  const whole = states('e1-whole');
  const down = whole.find(({ bgp }) => bgp?.state === 'Established')?.name ?? '';
  const seen = (protocols: typeof whole) =>
    summary(fabric, verifyRouters(fabric, [looked('e1', facts({ protocols }))])).routers.find(
      ({ name }) => name === 'e1',
    );
  const all = seen(whole)?.sessions;
  expect(all).toMatchObject({ unknown: 0, up: all?.expected });
  expect(all?.expected).toBeGreaterThan(1);
  expect(seen(lost(whole, down, { state: 'Active' }))?.sessions).toEqual({ ...all, up: (all?.up ?? 0) - 1 });
  const { routers, regions } = summary(fabric, []);
  expect(routers.every(({ sessions }) => sessions.unknown === sessions.expected)).toBe(true);
  expect(regions.every(({ nodes }) => nodes.unknown === nodes.expected)).toBe(true);
});
