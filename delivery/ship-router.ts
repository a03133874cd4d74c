import { setTimeout as sleep } from 'node:timers/promises';
import type { Failure } from './answer.ts';
import { explainBirdError } from './bird-error.ts';
import type { Inspection } from './inspection.ts';
import { preflight } from './preflight.ts';
import type { Release } from './release.ts';
import type { Remote } from './remote.ts';
import * as router from './router.ts';

/** One router, and what it is to get. */
export interface Delivery {
  readonly remote: Remote;
  readonly settings: router.RouterSettings;
  readonly release: Release;
  /** Who delivers: goes into the lock. */
  readonly owner: string;
  /** Seconds until BIRD goes back by itself. */
  readonly timeout: number;
  readonly acceptDrift: boolean;
  /** What is not well, and whether it may still become so; asked again and again until nothing is left or the time is up. */
  readonly health: (before: Inspection, now: Inspection) => Health;
  readonly report: (step: Step) => void;
}

export interface Health {
  readonly wrong: readonly string[];
  readonly mayMend: boolean;
}

export type Step =
  | 'look'
  | 'lock'
  | 'settle'
  | 'adopt'
  | 'stage'
  | 'check'
  | 'apply'
  | 'gate'
  | 'confirm'
  | 'undo';

/**
 * `undone`: it has what it had before, both running and on disk. `lost`: nobody could see how it ended; BIRD goes back by itself, and the next
 * delivery begins with making files and running configuration agree.
 */
export type Delivered =
  | { readonly outcome: 'unchanged' | 'shipped' }
  | { readonly outcome: 'refused' | 'undone' | 'lost'; readonly says: string };

/** All steps on one router. Whatever goes wrong, its files are the old ones until BIRD has confirmed the new ones. */
export async function shipRouter(delivery: Delivery): Promise<Delivered> {
  const { remote, settings, release, owner, acceptDrift, report } = delivery;
  report('look');
  const first = await router.inspect(remote, settings);
  if (first.failed !== undefined) return refused(first.failed);
  // What was cut off last time is settled under the lock, and only then can be judged.
  const wasCutOff = first.done.state !== undefined && first.done.state.what !== 'shipped';
  const seen = preflight(first.done, release, acceptDrift);
  if (seen.verdict === 'unchanged') return { outcome: 'unchanged' };
  if (seen.verdict === 'refused' && (!wasCutOff || first.done.holder !== undefined))
    return refused(seen.failed);
  report('lock');
  const held = await router.hold(remote, settings, owner);
  if (held.failed !== undefined) return refused(held.failed);
  try {
    return await underLock(delivery, held.done);
  } finally {
    await held.done.release();
  }
}

async function underLock(delivery: Delivery, lock: router.Lock): Promise<Delivered> {
  const { remote, settings, release, acceptDrift, report } = delivery;
  report('settle');
  const settled = await router.settle(remote, settings, lock);
  if (settled.failed !== undefined) return refused(settled.failed);
  const before = await router.inspect(remote, settings);
  if (before.failed !== undefined) return refused(before.failed);
  const now = preflight({ ...before.done, holder: undefined }, release, acceptDrift);
  if (now.verdict === 'unchanged') return { outcome: 'unchanged' };
  if (now.verdict === 'refused') return refused(now.failed);
  if (now.adopt) {
    report('adopt');
    const adopted = await router.adopt(remote, settings, lock);
    if (adopted.failed !== undefined) return refused(adopted.failed);
  }
  report('stage');
  const staged = await router.stage(remote, settings, lock, release);
  if (staged.failed !== undefined) return given(delivery, lock, staged.failed);
  report('check');
  const checked = await router.check(remote, settings, lock, release.hash);
  if (checked.failed !== undefined) return given(delivery, lock, withPlace(checked.failed, release));
  return change(delivery, lock, before.done);
}

/** From here on BIRD runs the new configuration, and would go back by itself. */
async function change(delivery: Delivery, lock: router.Lock, before: Inspection): Promise<Delivered> {
  const { remote, settings, release, timeout, report } = delivery;
  report('apply');
  const deadline = performance.now() + timeout * 1000;
  const applied = await router.apply(remote, settings, lock, release.hash, timeout);
  if (applied.failed !== undefined) return back(delivery, lock, withPlace(applied.failed, release).says);
  report('gate');
  const wrong = await gate(delivery, before, deadline - MARGIN);
  if (wrong !== undefined) return back(delivery, lock, wrong);
  report('confirm');
  const confirmed = await router.confirm(remote, settings, lock, release.hash);
  return confirmed.failed === undefined
    ? { outcome: 'shipped' }
    : back(delivery, lock, confirmed.failed.says);
}

/** Milliseconds before BIRD goes back that are left for confirming. */
const MARGIN = 3000;
/** Between two looks. Milliseconds. */
const PAUSE = 500;

/** Looks over connections of their own: what cuts ship's way to the router must not be confirmed over the way that is left. */
async function gate(delivery: Delivery, before: Inspection, deadline: number): Promise<string | undefined> {
  const { remote, settings, health } = delivery;
  let says = 'it could not be looked at in time';
  while (performance.now() < deadline) {
    const fresh = await remote.fresh();
    const seen = await router.inspect(fresh, settings);
    await fresh.end();
    if (seen.failed === undefined) {
      const { wrong, mayMend } = health(before, seen.done);
      if (wrong.length === 0) return undefined;
      says = wrong.join('; ');
      if (!mayMend) return says;
    } else says = seen.failed.says;
    await sleep(PAUSE);
  }
  return says;
}

/** Undoes what was applied, and sees that it is undone; if nobody answers, BIRD does it when the time is up. */
async function back(delivery: Delivery, lock: router.Lock, why: string): Promise<Delivered> {
  const { remote, settings, timeout, report } = delivery;
  report('undo');
  const other = await remote.fresh();
  try {
    const undone = await router.undo(other, settings, lock);
    if (undone.failed === undefined) return { outcome: 'undone', says: why };
    return {
      outcome: 'lost',
      says: `${why}. It could not be undone (${undone.failed.says}): BIRD goes back by itself within ${timeout} s, and its files are the old ones`,
    };
  } finally {
    await other.end();
  }
}

/** Nothing was applied yet: only what was staged goes. */
async function given(delivery: Delivery, lock: router.Lock, failed: Failure): Promise<Delivered> {
  await router.discard(delivery.remote, delivery.settings, lock);
  return refused(failed);
}

const refused = ({ kind, says }: Failure): Delivered => ({
  outcome: kind === 'lost' ? 'lost' : 'refused',
  says,
});

/** BIRD's complaint with the lines that it is about. */
function withPlace(failed: router.NotTaken, { files }: Release): Failure {
  if (failed.birdError === undefined) return failed;
  const texts = new Map(files.map(({ path, bytes }) => [path, Buffer.from(bytes).toString('utf8')]));
  return { ...failed, says: `BIRD does not take it: ${explainBirdError(failed.birdError, texts)}` };
}
