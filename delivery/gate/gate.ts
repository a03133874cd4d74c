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
import type { GateFinding, GateQuestion, ObservedSession } from './finding.ts';
import { passwordFindings } from './password.ts';
import { routeFindings, unreachableToday } from './routes.ts';

/**
 * Judges a router, again and again while it settles: compares the state of its BIRD's protocols with the state before the delivery
 * began, and with what the fabric wants.
 * Failures: a session that BIRD does not have; one that is down although it was up, or although both ends are configured; lost
 * routes that the change does not explain; anything of the operator's own that was up and no longer is.
 */
export function gate(
  question: GateQuestion,
): (before: readonly ProtocolState[], now: readonly ProtocolState[]) => GateFinding[] {
  const expected = expectedSessions(question.fabric, question.router);
  const agreement = agreements(question.before, question.fabric);
  const explained = explainedLosses(question.before, question.fabric, agreement);
  return (before, now) => {
    const observed = sessionsSeen(expected, before, now);
    const sessions = sessionFindings(question, agreement, observed);
    return [
      ...sessions,
      ...cutOff(question, observed, sessions),
      ...passwordFindings(question, agreement, observed),
      ...routeFindings(explained, observed),
      ...otherProtocols(question, observed, before, now),
    ].map((one) =>
      question.excused.has(one.about) && one.level === 'failure'
        ? { ...one, level: 'warning', fixedBy: 'others', message: `${one.message} (excused)` }
        : one,
    );
  };
}

/** What is wrong with a router although its sessions are up, when nothing is delivered to it: packets that it drops. */
export const problemsToday = (
  fabric: Fabric,
  router: string,
  now: readonly ProtocolState[],
): readonly string[] => unreachableToday(sessionsSeen(expectedSessions(fabric, router), now, []));

/**
 * Judges each look at a router, and knows from earlier looks how long to wait until another look could say something else:
 * milliseconds, 0 if the result is final.
 */
export type Judge = (
  before: readonly ProtocolState[],
  now: readonly ProtocolState[],
  /** Milliseconds of any clock that never goes back. */
  at: number,
) => { readonly findings: readonly GateFinding[]; readonly wait: number };

/** The judge of one router's delivery. Looks must be passed to it in order. */
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
 * Milliseconds without a change after which a look counts. BIRD connects 5 s after a start (`connect delay time`), so a disturbed
 * router needs long; where every protocol and channel is as it was before, only routes could still change.
 */
export const CALM = { disturbed: 8000, undisturbed: 2000 };

/** For a router that has already settled: only what time could still fix is waited for. */
export const HAD_CALM = { disturbed: 0, undisturbed: 0 };

export interface Look {
  readonly at: number;
  readonly findings: readonly GateFinding[];
  readonly now: readonly ProtocolState[];
}

/** Milliseconds until another look if time may fix what is wrong. */
const PAUSE = 1000;

/**
 * Milliseconds for which waiting could still change the gate's findings, after these looks in order. 0 if nothing can fix
 * them; otherwise until everything that time could fix has been calm. A first look says little: BIRD asks for routes again only after it
 * has applied the change.
 */
export function unsettledFor(before: readonly ProtocolState[], looks: readonly Look[], calm = CALM): number {
  const last = looks.at(-1);
  if (last === undefined) return PAUSE;
  if (last.findings.some(({ level, fixedBy }) => level === 'failure' && fixedBy === 'nothing')) return 0;
  if (last.findings.some(({ fixedBy }) => fixedBy === 'time')) return PAUSE;
  const states = statesOf(before);
  const isDisturbed = looks.some(({ findings, now }) => !passes(findings) || statesOf(now) !== states);
  const other = looks.findLastIndex((look) => gist(look) !== gist(last));
  const since = last.at - (looks[other + 1] ?? last).at;
  return Math.max(0, (isDisturbed ? calm.disturbed : calm.undisturbed) - since);
}

const gist = ({ findings, now }: Look): string =>
  JSON.stringify([findings.map(({ level, kind, about }) => [level, kind, about]), statesOf(now)]);

/**
 * Without counts: in a large network some route always comes or goes. The state of a session that is down changes all the time
 * if its peer does not answer.
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

/** In a configuration written by hand a session may have another name before it is adopted: its neighbour identifies it. */
function sessionsSeen(
  sessions: readonly ExpectedSession[],
  before: readonly ProtocolState[],
  now: readonly ProtocolState[],
): ObservedSession[] {
  const [protocolsBefore, protocolsNow] = [before, now].map(
    (all) => new Map(all.map((one) => [one.name, one])),
  ) as [Map<string, ProtocolState>, Map<string, ProtocolState>];
  const gone = new Map(
    before
      .filter(({ name, bgp }) => bgp !== undefined && bgp.neighbor !== '' && !protocolsNow.has(name))
      .map((one) => [one.bgp?.neighbor ?? '', one]),
  );
  return sessions.map((expected) => ({
    ...expected,
    was: protocolsBefore.get(expected.protocol) ?? gone.get(expected.remote.address.text),
    is: protocolsNow.get(expected.protocol),
  }));
}

