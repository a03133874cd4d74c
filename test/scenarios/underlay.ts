import type { TopologyInput } from '../../topology/index.ts';
import { redundant } from '../lab/topologies.ts';
import { NETWORKS } from '../routers/networks.ts';
import type { Story } from './telling.ts';

type Segment = NonNullable<TopologyInput['underlay']>['segments'][string];

/** A link of the core by its number: its ends have the addresses 1 and 2. */
const link = (id: number, [a, b]: readonly [string, string], cost = 10): Segment => ({
  cidr: `172.16.${id}.0/30`,
  mtu: 1420,
  cost,
  members: { [a]: `172.16.${id}.1`, [b]: `172.16.${id}.2` },
});

/** Nodes and reflectors of two reflectors' network; the LAN of the east may cost something. */
function parts(lanCost = 10) {
  const { routers, nodes, underlay } = redundant();
  const { 'east-lan': east, 'west-lan': west } = underlay?.segments ?? {};
  if (east === undefined || west === undefined) throw new Error('the network has no LANs');
  return { routers, nodes, lans: { 'east-lan': { ...east, cost: lanCost }, 'west-lan': west } };
}

/**
 * The west reaches each reflector of the east through a separate router:
 *
 *     w1 --1-- m1 --3-- e1
 *      \--2-- m2 --4-- e2     e1 and e2 are on the LAN of the east
 */
function ladder(
  backbone: 'loopback' | 'e2' | 'interface',
  { toE1 = 10, toE2 = 10, lan = 10 }: { toE1?: number; toE2?: number; lan?: number } = {},
): TopologyInput {
  const { routers, lans } = parts(lan);
  const loopbacks = { e1: '10.0.0.1', e2: '10.0.0.2', w1: '10.0.0.3', m1: '10.0.0.4', m2: '10.0.0.5' };
  const interfaces = {
    e1: '172.16.3.2',
    e2: '172.16.4.2',
    w1: '172.16.1.1',
    m1: '172.16.1.2',
    m2: '172.16.2.2',
  };
  const addresses = backbone === 'interface' ? interfaces : loopbacks;
  return redundant({
    routers: Object.fromEntries(
      Object.entries(addresses).map(([name, backboneAddress]) => [
        name,
        {
          ...routers[name],
          routerId: loopbacks[name as keyof typeof loopbacks],
          backboneAddress,
          ...(backbone === 'e2' ? { loopback: 'e2' as const } : {}),
        },
      ]),
    ),
    underlay: {
      segments: {
        ...lans,
        'w1-m1': link(1, ['w1', 'm1']),
        'w1-m2': link(2, ['w1', 'm2']),
        'm1-e1': link(3, ['m1', 'e1'], toE1),
        'm2-e2': link(4, ['m2', 'e2'], toE2),
      },
    },
  });
}

/** One reflector on each side of a machine that only forwards. */
function across(igp: boolean): TopologyInput {
  const { routers, lans } = parts();
  const { e1, w1 } = routers;
  if (e1 === undefined || w1 === undefined) throw new Error('the network has no reflectors');
  const { e2: _, ...members } = lans['east-lan'].members;
  return redundant({
    hosts: { h: { igp } },
    regions: { east: { router: 'e1' }, west: { router: 'w1' } },
    routers: { e1, w1 },
    underlay: {
      segments: {
        ...lans,
        'east-lan': { ...lans['east-lan'], members },
        'e1-h': link(1, ['e1', 'h']),
        'h-w1': link(2, ['h', 'w1']),
      },
    },
  });
}

/** e-a peers from an address on no segment. */
function fromLoopback(igp: boolean): TopologyInput {
  const { nodes } = redundant();
  return redundant({
    nodes: { ...nodes, 'e-a': { region: 'east', role: 'server', address: '10.1.0.11', igp } },
  });
}

const byM1 = ['w-a', 'w1', 'm1', 'e1', 'e-a'];
const byM2 = ['w-a', 'w1', 'm2', 'e2', 'e-a'];
const onLanFirst = ['e-a', 'e2', 'm2', 'w1', 'w-a'];

