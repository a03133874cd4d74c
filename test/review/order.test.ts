import { analyse } from '../../analysis/index.ts';
import { deliveryOrder } from '../../review/order.ts';
import type { TopologyInput } from '../../topology/index.ts';
import { fabricOf } from '../fabric-of.ts';
import { redundant } from '../lab/topologies.ts';
import { orders } from './orders.ts';

const order = (base: TopologyInput, head: TopologyInput, deliveries = { routers: true, cluster: true }) =>
  deliveryOrder(analyse(fabricOf(base)), analyse(fabricOf(head)), deliveries);

test.each(orders)('$name: $first first', ({ base, head, first, lost, waiting }) => {
  expect(order(base, head)).toMatchObject({ first, lost, waiting });
});

test('a change that cannot be made in two steps gets no such advice', () => {
  const fix = (head: TopologyInput) => order(redundant(), head).message.split('. ')[1];
  expect(fix(redundant({ bgp: { ...redundant().bgp, asNumber: 64999 } }))).toBe(
    'An AS number has no intermediate state: deliver both as close together as possible',
  );
  expect(fix(redundant({ pods: { cidrs: ['10.44.0.0/16'], mtu: 1380 } }))).toBe(
    'Split the change in two: add the new next to the old, then remove the old',
  );
});

test('if neither order is without loss, the advice can be followed', () => {
  const one = redundant({ regions: { ...redundant().regions, east: { router: 'e1' } } });
  const message = (head: TopologyInput) => {
    const { first, message: all } = order(one, head);
    return [first, all.split('. ').slice(1).join('. ')];
  };
  const lan = one.underlay?.segments['west-lan'];
  const moved = {
    ...one,
    nodes: { ...one.nodes, 'w-a': { ...one.nodes?.['w-a'], address: '192.168.2.99' } as never },
    underlay: {
      segments: {
        ...one.underlay?.segments,
        'west-lan': { ...lan, members: { ...lan?.members, 'w-a': '192.168.2.99' } } as never,
      },
    },
  };
  expect(message(moved)).toEqual([
    'apart',
    'Drain w-a first, since a node has one address; or let another node join with the new address, then remove the old node',
  ]);
  const password = { secret: { name: 'bgp-w1', key: 'password' }, file: '/etc/bird/w1.conf' };
  const locked = { ...one, routers: { ...one.routers, w1: { ...one.routers?.w1, password } as never } };
  expect(message(locked)).toEqual([
    'apart',
    'Give west a second reflector first (docs/replace-a-router.md), or deliver both as close together as possible',
  ]);
});

test('a change of one side only has no order', () => {
  const [{ base, head }] = orders.slice(1) as [(typeof orders)[number]];
  const nothing = { routersFirst: 0, clusterFirst: 0 };
  expect(order(base, head, { routers: true, cluster: false })).toEqual({
    first: 'either',
    message: 'only the routers change',
    lost: nothing,
    waiting: nothing,
  });
  expect(order(base, head, { routers: false, cluster: true }).message).toBe('only the cluster changes');
  const otherwise = { routers: false, otherwise: true };
  expect(order(base, head, { ...otherwise, cluster: true }).message).toBe(
    'cluster and routers may get the change in any order: of the routers only how they are delivered to changes',
  );
  expect(order(base, head, { ...otherwise, cluster: false }).message).toBe(
    'only how the routers are delivered to changes',
  );
});

test('the reason for the order is the cost of a restart in between; if neither order helps, that no node may be restarted', () => {
  const message = (name: string) => {
    const found = orders.find((one) => one.name === name) as (typeof orders)[number];
    return order(found.base, found.head).message;
  };
  expect(message('a second reflector beside the first one')).toBe(
    'ship the routers before the cluster gets the change: in the other order 1 node has a peer that does not know it: if BIRD restarts in between, it waits 240 s for that peer, with the pods unreachable',
  );
  expect(message('another reflector on the LAN, and the mesh that goes')).toMatch(
    /^ship the routers before the cluster gets the change: in the other order 2 pairs of nodes are unreachable in between\. Do not restart a node in between: 2 nodes have a peer that does not know them:/,
  );
});
