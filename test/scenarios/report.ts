import { HIGHEST_LOCAL_PREF, NORMAL_PRIORITY } from '../../calico/metric.ts';
import { report } from '../lab/topologies.ts';
import type { Story } from './telling.ts';

const [older, newer] = ['v3.31.7', 'v3.32.1'];
/** The LOCAL_PREF that Calico v3.32 and later sends for its own routes. */
const own = HIGHEST_LOCAL_PREF - NORMAL_PRIORITY;

const gateway = '192.168.100.1';
const neighbour = '192.168.100.252';
const wholeWay = ['kubemaster', 'gateway', 'cn-ns', 'global-ns', 'kubenode-hkg04'];

export const stories: readonly Story[] = [
  {
    of: "the report's network, self, mesh, Calico v3.31",
    topology: report({ reflectorNextHop: 'self' }, older),
    scenarios: {
      'half of the flows between neighbours turn around at the gateway': async (net) => {
        await net.expect('kubemaster').routeTo('kubenode-wds-1', {
          nextHops: ['gateway', 'kubenode-wds-1'],
          metric: 0,
          best: { from: 'kubenode-wds-1', nextHop: neighbour, localPref: 100, clusters: [] },
          others: [{ from: 'gateway', nextHop: gateway, originator: neighbour, clusters: [gateway] }],
        });
        await net.expect('kubemaster').reaches('kubenode-wds-1', {
          by: [
            ['kubemaster', 'kubenode-wds-1'],
            ['kubemaster', 'gateway', 'kubenode-wds-1'],
          ],
          turnsAt: ['gateway'],
          mtu: 1500,
        });
      },
      'the mesh adds nothing between regions: its next hops are known by a default route only': async (
        net,
      ) => {
        await net.expect('kubemaster').routeTo('kubenode-hkg04', {
          nextHops: ['gateway'],
          best: { from: 'gateway', nextHop: gateway },
          others: [{ from: 'kubenode-hkg04', nextHop: '10.2.5.7', resolved: true }],
        });
        await net.expect('kubemaster').reaches('kubenode-hkg04', { by: wholeWay, mtu: 1420, turnsAt: [] });
        await net.expect('kubenode-hkg04').reaches('kubemaster', { by: wholeWay.toReversed(), mtu: 1420 });
        await net.expectSession('kubemaster--kubenode-hkg04/ipv4').up();
      },
    },
  },
  {
    of: "the report's network, self, no mesh, Calico v3.31",
    topology: report({ reflectorNextHop: 'self', nodeToNodeMesh: false }, older),
    scenarios: {
      'every packet between neighbours turns around at the gateway': async (net) => {
        await net.expect('kubemaster').routeTo('kubenode-wds-1', {
          nextHops: ['gateway'],
          best: { from: 'gateway', nextHop: gateway, originator: neighbour, clusters: [gateway] },
          others: [],
        });
        await net.expect('kubemaster').reaches('kubenode-wds-1', {
          by: ['kubemaster', 'gateway', 'kubenode-wds-1'],
          turnsAt: ['gateway'],
        });
      },
    },
  },
  {
    of: "the report's network, keep, mesh, Calico v3.31",
    topology: report({ holdTime: 15 }, older),
    scenarios: {
      'neighbours reach each other directly': async (net) => {
        await net.expect('kubemaster').routeTo('kubenode-wds-1', {
          nextHops: ['kubenode-wds-1'],
          metric: 0,
          best: { from: 'kubenode-wds-1', nextHop: neighbour, clusters: [] },
          others: [{ from: 'gateway', nextHop: neighbour, clusters: [gateway] }],
        });
        await net.expect('kubemaster').reaches('kubenode-wds-1', {
          by: ['kubemaster', 'kubenode-wds-1'],
          turnsAt: [],
        });
        await net.expect('kubemaster').reaches('kubenode-hkg04', { by: wholeWay, mtu: 1420 });
      },
      'the mesh hides that the gateway is dead, between neighbours': async (net) => {
        await net.expect('kubemaster').reaches('kubenode-hkg04');
        await net.fail({ kind: 'router', name: 'gateway' });
        await net.expectSession('gateway--kubemaster/ipv4').down();
        await net.expect('kubemaster').routeTo('kubenode-wds-1', {
          nextHops: ['kubenode-wds-1'],
          best: { from: 'kubenode-wds-1' },
          others: [],
        });
        await net.expect('kubemaster').reaches('kubenode-wds-1', { by: ['kubemaster', 'kubenode-wds-1'] });
        await net.expect('kubemaster').doesNotReach('kubenode-hkg04');
      },
    },
  },
  {
    of: "the report's network, keep, no mesh, Calico v3.31",
    topology: report({ nodeToNodeMesh: false, holdTime: 15 }, older),
    scenarios: {
      'neighbours reach each other directly, though only the gateway tells them how': async (net) => {
        await net.expect('kubemaster').routeTo('kubenode-wds-1', {
          nextHops: ['kubenode-wds-1'],
          best: { from: 'gateway', nextHop: neighbour, originator: neighbour, clusters: [gateway] },
          others: [],
        });
        await net.expect('kubemaster').reaches('kubenode-wds-1', { by: ['kubemaster', 'kubenode-wds-1'] });
      },
      'each reflector on the way signs its cluster': async (net) => {
        await net.expect('kubemaster').routeTo('kubenode-hkg04', {
          nextHops: ['gateway'],
          best: { from: 'gateway', nextHop: gateway, clusters: [gateway, '100.64.1.106'] },
          others: [],
        });
        await net.expect('cn-ns').routeTo('kubenode-hkg04', {
          nextHops: ['global-ns'],
          best: { from: 'global-ns', nextHop: 'fd18:3e15:61d0:cafe:f003::1', clusters: ['100.64.1.106'] },
          others: [],
        });
        await net.expect('kubemaster').reaches('kubenode-hkg04', { by: wholeWay, mtu: 1420 });
      },
      'a segment in the middle goes down: one region does not reach the other, nor knows a route': async (
        net,
      ) => {
        await net.expect('kubemaster').reaches('kubenode-hkg04');
        await net.fail({ kind: 'segment', name: 'iepl' });
        await net.expectSession('cn-ns--global-ns/ipv6').down();
        await net.expectSession('cn-ns--gateway/ipv6').up();
        await net.expect('kubemaster').hasNoRouteTo('kubenode-hkg04');
        await net.expect('kubemaster').doesNotReach('kubenode-hkg04');
        await net.expect('kubemaster').reaches('kubenode-wds-1');
      },
    },
  },
  {
    of: "the report's network, self, mesh, Calico v3.32",
    topology: report({ reflectorNextHop: 'self' }, newer),
    scenarios: {
      'reflectors pass LOCAL_PREF on, so that half of the flows still turn around': async (net) => {
        await net.expect('kubemaster').routeTo('kubenode-wds-1', {
          nextHops: ['gateway', 'kubenode-wds-1'],
          metric: 1024,
          best: { from: 'kubenode-wds-1', localPref: own, clusters: [] },
          others: [{ from: 'gateway', localPref: own, clusters: [gateway] }],
        });
        await net.expect('kubemaster').reaches('kubenode-wds-1', { turnsAt: ['gateway'] });
      },
    },
  },
  {
    of: "the report's network, keep, no mesh, Calico v3.32",
    topology: report({ nodeToNodeMesh: false }, newer),
    scenarios: {
      "a route carries the other node's metric through all reflectors": async (net) => {
        await net.expect('kubemaster').routeTo('kubenode-hkg04', {
          nextHops: ['gateway'],
          metric: 1024,
          best: { from: 'gateway', localPref: own },
          others: [],
        });
        await net.expect('global-ns').routeTo('kubemaster', {
          nextHops: ['cn-ns'],
          best: { from: 'gateway', localPref: own },
        });
        await net.expect('kubemaster').reaches('kubenode-hkg04', { by: wholeWay, mtu: 1420 });
        await net.expect('kubemaster').reaches('kubenode-wds-1', { by: ['kubemaster', 'kubenode-wds-1'] });
      },
    },
  },
];
