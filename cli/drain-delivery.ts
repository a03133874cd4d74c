import { appendFileSync } from 'node:fs';
import { isUp, type ProtocolState } from '../bird/answers/protocols.ts';
import {
  faultText,
  type Hidden,
  isStill,
  type JournalEvent,
  journalJson,
  type PassedOn,
  type Result,
  routerScript,
  ship as shipAll,
  sshRemote,
  type Unstamped,
  untilStill,
} from '../delivery/index.ts';
import { type Drained, endsFor, type Fabric, type RouterSpeaker, type Session } from '../fabric/index.ts';
import { commitOf } from '../repository/git.ts';
import { routerFiles } from '../routers/index.ts';
import type { Body } from './documents/index.ts';
import { interruptible } from './interruptible.ts';
import { runSteps } from './progress.ts';
import { deliveries, type State, settingsOf, targetOf } from './ship-deliveries.ts';
import { shipProgress } from './ship-progress.ts';
import { leftText } from './ship-report.ts';
import type { Terminal } from './terminal.ts';

export interface StateOptions {
  readonly topology: string;
  /** Seconds. */
  readonly timeout: number;
  readonly journal: string | undefined;
}

interface Change {
  readonly fabric: Fabric;
  readonly router: RouterSpeaker;
  readonly knownHosts: string;
  readonly passwords: ReadonlyMap<string, Hidden>;
  readonly state: State;
  readonly lookOnly: boolean;
}

/** How the delivery of a router's state ended. */
export interface StateDelivery {
  readonly result: Result;
  /** What it was before. */
  readonly drained: Drained | undefined;
  /** Routers that have no session with it at the moment, although they should. */
  readonly absent: readonly string[];
  /** What leads traffic there besides noencap's sessions, for people. */
  readonly own: readonly string[];
  readonly events: readonly JournalEvent[];
}

/** Delivers the topology's configuration of one router in another state, with the time limit, gate and way back of any delivery. */
export async function deliverState(
  { fabric, router, knownHosts, passwords, state, lookOnly }: Change,
  { timeout, journal }: StateOptions,
  terminal: Terminal,
): Promise<StateDelivery> {
  const events: JournalEvent[] = [];
  const progress = shipProgress([router.name], terminal);
  const record = (event: Unstamped) => {
    const stamped = { ...event, at: new Date().toISOString() } as JournalEvent;
    events.push(stamped);
    if (journal !== undefined) appendFileSync(journal, journalJson(stamped));
    progress.show(stamped);
  };
  const { stop, release } = interruptible(INTERRUPTED, terminal, () => leftText(events, timeout));
  const sessions = fabric.sessions.filter(({ ends }) => ends.some(({ speaker }) => speaker === router.name));
  const names = new Set(sessions.map((session) => endsFor(session, router.name).local.protocol));
  const own = new Set<string>();
  let absent: readonly string[] = [];
  const shipped = await shipAll({
    fabric,
    deliveries: deliveries(fabric, [router], routerFiles(fabric), {
      knownHosts,
      passwords,
      timeout,
      acceptDrift: false,
      stop,
      state: (inspection) => {
        for (const { name, bgp } of inspection.protocols) {
          if (bgp !== undefined && !names.has(name)) own.add(name);
        }
        absent = absentPeers(sessions, router.name, inspection.protocols);
        return state(inspection);
      },
      report:
        (name) =>
        (step, outcome, details = []) =>
          record({ event: 'step', router: name, step, outcome, details: [...details] }),
    }),
    turn: () => 'now',
    base: () => ({ name: commitOf('HEAD')?.slice(0, 7) ?? 'the topology', fabric }),
    isClusterFirst: () => false,
    excused: new Set(),
    maxParallel: 1,
    lookOnly,
    record,
    stop,
  });
  release();
  await progress.end();
  return {
    result: shipped.results[0] as Result,
    drained: shipped.drained.get(router.name),
    absent,
    own:
      own.size === 0
        ? []
        : [
            `what BGP sessions of its own bird.conf announce (${[...own].sort().join(', ')}): noencap does not know their peers. To have them leave: bgp_community.add((65535, 0)) in their export filters (RFC 8326)`,
          ],
    events,
  };
}

/** A router with which no session is up may be away: nobody can count on it. */
function absentPeers(
  sessions: readonly Session[],
  router: string,
  protocols: readonly ProtocolState[],
): string[] {
  const states = new Map(protocols.map((one) => [one.name, one]));
  const peers = new Map<string, boolean>();
  for (const session of sessions) {
    const { local, remote } = endsFor(session, router);
    if (remote.kind !== 'router') continue;
    const isThere = peers.get(remote.speaker) === true || isUp(states.get(local.protocol ?? ''));
    peers.set(remote.speaker, isThere);
  }
  return [...peers].filter(([, isThere]) => !isThere).map(([name]) => name);
}

const INTERRUPTED =
  'Interrupted: an unconfirmed change is undone. Press Ctrl-C again to end at once; the router then reverts by itself.';

/** What a router passes on in the end. */
export interface Traffic {
  readonly isKnown: boolean;
  readonly isStill: boolean;
  readonly passed: PassedOn | undefined;
  /** Why it is not known. */
  readonly why: string | undefined;
  readonly asJson: Body<'drain'>['traffic'];
}

/** Waits until the router passes nothing on, or until the time is up. */
export async function traffic(
  { fabric, router, knownHosts }: Pick<Change, 'fabric' | 'router' | 'knownHosts'>,
  { wait }: { readonly wait: number },
  terminal: Terminal,
): Promise<Traffic> {
  const { stop, release } = interruptible('Interrupted: the router stays drained.', terminal);
  const remote = sshRemote(targetOf(router, knownHosts), { script: routerScript });
  try {
    let told: Awaited<ReturnType<typeof untilStill>> | undefined;
    const run = async (say: (detail: string) => void) => {
      told = await untilStill(remote, settingsOf(fabric.name, router), wait, stop, (passed) =>
        say(passedText(passed)),
      );
    };
    await runSteps([{ title: `Wait until ${router.name} passes nothing on`, run }], terminal);
    const { done, failed } = told ?? {};
    if (done === undefined) {
      const why = failed === undefined ? 'nobody asked' : faultText(failed);
      return { isKnown: false, isStill: false, passed: undefined, why, asJson: null };
    }
    return {
      isKnown: true,
      isStill: isStill(done),
      passed: done,
      why: undefined,
      asJson: {
        still: isStill(done),
        seconds: done.seconds,
        packets: Object.fromEntries(done.packets) as { ipv4: number },
        interfaces: [...done.interfaces],
      },
    };
  } finally {
    release();
    await remote.end();
  }
}

/** `12 IPv4 packets in 5 s`. */
export function passedText({ packets, seconds }: PassedOn): string {
  const some = [...packets].filter(([, count]) => count > 0);
  const text = some.map(([family, count]) => `${count} ${family === 'ipv4' ? 'IPv4' : 'IPv6'}`).join(' and ');
  return some.length === 0
    ? `passed nothing on in ${Math.round(seconds)} s`
    : `passed on ${text} packets in ${Math.round(seconds)} s, other than its own`;
}
