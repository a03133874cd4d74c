import { isUp, type ProtocolState } from '../../bird/answers/protocols.ts';
import { type Fabric, newNames, withNames } from '../../fabric/index.ts';
import { agreements, expectedSessions } from './expected.ts';

/**
 * For a change that the cluster must get first: ids of the sessions with nodes that this router's change removes or gives another end, and
 * that are up. While they are up, the nodes still have the BGPPeers that must be gone or replaced first.
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
