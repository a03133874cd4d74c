import {
  agreement,
  endsFor,
  type Fabric,
  type Session,
  type SessionEnd,
  sessionProtocol,
} from '../../fabric/index.ts';

/** A session that a router must have, with its name in the router's BIRD. */
export interface ExpectedSession {
  readonly session: Session;
  readonly protocol: string;
  readonly remote: SessionEnd;
}

export const expectedSessions = (fabric: Fabric, router: string): ExpectedSession[] =>
  fabric.sessions
    .filter(({ ends }) => ends.some(({ speaker }) => speaker === router))
    .map((session) => ({
      session,
      protocol: sessionProtocol(session, router),
      remote: endsFor(session, router).remote,
    }));

/**
 * The effect of a change on a session, as far as its ends must agree. `same`: an end with the change and an end without it
 * still understand each other. `unknown` if the state before is unknown.
 */
export type Agreement = 'same' | 'otherwise' | 'new' | 'unknown';

export type Agreements = (session: Session) => Agreement;

/** Computed once per session: a gate asks again and again. */
export function agreements(before: Fabric | undefined, after: Fabric): Agreements {
  if (before === undefined) return () => 'unknown';
  const sessionsBefore = new Map(before.sessions.map((session) => [session.id, session]));
  const [agreedBefore, agreedAfter] = [agreement(before), agreement(after)];
  const compare = (session: Session): Agreement => {
    const was = sessionsBefore.get(session.id);
    if (was === undefined) return 'new';
    return agreedBefore(was) === agreedAfter(session) ? 'same' : 'otherwise';
  };
  return cachedBy(compare);
}

/** How many of the routes that a session brought may be gone because of the change itself. */
export type Explained = 'none' | 'some' | 'all';

/**
 * A router brings what its nodes announce. The change explains the loss of routes from nodes that left it, or whose session with it
 * breaks until the cluster has followed. Addresses that nodes borrowed go away with `bgp.exportBorrowed`, blocks stay. If the state
 * before is unknown, some losses may be explained, but never all while nodes are left.
 */
export function explainedLosses(
  before: Fabric | undefined,
  after: Fabric,
  agreementOf: Agreements,
): (remote: SessionEnd) => Explained {
  const fewer = before?.bgp.exportBorrowed === true && !after.bgp.exportBorrowed;
  const [clientsBefore, clientsAfter] = [clientSessions(before), clientSessions(after)];
  const ofRouter = cachedBy((router: string): Explained => {
    const left = clientsAfter.get(router) ?? [];
    if (before === undefined) return left.length === 0 ? 'all' : 'some';
    const same = left.filter((session) => agreementOf(session) === 'same').length;
    if (same === 0) return 'all';
    return fewer || same < (clientsBefore.get(router)?.length ?? 0) ? 'some' : 'none';
  });
  return ({ kind, speaker }) => (kind === 'router' ? ofRouter(speaker) : fewer ? 'some' : 'none');
}

function cachedBy<K, V>(find: (key: K) => V): (key: K) => V {
  const cache = new Map<K, V>();
  return (key) => {
    const value = cache.get(key) ?? find(key);
    cache.set(key, value);
    return value;
  };
}

/** By reflector. */
function clientSessions(fabric: Fabric | undefined): ReadonlyMap<string, readonly Session[]> {
  const sessionsOf = new Map<string, Session[]>();
  for (const session of fabric?.sessions ?? []) {
    if (session.kind !== 'reflector') continue;
    const sessions = sessionsOf.get(session.ends[0].speaker);
    if (sessions === undefined) sessionsOf.set(session.ends[0].speaker, [session]);
    else sessions.push(session);
  }
  return sessionsOf;
}
