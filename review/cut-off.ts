import { grouped } from '../analysis/index.ts';
import type { Fabric, NodeSpeaker } from '../fabric/index.ts';
import type { Changed, Danger } from './danger.ts';
import type { Interruption } from './interruptions.ts';
import { wayOut } from './way-out.ts';

/**
 * Session resets without an alternative path. `ship` changes the reflectors of a region one by one and waits for each, so resets
 * of both lose nothing; what one router, or the nodes themselves, reset at once may.
 */
export function cutOff(changed: Changed): Danger[] {
  const felt = changed.interruptions.filter(({ lost }) => lost > 0);
  // A session with changes at both ends is reported once, for the end without a redundant router.
  const byNodes = new Set(felt.filter(({ speaker }) => speaker === 'Calico').flatMap(({ cut }) => cut));
  return felt
    .filter(
      ({ speaker, cut }) =>
        speaker === 'Calico' || cut.length === 0 || cut.some((node) => !byNodes.has(node)),
    )
    .flatMap((one) => (one.cut.length === 0 ? [withoutWay(changed, one)] : nodesCut(changed, one)));
}

/** The nodes that lose all their reflectors, region by region. */
function nodesCut(changed: Changed, { speaker, cut, lost }: Interruption): Danger[] {
  const { after, pairs } = changed;
  const nodes = after.nodes.filter(({ name }) => cut.includes(name));
  const meanwhile = `until they are back, up to ${lost} of ${pairs} pairs of nodes lose packets`;
  return [...grouped(nodes, ({ region }) => region)].map(([region, regionNodes]): Danger => {
    const [who, have] =
      regionNodes.length === 1 ? [regionNodes[0]?.name, 'has'] : [`${regionNodes.length} nodes`, 'have'];
    return speaker === 'Calico'
      ? {
          code: 'nodes-cut-off',
          severity: 'error',
          message: `all reflectors of region ${region} reset their sessions with ${who}: ${meanwhile}`,
          fix: wayOut(
            changed,
            regionNodes.map(({ name }) => name),
          ),
        }
      : {
          code: 'nodes-cut-off',
          severity: 'error',
          message: `${speaker} resets its sessions with ${who} of region ${region}, which ${have} no other reflector${isJoined(after, regionNodes, speaker) ? ' yet' : ''}: ${meanwhile}`,
          fix: `Give ${region} a second reflector first, in a separate change; or accept it, and ship during a quiet hour.`,
        };
  });
}

/** Whether the change gives one of these nodes another reflector. */
const isJoined = (after: Fabric, nodes: readonly NodeSpeaker[], speaker: string): boolean =>
  after.sessions.some(
    ({ kind, ends }) =>
      kind === 'reflector' &&
      ends[0].speaker !== speaker &&
      nodes.some(({ name }) => name === ends[1].speaker),
  );

function withoutWay({ pairs }: Changed, { speaker, sessions, lost }: Interruption): Danger {
  const [what, theyAre] = sessions === 1 ? ['a session', 'it is'] : [`${sessions} sessions`, 'they are'];
  return {
    code: 'pairs-cut-off',
    severity: 'error',
    message: `${speaker === 'Calico' ? "Calico's nodes reset" : `${speaker} resets`} ${what} without an alternative path: until ${theyAre} back, up to ${lost} of ${pairs} pairs of nodes lose packets`,
    fix: 'Give these pairs a second path first, in a separate change; or accept it, and deliver during a quiet hour.',
  };
}
