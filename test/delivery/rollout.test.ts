import fc from 'fast-check';
import { rollout } from '../../delivery/rollout.ts';
import type { Fabric } from '../../fabric/index.ts';
import { largeTopology } from '../../scripts/large-topology.ts';
import { arbitraryTopology } from '../cli/arbitrary-topology.ts';
import { fabricOf } from '../fabric-of.ts';
import { redundant, report } from '../lab/topologies.ts';

const all = ({ routers }: Fabric): string[] => routers.map(({ name }) => name);
const told = (fabric: Fabric, atOnce = 1, asked = all(fabric)): string[] =>
  rollout(fabric, asked, atOnce).map(({ routers, says }) => `${routers.join(' ')}: ${says}`);

test('a reflector beside another one is the canary, and the other one comes behind the rest of the region', () => {
  expect(told(fabricOf(redundant()))).toEqual([
    'e1: canary: 2 nodes peer with it, and with another reflector as well',
    'e2: of east',
    'w1: of west',
  ]);
});

test('without redundancy the canary is the router with the fewest nodes; one without a region, which all ways may lead through, goes last', () => {
  expect(told(fabricOf(report()))).toEqual([
    'global-ns: canary: 1 node peers with it',
    'gateway: of WDS',
    'cn-ns: serves no region, and may be on the way of any',
  ]);
});

test('several at once are of several regions', () => {
  const fabric = fabricOf(largeTopology({ regions: 5, nodes: 10, reflectors: 2 }));
  expect(rollout(fabric, all(fabric), 2).map(({ routers }) => routers.join(' '))).toEqual([
    'r1-a',
    'r1-b r2-a',
    'r2-b',
    'r3-a r4-a',
    'r3-b r4-b',
    'r5-a',
    'r5-b',
  ]);
});

test('only what is asked for is delivered, and nothing that is planned or unknown', () => {
  const fabric = fabricOf(report());
  expect(told(fabric, 1, ['gateway', 'domestic-agg', 'nobody'])).toEqual([
    'gateway: canary: 2 nodes peer with it',
  ]);
  expect(told(fabric, 1, [])).toEqual([]);
});

test('whatever the network: each router once, no two of a region together, the same however it is asked', () => {
  fc.assert(
    fc.property(arbitraryTopology, fc.integer({ min: 1, max: 4 }), (topology, atOnce) => {
      const fabric = fabricOf(topology);
      const live = fabric.routers.filter(({ planned }) => !planned).map(({ name }) => name);
      const waves = rollout(fabric, live, atOnce);
      expect(waves.flatMap(({ routers }) => routers).sort()).toEqual(live.sort());
      expect(waves[0]?.routers ?? []).toHaveLength(Math.min(live.length, 1));
      for (const { routers } of waves) {
        expect(routers.length).toBeLessThanOrEqual(atOnce);
        for (const region of fabric.regions) {
          expect(region.routers.filter(({ name }) => routers.includes(name)).length).toBeLessThanOrEqual(1);
        }
      }
      expect(rollout(fabric, [...live].reverse(), atOnce)).toEqual(waves);
    }),
    { numRuns: 200 },
  );
});
