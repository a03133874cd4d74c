import { HIGHEST_LOCAL_PREF, NORMAL_PRIORITY } from '../../calico/metric.ts';
import type { TopologyInput } from '../../topology/index.ts';
import { redundant } from '../lab/topologies.ts';
import type { Story } from './telling.ts';

const own = HIGHEST_LOCAL_PREF - NORMAL_PRIORITY;

const ebBlock = { cidr: '10.42.0.64/26', operator: 'Equal' } as const;
const waBlock = { cidr: '10.42.0.128/26', operator: 'Equal' } as const;

function withMesh(calico: TopologyInput['calico']): TopologyInput {
  const topology = redundant({ calico });
  return { ...topology, bgp: { ...topology.bgp, nodeToNodeMesh: true } };
}

export const stories: readonly Story[] = [
  {
    of: 'Calico filters that hide blocks',
    topology: redundant({
      calico: {
        version: 'v3.31.7',
        filters: {
          hide: {
            routers: ['e1', 'e2'],
            import: [{ action: 'Reject', match: waBlock }],
            export: [{ action: 'Reject', match: ebBlock }],
          },
        },
      },
    }),
    scenarios: {
      'what a node does not send, nobody has; what it does not take, only it lacks': async (net) => {
        await net.expect('w-a').routeTo('e-a', { nextHops: ['w1'] });
        await net.expectSession('e-b--e1/ipv4').up();
        for (const machine of ['e1', 'e2', 'w1', 'w-a', 'e-a']) {
          await net.expect(machine).hasNoRouteTo('e-b');
        }
        await net.expect('e-a').hasNoRouteTo('w-a');
        await net.expect('e1').routeTo('w-a', { nextHops: ['w1'], best: { from: 'w1' } });
        await net.expect('w-a').doesNotReach('e-b');
        await net.expect('e-a').doesNotReach('e-b');
      },
      'a default route carries what no BGP route does, by one reflector alone': async (net) => {
        await net.expect('e-a').reaches('w-a', { by: ['e-a', 'e1', 'w1', 'w-a'] });
        await net.fail({ kind: 'router', name: 'e1' });
        await net.expectSession('e-a--e1/ipv4').down();
        await net.expect('e-a').doesNotReach('w-a');
      },
    },
  },
  {
    of: 'Calico filters that compare lengths by Equal and NotEqual',
    topology: redundant({
      calico: {
        version: 'v3.32.1',
        filters: {
          never: {
            routers: ['e1', 'e2'],
            export: [{ action: 'Reject', match: ebBlock, prefixLength: { max: 26 } }],
          },
          always: {
            routers: ['w1'],
            export: [
              {
                action: 'Reject',
                match: { ...waBlock, operator: 'NotEqual' },
                prefixLength: { min: 26, max: 26 },
              },
            ],
          },
        },
      },
    }),
    scenarios: {
      'Equal holds for no route: what it should reject is there': async (net) => {
        await net.expect('w-a').routeTo('e-b', { nextHops: ['w1'], metric: 1024 });
        await net.expect('e-a').reaches('e-b', { by: ['e-a', 'e-b'] });
      },
      'NotEqual holds for every route: what it should leave alone is gone': async (net) => {
        for (const machine of ['e1', 'e2', 'e-a', 'e-b', 'w1']) {
          await net.expect(machine).hasNoRouteTo('w-a');
        }
        await net.expect('e-b').doesNotReach('w-a');
      },
    },
  },
  {
    of: 'Calico v3.32 and its mesh',
    topology: withMesh({ version: 'v3.32.1' }),
    scenarios: {
      'LOCAL_PREF is the same by all ways: the nearer next hop wins, and the reflectors share the traffic':
        async (net) => {
          await net.expect('e-a').routeTo('w-a', {
            nextHops: ['e1', 'e2'],
            metric: 1024,
            best: { from: 'e1', localPref: own },
            others: [
              { from: 'e2', localPref: own },
              { from: 'w-a', localPref: own, nextHop: '192.168.2.11' },
            ],
          });
        },
    },
  },
  {
    of: 'Calico v3.32, a filter that accepts a block on one of two reflectors, and the mesh',
    topology: withMesh({
      version: 'v3.32.1',
      filters: { early: { routers: ['w1'], export: [{ action: 'Accept', match: waBlock }] } },
    }),
    scenarios: {
      'what a filter accepts has the LOCAL_PREF of all others, which Calico sets before it asks': async (
        net,
      ) => {
        await net.expect('e1').routeTo('w-a', { nextHops: ['w1'], best: { from: 'w1', localPref: own } });
        await net.expect('e-a').routeTo('w-a', {
          nextHops: ['e1', 'e2'],
          metric: 1024,
          best: { from: 'e1', localPref: own },
          others: [
            { from: 'e2', localPref: own },
            { from: 'w-a', localPref: own, nextHop: '192.168.2.11', clusters: [] },
          ],
        });
        await net.expect('e-a').routeTo('e-b', { nextHops: ['e-b'], metric: 1024 });
      },
      'the reflector dies that its default route leads to: the other one is used': async (net) => {
        await net.expect('e-a').reaches('w-a', {
          by: [
            ['e-a', 'e1', 'w1', 'w-a'],
            ['e-a', 'e2', 'w1', 'w-a'],
          ],
        });
        await net.fail({ kind: 'router', name: 'e1' });
        await net.expectSession('e-a--e1/ipv4').down();
        await net.expectSession('e-a--w-a/ipv4').down();
        await net.expect('e-a').routeTo('w-a', {
          nextHops: ['e2'],
          metric: 1024,
          best: { from: 'e2', localPref: own },
          others: [],
        });
        await net.expect('e-a').reaches('w-a', { by: ['e-a', 'e2', 'w1', 'w-a'] });
      },
    },
  },
];
