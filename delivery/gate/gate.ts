import { isUp, type ProtocolState } from '../../bird/answers/protocols.ts';
import type { Fabric } from '../../fabric/index.ts';
import {
  type Agreement,
  type Agreements,
  agreements,
  type ExpectedSession,
  expectedSessions,
  explainedLosses,
} from './expected.ts';
import type { GateFinding, GateQuestion, Seen } from './finding.ts';
import { passwordFindings } from './password.ts';
import { routeFindings, unreachableToday } from './routes.ts';

/**
 * How to judge a router, again and again while it settles: what its BIRD says of its protocols now is held against what it said
 * before anything of the delivery began, and against what the fabric wants.
 * Failures: a session that BIRD does not have; one that was up, or that both ends have now, and is down; routes that
 * are gone and that the change does not explain; anything of the operator's own that was up and is not.
 */
export function gate(
  question: GateQuestion,
): (before: readonly ProtocolState[], now: readonly ProtocolState[]) => GateFinding[] {
  const expected = expectedSessions(question.fabric, question.router);
  const agreement = agreements(question.before, question.fabric);
  const explained = explainedLosses(question.before, question.fabric, agreement);
  return (before, now) => {
    const seen = sessionsSeen(expected, before, now);
    const sessions = sessionFindings(question, agreement, seen);
    return [
      ...sessions,
      ...alone(question, seen, sessions),
      ...passwordFindings(question, agreement, seen),
      ...routeFindings(explained, seen),
      ...strangers(question, seen, before, now),
    ].map((one) =>
      question.excused.has(one.about) && one.level === 'failure'
        ? { ...one, level: 'warning', mends: 'others', message: `${one.message} (excused)` }
        : one,
    );
  };
}

/** What a router that nothing is delivered to does not do although its sessions are up: packets that it drops. */
export const unwellToday = (
  fabric: Fabric,
  router: string,
  now: readonly ProtocolState[],
): readonly string[] => unreachableToday(sessionsSeen(expectedSessions(fabric, router), now, []));

/**
 * Judges each look at a router, and knows from those before it how long another one would have to wait to say something else:
 * milliseconds, 0 if it is decided.
 */
export type Judge = (
  before: readonly ProtocolState[],
  now: readonly ProtocolState[],
  /** Milliseconds of any clock that never goes back. */
  at: number,
) => { readonly findings: readonly GateFinding[]; readonly wait: number };

/** The judge of one router's delivery: what it is told must be in order. */
export function judge(question: GateQuestion, calm = CALM): Judge {
  const find = gate(question);
  const looks: Look[] = [];
  return (before, now, at) => {
    const findings = find(before, now);
    looks.push({ at, findings, now });
    return { findings, wait: unsettledFor(before, looks, calm) };
  };
}

/** Whether the configuration may be confirmed. */
export const passes = (findings: readonly GateFinding[]): boolean =>
  findings.every(({ level }) => level === 'warning');

/**
 * Milliseconds without a change after which a look counts. BIRD connects 5 s after a start (`connect delay time`), so that what was
 * disturbed needs long; where every protocol and channel is as it was before, only routes could still change.
 */
export const CALM = { disturbed: 8000, undisturbed: 2000 };

/** Of a router that has had its calm: only what time could still mend is waited for. */
export const HAD_CALM = { disturbed: 0, undisturbed: 0 };

export interface Look {
  readonly at: number;
  readonly findings: readonly GateFinding[];
  readonly now: readonly ProtocolState[];
}

/** Milliseconds until another look where time may mend what is wrong. */
const PAUSE = 1000;

/**
 * How long waiting could still change what the gate finds, after these looks in their order: milliseconds. None if nothing can mend
 * it; else until all has been calm that time could mend. A first look says little: BIRD asks for routes again only after it took
 * the change over.
 */
export function unsettledFor(before: readonly ProtocolState[], looks: readonly Look[], calm = CALM): number {
  const last = looks.at(-1);
  if (last === undefined) return PAUSE;
  if (last.findings.some(({ level, mends }) => level === 'failure' && mends === 'nothing')) return 0;
  if (last.findings.some(({ mends }) => mends === 'time')) return PAUSE;
  const states = statesOf(before);
  const isDisturbed = looks.some(({ findings, now }) => !passes(findings) || statesOf(now) !== states);
  const other = looks.findLastIndex((look) => gist(look) !== gist(last));
  const since = last.at - (looks[other + 1] ?? last).at;
  return Math.max(0, (isDisturbed ? calm.disturbed : calm.undisturbed) - since);
}

const gist = ({ findings, now }: Look): string =>
  JSON.stringify([findings.map(({ level, kind, about }) => [level, kind, about]), statesOf(now)]);

/**
 * Without counts: in a large network some route always comes or goes. How far a session is that is not up changes all the time
 * where nobody answers it.
 */
const statesOf = (protocols: readonly ProtocolState[]): string =>
  JSON.stringify(
    protocols.map(({ name, state, bgp, channels }) => [
      name,
      state,
      bgp?.state === 'Established',
      channels.map((one) => one.state),
    ]),
  );

