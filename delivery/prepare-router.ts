import { drainedText } from '../fabric/index.ts';
import type { ScriptFailure } from './answer.ts';
import { type Delivery, withPlace } from './delivery.ts';
import { asFault, faultText, type RouterFault } from './fault.ts';
import type { Drift, Inspection } from './inspection.ts';
import { filesWanted, type Preflight, preflight } from './preflight.ts';
import type { Release } from './release.ts';
import * as router from './router.ts';
import { until } from './until.ts';

/** A live file that differs from what was shipped or, if nothing was, from what is to be shipped. */
export interface Drifted extends Drift {
  readonly against: 'shipped' | 'to be shipped';
  /** The sha256 that the file should have; undefined if it should not exist. */
  readonly wanted: string | undefined;
  /** The current content; undefined for a missing file, or one that nobody may see. */
  readonly text: string | undefined;
}

/** Whether a delivery to a router can go ahead, from a look at it. `drift`: what differs from what was shipped, if that is why it is refused. */
export type Looked =
  | { readonly verdict: 'unchanged' | 'ready'; readonly inspection: Inspection }
  | {
      readonly verdict: 'refused' | 'unreachable';
      readonly failed: ScriptFailure;
      readonly drift: readonly Drifted[];
    };

/** Checks a router and changes nothing: all routers are asked before any is changed. */
export async function look(delivery: Delivery): Promise<Looked> {
  const { remote, settings, sysctls, acceptDrift, report, stop } = delivery;
  report('inspect', 'started');
  const answer = await router.inspect(remote, settings, [...sysctls.keys()], stop);
  if (answer.failed !== undefined) {
    report('inspect', 'failed', [faultText(answer.failed)]);
    return { verdict: notDone(answer.failed), failed: answer.failed, drift: [] };
  }
  const inspection = answer.done;
  // Show nothing of a router that is not meant, and settle nothing there.
  if (inspection.stranger !== undefined) {
    report('inspect', 'failed', [faultText(inspection.stranger)]);
    return { verdict: 'refused', failed: { kind: 'refused', ...inspection.stranger }, drift: [] };
  }
  const release = delivery.release(inspection);
  const judged = following(delivery, inspection, preflight(inspection, release, acceptDrift));
  // A delivery that was cut off is settled under the lock; only then can the router be judged.
  const isCutOff =
    inspection.state !== undefined && inspection.state.what !== 'shipped' && inspection.holder === undefined;
  if (judged.verdict === 'refused' && !isCutOff) {
    report('inspect', 'failed', [faultText(judged.failed)]);
    return {
      verdict: 'refused',
      failed: judged.failed,
      drift: await drifted(delivery, inspection, release, judged.drift),
    };
  }
  const notes = [
    ...(isCutOff ? ['the last delivery was cut off and is settled first'] : []),
    ...(inspection.drained === undefined ? [] : [`it is ${drainedText(inspection.drained)}`]),
    ...(inspection.formerly === undefined ? [] : [`its mark is still ${inspection.formerly} and is renewed`]),
  ];
  report('inspect', 'done', [...notes, ...untuned(delivery, inspection), ...unresolved(inspection)]);
  const isUnchanged = judged.verdict === 'unchanged' && inspection.formerly === undefined;
  return { verdict: isUnchanged ? 'unchanged' : 'ready', inspection };
}

/** A release may be for routers in one state only. */
function following({ mayNotFollow }: Delivery, inspection: Inspection, judged: Preflight): Preflight {
  const fault = judged.verdict === 'refused' ? undefined : mayNotFollow?.(inspection);
  return fault === undefined
    ? judged
    : { verdict: 'refused', failed: { kind: 'refused', ...fault }, drift: [] };
}

/** Nobody reads more files than this, and each must be fetched. */
const MOST = 10;

function drifted(
  { remote, settings, stop }: Delivery,
  inspection: Inspection,
  release: Release,
  drift: readonly Drift[],
): Promise<Drifted[]> {
  const wanted = filesWanted(inspection, release);
  const against = inspection.live === undefined ? 'to be shipped' : 'shipped';
  return Promise.all(
    drift.slice(0, MOST).map(async (one): Promise<Drifted> => {
      const text =
        one.is === 'missing' ? undefined : (await router.show(remote, settings, one.path, stop)).done;
      return { ...one, against, wanted: wanted.get(one.path), text };
    }),
  );
}

const notDone = ({ kind }: ScriptFailure): 'refused' | 'unreachable' =>
  kind === 'lost' || kind === 'lacking' ? 'unreachable' : 'refused';

function untuned({ sysctls }: Delivery, inspection: Inspection): string[] {
  const wrong = [...sysctls].flatMap(([key, wanted]) => {
    const value = inspection.sysctls.get(key);
    return value === undefined || value === '' || value === wanted
      ? []
      : [`${key} is ${value} and should be ${wanted}`];
  });
  return wrong.length === 0
    ? []
    : [`${wrong.join(', ')}: copy its sysctl.d/90-noencap.conf to /etc/sysctl.d, and run sysctl --system`];
}

