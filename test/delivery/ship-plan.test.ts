import { rollout } from '../../delivery/rollout.ts';
import { type Forecast, type PlannedFile, shipPlan, shipPlanText } from '../../delivery/ship-plan.ts';
import { sessionFates } from '../../review/session-fates.ts';
import { routerFiles } from '../../routers/index.ts';
import { fabricOf } from '../fabric-of.ts';
import { redundant } from '../lab/topologies.ts';
import { home } from '../scenarios/gateways.ts';

const configured = (fabric: ReturnType<typeof fabricOf>) => ({ fabric, files: routerFiles(fabric) });
const before = fabricOf(redundant());
const fabric = fabricOf(
  redundant({ bgp: { nodeToNodeMesh: false, holdTime: 9, backboneMesh: [['e1', 'w1']] } }),
);
const forecast = sessionFates(configured(before), configured(fabric));
const changed = new Map<string, PlannedFile[]>([
  ['e1', [{ path: 'k3s/ibgp.conf', added: 2, removed: 2 }]],
  ['e2', []],
]);
const planOf = (names: readonly string[], more: { forecast?: readonly Forecast[] } = { forecast }) =>
  shipPlan({
    fabric,
    before,
    rollout: rollout(fabric, names, 2),
    maxParallel: 2,
    accepted: { drift: false, excused: [] },
    files: changed,
    delivery: new Map([['e2', ['to noencap@[e2]:2222 instead of noencap@e2']]]),
    refused: new Map([['w1', { message: 'noencap@w1 will refuse it', fix: 'Do not.' }]]),
    forecast: more.forecast,
  });

test('each router has its files and the fate of its sessions, including those that go away', () => {
  expect(shipPlanText(planOf(['e1', 'e2', 'w1', 'nosuch']))).toMatchInlineSnapshot(`
"redundant: 3 routers in 2 waves, at most 2 at a time

wave 1
  e2: first, alone: its nodes have another reflector, and it has the fewest nodes, 2
    delivered to noencap@[e2]:2222 instead of noencap@e2
    no file changes
    reset e-a--e2/ipv4 (e2: hold time 6 -> 9)
    reset e-b--e2/ipv4 (e2: hold time 6 -> 9)
    gone e1--e2/ipv4
    gone e2--w1/ipv4

wave 2
  w1: in region west
    noencap@w1 will refuse it. Do not.
    its current files are unknown
    reset e1--w1/ipv4 (e1: hold time 6 -> 9; w1: hold time 6 -> 9)
    reset w-a--w1/ipv4 (w1: hold time 6 -> 9)
    gone e2--w1/ipv4
  e1: in region east; after e2, which also reflects for east
    k3s/ibgp.conf +2 -2
    reset e-a--e1/ipv4 (e1: hold time 6 -> 9)
    reset e-b--e1/ipv4 (e1: hold time 6 -> 9)
    reset e1--w1/ipv4 (e1: hold time 6 -> 9; w1: hold time 6 -> 9)
    gone e1--e2/ipv4

not delivered to
  nosuch: the topology has no such router

After the first wave, each router begins as soon as an earlier one is confirmed and makes room; the first failure stops the delivery."
`);
});

test('as JSON it has everything, and null where nothing is known', () => {
  const plan = planOf(['w1']);
  expect(JSON.parse(JSON.stringify(plan))).toEqual(plan);
  const [wave] = planOf(['w1'], {}).waves;
  expect(wave?.routers).toEqual([
    {
      router: 'w1',
      reason: 'the only one',
      files: null,
      delivery: [],
      refused: { message: 'noencap@w1 will refuse it', fix: 'Do not.' },
      sessions: null,
    },
  ]);
  expect(plan.waves[0]?.routers[0]?.sessions?.map(({ id, change }) => `${change} ${id}`)).toEqual([
    'reset e1--w1/ipv4',
    'gone e2--w1/ipv4',
    'reset w-a--w1/ipv4',
  ]);
});

test('nothing to deliver, and names with terminal escapes', () => {
  const none = { ...planOf([]), network: 'a\u001b[31mb', skipped: [{ router: 'c\nd', reason: 'e' }] };
  expect(shipPlanText(none)).toBe(`a<U+001B>[31mb: nothing to deliver

not delivered to
  c<U+000A>d: e`);
});

test('long lists are cut, and say so', () => {
  const many = Array.from({ length: 20 }, (_, at) => ({ path: `f${at}`, added: 1, removed: 0 }));
  const plan = {
    ...planOf(['e1']),
    waves: [
      { routers: [{ router: 'e1', reason: 'r', files: many, delivery: [], refused: null, sessions: [] }] },
    ],
  };
  expect(shipPlanText(plan).split('\n').slice(-2)).toEqual(['    f11 +1 -0', '    and 8 more']);
});

test('a gateway that noencap does not configure gets nothing, even if asked for by name', () => {
  const ours = fabricOf(home({ forwards: true, default: '192.168.1.2' }));
  const plan = shipPlan({
    fabric: ours,
    before: undefined,
    rollout: rollout(ours, ['rr', 'fr', 'fritzbox'], 2),
    maxParallel: 2,
    accepted: { drift: false, excused: [] },
    files: new Map(),
    delivery: new Map(),
    refused: new Map(),
    forecast: undefined,
  });
  expect([...routerFiles(ours).keys()].filter((path) => path.includes('fritzbox'))).toEqual([]);
  expect(plan.waves.flatMap(({ routers }) => routers.map(({ router }) => router)).sort()).toEqual([
    'fr',
    'rr',
  ]);
  expect(shipPlanText(plan)).toContain('not delivered to\n  fritzbox: the topology has no such router');
});
