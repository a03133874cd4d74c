import type { TopologyInput } from '../../topology/index.ts';
import { network } from './gateways.ts';
import type { Story } from './telling.ts';

const twoLans = network('two-lans');
const offPath = network('reflector-off-path');

/** The management LAN of the network with two LANs, with a name that sorts first. */
function withMgmtFirst(): TopologyInput {
  const { mgmt, ...others } = twoLans.underlay?.segments ?? {};
  if (mgmt === undefined) throw new Error('the network has no management LAN');
  return { ...twoLans, underlay: { segments: { 'a-mgmt': mgmt, ...others } } };
}

export const stories: readonly Story[] = [
  {
    of: 'a ring of four routers, with two ways of one cost',
    topology: network('ring-of-four'),
    scenarios: {
      'routers on equal ways do not point at each other': async (net) => {
        await net.expect('r1').routeTo('b1', { nextHops: ['r4'] });
        await net.expect('r2').routeTo('b1', { nextHops: ['r3'] });
        await net.expect('a1').reaches('b1', { by: ['a1', 'r1', 'r4', 'b1'], mtu: 1420 });
        await net.expect('c1').reaches('b1', { by: ['c1', 'r2', 'r3', 'b1'] });
        await net.expect('a1').reaches('c1', { by: ['a1', 'r1', 'r2', 'c1'] });
      },
    },
  },
  ...[
    { of: 'nodes on two LANs, the one over which they peer named first', topology: twoLans },
    { of: 'nodes on two LANs, the one over which they peer named last', topology: withMgmtFirst() },
  ].map(
    ({ of, topology }): Story => ({
      of,
      topology,
      scenarios: {
        'packets go over the segment of the session': async (net) => {
          await net.expect('a').routeTo('c', { nextHops: ['gw'], best: { nextHop: '10.9.0.1' } });
          await net.expect('a').reaches('c', { by: ['a', 'gw', 'fr', 'c'], mtu: 9000 });
          await net.expect('a').reaches('b', { by: ['a', 'b'], mtu: 9000 });
        },
      },
    }),
  ),
  {
    of: 'two reflectors of a region on a LAN each, and nodes that one of them reaches through other routers',
    topology: network('reflectors-apart'),
    scenarios: {
      'the far one draws no packets that its own way takes back to who sent them': async (net) => {
        await net
          .expect('r1')
          .routeTo('x', { nextHops: ['r3'], best: { from: 'r2', nextHop: '10.255.0.2' } });
        await net.expect('w').reaches('x', { by: ['w', 'r3', 'r2', 'x'] });
        await net.expect('w').reaches('z', { by: ['w', 'r3', 'r2', 'z'] });
        await net.expect('y').reaches('x', { by: ['y', 'r1', 'r3', 'r2', 'x'] });
        await net.expect('x').reaches('w', { by: ['x', 'r1', 'r3', 'w'] });
      },
      'without the session of the near one, others send to the client itself': async (net) => {
        await net.fail({ kind: 'session', name: 'r2--x/ipv4' });
        await net.expect('r1').routeTo('x', { nextHops: ['r3'], best: { from: 'x', nextHop: '10.2.0.11' } });
        await net.expect('r3').routeTo('x', { nextHops: ['r2'], best: { from: 'r1', nextHop: '10.2.0.11' } });
        await net.expect('w').reaches('x', { by: ['w', 'r3', 'r2', 'x'] });
        await net.expect('v').reaches('x', { by: ['v', 'r4', 'r2', 'x'] });
      },
      'a reflector beyond the default router, which knows no pods, is used by nobody who has another': async (
        net,
      ) => {
        await net.expect('y').routeTo('v', { nextHops: ['r1'], best: { from: 'r1', nextHop: '10.1.0.1' } });
        await net.expect('y').reaches('v', { by: ['y', 'r1', 'r3', 'r2', 'r4', 'v'] });
      },
    },
  },
  {
    of: 'a reflector that is not on the way, and sets itself as next hop',
    topology: offPath,
    scenarios: {
      'packets loop between it and the router that is on the way': async (net) => {
        await net.expect('a1').doesNotReach('b1');
        await net.expect('b1').doesNotReach('a1');
      },
    },
  },
  {
    of: 'a reflector that is not on the way, and leaves the next hop alone',
    topology: {
      ...offPath,
      routers: {
        ...offPath.routers,
        rr: { ...offPath.routers.rr, routerId: '10.255.0.5', reflectorNextHop: 'unchanged' },
      },
    },
    scenarios: {
      'nodes and routers find the way by themselves': async (net) => {
        await net
          .expect('gw')
          .routeTo('a1', { nextHops: ['a1'], best: { from: 'rr', nextHop: '10.1.0.11' } });
        await net
          .expect('b1')
          .routeTo('a1', { nextHops: ['gw'], best: { from: 'rr', nextHop: '10.1.0.11' } });
        await net.expect('a1').reaches('b1', { by: ['a1', 'gw', 'b1'] });
        await net.expect('b1').reaches('a1', { by: ['b1', 'gw', 'a1'] });
      },
    },
  },
];
