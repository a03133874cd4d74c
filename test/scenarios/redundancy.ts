import type { TopologyInput } from '../../topology/index.ts';
import { redundant } from '../lab/topologies.ts';
import { NETWORKS } from '../routers/networks.ts';
import type { Story } from './telling.ts';

/** The reflectors of the east, their cluster IDs if each has its own, and the one that they may share. */
const [e1, e2] = ['192.168.1.1', '192.168.1.2'];
const [cluster1, cluster2, cluster3] = ['10.0.0.1', '10.0.0.2', '10.0.0.3'];
const shared = '10.0.0.9';
const [ea, eb] = ['192.168.1.11', '192.168.1.12'];

/** Two reflectors in the east, with one or two cluster IDs, and with or without a session between them. */
function pair(isShared: boolean, isMeshed: boolean): TopologyInput {
  const plain = redundant();
  const routers = Object.entries(plain.routers).map(([name, router]) => [
    name,
    name === 'w1' || !isShared ? router : { ...router, clusterId: shared },
  ]);
  const toWest: [string, string][] = [
    ['e1', 'w1'],
    ['e2', 'w1'],
  ];
  return {
    ...plain,
    routers: Object.fromEntries(routers),
    bgp: { ...plain.bgp, backboneMesh: isMeshed || toWest },
  };
}

const westByBoth = [
  ['e-a', 'e1', 'w1', 'w-a'],
  ['e-a', 'e2', 'w1', 'w-a'],
];
const eastByBoth = westByBoth.map((way) => way.toReversed());

