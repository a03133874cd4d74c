import fc from 'fast-check';
import { networkOf } from '../../analysis/simulator/network.ts';
import { simulatorOf } from '../../analysis/simulator/simulate.ts';
import type { Fabric } from '../../fabric/index.ts';
import { ruleFiles } from '../../metrics/index.ts';
import { arbitraryNetwork } from '../analysis/arbitrary-network.ts';
import { redundantNetwork } from '../analysis/redundant-network.ts';
import { fabricOf } from '../fabric-of.ts';

/** Of a network in which nothing is broken, by session, router and family: the routes that the router imports, as the simulator has it. */
function simulated(fabric: Fabric) {
  const network = networkOf(fabric);
  const simulation = simulatorOf(network)();
  const imported = new Map<string, number>();
  /** The best of what clients of a router announce to it, by router and family. */
  const reflected = new Map<string, number>();
  const count = (counts: Map<string, number>, key: string) => counts.set(key, (counts.get(key) ?? 0) + 1);
  for (const block of network.blocks.filter(({ within }) => within === undefined)) {
    const { rib } = simulation.waysTo(block);
    const version = block.prefix.family === 'ipv4' ? '4' : '6';
    for (const { name, kind, index } of network.machines) {
      if (kind !== 'router') continue;
      const routes = rib.routes(index);
      for (const { from } of routes) {
        if (from !== undefined) count(imported, `${name} ${from.session.id} ${version}`);
      }
      if (routes[0]?.from?.session.kind === 'reflector') count(reflected, `${name} ${version}`);
    }
  }
  const isUp = new Map(
    network.links.map(({ session, sessionIndex }) => [session.id, simulation.isUp(sessionIndex)]),
  );
  return { imported, reflected, isUp };
}

const promisedBy = (fabric: Fabric) =>
  ruleFiles(fabric).flatMap(({ groups }) =>
    groups.flatMap(({ rules }) =>
      rules.flatMap(({ expr, labels }) =>
        labels?.kind === undefined ? [] : [{ labels, routes: Number(/^vector\((\d+)\)$/.exec(expr)?.[1]) }],
      ),
    ),
  );

test('a session that is up never brings fewer routes than the rules expect of it', () => {
  let [whole, backbone] = [0, 0];
  fc.assert(
    fc.property(fc.oneof(arbitraryNetwork(), redundantNetwork()), (topology) => {
      const fabric = fabricOf({ ...topology, metrics: {} });
      const { imported, reflected, isUp } = simulated(fabric);
      const isWhole = fabric.sessions.every(({ id }) => isUp.get(id));
      if (isWhole) whole++;
      for (const { labels, routes } of promisedBy(fabric)) {
        const { router, peer, name, ip_version: version, kind } = labels;
        const session = fabric.sessions.find(({ ends }) =>
          ends.some(({ speaker, protocol }) => speaker === router && protocol === name),
        );
        if (!isUp.get(session?.id ?? '')) continue;
        const there = imported.get(`${router} ${session?.id} ${version}`) ?? 0;
        // What `noencap:router:reflected_routes` counts; the topology's own number holds for a peer that is not seen.
        const best = kind === 'backbone' ? (reflected.get(`${peer} ${version}`) ?? 0) : 0;
        if (best > 0) backbone++;
        const expected = Math.max(best, kind === 'reflector' || isWhole ? routes : 0);
        expect({ labels, there: Math.min(there, expected) }).toEqual({ labels, there: expected });
      }
    }),
    { numRuns: 60 },
  );
  // Otherwise it would have tried nothing.
  expect(whole).toBeGreaterThan(10);
  expect(backbone).toBeGreaterThan(50);
});