export const stories: readonly Story[] = [
  {
    of: 'backbone sessions between loopbacks',
    topology: ladder('loopback', { toE1: 7, toE2: 13 }),
    scenarios: {
      'the nearer reflector gets all of the traffic': async (net) => {
        await net.expect('w1').routeTo('e-a', {
          nextHops: ['m1'],
          best: { from: 'e1', nextHop: '10.0.0.1' },
          others: [{ from: 'e2', nextHop: '10.0.0.2' }],
        });
        await net.expect('w-a').reaches('e-a', { by: byM1, mtu: 1420 });
      },
      'a dead link takes no session along that has another way': async (net) => {
        await net.expect('w-a').reaches('e-a', { by: byM1 });
        await net.fail({ kind: 'segment', name: 'm1-e1' });
        await net.expect('w1').routeTo('e-a', { nextHops: ['m2'], best: { from: 'e2' } });
        await net.expectSession('e1--w1/ipv4').up();
        await net.expectSession('e1--e2/ipv4').up();
        await net.expect('w-a').reaches('e-a', { by: byM2 });
        await net.expect('e-a').routeTo('w-a', { nextHops: ['e2'], best: { nextHop: '192.168.1.2' } });
        await net.expect('e-a').reaches('w-a', { by: onLanFirst, turnsAt: [] });
      },
    },
  },
  {
    of: 'backbone sessions between loopbacks, at equal costs',
    topology: ladder('loopback'),
    scenarios: {
      'traffic is shared by both reflectors': async (net) => {
        await net.expect('w1').routeTo('e-a', { nextHops: ['m1', 'm2'], best: { from: 'e1' } });
        await net.expect('w-a').reaches('e-a', { by: [byM1, byM2] });
      },
    },
  },
  {
    of: 'backbone sessions between loopbacks, over a LAN that costs more than the way around',
    topology: ladder('loopback', { toE1: 7, toE2: 13, lan: 1000 }),
    scenarios: {
      'routers on the way go on to where they are nearer': async (net) => {
        await net.expect('w1').routeTo('e-a', { nextHops: ['m1'] });
        await net.expect('m1').routeTo('e-a', { nextHops: ['e1'] });
        await net.expect('m2').routeTo('e-a', { nextHops: ['e2'] });
        await net.expect('w-a').reaches('e-a', { by: byM1 });
      },
    },
  },
  {
    of: 'backbone sessions between loopbacks that are E2 externals',
    topology: ladder('e2', { toE1: 7, toE2: 13 }),
    scenarios: {
      'traffic is shared by reflectors whatever the way to them costs': async (net) => {
        await net.expect('w1').routeTo('e-a', {
          nextHops: ['m1', 'm2'],
          best: { from: 'e1', nextHop: '10.0.0.1' },
          others: [{ from: 'e2', nextHop: '10.0.0.2' }],
        });
        await net.expect('w-a').reaches('e-a', { by: [byM1, byM2], mtu: 1420 });
      },
      'a dead link takes no session along that has another way, and nodes are told of the reflector that has one':
        async (net) => {
          await net.expect('w-a').reaches('e-a', { by: [byM1, byM2] });
          await net.fail({ kind: 'segment', name: 'm1-e1' });
          await net.expect('w1').routeTo('e-a', { nextHops: ['m2'] });
          await net.expectSession('e1--w1/ipv4').up();
          await net.expectSession('e1--e2/ipv4').up();
          await net.expect('w-a').reaches('e-a', { by: byM2, turnsAt: [] });
          await net.expect('e-a').reaches('w-a', { by: onLanFirst, turnsAt: [] });
        },
    },
  },
  {
    of: 'backbone sessions between loopbacks that are E2 externals, over a LAN that costs more than the way around',
    topology: ladder('e2', { toE1: 7, toE2: 13, lan: 1000 }),
    scenarios: {
      'routers on the way share traffic with where it came from, and some of it goes round': async (net) => {
        await net.expect('w1').routeTo('e-a', { nextHops: ['m1', 'm2'] });
        await net.expect('m1').routeTo('e-a', { nextHops: ['e1', 'w1'] });
        await net.expect('w-a').mayLoopTo('e-a', { between: ['w1', 'm1'] });
      },
    },
  },
  {
    of: 'backbone sessions between interfaces, at odd costs',
    topology: ladder('interface', { toE1: 7, toE2: 13 }),
    scenarios: {
      'the nearer reflector gets all of the traffic': async (net) => {
        await net.expect('w1').routeTo('e-a', {
          nextHops: ['m1'],
          best: { from: 'e1', nextHop: '172.16.3.2' },
          others: [{ from: 'e2', nextHop: '172.16.4.2' }],
        });
        await net.expect('w-a').reaches('e-a', { by: byM1, mtu: 1420 });
      },
      'a dead link takes no session along that has another way: OSPF still leads to its addresses': async (
        net,
      ) => {
        await net.expect('w-a').reaches('e-a', { by: byM1 });
        await net.fail({ kind: 'segment', name: 'm1-e1' });
        await net.expect('w1').routeTo('e-a', {
          nextHops: ['m2'],
          best: { from: 'e2', nextHop: '172.16.4.2' },
          others: [{ from: 'e1', nextHop: '172.16.3.2', resolved: true }],
        });
        await net.expectSession('e1--w1/ipv4').up();
        await net.expectSession('e1--e2/ipv4').up();
        await net.expect('e-a').routeTo('w-a', { nextHops: ['e2'] });
        await net.expect('w-a').reaches('e-a', { by: byM2 });
        await net.expect('e-a').reaches('w-a', { by: onLanFirst, turnsAt: [] });
      },
    },
  },
  {
    of: 'backbone sessions between interfaces, at equal costs',
    topology: ladder('interface'),
    scenarios: {
      'traffic is shared by both reflectors': async (net) => {
        await net.expect('w1').routeTo('e-a', { nextHops: ['m1', 'm2'], best: { from: 'e1' } });
        await net.expect('w-a').reaches('e-a', { by: [byM1, byM2] });
      },
    },
  },
  {
    of: 'a host without the IGP in the middle',
    topology: across(false),
    scenarios: {
      'the regions never hear of each other': async (net) => {
        await net.expect('e1').routeTo('e-a', { nextHops: ['e-a'] });
        await net.expectSession('e1--w1/ipv4').down();
        await net.expect('e1').hasNoRouteTo('w-a');
        await net.expect('e-a').hasNoRouteTo('w-a');
        await net.expect('e-a').doesNotReach('w-a');
        await net.expect('e-a').reaches('e-b', { by: ['e-a', 'e-b'] });
      },
    },
  },
  {
    of: 'a host with the IGP and without BGP in the middle',
    topology: across(true),
    scenarios: {
      'every session is up and every router has its routes, and the packets are lost': async (net) => {
        await net.expectSession('e1--w1/ipv4').up();
        await net.expect('e1').routeTo('w-a', { nextHops: ['h'], best: { from: 'w1', nextHop: '10.0.0.3' } });
        await net.expect('e-a').routeTo('w-a', { nextHops: ['e1'] });
        await net.expect('e-a').doesNotReach('w-a');
      },
    },
  },
  {
    of: 'IPv4 pods over an IPv6 backbone',
    topology: NETWORKS['ipv4-over-ipv6'] as TopologyInput,
    scenarios: {
      'an IPv4 route has an IPv6 next hop': async (net) => {
        await net.expect('e1').routeTo('w-a', {
          nextHops: ['w1'],
          best: { from: 'w1', nextHop: 'fd00:ff::2', clusters: ['10.0.0.2'] },
          others: [],
        });
        await net.expect('e-a').routeTo('w-a', { nextHops: ['e1'], best: { nextHop: '192.168.1.1' } });
        await net.expect('e-a').reaches('w-a', { by: ['e-a', 'e1', 'w1', 'w-a'], mtu: 1420 });
        await net.expect('w-a').reaches('e-b', { by: ['w-a', 'w1', 'e1', 'e-b'] });
      },
    },
  },
  ...[true, false].map(
    (igp): Story => ({
      of: `a node ${igp ? 'with' : 'without'} the IGP that peers from a loopback with two reflectors`,
      topology: fromLoopback(igp),
      scenarios: {
        // Neither knows the metric of either next hop: without its preference it would send half of the packets to the other one.
        'each reflector takes its own client before what the other one says of it': async (net) => {
          await net.expect('e1').routeTo('e-a', {
            nextHops: ['e-a'],
            best: { from: 'e-a', nextHop: '10.1.0.11', clusters: [] },
            others: [{ from: 'e2', nextHop: '10.0.0.2', clusters: ['10.0.0.2'] }],
          });
          await net.expect('e2').routeTo('e-a', { nextHops: ['e-a'], best: { from: 'e-a' } });
          await net.expect('w-a').reaches('e-a');
          await net.expect('e-b').reaches('e-a');
        },
        'with one session left there is one way, over both reflectors': async (net) => {
          await net.expect('e1').routeTo('e-a', { nextHops: ['e-a'] });
          await net.fail({ kind: 'session', name: 'e-a--e1/ipv4' });
          await net.expectSession('e-a--e1/ipv4').down();
          await net.expect('e1').routeTo('e-a', { nextHops: ['e2'], best: { from: 'e2' }, others: [] });
          await net.expect('e2').routeTo('e-a', { nextHops: ['e-a'], best: { from: 'e-a' }, others: [] });
          await net.expect('w-a').reaches('e-a', { by: ['w-a', 'w1', 'e2', 'e-a'] });
          await net.expect('e-a').reaches('w-a');
        },
      },
    }),
  ),
];
