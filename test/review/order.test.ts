import { analyse } from '../../analysis/index.ts';
import { deliveryOrder } from '../../review/order.ts';
import type { TopologyInput } from '../../topology/index.ts';
import { fabricOf } from '../fabric-of.ts';
import { redundant } from '../lab/topologies.ts';
import { orders } from './orders.ts';

const order = (base: TopologyInput, head: TopologyInput, deliveries = { routers: true, cluster: true }) =>
  deliveryOrder(analyse(fabricOf(base)), analyse(fabricOf(head)), deliveries);

test.each(orders)('$name: $first first', ({ base, head, first, lost }) => {
  expect(order(base, head)).toMatchObject({ first, lost });
});

test('what cannot be made in two steps is not said to be', () => {
  const mend = (head: TopologyInput) => order(redundant(), head).says.split('. ')[1];
  expect(mend(redundant({ bgp: { ...redundant().bgp, asNumber: 64999 } }))).toBe(
    'An AS number has no state in between: deliver both as close together as can be',
  );
  expect(mend(redundant({ pods: { cidrs: ['10.44.0.0/16'], mtu: 1380 } }))).toBe(
    'Make the change in two, the new beside the old before the old goes',
  );
});

test('what one side alone gets has no order', () => {
  const [{ base, head }] = orders.slice(1) as [(typeof orders)[number]];
  const nothing = { routersFirst: 0, clusterFirst: 0 };
  expect(order(base, head, { routers: true, cluster: false })).toEqual({
    first: 'either',
    says: 'only the routers change',
    lost: nothing,
  });
  expect(order(base, head, { routers: false, cluster: true }).says).toBe('only the cluster changes');
});
