import { isAwaited, RECOVERY_WAIT } from '../../fabric/index.ts';
import { type Analysis, placeOf } from '../analysis.ts';
import { type Check, type Found, grouped, nodeText, someLines, someOf } from '../finding.ts';
import type { Link, Machine } from '../simulator/model.ts';
import { blamed } from './sessions.ts';

/** NE208: an absent peer, for which a node's BIRD waits at each start, with its pods hidden. */
export const waitsForAbsent: Check = (analysis) => [...planned(analysis), ...unreachable(analysis)];

/** What would wait if the router already had its BGPPeer: the reason it has none. */
const planned = ({ fabric }: Analysis): Found[] =>
  fabric.regions.flatMap((region) =>
    region.routers
      .filter((router) => isAwaited(region, router))
      .map((router) => ({
        id: 'NE208',
        severity: 'info',
        path: router.path,
        message: `${router.name} is planned, while other routers of ${region.name} run: it gets no BGPPeer until it runs too`,
        evidence: [
          `with one, ${someOf(region.nodes.map(({ name }) => name))} would wait ${RECOVERY_WAIT} s for it at each BIRD start and hide their pods for that time`,
        ],
        fix: `Remove "planned" when ${router.name} is up, and ship the routers before the cluster gets its BGPPeer.`,
      })),
  );

/** Sessions of nodes that never come up, though the topology describes both ends. */
function unreachable(analysis: Analysis): Found[] {
  const { network, simulation } = analysis;
  if (!network.hasUnderlay) return [];
  const down = network.links.filter(
    (link) =>
      network.machines[link.machine]?.kind === 'node' &&
      !simulation.isUp(link.sessionIndex) &&
      blamed(analysis, link).ports.length > 0,
  );
  return [...grouped(down, (link) => String(blamed(analysis, link).index)).values()].map((links): Found => {
    const about = blamed(analysis, links[0] as Link);
    const waiting = [...new Set(links.map(({ machine }) => machine))];
    return {
      id: 'NE208',
      severity: 'warning',
      path: placeOf(analysis, about),
      message: `BIRD on ${someOf(waiting.map((machine) => nodeText(analysis, machine)))} waits ${RECOVERY_WAIT} s at each start for a session that never comes up, and hides the node's pods for that time`,
      evidence: someLines(
        links.map(({ machine, peer, session }) => {
          const [own, other] = [network.machines[machine] as Machine, network.machines[peer] as Machine];
          return `${own.name} waits for ${other.name}, session ${session.id}`;
        }),
      ),
      fix: 'Make the two reach each other (NE406), or set planned: true on a router that stays down.',
    };
  });
}
