import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { analyse, findings, smallestPodMtu } from '../../analysis/index.ts';
import { smallest } from '../../analysis/pod-mtu.ts';
import { buildFabric, type Fabric } from '../../fabric/index.ts';
import { loadTopology, type TopologyInput } from '../../topology/index.ts';
import { redundant, twoRegions } from '../fabric/networks.ts';
import { fabricOf } from '../fabric-of.ts';

const mtuOf = (topology: TopologyInput) => fabricOf(topology).pods.mtu;

/** The topology with changes to some of its segments. */
function withSegments(topology: TopologyInput, change: Record<string, object>): TopologyInput {
  const segments = { ...topology.underlay?.segments };
  for (const [name, fields] of Object.entries(change)) {
    segments[name] = { ...segments[name], ...fields } as (typeof segments)[string];
  }
  return { ...topology, underlay: { segments } };
}

test('of more pairs than a call takes arguments, too', () => {
  expect(smallest(new Array<number>(500_000).fill(1400).concat(1300))).toBe(1300);
  expect(smallest([])).toBe(Number.POSITIVE_INFINITY);
});

test('auto is the smallest MTU between two nodes of any regions', () => {
  expect(mtuOf(twoRegions())).toBe(1420);
});

test('a number is used unchanged', () => {
  expect(mtuOf(twoRegions({ pods: { cidrs: ['10.42.0.0/16'], mtu: 1280 } }))).toBe(1280);
});

test('without an underlay it is unknown: Calico detects it on the hosts', () => {
  const { underlay: _, ...bare } = twoRegions();
  expect(mtuOf(bare)).toBeUndefined();
});

test('a segment that no pod path crosses does not count', () => {
  const topology = withSegments(twoRegions(), {
    stub: { cidr: '172.16.2.0/30', mtu: 600, members: { e1: '172.16.2.1' } },
    management: {
      cidr: '172.16.3.0/24',
      mtu: 1280,
      cost: 1000,
      members: { e1: '172.16.3.1', 'e-a': '172.16.3.11', 'e-b': '172.16.3.12' },
    },
  });
  expect(mtuOf(topology)).toBe(1420);
});

test('a spare link counts: packets take it when the usual one fails', () => {
  const topology = withSegments(twoRegions(), {
    spare: { cidr: '172.16.1.0/30', mtu: 1280, cost: 1000, members: { e1: '172.16.1.1', w1: '172.16.1.2' } },
  });
  expect(mtuOf(topology)).toBe(1280);
});

/** The network of a file, and the findings about its MTUs. */
function networkOf(file: string) {
  const loaded = loadTopology({ file, bytes: readFileSync(`test/analysis/pod-mtu/${file}`) });
  if (!loaded.ok) throw new Error('the topology has faults');
  const fabric = buildFabric(loaded.topology, smallestPodMtu);
  return { fabric, said: saidOf(fabric) };
}

const saidOf = (fabric: Fabric): string[] =>
  findings(analyse(fabric))
    .filter(({ id }) => id.startsWith('NE30'))
    .map(({ id, message, fix }) => `${id} ${message}: ${fix}`);

test('two LANs: pods keep the MTU of the one that carries them, and no check objects', () => {
  const { fabric, said } = networkOf('two-lans.yaml');
  expect(fabric.pods.mtu).toBe(9000);
  expect(said).toEqual([]);
});

test('pods with IPv6 have at least its minimum MTU, and a link below that is named and carries no IPv6', () => {
  const { fabric, said } = networkOf('narrow-ipv4.yaml');
  expect(fabric.pods.mtu).toBe(1280);
  expect(said).toEqual([
    'NE301 pods send packets of 1280 bytes, but at most 1200 pass narrow: Raise the MTU there to 1280 or more: pods with IPv6 need that much.',
  ]);
  const igp = fabric.routers.map(({ attachments }) =>
    attachments.map((one) => `${one.segment} ${one.igp.join(' ')}`),
  );
  expect(igp).toEqual([
    ['east-lan ipv4 ipv6', 'narrow ipv4', 'wide ipv4 ipv6'],
    ['narrow ipv4', 'west-lan ipv4 ipv6', 'wide ipv4 ipv6'],
  ]);
  const ipv6 = analyse(fabric).pairs.filter(({ block }) => block.prefix.family === 'ipv6');
  expect(ipv6.map(({ fate }) => fate.mtu)).toEqual([
    [1500, 1500],
    [1500, 1500],
  ]);
});

