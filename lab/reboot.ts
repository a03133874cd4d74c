import { type BgpState, bgpStates } from '../bird/answers/protocols.ts';
import { recoveryLeft } from '../bird/answers/status.ts';
import type { Expectations } from '../fabric/index.ts';
import { askBirdEach } from './birdc.ts';
import { type BootOptions, bootLab, must } from './boot.ts';
import { breakIt, cutOff, type Failing, without } from './fail.ts';
import type { FailedCheck } from './failure.ts';
import type { Refused } from './holder.ts';
import { judge, turnsByDesign } from './judge.ts';
import type { Lab } from './lab.ts';
import { hostFolder, type LabHost } from './model.ts';
import { type Observation, observe } from './observe.ts';
import { probe } from './probe.ts';
import { type Ride, startPings } from './rides.ts';
import { converged, unsettled } from './settle.ts';
import { followWaits, type Moment, ownTime, unwaited } from './waits.ts';
import { birdCommand } from './wiring.ts';

/** What a node's reboot costs. */
export interface Reboot {
  readonly node: string;
  /** Milliseconds, without what it waited for a processor, from the start of BIRD until it announces the node's pods and knows those of others; undefined: it waits. */
  readonly recovered: number | undefined;
  /** Where it waits: the absent peers, and for how many more seconds if none appears. */
  readonly waits: { readonly peers: readonly string[]; readonly seconds: number } | undefined;
  readonly pairs: readonly Ride[];
  /** Failed checks at the end. */
  readonly failures: readonly FailedCheck[];
}

export interface RebootOptions extends BootOptions {
  readonly node: string;
  /** What is down during the reboot. */
  readonly failed: readonly Failing[];
  /** The analysis of the network without that. */
  readonly foretold?: Expectations;
  /** Nodes that are switched off but still in the API server: their peers keep the session with them. */
  readonly away: readonly string[];
  readonly progress?: (step: string) => void;
}

/** Seconds that the machine is off: BIRD's peers notice at once, since BIRD closes its sessions. */
const OFF = 1;

/**
 * Boots the fabric, removes what should be missing, pings every pair of pods continuously and reboots one node: its BIRDs get
 * SIGTERM and close their sessions, the kernel forgets their routes, and they restart as calico-node starts them.
 * Its pod stays: the loss is due to BIRD, not to the start of a pod.
 */
export async function rebootNode(options: RebootOptions): Promise<Reboot | Refused> {
  const { node, failed, foretold, away, progress = () => {}, ...boot } = options;
  progress('boot the network');
  const lab = await bootLab(boot);
  if ('message' in lab) return lab;
  try {
    const atFirst = unsettled(await converged(lab));
    if (atFirst !== undefined) return atFirst;
    for (const one of failed) await breakIt(lab, one);
    await cutOff(lab, away);
    const left = failed.length === 0 ? lab : without(lab, failed, foretold);
    if (failed.length > 0) {
      progress('wait until the others notice the failure');
      await forgotten(lab, left);
      await converged(left);
    }
    const host = left.plan.hosts.find(({ name }) => name === node) as LabHost;
    const pings = await startPings(left, left);
    progress(`reboot ${node}`);
    await must(lab.holder, rebootScript(lab, host), `${node} could not be rebooted`);
    const ended = await recovery(lab, host);
    const observation = await converged(left, { patience: ended.waits === undefined ? UNTIL_WHOLE : 0 });
    const refused = unsettled(observation);
    if (refused !== undefined) return refused;
    const pairs = (await pings.end()).filter(({ from, to }) => ![from, to].some((one) => away.includes(one)));
    const failures = judge(left, observation, await probe(left)).filter(
      (failure) => isOf(failure, away) && !turnsByDesign(left.fabric, failure),
    );
    return { node, ...ended, pairs, failures };
  } finally {
    await lab.holder.end();
  }
}

/**
 * Until no dead session counts as up: the routes of a reflector that died a moment ago live on for its clients'
 * hold time. In Calico's mesh that is four minutes, but there nodes do not announce each other's routes.
 */
export async function forgotten(lab: Lab, left: Lab): Promise<void> {
  const deadline = performance.now() + (lab.fabric.bgp.holdTime + 15) * 1000;
  const stay = new Set(left.expected.sessions.map(({ id }) => id));
  const gone = lab.expected.sessions.filter(({ id, kind }) => kind !== 'mesh' && !stay.has(id));
  const isUp = (observation: Observation) =>
    gone.some(({ ends: [a, b] }) =>
      [
        [a, b],
        [b, a],
      ].some(([one, other]) =>
        observation.sessions
          .get(one?.speaker ?? '')
          ?.some(({ neighbor, state }) => neighbor === other?.address.text && state === 'Established'),
      ),
    );
  while (isUp(await observe(left)) && performance.now() < deadline)
    await new Promise((done) => setTimeout(done, 500));
}

