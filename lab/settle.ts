import { NOENCAP } from '../topology/own-command.ts';
import { askBird, askBirdEach } from './birdc.ts';
import type { Refused } from './holder.ts';
import { missing } from './judge.ts';
import type { Lab } from './lab.ts';
import { hostFolder } from './model.ts';
import { hear, kernelRoutes, type Observation, observe } from './observe.ts';
import { followWaits, type Moment, ownTime } from './waits.ts';

/** The last observation of a network, and whether it can be judged. */
export interface Settled extends Observation {
  /** What still changed at the timeout; undefined if the network converged. */
  readonly unsettled: string | undefined;
}

/** Milliseconds between two looks, and when nothing has changed for some time. */
const POLL = 400;
const CALM_POLL = 1000;

/**
 * How long nothing may change once everything is there, in milliseconds and in looks: on a busy machine a look
 * takes longer, and so does what it waits for. OSPF waits up to a second before it computes routes from new LSAs.
 */
const CALM = 1500;
const LOOKS = 3;

/** Milliseconds without any change after which missing state counts as lost. */
const PATIENCE = 20_000;

/** Milliseconds after which a network that never converges is given up. */
const LIMIT = 120_000;

/**
 * Looks until the network rests: sessions, their imports and exports, and all kernels' routes are the same in several looks, and no
 * OSPF is about to find more. If something expected is missing, the network has to rest for as long as `patience`.
 * `progress` gets the number of missing items.
 */
export async function converged(
  lab: Lab,
  { patience = PATIENCE, limit = LIMIT, progress = (_missing: number) => {} } = {},
): Promise<Settled> {
  const waits = followWaits(lab);
  const clock = (): Moment => ({ at: performance.now(), waited: waits.total() });
  const started = clock();
  let [observation, since, looks] = [await observe(lab), clock(), 1];
  try {
    for (;;) {
      const now = clock();
      const calm = ownTime(since, now);
      const lacking = missing(lab, observation);
      progress(lacking);
      if (looks >= LOOKS && calm >= patience) return { ...observation, unsettled: undefined };
      if (lacking === 0 && looks >= LOOKS && calm >= CALM && (await findsNoMore(lab)))
        return { ...observation, unsettled: undefined };
      const before = observation;
      await new Promise((done) => setTimeout(done, calm > CALM ? CALM_POLL : POLL));
      observation = await lookAgain(lab, before);
      const moving = changedHosts(statesOf(before), statesOf(observation));
      [since, looks] = moving.length > 0 ? [clock(), 1] : [since, looks + 1];
      if (ownTime(started, now) >= limit + patience) {
        const seconds = Math.round((now.at - started.at) / 1000);
        const hosts = moving.length > 0 ? moving : [...statesOf(observation).keys()];
        return {
          ...observation,
          unsettled: `not settled after ${seconds} s: ${hosts.join(', ')} kept changing`,
        };
      }
    }
  } finally {
    waits.end();
  }
}

/** While BIRD's output changes nothing rests, and kernels need not be asked. */
async function lookAgain(lab: Lab, before: Observation): Promise<Observation> {
  const heard = { ...(await hear(lab)), routes: before.routes };
  const isQuiet = changedHosts(statesOf(before), statesOf(heard)).length === 0;
  return isQuiet ? { ...heard, routes: await kernelRoutes(lab) } : heard;
}

/** By host, what counts as a change. A session that never comes up alternates between states that are not up. */
function statesOf({ sessions, routes, silent }: Observation): ReadonlyMap<string, string> {
  const quiet = new Set(silent.map(({ host }) => host));
  return new Map(
    [...routes].map(([host, hostRoutes]) => {
      const up = (sessions.get(host) ?? [])
        .filter(({ state }) => state === 'Established')
        .map(({ name, imported, exported }) => `${name} ${imported} ${exported}`);
      return [host, JSON.stringify([up, hostRoutes, quiet.has(host)])];
    }),
  );
}

const changedHosts = (before: ReadonlyMap<string, string>, now: ReadonlyMap<string, string>): string[] =>
  [...now].flatMap(([host, state]) => (before.get(host) === state ? [] : [host]));

/**
 * According to BIRD: no OSPF interface waits for its election, and no neighbour is between the first hello and the full database.
 * Only then the last of several equal paths appears.
 */
async function findsNoMore({ plan, holder }: Lab): Promise<boolean> {
  const asked = plan.hosts.flatMap(({ name, daemons }) =>
    daemons
      .filter(({ role }) => role !== 'calico')
      .map((daemon) => holder.path(`${hostFolder(name)}/${daemon.name}.ctl`)),
  );
  const open = await Promise.all(asked.map(stillOpens));
  return !open.includes(true);
}

async function stillOpens(socket: string): Promise<boolean> {
  const protocols = (await askBird(socket, 'show protocols'))?.text ?? '';
  const names = [...protocols.matchAll(/^(\S+)\s+OSPF\s+\S+\s+up\s/gm)].map(([, name = '']) => name);
  const asked = names.flatMap((name) => [`show ospf interface "${name}"`, `show ospf neighbors "${name}"`]);
  const replies = asked.length === 0 ? [] : await askBirdEach(socket, asked);
  return replies.some(
    ({ text }) =>
      /^\s*State: Waiting/m.test(text) ||
      /^\S+\s+\d+\s+(?:Attempt|Init|ExStart|Exchange|Loading)\b/m.test(text),
  );
}

/** Why there is no verdict on a network that does not rest: its state may change at any moment. Undefined if it rests. */
export const unsettled = (...looks: readonly Settled[]): Refused | undefined =>
  looks
    .flatMap((look) => look.unsettled ?? [])
    .map((why) => ({
      message: `the lab has ${why}`,
      fix: `A network that does not converge cannot be judged. Run it again when the machine is less busy; if it persists, look closer: ${NOENCAP} lab up`,
    }))[0];