test('if an interface has a smaller MTU than its segment, the segment is named, and that of a third machine does not count', () => {
  const with1400 = (machine: string, mtu: TopologyInput['pods']['mtu']) => {
    const members = { e1: '192.168.1.1', 'e-a': '192.168.1.11', 'e-b': '192.168.1.12', tyo: '192.168.1.9' };
    const topology = withSegments(twoRegions(), {
      'east-lan': { mtu: 1500, members, memberMtu: { [machine]: 1400 } },
      link: { mtu: 1500 },
    });
    return fabricOf({ ...topology, hosts: { tyo: {} }, pods: { cidrs: ['10.42.0.0/16'], mtu } });
  };
  const narrow = (id: string) => saidOf(with1400('e-a', 1500)).filter((one) => one.startsWith(id));
  expect(narrow('NE301')).toEqual([
    'NE301 pods send packets of 1500 bytes, but at most 1400 pass east-lan: Set pods.mtu: auto, or at most 1400.',
  ]);
  expect(with1400('e-a', 'auto').pods.mtu).toBe(1400);
  expect(with1400('tyo', 'auto').pods.mtu).toBe(1500);
});

test.each<[string, number | undefined, TopologyInput]>([
  [
    'hosts that do not forward have a segment of their own',
    1420,
    withSegments(
      { ...twoRegions(), hosts: { nas: {}, tv: {} } },
      {
        den: {
          cidr: '172.16.9.0/24',
          mtu: 600,
          members: { e1: '172.16.9.1', nas: '172.16.9.2', tv: '172.16.9.3' },
        },
      },
    ),
  ],
  [
    'a gateway leads nodes over its own segment, and nobody else',
    1420,
    withSegments(
      { ...twoRegions(), hosts: { gate: { igp: true } } },
      {
        'gate-lan': {
          cidr: '172.16.9.0/24',
          mtu: 1300,
          cost: 500,
          members: { e1: '172.16.9.1', gate: '172.16.9.2' },
        },
      },
    ),
  ],
  [
    'a spare way of two links: the narrower one counts',
    1290,
    withSegments(
      {
        ...twoRegions(),
        routers: { ...twoRegions().routers, t1: { routerId: '10.0.0.8', backboneAddress: '10.0.0.8' } },
      },
      {
        one: {
          cidr: '172.16.9.0/24',
          mtu: 1400,
          cost: 500,
          members: { e1: '172.16.9.1', t1: '172.16.9.2' },
        },
        two: {
          cidr: '172.16.8.0/24',
          mtu: 1290,
          cost: 500,
          members: { t1: '172.16.8.2', w1: '172.16.8.1' },
        },
      },
    ),
  ],
  [
    'a third way is taken after two failures only',
    1410,
    withSegments(twoRegions(), {
      second: {
        cidr: '172.16.9.0/24',
        mtu: 1410,
        cost: 100,
        members: { e1: '172.16.9.1', w1: '172.16.9.2' },
      },
      third: {
        cidr: '172.16.8.0/24',
        mtu: 1300,
        cost: 200,
        members: { e1: '172.16.8.1', w1: '172.16.8.2' },
      },
    }),
  ],
])('%s', (_, expected, topology) => {
  expect(mtuOf(topology)).toBe(expected);
});

test('one node alone sends to no other', () => {
  const { nodes, ...rest } = twoRegions();
  const [[name, node] = ['', undefined]] = Object.entries(nodes ?? {});
  if (node === undefined) throw new Error('no node');
  const kept = new Set([name, ...Object.keys(rest.routers)]);
  const segments = Object.entries(rest.underlay?.segments ?? {}).map(([segment, one]) => [
    segment,
    {
      ...one,
      members: Object.fromEntries(Object.entries(one.members).filter(([member]) => kept.has(member))),
    },
  ]);
  const alone = { ...rest, nodes: { [name]: node }, underlay: { segments: Object.fromEntries(segments) } };
  expect(mtuOf(alone)).toBeUndefined();
});

test('where packets are lost, any segment may be on the path of those that will arrive', () => {
  const apart = withSegments(twoRegions(), {
    link: { members: { e1: '172.16.0.1' } },
    spare: { cidr: '172.16.1.0/30', mtu: 1300, members: { e1: '172.16.1.1', tyo: '172.16.1.2' } },
  });
  expect(mtuOf({ ...apart, hosts: { tyo: { igp: true } } })).toBe(1300);
});