/** Milliseconds. */
const UNTIL_WHOLE = 15_000;

/** Failures about nodes that are off are not due to the reboot, and neither are stale routes to them. */
function isOf({ kind, hosts, message }: FailedCheck, away: readonly string[]): boolean {
  if (kind === 'log' && message.includes('Shutdown completed')) return false;
  if (away.length === 0) return true;
  return ['daemon', 'session', 'pair'].includes(kind) && !hosts.some((host) => away.includes(host));
}

const rebootScript = (lab: Lab, host: LabHost): string =>
  ['set -u', ...ends(host), `sleep ${OFF}`, ...starts(lab, host)].join('\n');

/** Its BIRDs end in order, and the kernel forgets their routes. */
export function ends({ name, daemons }: LabHost): string[] {
  const at = (daemon: string, end: string) => `${hostFolder(name)}/${daemon}.${end}`;
  return [
    ...daemons.map((daemon) => `kill -TERM "$(cat ${at(daemon.name, 'pid')})"`),
    // A process that has ended no longer has an executable, even if it is not reaped yet.
    ...daemons.map(
      (daemon) =>
        `pid=$(cat ${at(daemon.name, 'pid')} 2>/dev/null || echo none); while [ -e /proc/$pid/exe ]; do sleep 0.05; done; rm -f ${at(daemon.name, 'ctl')}`,
    ),
    `ip -n ${name} route flush proto bird; ip -n ${name} -6 route flush proto bird`,
  ];
}

export const starts = ({ programs }: Lab, { name, daemons }: LabHost): string[] =>
  daemons.map((daemon) => birdCommand(name, daemon, programs));

const POLL = 200;

/**
 * Milliseconds without a new session after which no other will come up. A node that runs the IGP has to find its neighbours
 * first, which took OSPF 10 s.
 */
const CALM = { alone: 12_000, igp: 40_000 };

/** Polls until the node's BIRDs have recovered, or wait for something that will not come. */
async function recovery(lab: Lab, host: LabHost): Promise<Pick<Reboot, 'recovered' | 'waits'>> {
  const waits = followWaits(lab);
  const clock = (): Moment => ({ at: performance.now(), waited: waits.total() });
  const started = clock();
  const calicoDaemons = host.daemons.filter(({ role }) => role === 'calico');
  const calm = host.daemons.some(({ role }) => role === 'igp') ? CALM.igp : CALM.alone;
  let [before, since] = ['', started];
  try {
    for (;;) {
      const looks = await Promise.all(calicoDaemons.map(({ name }) => stateOfDaemon(lab, host, name)));
      const now = clock();
      if (looks.every(({ left }) => left === undefined))
        return { recovered: unwaited(started, now), waits: undefined };
      const absent = looks.flatMap(({ left, states }) =>
        left === undefined ? [] : states.filter(({ state }) => state !== 'Established'),
      );
      const names = absent.map(({ name }) => name).join();
      if (names !== before) since = now;
      before = names;
      if (absent.length > 0 && ownTime(since, now) >= calm) {
        const peers = [...new Set(absent.map(({ neighbor }) => peerName(lab, neighbor)))].sort();
        const seconds = Math.max(...looks.map(({ left }) => left ?? 0));
        return { recovered: undefined, waits: { peers, seconds } };
      }
      await new Promise((done) => setTimeout(done, POLL));
    }
  } finally {
    waits.end();
  }
}

/** `left`: the seconds that a recovery may still take; undefined if there is none. */
async function stateOfDaemon(
  { holder }: Lab,
  { name }: LabHost,
  daemon: string,
): Promise<{ left: number | undefined; states: readonly BgpState[] }> {
  const socket = holder.path(`${hostFolder(name)}/${daemon}.ctl`);
  const [status, protocols] = await askBirdEach(socket, ['show status', 'show protocols all']);
  const states = bgpStates(protocols?.text ?? '');
  return { left: status === undefined ? Number.POSITIVE_INFINITY : recoveryLeft(status.text), states };
}

/** A peer by its name, or by its address if nothing in the fabric has it. */
function peerName({ fabric, expected }: Lab, address: string): string {
  const ends = [...fabric.sessions, ...expected.sessions].flatMap(({ ends: both }) => both);
  return ends.find((end) => end.address.text === address)?.speaker ?? address;
}