export const stories: readonly Story[] = [
  {
    of: 'two reflectors, each with a cluster ID of its own',
    topology: pair(false, true),
    scenarios: {
      'traffic between regions is shared by both, and neighbours need neither': async (net) => {
        await net.expect('e-a').routeTo('w-a', {
          nextHops: ['e1', 'e2'],
          metric: 0,
          best: { from: 'e1', nextHop: e1, originator: '192.168.2.11', clusters: [cluster1, cluster3] },
          others: [{ from: 'e2', nextHop: e2, originator: '192.168.2.11', clusters: [cluster2, cluster3] }],
        });
        await net.expect('e-a').reaches('w-a', { by: westByBoth, mtu: 1420, turnsAt: [] });
        await net.expect('w-a').reaches('e-a', { by: eastByBoth, mtu: 1420, turnsAt: [] });
        await net.expect('e-a').routeTo('e-b', {
          nextHops: ['e-b'],
          best: { from: 'e1', nextHop: eb, clusters: [cluster1] },
          others: [{ from: 'e2', nextHop: eb, clusters: [cluster2] }],
        });
        await net.expect('e-a').reaches('e-b', { by: ['e-a', 'e-b'], mtu: 1500 });
      },
      'a session lost: the other reflector tells about the node, and nobody hairpins': async (net) => {
        await net.expect('e-b').routeTo('e-a', { best: { from: 'e1', clusters: [cluster1] } });
        await net.fail({ kind: 'session', name: 'e-a--e1/ipv4' });
        await net.expectSession('e-a--e1/ipv4').down();
        await net.expectSession('e-a--e2/ipv4').up();
        await net.expect('e1').routeTo('e-a', {
          nextHops: ['e-a'],
          best: { from: 'e2', nextHop: ea, clusters: [cluster2] },
          others: [],
        });
        await net.expect('e-b').routeTo('e-a', {
          nextHops: ['e-a'],
          best: { from: 'e2', nextHop: ea, clusters: [cluster2] },
          others: [{ from: 'e1', nextHop: ea, clusters: [cluster1, cluster2] }],
        });
        await net.expect('w1').routeTo('e-a', { nextHops: ['e2'], best: { from: 'e2' }, others: [] });
        await net.expect('w-a').reaches('e-a', { by: ['w-a', 'w1', 'e2', 'e-a'], turnsAt: [] });
        await net.expect('e-a').routeTo('w-a', { nextHops: ['e2'], best: { from: 'e2' }, others: [] });
        await net.expect('e-a').reaches('e-b', { by: ['e-a', 'e-b'], turnsAt: [] });
      },
      'a reflector dies: the other one carries everything, and all is shared again when it is back': async (
        net,
      ) => {
        await net.expect('e-a').reaches('w-a', { by: westByBoth });
        await net.fail({ kind: 'router', name: 'e1' });
        await net.expectSession('e-a--e1/ipv4').down();
        await net.expectSession('e1--w1/ipv4').down();
        await net.expect('e-a').routeTo('w-a', { nextHops: ['e2'], best: { from: 'e2' }, others: [] });
        await net.expect('w1').routeTo('e-a', { nextHops: ['e2'], best: { from: 'e2' }, others: [] });
        await net.expect('e-a').reaches('w-a', { by: ['e-a', 'e2', 'w1', 'w-a'], mtu: 1420 });
        await net.expect('e-a').reaches('e-b', { by: ['e-a', 'e-b'] });
        await net.fix();
        await net.expectSession('e-a--e1/ipv4').up();
        await net.expect('e-a').reaches('w-a', { by: westByBoth });
      },
      'the core goes down: the regions part, and each goes on': async (net) => {
        await net.expect('e-a').reaches('w-a', { by: westByBoth });
        await net.fail({ kind: 'segment', name: 'core' });
        await net.expectSession('e1--w1/ipv4').down();
        await net.expectSession('e2--w1/ipv4').down();
        await net.expectSession('e1--e2/ipv4').up();
        await net.expect('e-a').hasNoRouteTo('w-a');
        await net.expect('w1').hasNoRouteTo('e-a');
        await net.expect('e-a').doesNotReach('w-a');
        await net.expect('e-a').reaches('e-b', { by: ['e-a', 'e-b'] });
      },
      "the nodes' own LAN goes down: nobody reaches them": async (net) => {
        await net.expect('w-a').reaches('e-a');
        await net.fail({ kind: 'segment', name: 'east-lan' });
        await net.expectSession('e-a--e1/ipv4').down();
        await net.expectSession('e1--w1/ipv4').up();
        await net.expect('w1').hasNoRouteTo('e-a');
        await net.expect('w-a').doesNotReach('e-a');
        await net.expect('e-b').doesNotReach('e-a');
      },
    },
  },
  {
    of: 'two reflectors that share a cluster ID',
    topology: pair(true, true),
    scenarios: {
      'nodes see two routes, as with two IDs': async (net) => {
        await net.expect('e-a').routeTo('w-a', {
          nextHops: ['e1', 'e2'],
          best: { from: 'e1', clusters: [shared, cluster3] },
          others: [{ from: 'e2', clusters: [shared, cluster3] }],
        });
        await net.expect('e-a').reaches('w-a', { by: westByBoth });
      },
      'a session lost: the reflector that lost it learns the way to the node, and may not pass it on': async (
        net,
      ) => {
        await net.expect('e-b').routeTo('e-a', { best: { from: 'e1' }, others: [{ from: 'e2' }] });
        await net.fail({ kind: 'session', name: 'e-a--e1/ipv4' });
        await net.expectSession('e-a--e1/ipv4').down();
        await net.expect('e1').routeTo('e-a', {
          nextHops: ['e-a'],
          best: { from: 'e2', nextHop: ea, clusters: [shared] },
          others: [],
        });
        await net.expect('e-b').routeTo('e-a', {
          nextHops: ['e-a'],
          best: { from: 'e2', nextHop: ea, clusters: [shared] },
          others: [],
        });
        await net.expect('w-a').reaches('e-a', { by: ['w-a', 'w1', 'e2', 'e-a'] });
        await net.expect('e-b').reaches('e-a', { by: ['e-b', 'e-a'], turnsAt: [] });
      },
    },
  },
  ...[false, true].map(
    (isShared): Story => ({
      of: `two reflectors without a session between them, ${isShared ? 'one cluster ID' : 'two cluster IDs'}`,
      topology: pair(isShared, false),
      scenarios: {
        'a session lost: one reflector knows no way to the node, and nobody needs it to': async (net) => {
          await net.expect('w-a').reaches('e-a', { by: eastByBoth });
          await net.fail({ kind: 'session', name: 'e-a--e1/ipv4' });
          await net.expectSession('e-a--e1/ipv4').down();
          await net.expect('e1').hasNoRouteTo('e-a');
          await net.expect('e-b').routeTo('e-a', { nextHops: ['e-a'], best: { from: 'e2' }, others: [] });
          await net.expect('w-a').reaches('e-a', { by: ['w-a', 'w1', 'e2', 'e-a'] });
          await net.expect('e-b').reaches('e-a', { by: ['e-b', 'e-a'] });
          await net.expect('e-a').reaches('w-a', { by: ['e-a', 'e2', 'w1', 'w-a'] });
        },
      },
    }),
  ),
  {
    of: 'pods of both families',
    topology: NETWORKS['redundant-dual-stack'] as TopologyInput,
    scenarios: {
      'IPv6 goes the ways of IPv4, over sessions of its own': async (net) => {
        await net.expect('e-a').reaches('w-a', { by: westByBoth, mtu: 1420 });
        await net.expect('e-a').reaches('e-b', { by: ['e-a', 'e-b'], mtu: 1500 });
        await net.expect('e-a').routeTo('w-a', {
          family: 'ipv6',
          nextHops: ['e1', 'e2'],
          metric: 1024,
          best: { from: 'e1', nextHop: 'fd00:1::1', clusters: [shared, cluster3] },
        });
        await net.expect('e-a').routeTo('w-a', { family: 'ipv4', metric: 0, best: { nextHop: e1 } });
      },
      'an IPv6 session lost takes no IPv4 route along': async (net) => {
        await net.expect('e-a').routeTo('w-a', { nextHops: ['e1', 'e2'] });
        await net.fail({ kind: 'session', name: 'e-a--e1/ipv6' });
        await net.expectSession('e-a--e1/ipv6').down();
        await net.expectSession('e-a--e1/ipv4').up();
        await net.expect('e-a').routeTo('w-a', {
          family: 'ipv6',
          nextHops: ['e2'],
          best: { from: 'e2' },
          others: [{ from: 'w-a', nextHop: 'fd00:2::11' }],
        });
        await net.expect('e-a').routeTo('w-a', { family: 'ipv4', nextHops: ['e1', 'e2'] });
        await net.expect('w-a').reaches('e-a', { family: 'ipv6', by: ['w-a', 'w1', 'e2', 'e-a'] });
        await net.expect('w-a').reaches('e-a', { family: 'ipv4', by: eastByBoth });
      },
    },
  },
];