test('of equal paths every one counts, since flows spread over them', () => {
  const topology = withSegments(twoRegions(), {
    second: { cidr: '172.16.1.0/30', mtu: 1300, members: { e1: '172.16.1.1', w1: '172.16.1.2' } },
  });
  expect(mtuOf(topology)).toBe(1300);
});

test('a host without the IGP carries nothing, with it it carries the cheaper path', () => {
  const via = (igp: boolean) =>
    withSegments(
      { ...twoRegions(), hosts: { tyo: { igp } } },
      {
        'tyo-e': {
          cidr: '172.16.1.0/30',
          mtu: 1400,
          cost: 1,
          members: { e1: '172.16.1.1', tyo: '172.16.1.2' },
        },
        'tyo-w': {
          cidr: '172.16.1.4/30',
          mtu: 1390,
          cost: 1,
          members: { w1: '172.16.1.5', tyo: '172.16.1.6' },
        },
      },
    );
  expect(mtuOf(via(false))).toBe(1420);
  expect(mtuOf(via(true))).toBe(1390);
});

test('neighbours on one segment talk over it directly', () => {
  expect(mtuOf(withSegments(redundant(), { 'east-lan': { mtu: 1450 } }))).toBe(1450);
});

/** Random underlays of four routers, with parallel segments, shared segments and odd costs. */
const underlays = fc.array(
  fc.record({
    members: fc.uniqueArray(fc.integer({ min: 0, max: 3 }), { minLength: 2, maxLength: 4 }),
    cost: fc.integer({ min: 1, max: 3 }),
    mtu: fc.integer({ min: 1000, max: 1499 }),
  }),
  { minLength: 1, maxLength: 6 },
);

test('it agrees with trying every walk without repetition, on random underlays', () => {
  fc.assert(
    fc.property(underlays, (links) => {
      const names = ['e1', 'w1', 't1', 't2'];
      const { 'east-lan': east, 'west-lan': west } = twoRegions().underlay?.segments ?? {};
      const segments = { 'east-lan': east, 'west-lan': west } as NonNullable<
        TopologyInput['underlay']
      >['segments'];
      for (const [index, link] of links.entries()) {
        segments[`s${index}`] = {
          cidr: `172.16.${index}.0/24`,
          cost: link.cost,
          mtu: link.mtu,
          members: Object.fromEntries(link.members.map((m) => [names[m], `172.16.${index}.${m + 1}`])),
        };
      }
      const topology = twoRegions();
      topology.underlay = { segments };
      topology.routers = {
        ...topology.routers,
        t1: { routerId: '10.0.0.8', backboneAddress: '10.0.0.8' },
        t2: { routerId: '10.0.0.9', backboneAddress: '10.0.0.9' },
      };
      const usual = crossedByHand(links);
      const afterOne = [
        ...links.map((_, failed) => links.filter((__, index) => index !== failed)),
        ...[2, 3].map((failed) => withoutRouter(links, failed)),
      ].flatMap(crossedByHand);
      const any = links.map(({ mtu }) => mtu);
      expect(mtuOf(topology)).toBe(Math.min(1500, ...(usual.length === 0 ? any : [...usual, ...afterOne])));
    }),
    { numRuns: 300 },
  );
});

type Link = { readonly members: readonly number[]; readonly cost: number; readonly mtu: number };

const withoutRouter = (links: readonly Link[], failed: number): Link[] =>
  links.map((link) => ({ ...link, members: link.members.filter((member) => member !== failed) }));

/** The MTUs of all cheapest paths from router 0 to router 1, found by trying all. */
function crossedByHand(links: readonly Link[]): number[] {
  let best = Number.POSITIVE_INFINITY;
  let mtus: number[] = [];
  const walk = (at: number, cost: number, seen: readonly number[], crossed: readonly number[]): void => {
    if (at === 1) {
      if (cost < best) mtus = [];
      if (cost <= best) mtus.push(...crossed);
      best = Math.min(best, cost);
      return;
    }
    for (const link of links.filter(({ members }) => members.includes(at))) {
      for (const next of link.members.filter((member) => !seen.includes(member))) {
        walk(next, cost + link.cost, [...seen, next], [...crossed, link.mtu]);
      }
    }
  };
  walk(0, 0, [0], []);
  return mtus;
}