function sessionFindings(
  question: GateQuestion,
  agreement: Agreements,
  observed: readonly ObservedSession[],
): GateFinding[] {
  return observed.flatMap((one): GateFinding[] => {
    const { session, protocol, remote, was, is } = one;
    const about = session.id;
    if (is?.bgp === undefined || is.bgp.neighbor !== remote.address.text) {
      const has = is?.bgp === undefined ? `no ${protocol}` : `${protocol} with ${is.bgp.neighbor}`;
      const message = `${about}: BIRD has ${has}: it does not run what was delivered`;
      return [{ level: 'failure', kind: 'session', about, message, fixedBy: 'nothing' }];
    }
    const down = session.carries.find((family) => !isUp(is, family));
    if (down === undefined) return [];
    const state = isUp(is) ? `up without ${down}` : `${is.bgp.state || is.state}${inBrackets(is.bgp.error)}`;
    const wasUp = session.carries.every((family) => isUp(was, family));
    const excuse = excuseOf(question, one, wasUp, agreement(session));
    return excuse === undefined
      ? [
          {
            level: 'failure',
            kind: 'session',
            about,
            message: `${about}: is ${state}${wasUp ? ' although it was Established' : ' although both ends are configured'}`,
            fixedBy: 'time',
          },
        ]
      : [
          {
            level: 'warning',
            kind: 'session',
            about,
            message: `${about}: is ${state}; ${excuse}`,
            fixedBy: 'others',
          },
        ];
  });
}

const inBrackets = (error: string): string => (error === '' ? '' : ` (${error})`);

/** Why a session may be down for now; undefined if it must be up. */
function excuseOf(
  { undelivered, before }: GateQuestion,
  { remote, was }: ObservedSession,
  wasUp: boolean,
  agreement: Agreement,
): string | undefined {
  const who = remote.speaker;
  if (remote.kind === 'router') {
    if (undelivered.has(who)) {
      if (agreement === 'new' || agreement === 'otherwise') return `${who} does not have the change yet`;
      return wasUp
        ? undefined
        : was === undefined
          ? `${who} may not have the session yet`
          : 'it was not up before either';
    }
    // Both ends have the change: the session must come up if it is new or had to change at both ends, and stay up if it was up.
    if (wasUp || was === undefined || agreement === 'new' || agreement === 'otherwise') return undefined;
    return 'it was not up before either';
  }
  if (was === undefined || agreement === 'new') return `it is new, and ${who} has not connected yet`;
  if (!wasUp) return 'it was not up before either';
  const moved = before === undefined && was.bgp?.neighbor !== remote.address.text;
  return agreement === 'otherwise' || moved ? `${who} must follow through the cluster` : undefined;
}

/** Each session may have its excuse, but there is none for a router that had sessions and is left without any. */
function cutOff(
  { router, excused }: GateQuestion,
  observed: readonly ObservedSession[],
  findings: readonly GateFinding[],
): GateFinding[] {
  const held = observed.filter(({ session, was }) => isUp(was) && !excused.has(session.id));
  if (held.length === 0 || observed.some(({ is }) => isUp(is)) || !passes(findings)) return [];
  const message = `${router}: no session is left (had ${held.length})`;
  return [{ level: 'failure', kind: 'alone', about: router, message, fixedBy: 'time' }];
}

/** Names that noencap uses in an operator's bird.conf: if one of these is gone, the change removed it. */
export const OURS = /^(k3s|via)_/;

/** Protocols other than our sessions: the operator's own, or the rest of a bird.conf that is all ours. */
function otherProtocols(
  { fabric, router }: GateQuestion,
  observed: readonly ObservedSession[],
  before: readonly ProtocolState[],
  now: readonly ProtocolState[],
): GateFinding[] {
  const mode = fabric.routers.find(({ name }) => name === router)?.bird.mode;
  const sessionNames = new Set(observed.flatMap(({ was, is, protocol }) => [was?.name, is?.name, protocol]));
  const protocolsNow = new Map(now.map((one) => [one.name, one]));
  return before
    .filter((was) => !sessionNames.has(was.name) && isUp(was))
    .flatMap((was): GateFinding[] => {
      const is = protocolsNow.get(was.name);
      const failure = (kind: GateFinding['kind'], message: string): GateFinding => ({
        level: 'failure',
        kind,
        about: was.name,
        message: `${was.name} (${was.type}): ${message}`,
        fixedBy: 'time',
      });
      if (is === undefined) {
        const isExplained = mode === 'standalone' || OURS.test(was.name);
        return isExplained ? [] : [failure('protocol', 'was up, but BIRD no longer has it')];
      }
      if (!isUp(is)) {
        return [
          failure(
            'protocol',
            `was up, but is now ${is.bgp?.state || is.state}${inBrackets(is.bgp?.error ?? '')}`,
          ),
        ];
      }
      return was.channels.flatMap((channel) => {
        const left = is.channels.find(({ name }) => name === channel.name);
        return (['imported', 'exported'] as const)
          .filter((way) => channel[way] > 0 && (left?.[way] ?? 0) === 0)
          .map((way) =>
            failure(
              'routes',
              `now ${way === 'imported' ? 'imports' : 'exports'} 0 ${channel.name} routes (was ${channel[way]})`,
            ),
          );
      });
    });
}
