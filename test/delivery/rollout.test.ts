import fc from 'fast-check';
import { joining, type Placed, rollout } from '../../delivery/rollout.ts';
import { waysCutIn } from '../../delivery/ways.ts';
import type { Fabric } from '../../fabric/index.ts';
import type { TopologyInput } from '../../topology/index.ts';
import { arbitraryNetwork } from '../analysis/arbitrary-network.ts';
import { arbitraryTopology } from '../cli/arbitrary-topology.ts';
import { fabricOf } from '../fabric-of.ts';
import { redundant, report } from '../lab/topologies.ts';

const namesOf = (waves: readonly (readonly Placed[])[]) =>
  waves.map((wave) => wave.map(({ router }) => router));
const message = (waves: readonly (readonly Placed[])[]) =>
  waves.map((wave) => wave.map(({ router, reason }) => `${router}: ${reason}`));

test('first the router whose loss hurts least, then region by region', () => {
  const { waves, left } = rollout(fabricOf(redundant()), ['w1', 'e1', 'e2'], 4);
  expect(message(waves)).toEqual([
    ['e1: first, alone: its nodes have another reflector, and it has the fewest nodes, 2'],
    ['w1: in region west', 'e2: in region east; after e1, which also reflects for east'],
  ]);
  expect(left).toEqual([]);
});

test('within a region, the router that the topology prefers least comes first', () => {
  const topology = redundant();
  const { waves } = rollout(
    fabricOf({
      ...topology,
      routers: { ...topology.routers, e3: { routerId: '10.0.0.4', nodeAddress: '192.168.1.3' } },
      regions: { east: { routers: ['e1', 'e3', 'e2'] }, west: { router: 'w1' } },
    }),
    ['e1', 'e2', 'e3'],
    1,
  );
  expect(namesOf(waves)).toEqual([['e3'], ['e2'], ['e1']]);
});

test("the field report's network: planned and unknown routers get nothing", () => {
  const { waves, left } = rollout(
    fabricOf(report()),
    ['gateway', 'cn-ns', 'global-ns', 'domestic-agg', 'nosuch'],
    8,
  );
  expect(message(waves)).toMatchInlineSnapshot(`
[
  [
    "cn-ns: first, alone: its loss cuts the fewest pairs of nodes, 4",
  ],
  [
    "global-ns: in region Global",
    "gateway: in region WDS",
  ],
]
`);
  expect(left).toMatchInlineSnapshot(`
[
  {
    "reason": "it is planned: it has no configuration yet",
    "router": "domestic-agg",
  },
  {
    "reason": "the topology has no such router",
    "router": "nosuch",
  },
]
`);
});

test('nothing to deliver makes no wave, one router makes one', () => {
  const fabric = fabricOf(report());
  expect(rollout(fabric, [], 4)).toEqual({ waves: [], left: [] });
  expect(rollout(fabric, ['gateway', 'gateway'], 4).waves).toEqual([
    [{ router: 'gateway', reason: 'the only one' }],
  ]);
});

/** Two regions, each with one reflector, and two routers in between that back each other up. */
const twoWays = (): TopologyInput => {
  const topology = redundant();
  const link = (at: number, a: string, b: string) => ({
    cidr: `172.16.${at}.0/29`,
    mtu: 1420,
    members: { [a]: `172.16.${at}.1`, [b]: `172.16.${at}.2` },
  });
  const lans = topology.underlay?.segments ?? {};
  return {
    ...topology,
    routers: {
      ...topology.routers,
      m1: { routerId: '10.0.0.5', backboneAddress: '10.0.0.5' },
      m2: { routerId: '10.0.0.6', backboneAddress: '10.0.0.6' },
    },
    underlay: {
      segments: {
        ...Object.fromEntries(Object.entries(lans).filter(([name]) => name !== 'core')),
        'e1-m1': link(1, 'e1', 'm1'),
        'e2-m2': link(2, 'e2', 'm2'),
        'm1-w1': link(3, 'm1', 'w1'),
        'm2-w1': link(4, 'm2', 'w1'),
      },
    },
  };
};

test('routers that are the only two ways between regions never go together, wherever they are listed', () => {
  const { waves } = rollout(fabricOf(twoWays()), ['m1', 'm2', 'e1', 'e2', 'w1'], 8);
  expect(message(waves)).toMatchInlineSnapshot(`
[
  [
    "e1: first, alone: its nodes have another reflector, and it has the fewest nodes, 2",
  ],
  [
    "w1: in region west",
    "e2: in region east; after e1, which also reflects for east",
    "m2: in no region",
  ],
  [
    "m1: in no region; not together with w1, e2, or east and west could not reach each other",
  ],
]
`);
});

