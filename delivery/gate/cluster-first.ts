import { isUp, type ProtocolState } from '../../bird/answers/protocols.ts';
import { type Fabric, newNames, withNames } from '../../fabric/index.ts';
import { agreements, expectedSessions } from './expected.ts';

/**
 * Where the cluster comes first: ids of the sessions with nodes that end by the change of this router, or get another end, and that are
 * up. As long as they are, the nodes have the BGPPeers that must be gone, or others, before.
 */
export function notFollowed(
  earlier: Fabric,
  after: Fabric,
  router: string,
  protocols: readonly ProtocolState[],
): string[] {
  const before = withNames(earlier, newNames(earlier, after));
  const agreement = agreements(before, after);
  const sessions = new Map(after.sessions.map((session) => [session.id, session]));
  return expectedSessions(before, router)
    .filter(({ session, remote }) => session.kind === 'reflector' && remote.kind === 'node')
    .filter(({ session: { id } }) => {
      const now = sessions.get(id);
      return now === undefined || agreement(now) === 'otherwise';
    })
    .filter(({ protocol, remote }) =>
      protocols.some(
        (one) => (one.name === protocol || one.bgp?.neighbor === remote.address.text) && isUp(one),
      ),
    )
    .map(({ session }) => session.id);
}
