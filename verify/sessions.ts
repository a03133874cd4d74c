import { isUp, type ProtocolState } from '../bird/answers/protocols.ts';
import { type ExpectedSession, expectedSessions } from '../delivery/gate/expected.ts';
import { OURS } from '../delivery/gate/gate.ts';
import { type Fabric, type RouterSpeaker, sessionProtocol } from '../fabric/index.ts';
import { birdc, nextCommands } from './next-command.ts';
import type { RouterFacts } from './router-look.ts';
import { type DownSession, type SessionCause, sessionCause } from './session-cause.ts';
import { asPromised, different, type Subject, type Verdict } from './verdict.ts';

/** A session that a router must have, and what its BIRD and that of the other end say of it. */
export interface SeenSession extends ExpectedSession {
  readonly is: ProtocolState | undefined;
  /** Undefined if nobody looked there, null if that end has none. */
  readonly there: ProtocolState | null | undefined;
}

/** In a configuration written by hand a session may have another name: its neighbour identifies it. */
export function sessionsAt(
  fabric: Fabric,
  router: string,
  { protocols }: RouterFacts,
  seen: ReadonlyMap<string, RouterFacts | undefined>,
): SeenSession[] {
  const expected = expectedSessions(fabric, router);
  const names = new Set(expected.map(({ protocol }) => protocol));
  const byName = new Map(protocols.map((one) => [one.name, one]));
  const byNeighbor = new Map(
    protocols
      .filter(({ name, bgp }) => bgp !== undefined && bgp.neighbor !== '' && !names.has(name))
      .map((one) => [one.bgp?.neighbor ?? '', one]),
  );
  return expected.map((one) => {
    const other = seen.get(one.remote.speaker);
    const there = other === undefined ? undefined : (atOtherEnd(one, router, other) ?? null);
    return { ...one, is: byName.get(one.protocol) ?? byNeighbor.get(one.remote.address.text), there };
  });
}

function atOtherEnd(
  { session, remote }: ExpectedSession,
  router: string,
  { protocols }: RouterFacts,
): ProtocolState | undefined {
  const protocol = sessionProtocol(session, remote.speaker);
  const address = session.ends.find(({ speaker }) => speaker === router)?.address.text;
  return (
    protocols.find(({ name }) => name === protocol) ?? protocols.find(({ bgp }) => bgp?.neighbor === address)
  );
}

export function sessionVerdicts(
  fabric: Fabric,
  router: RouterSpeaker,
  facts: RouterFacts,
  sessions: readonly SeenSession[],
): Verdict[] {
  return [
    ...sessions.map((one) => sessionVerdict(fabric, router, facts, one)),
    ...unexpected(fabric, router, facts, sessions),
  ];
}

function sessionVerdict(
  fabric: Fabric,
  router: RouterSpeaker,
  facts: RouterFacts,
  one: SeenSession,
): Verdict {
  const { session, protocol, remote, is } = one;
  const next = nextCommands(fabric);
  const about: Subject = { kind: 'session', name: session.id, machine: router.name };
  const expected = `Established with ${remote.address.text}`;
  const isDelivered = facts.notAsInGit.length === 0;
  if (is?.bgp === undefined) {
    return different({
      about,
      kind: 'session-missing',
      expected,
      found: `BIRD has no protocol ${protocol}`,
      cause: isDelivered
        ? { message: 'the file is in place, but BIRD has not read it', evidence: ['its files are as in git'] }
        : {
            message: `${router.name} does not have the files that git has`,
            evidence: facts.notAsInGit.slice(0, MOST).map(({ path, is: how }) => `${path} ${how}`),
          },
      next: isDelivered ? next.at(router.name, 'birdc configure check') : next.ship(router.name),
    });
  }
  if (is.bgp.neighbor !== remote.address.text) {
    return different({
      about,
      kind: 'session-other-neighbor',
      expected,
      found: `${is.name} with ${is.bgp.neighbor || 'a range of neighbors'}`,
      cause: {
        message: 'BIRD runs another configuration than git has',
        evidence: [`Neighbor address: ${is.bgp.neighbor}`],
      },
      next: isDelivered ? next.at(router.name, 'birdc configure check') : next.ship(router.name),
    });
  }
  if (!isUp(is)) {
    const down: DownSession = { ...one, is, hasPassword: passwordOf(fabric, one) !== undefined };
    const cause = sessionCause(down);
    return different({
      about,
      kind: 'session-down',
      expected,
      found: [is.bgp.state || is.state, is.bgp.error].filter((text) => text !== '').join(', '),
      cause: cause && { message: cause.message, evidence: cause.evidence },
      next: nextFor(fabric, router, down, cause),
    });
  }
  const missing = session.carries.find((family) => !isUp(is, family));
  if (missing === undefined) return asPromised({ about, kind: 'session', expected, found: 'Established' });
  return different({
    about,
    kind: 'session-half-up',
    expected: `${expected} for ${session.carries.join(' and ')}`,
    found: `Established without ${missing}`,
    cause: {
      message: `${remote.speaker} does not offer ${missing} on this session`,
      evidence: is.channels.map(({ name, state }) => `Channel ${name}: ${state}`),
    },
    next: next.at(router.name, birdc(`show protocols all ${is.name}`)),
  });
}

