import type { Fabric, Session } from '../../fabric/index.ts';
import type { Analysis, Pair } from '../analysis.ts';
import type { Machine } from '../simulator/model.ts';
import { networkOf } from '../simulator/network.ts';
import { simulatorOf } from '../simulator/simulate.ts';
import { isWhole } from '../simulator/what-if.ts';

/** A topology change that may end a loop, and its wording. */
interface Try {
  readonly fabric: Fabric;
  readonly fix: string;
}

/**
 * What ends a loop: the first applicable change with which, in the simulator, the packets of these pairs arrive. The same symptom has
 * several causes, and the fix for another cause would be wasted work.
 */
export function fixOfLoop(analysis: Analysis, circle: readonly Machine[], pairs: readonly Pair[]): string {
  const works = triesFor(analysis.network.fabric, circle).find(({ fabric }) =>
    arrive(analysis, fabric, pairs),
  );
  return (
    works?.fix ??
    'Peer nodes with the routers on their path: a router off the path and the one on it each use the other as next hop to the pods.'
  );
}

function triesFor(fabric: Fabric, circle: readonly Machine[]): Try[] {
  const hidden = fabric.routers.filter(({ loopback }) => loopback === 'e2').map(({ name }) => name);
  const reflectors = circle.filter(({ name }) => reflects(fabric.sessions, name)).map(({ name }) => name);
  return [
    ...(hidden.length === 0
      ? []
      : [
          {
            fabric: {
              ...fabric,
              routers: fabric.routers.map((one) => ({ ...one, loopback: 'stub' as const })),
            },
            fix: `Let OSPF announce the loopbacks of ${hidden.join(', ')} as stub networks or as E1, and set loopback: stub. BGP treats the distance to an E2 external as unknown, so longer paths count as equal.`,
          },
        ]),
    ...(reflectors.length === 0
      ? []
      : [
          {
            fabric: { ...fabric, sessions: fabric.sessions.map((one) => unchanged(one, reflectors)) },
            fix: `Set reflectorNextHop: unchanged for ${reflectors.join(' and ')}, which ${reflectors.length === 1 ? 'is' : 'are'} not on the path to the nodes; or use routers on that path as reflectors.`,
          },
        ]),
  ];
}

const reflects = (sessions: readonly Session[], router: string): boolean =>
  sessions.some(({ ends }) => ends.some(({ speaker, role }) => speaker === router && role === 'reflector'));

function unchanged(session: Session, routers: readonly string[]): Session {
  const [a, b] = session.ends.map((end) =>
    end.kind === 'router' && routers.includes(end.speaker)
      ? { ...end, nextHop: { rule: 'unchanged' as const } }
      : end,
  );
  return a === undefined || b === undefined ? session : { ...session, ends: [a, b] };
}

function arrive({ network }: Analysis, fabric: Fabric, pairs: readonly Pair[]): boolean {
  const blocks = new Map(
    fabric.nodes.map(({ name }) => [
      name,
      network.blocks
        .filter(({ node, within }) => within === undefined && network.machines[node]?.name === name)
        .map(({ prefix }) => prefix),
    ]),
  );
  const changed = networkOf(fabric, blocks);
  const simulation = simulatorOf(changed)();
  return pairs.every(({ from, block }) => {
    const same = changed.blocks.find(({ prefix }) => prefix.text === block.prefix.text);
    return same !== undefined && isWhole(simulation.waysTo(same).fate(from.index));
  });
}