const subsets = (names: readonly string[]): string[][] =>
  Array.from({ length: 2 ** names.length }, (_, mask) => names.filter((_name, at) => mask & (1 << at)));

const networks = fc.oneof(arbitraryNetwork(), arbitraryTopology);

/** The promise about routers that are down at once. */
function expectBearable(fabric: Fabric, down: readonly string[], maxParallel: number): void {
  expect(down.length).toBeLessThanOrEqual(maxParallel);
  for (const { routers } of fabric.regions) {
    expect(routers.filter(({ name }) => down.includes(name)).length).toBeLessThanOrEqual(1);
  }
  const lost = waysCutIn(fabric);
  for (const some of subsets(down)) {
    const alone = new Set(some.flatMap((name) => [...lost(new Set([name])).keys()]));
    expect([...lost(new Set(some)).keys()].filter((way) => !alone.has(way))).toEqual([]);
  }
}

test('every router once, no planned one, no wave too wide, no two reflectors of a region in one wave, no way lost jointly', () => {
  fc.assert(
    fc.property(networks, fc.integer({ min: 1, max: 4 }), (topology, maxParallel) => {
      const fabric = fabricOf(topology);
      const all = fabric.routers.map(({ name }) => name);
      const { waves, left } = rollout(fabric, all, maxParallel);
      const names = namesOf(waves);
      const planned = fabric.routers.filter((router) => router.planned).map(({ name }) => name);
      expect(names.flat().sort()).toEqual(all.filter((name) => !planned.includes(name)));
      expect(left.map(({ router }) => router)).toEqual(planned);
      expect(names[0]).toHaveLength(1);
      for (const wave of names) {
        expect(wave.length).toBeGreaterThan(0);
        expectBearable(fabric, wave, maxParallel);
      }
    }),
  );
});

test('routers at work at the same time could form a wave, whichever finish first, and in the end all begin', () => {
  fc.assert(
    fc.property(
      networks,
      fc.integer({ min: 1, max: 4 }),
      fc.infiniteStream(fc.nat(3)),
      (topology, maxParallel, done) => {
        const fabric = fabricOf(topology);
        const { waves } = rollout(
          fabric,
          fabric.routers.map(({ name }) => name),
          maxParallel,
        );
        const joins = joining(fabric, maxParallel);
        const atWork: string[] = [];
        for (const router of namesOf(waves).flat()) {
          while (!joins(atWork, router)) {
            expect(atWork).not.toEqual([]);
            atWork.splice(done.next().value % atWork.length, 1);
          }
          atWork.push(router);
          expectBearable(fabric, atWork, maxParallel);
        }
      },
    ),
  );
});

test('order and repetition of the named routers do not matter; the rest is a rollout, too', () => {
  fc.assert(
    fc.property(networks, fc.infiniteStream(fc.nat()), fc.nat(5), (topology, random, done) => {
      const fabric = fabricOf(topology);
      const all = fabric.routers.map(({ name }) => name);
      const whole = rollout(fabric, all, 2);
      const shuffled = [...all, ...all]
        .map((name) => ({ name, at: random.next().value as number }))
        .sort((a, b) => a.at - b.at)
        .map(({ name }) => name);
      expect(rollout(fabric, shuffled, 2)).toEqual(whole);
      const rest = namesOf(whole.waves).slice(done).flat();
      expect(
        namesOf(rollout(fabric, rest, 2).waves)
          .flat()
          .sort(),
      ).toEqual([...rest].sort());
    }),
  );
});

test('a hundred routers in fifty regions, twenty at a time, take six waves and are planned fast', () => {
  const at = Array.from({ length: 50 }, (_, index) => index);
  const routers: TopologyInput['routers'] = {};
  for (const region of at) {
    for (const side of [1, 2]) {
      routers[`r${region}-${side}`] = {
        routerId: `10.0.${region}.${side}`,
        nodeAddress: `192.168.${region}.${side}`,
        backboneAddress: `10.0.${region}.${side}`,
      };
    }
  }
  const { underlay: _, ...withoutUnderlay } = redundant();
  const fabric = fabricOf({
    ...withoutUnderlay,
    nodes: { n: { region: 'R0', role: 'server', address: '192.168.0.9' } },
    routers,
    regions: Object.fromEntries(
      at.map((region) => [`R${region}`, { routers: [`r${region}-1`, `r${region}-2`] }]),
    ),
  });
  const { waves } = rollout(fabric, Object.keys(routers), 20);
  expect(waves.map((wave) => wave.length)).toEqual([1, 20, 20, 20, 20, 19]);
});
