import { type ChannelState, isUp, type ProtocolState } from '../../bird/answers/protocols.ts';
import type { Session, SessionEnd } from '../../fabric/index.ts';
import type { Family } from '../../topology/address.ts';
import type { Explained } from './expected.ts';
import type { GateFinding, ObservedSession } from './finding.ts';

/**
 * Routes that sessions imported or exported before and no longer do. A configuration may parse, keep every session Established and
 * filter everything: only the counts show it. Calico assigns and releases blocks at any time, so a few may go.
 */
export function routeFindings(
  explained: (remote: SessionEnd) => Explained,
  observed: readonly ObservedSession[],
): GateFinding[] {
  const due = routesDue(observed);
  return observed.flatMap((one) => [
    ...one.session.carries
      .filter((family) => isUp(one.is, family))
      .flatMap((family) => [...imports(one, family, explained(one.remote)), ...exports(one, family, due)]),
    ...unreachable(one),
  ]);
}

/**
 * Routes with an unresolved next hop: if the session's table has no route to it, for instance because `protocol direct` fills another
 * table, BIRD still imports and exports them, and drops the packets.
 */
function unreachable({ session, was, is }: ObservedSession): GateFinding[] {
  const now = unresolvedOf(is);
  if (now === 0) return [];
  const isNew = now > unresolvedOf(was) + few(importedOf(is));
  const about = session.id;
  const message = `${unreachableText(about, is)}${isNew ? '' : ', as before'}`;
  return [
    isNew
      ? { level: 'failure', kind: 'routes', about, message, fixedBy: 'time' }
      : { level: 'warning', kind: 'routes', about, message, fixedBy: 'others' },
  ];
}

/** The same for a router that nothing is delivered to: a sentence for each session that drops packets although it is up. */
export const unreachableToday = (observed: readonly ObservedSession[]): string[] =>
  observed.flatMap(({ session, was }) => (unresolvedOf(was) === 0 ? [] : [unreachableText(session.id, was)]));

const unresolvedOf = (one: ProtocolState | undefined): number => (isUp(one) ? (one?.unresolved ?? 0) : 0);

const importedOf = (one: ProtocolState | undefined): number =>
  one?.channels.reduce((sum, { imported }) => sum + imported, 0) ?? 0;

const unreachableText = (about: string, one: ProtocolState | undefined): string =>
  `${about}: ${unresolvedOf(one)} of the ${importedOf(one)} routes that it brings lead nowhere: the session's table has no route to their next hops, or only one that drops packets`;

/** One in twenty, rounded down. */
const few = (routes: number): number => Math.floor(routes / 20);

function imports(
  { session, remote, was, is }: ObservedSession,
  family: Family,
  explained: Explained,
): GateFinding[] {
  const [before, now] = [channel(was, family)?.imported ?? 0, channel(is, family)?.imported ?? 0];
  const about = session.id;
  if (before === 0) {
    if (now > 0 || session.kind !== 'reflector') return [];
    const message = `${about}: no ${NAMES[family]} route from ${remote.speaker} is accepted`;
    return [{ level: 'warning', kind: 'routes', about, message, fixedBy: 'others' }];
  }
  const isLost = now === 0 ? explained !== 'all' : explained === 'none' && before - now > few(before);
  if (!isLost) return [];
  const message = `${about}: now receives ${count(now, family)} (was ${before})`;
  return [{ level: 'failure', kind: 'routes', about, message, fixedBy: 'time' }];
}

/** A peer gets every route that the router knows and may send: as many routes may be missing as before, but not more. */
function exports(one: ObservedSession, family: Family, dueTo: Due): GateFinding[] {
  const about = one.session.id;
  const [before, now] = (['was', 'is'] as const).map((when) => {
    if (!isUp(one[when], family)) return undefined;
    const sent = channel(one[when], family)?.exported ?? 0;
    return { sent, due: dueTo(one, family, when) };
  });
  if (now === undefined || now.due === 0) return [];
  const lack = Math.max(0, now.due - now.sent);
  const hadNone = before !== undefined && before.due > 0 && before.sent === 0;
  const lacked = before === undefined ? Number.POSITIVE_INFINITY : Math.max(0, before.due - before.sent);
  const level = now.sent === 0 && hadNone ? 'warning' : 'failure';
  if (now.sent > 0 && lack <= lacked + few(now.due)) return [];
  const message = `${about}: ${one.remote.speaker} is sent ${now.sent} of ${count(now.due, family)}`;
  return [{ level, kind: 'exports', about, message, fixedBy: level === 'failure' ? 'time' : 'others' }];
}

/** How many routes a peer should be sent. */
type Due = (one: ObservedSession, family: Family, when: 'was' | 'is') => number;

/** The best routes of the other sessions; for sessions between routers only what clients announced (RFC 4456 section 6). */
function routesDue(observed: readonly ObservedSession[]): Due {
  const best = (one: ObservedSession, family: Family, when: 'was' | 'is') =>
    isUp(one[when], family) ? (channel(one[when], family)?.preferred ?? 0) : 0;
  const sums = new Map<string, number>();
  for (const one of observed) {
    for (const when of ['was', 'is'] as const) {
      for (const family of one.session.carries) {
        const key = `${when} ${family} ${one.session.kind}`;
        sums.set(key, (sums.get(key) ?? 0) + best(one, family, when));
      }
    }
  }
  const sum = (when: string, family: Family, kind: Session['kind']) =>
    sums.get(`${when} ${family} ${kind}`) ?? 0;
  return (one, family, when) =>
    one.session.kind === 'reflector'
      ? sum(when, family, 'reflector') + sum(when, family, 'backbone') - best(one, family, when)
      : sum(when, family, 'reflector');
}

const channel = (state: ProtocolState | undefined, family: Family): ChannelState | undefined =>
  state?.channels.find(({ name }) => name === family);

const NAMES: Readonly<Record<Family, string>> = { ipv4: 'IPv4', ipv6: 'IPv6' };

const count = (routes: number, family: Family): string =>
  `${routes} ${NAMES[family]} ${routes === 1 ? 'route' : 'routes'}`;