/** Who adopts a configuration that was made by hand may have called a session otherwise: the neighbour tells. */
function sessionsSeen(
  sessions: readonly ExpectedSession[],
  before: readonly ProtocolState[],
  now: readonly ProtocolState[],
): Seen[] {
  const [were, are] = [before, now].map((all) => new Map(all.map((one) => [one.name, one]))) as [
    Map<string, ProtocolState>,
    Map<string, ProtocolState>,
  ];
  const gone = new Map(
    before
      .filter(({ name, bgp }) => bgp !== undefined && bgp.neighbor !== '' && !are.has(name))
      .map((one) => [one.bgp?.neighbor ?? '', one]),
  );
  return sessions.map((expected) => ({
    ...expected,
    was: were.get(expected.protocol) ?? gone.get(expected.remote.address.text),
    is: are.get(expected.protocol),
  }));
}

function sessionFindings(
  question: GateQuestion,
  agreement: Agreements,
  seen: readonly Seen[],
): GateFinding[] {
  return seen.flatMap((one): GateFinding[] => {
    const { session, protocol, remote, was, is } = one;
    const about = session.id;
    if (is?.bgp === undefined || is.bgp.neighbor !== remote.address.text) {
      const has = is?.bgp === undefined ? `no ${protocol}` : `${protocol} with ${is.bgp.neighbor}`;
      const message = `${about}: BIRD has ${has}: it does not run what was delivered`;
      return [{ level: 'failure', kind: 'session', about, message, mends: 'nothing' }];
    }
    const down = session.carries.find((family) => !isUp(is, family));
    if (down === undefined) return [];
    const state = isUp(is) ? `up without ${down}` : `${is.bgp.state || is.state}${behind(is.bgp.error)}`;
    const wasUp = session.carries.every((family) => isUp(was, family));
    const excuse = excuseOf(question, one, wasUp, agreement(session));
    return excuse === undefined
      ? [
          {
            level: 'failure',
            kind: 'session',
            about,
            message: `${about}: is ${state}${wasUp ? ', and was Established' : ', and both ends have it'}`,
            mends: 'time',
          },
        ]
      : [
          {
            level: 'warning',
            kind: 'session',
            about,
            message: `${about}: is ${state}; ${excuse}`,
            mends: 'others',
          },
        ];
  });
}

const behind = (error: string): string => (error === '' ? '' : ` (${error})`);

/** Why a session may be down for now; undefined if it may not. */
function excuseOf(
  { undelivered, before }: GateQuestion,
  { remote, was }: Seen,
  wasUp: boolean,
  agreement: Agreement,
): string | undefined {
  const who = remote.speaker;
  if (remote.kind === 'router') {
    if (undelivered.has(who)) {
      if (agreement === 'new' || agreement === 'otherwise') return `${who} has not got the change yet`;
      return wasUp
        ? undefined
        : was === undefined
          ? `${who} may not have it yet`
          : 'it was not up before either';
    }
    // Both ends have it: it must come up if it is new or had to change at both, and stay up if it was.
    if (wasUp || was === undefined || agreement === 'new' || agreement === 'otherwise') return undefined;
    return 'it was not up before either';
  }
  if (was === undefined || agreement === 'new') return `it is new, and ${who} has not connected yet`;
  if (!wasUp) return 'it was not up before either';
  const moved = before === undefined && was.bgp?.neighbor !== remote.address.text;
  return agreement === 'otherwise' || moved ? `${who} must follow, through the cluster` : undefined;
}

/** Each session may have its excuse; that a router which had some is left with none has not. */
function alone(
  { router, excused }: GateQuestion,
  seen: readonly Seen[],
  findings: readonly GateFinding[],
): GateFinding[] {
  const held = seen.filter(({ session, was }) => isUp(was) && !excused.has(session.id));
  if (held.length === 0 || seen.some(({ is }) => isUp(is)) || !passes(findings)) return [];
  const message = `${router}: none of ${held.length === 1 ? 'its one session' : `its ${held.length} sessions`} is left`;
  return [{ level: 'failure', kind: 'alone', about: router, message, mends: 'time' }];
}

/** Names that noencap gives in an operator's bird.conf: what is gone of these went with the change. */
const OURS = /^(k3s|via)_/;

/** What is none of our sessions: the operator's own, or the rest of a bird.conf that is all ours. */
function strangers(
  { fabric, router }: GateQuestion,
  seen: readonly Seen[],
  before: readonly ProtocolState[],
  now: readonly ProtocolState[],
): GateFinding[] {
  const mode = fabric.routers.find(({ name }) => name === router)?.bird.mode;
  const known = new Set(seen.flatMap(({ was, is, protocol }) => [was?.name, is?.name, protocol]));
  const are = new Map(now.map((one) => [one.name, one]));
  return before
    .filter((was) => !known.has(was.name) && isUp(was))
    .flatMap((was): GateFinding[] => {
      const is = are.get(was.name);
      const failure = (kind: GateFinding['kind'], message: string): GateFinding => ({
        level: 'failure',
        kind,
        about: was.name,
        message: `${was.name} (${was.type}): ${message}`,
        mends: 'time',
      });
      if (is === undefined) {
        const isExplained = mode === 'standalone' || OURS.test(was.name);
        return isExplained ? [] : [failure('protocol', 'was up, and BIRD does not have it any more')];
      }
      if (!isUp(is)) {
        return [
          failure('protocol', `was up, and is ${is.bgp?.state || is.state}${behind(is.bgp?.error ?? '')}`),
        ];
      }
      return was.channels.flatMap((channel) => {
        const left = is.channels.find(({ name }) => name === channel.name);
        return (['imported', 'exported'] as const)
          .filter((way) => channel[way] > 0 && (left?.[way] ?? 0) === 0)
          .map((way) => failure('routes', `${way} ${channel[way]} ${channel.name} routes, and now none`));
      });
    });
}