/** Nobody reads more than this. */
const MOST = 5;

/** The reference to the password of a session: reflectors have one for their nodes. */
const passwordOf = (fabric: Fabric, { session }: ExpectedSession) =>
  session.kind === 'reflector'
    ? fabric.routers.find(({ name }) => name === session.ends[0].speaker)?.password
    : undefined;

/** Where to look next: at the end that is suspected. */
function nextFor(
  fabric: Fabric,
  router: RouterSpeaker,
  one: DownSession,
  cause: SessionCause | undefined,
): string {
  const { remote, is } = one;
  const next = nextCommands(fabric);
  const address = remote.address.text;
  const suspect = cause?.suspect;
  switch (suspect) {
    case 'password': {
      const secret = passwordOf(fabric, one)?.secret;
      return secret === undefined
        ? next.at(router.name, `ping -c 3 ${address}`)
        : `kubectl -n calico-system get secret ${secret.name}`;
    }
    case 'stopped-here':
      return next.at(router.name, `birdc enable ${is.name}`);
    case 'path':
      return next.at(router.name, `ip route get ${address}`);
    case 'silent':
      return next.at(router.name, `ping -c 3 ${address}`);
    case 'as':
    case 'unconfigured':
    case 'not-running':
    case 'stopped-there':
      return remote.kind === 'node' ? nextAtNode(fabric, one, suspect) : nextAtRouter(fabric, one, suspect);
    case 'limit':
    case undefined:
      return next.at(router.name, birdc(`show protocols all ${is.name}`));
  }
}

type ThereSuspect = Extract<SessionCause['suspect'], 'as' | 'unconfigured' | 'not-running' | 'stopped-there'>;

function nextAtNode(fabric: Fabric, { session, remote }: DownSession, suspect: ThereSuspect): string {
  const next = nextCommands(fabric);
  if (suspect === 'as') return 'kubectl get bgpconfigurations default -o yaml';
  const peering = fabric.peerings.find(({ sessions }) => sessions.some(({ id }) => id === session.id));
  return suspect === 'unconfigured' && peering !== undefined
    ? next.bgpPeer(peering.name)
    : next.calicoPods(remote.speaker);
}

function nextAtRouter(fabric: Fabric, { session, remote }: DownSession, suspect: ThereSuspect): string {
  const next = nextCommands(fabric);
  const protocol = sessionProtocol(session, remote.speaker);
  switch (suspect) {
    case 'as':
      return next.at(remote.speaker, birdc(`show protocols all ${protocol}`));
    case 'unconfigured':
      return next.ship(remote.speaker);
    case 'not-running':
      return next.at(remote.speaker, 'birdc show status');
    case 'stopped-there':
      return next.at(remote.speaker, `birdc enable ${protocol}`);
  }
}

/** Sessions that BIRD has and the topology does not: in an operator's bird.conf only those with names of ours. */
function unexpected(
  fabric: Fabric,
  router: RouterSpeaker,
  { protocols }: RouterFacts,
  sessions: readonly SeenSession[],
): Verdict[] {
  const known = new Set(sessions.flatMap(({ protocol, is }) => [protocol, is?.name]));
  const isAllOurs = router.bird.mode === 'standalone';
  return protocols
    .filter(({ name, bgp }) => bgp !== undefined && !known.has(name) && (isAllOurs || OURS.test(name)))
    .map((one) =>
      different({
        about: { kind: 'protocol', name: one.name, machine: router.name },
        kind: 'session-unexpected',
        expected: 'no such session',
        found: `${one.bgp?.state || one.state} with ${one.bgp?.neighbor}`,
        next: nextCommands(fabric).shipCheck(router.name),
      }),
    );
}
