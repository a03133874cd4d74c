import { askBird } from './birdc.ts';
import type { Lab } from './boot.ts';
import type { Refused } from './holder.ts';
import { missing } from './judge.ts';
import { type Observation, observe } from './observe.ts';
import { hostFolder } from './plan.ts';

/** The last look at a network, and whether anything can be said of it. */
export interface Settled extends Observation {
  /** What still moved when the time was up; undefined where the network rests. */
  readonly unsettled: string | undefined;
}

/** Between two looks. Milliseconds. */
const POLL = 150;

/**
 * How long nothing may change where all is there, in milliseconds and in looks: on a machine that has little time for the lab a look
 * takes longer, and so does what it waits for. OSPF waits up to a second before it makes routes of what it was told.
 */
const CALM = 1500;
const LOOKS = 3;

/** Milliseconds without any change after which what is missing will not come. */
const PATIENCE = 20_000;

/** Milliseconds after which a network that never rests is given up. */
const LIMIT = 120_000;

/**
 * Looks until the network rests: sessions, what they import and export, and all kernels' routes are the same in several looks, and no
 * OSPF is about to find more. Where something is missing that must be there, it has to rest for as long as `patience`.
 * `progress` is told how much is missing.
 */
export async function converged(
  lab: Lab,
  { patience = PATIENCE, limit = LIMIT, progress = (_missing: number) => {} } = {},
): Promise<Settled> {
  const started = performance.now();
  let before: ReadonlyMap<string, string> = new Map();
  let since = started;
  let looks = 0;
  for (;;) {
    const seen = await observe(lab);
    const now = performance.now();
    const states = statesOf(seen);
    const moving = changed(before, states);
    before = states;
    [since, looks] = moving.length > 0 ? [now, 1] : [since, looks + 1];
    const calm = now - since;
    const lacking = missing(lab, seen);
    progress(lacking);
    if (looks >= LOOKS && calm >= patience) return { ...seen, unsettled: undefined };
    if (lacking === 0 && looks >= LOOKS && calm >= CALM && (await findsNoMore(lab)))
      return { ...seen, unsettled: undefined };
    if (now - started >= limit + patience) {
      const seconds = Math.round((now - started) / 1000);
      const hosts = moving.length > 0 ? moving : [...states.keys()];
      return { ...seen, unsettled: `not settled after ${seconds} s: ${hosts.join(', ')} went on changing` };
    }
    await new Promise((done) => setTimeout(done, POLL));
  }
}

/** By host what counts as a change. A session that never comes up goes to and fro between states that are not up. */
function statesOf({ sessions, routes, silent }: Observation): ReadonlyMap<string, string> {
  const quiet = new Set(silent.map(({ host }) => host));
  return new Map(
    [...routes].map(([host, own]) => {
      const up = (sessions.get(host) ?? [])
        .filter(({ state }) => state === 'Established')
        .map(({ name, imported, exported }) => `${name} ${imported} ${exported}`);
      return [host, JSON.stringify([up, own, quiet.has(host)])];
    }),
  );
}

const changed = (before: ReadonlyMap<string, string>, now: ReadonlyMap<string, string>): string[] =>
  [...now].flatMap(([host, state]) => (before.get(host) === state ? [] : [host]));

/**
 * By BIRD's own words: no OSPF interface waits for its election, and no neighbour is between the first hello and the whole database.
 * The last of several equal paths comes only then.
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
  for (const name of names) {
    const interfaces = (await askBird(socket, `show ospf interface "${name}"`))?.text ?? '';
    if (/^\s*State: Waiting/m.test(interfaces)) return true;
    const neighbours = (await askBird(socket, `show ospf neighbors "${name}"`))?.text ?? '';
    if (/^\S+\s+\d+\s+(?:Attempt|Init|ExStart|Exchange|Loading)\b/m.test(neighbours)) return true;
  }
  return false;
}

/** Why nothing is said of a network that does not rest: what it does now it need not do in a moment. Undefined where it rests. */
export const unsettled = (...looks: readonly Settled[]): Refused | undefined =>
  looks
    .flatMap((look) => look.unsettled ?? [])
    .map((why) => ({
      says: `the lab has ${why}`,
      mend: 'Nothing can be said of a network that does not rest. Run it again when the machine has less to do; if it goes on, look closer: bin/noencap lab up',
    }))[0];