/** The running configuration drops these packets, whatever is delivered. */
function unresolved({ protocols }: Inspection): string[] {
  const some = protocols.filter((one) => (one.unresolved ?? 0) > 0);
  const more = some.length > MOST ? ` and ${some.length - MOST} more` : '';
  const examples = some.slice(0, MOST).map((one) => `${one.name} ${one.unresolved}`);
  return some.length === 0
    ? []
    : [
        `BIRD has routes with an unresolved next hop (${examples.join(', ')}${more}): let protocol direct and the IGP fill the table of these sessions`,
      ];
}

/** A router with BIRD's next configuration staged and checked. Its lock is held. */
export interface Ready {
  readonly lock: router.Lock;
  readonly release: Release;
  /** Its state before anything was done. */
  readonly before: Inspection;
}

export type Prepared =
  | { readonly outcome: 'ready'; readonly ready: Ready }
  | { readonly outcome: 'unchanged' }
  | { readonly outcome: 'refused' | 'unreachable'; readonly fault: RouterFault };

/** Every step that does not change what runs: lock, settling what was cut off, adoption, staging beside the live files, BIRD's own check. */
export async function prepare(delivery: Delivery): Promise<Prepared> {
  const { remote, settings, owner, report, stop } = delivery;
  report('lock', 'started');
  const held = await router.hold(remote, settings, owner, { stop });
  if (held.failed !== undefined) {
    report('lock', 'failed', [faultText(held.failed)]);
    return { outcome: notDone(held.failed), fault: asFault(held.failed) };
  }
  const lock = held.done;
  report('lock', 'done', lock.stale === undefined ? [] : [`${lock.stale} left its lock behind`]);
  const prepared = await underLock(delivery, lock);
  if (prepared.outcome !== 'ready') await unlock(delivery, lock);
  return prepared;
}

export async function unlock(delivery: Delivery, lock: router.Lock): Promise<void> {
  const { remote, settings, owner, report } = delivery;
  report('unlock', 'started');
  let isGone = await lock.release();
  if (!isGone) {
    // Its line is dead, or its shell hangs: its owner takes it over, and releases it.
    const stop = until(performance.now() + TAKES_OVER);
    const again = await router.hold(remote.fresh(), settings, owner, { stop });
    isGone = again.failed === undefined && (await again.done.release());
  }
  report(
    'unlock',
    isGone ? 'done' : 'failed',
    isGone ? [] : ['its lock expires a minute after its last sign of life'],
  );
}

/** Milliseconds to take over a lock that is no longer needed. */
const TAKES_OVER = 10_000;

/** Removes what was prepared and is no longer wanted. */
async function discard(delivery: Delivery, { lock }: Ready): Promise<void> {
  await discarded(delivery, lock);
  await unlock(delivery, lock);
}

export const discardAll = (readies: ReadonlyMap<Delivery, Ready>) =>
  Promise.all([...readies].map(([delivery, ready]) => discard(delivery, ready)));

async function discarded({ settings, report }: Delivery, lock: router.Lock): Promise<void> {
  report('discard', 'started');
  const { failed } = await router.discard(lock, settings, lock);
  // What stays behind does no harm: the next delivery removes it.
  report(
    'discard',
    failed === undefined ? 'done' : 'failed',
    failed === undefined ? [] : [faultText(failed)],
  );
}

async function underLock(delivery: Delivery, lock: router.Lock): Promise<Prepared> {
  const { settings, acceptDrift, report } = delivery;
  const refused = (
    step: 'settle' | 'inspect' | 'adopt' | 'stage' | 'check',
    failed: ScriptFailure,
  ): Prepared => {
    report(step, 'failed', [faultText(failed)]);
    return { outcome: notDone(failed), fault: asFault(failed) };
  };
  report('settle', 'started');
  const settled = await router.settle(lock, settings, lock);
  if (settled.failed !== undefined) return refused('settle', settled.failed);
  const { done: end } = settled;
  if (end.what === 'nothing') report('settle', 'skipped');
  else report('settle', 'done', [`release ${end.hash} of a delivery that was cut off: ${end.what}`]);
  const answer = await router.inspect(lock, settings, [], delivery.stop);
  if (answer.failed !== undefined) return refused('inspect', answer.failed);
  const before = answer.done;
  const release = delivery.release(before);
  const now = following(delivery, before, preflight({ ...before, holder: undefined }, release, acceptDrift));
  if (now.verdict === 'unchanged') return { outcome: 'unchanged' };
  if (now.verdict === 'refused') return refused('inspect', now.failed);
  if (now.adopt) {
    report('adopt', 'started');
    const adopted = await router.adopt(lock, settings, lock);
    if (adopted.failed !== undefined) return refused('adopt', adopted.failed);
    report('adopt', 'done');
  }
  report('stage', 'started');
  const staged = await router.stage(lock, settings, lock, release);
  if (staged.failed !== undefined) {
    const refusal = refused('stage', staged.failed);
    await discarded(delivery, lock);
    return refusal;
  }
  report('stage', 'done');
  report('check', 'started');
  const checked = await router.check(lock, settings, lock, release.hash);
  if (checked.failed !== undefined) {
    const refusal = refused('check', withPlace(checked.failed, release));
    await discarded(delivery, lock);
    return refusal;
  }
  report('check', 'done');
  return { outcome: 'ready', ready: { lock, release, before } };
}
