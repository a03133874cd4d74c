import { setTimeout as sleep } from 'node:timers/promises';
import { notUnderstood } from './answer.ts';
import { type Delivery, withPlace } from './delivery.ts';
import { asFault, faultText, type RouterFault } from './fault.ts';
import type { GateFinding } from './gate/finding.ts';
import { type Judge, passes } from './gate/gate.ts';
import { driftFrom, type Inspection } from './inspection.ts';
import { type Ready, unlock } from './prepare-router.ts';
import * as router from './router.ts';
import { until } from './until.ts';

/**
 * `undone`: it verifiably has what it had before, both running and on disk. `lost`: how it ended is unknown; BIRD reverts by itself, and the
 * next delivery starts by making files and running configuration agree.
 */
export type Changed =
  | { readonly outcome: 'shipped'; readonly warnings: readonly GateFinding[] }
  | { readonly outcome: 'undone' | 'lost'; readonly fault: RouterFault };

/** BIRD runs the new configuration for a limited time, the result is judged, and only then are its files put in place. */
export async function change(delivery: Delivery, ready: Ready, judge: Judge): Promise<Changed> {
  const attempt = { delivery, ready, deadline: performance.now() + delivery.timeout * 1000 };
  try {
    return await changed(attempt, judge);
  } catch (error) {
    // Never confirm what noencap does not understand.
    return undoAndVerify(attempt, asFault(notUnderstood(error)));
  }
}

async function changed(attempt: Attempt, judge: Judge): Promise<Changed> {
  const { delivery, ready, deadline } = attempt;
  const { settings, timeout, report } = delivery;
  const { lock, release, before } = ready;
  report('apply', 'started');
  const applied = await router.apply(lock, settings, lock, release.hash, timeout, until(deadline));
  if (applied.failed !== undefined) {
    const fault = asFault(withPlace(applied.failed, release));
    report('apply', 'failed', [faultText(fault)]);
    return undoAndVerify(attempt, fault);
  }
  report('apply', 'done', [`BIRD reverts by itself in ${Math.floor(applied.done)} s`]);
  report('gate', 'started');
  const gated = await judgeUntilCalm(delivery, before, judge, deadline - MARGIN);
  if ('wrong' in gated) {
    report('gate', 'failed', gated.wrong);
    return undoAndVerify(attempt, gated.isInterrupted === true ? INTERRUPTED : gateFault(gated.wrong));
  }
  report(
    'gate',
    'done',
    gated.warnings.map(({ message }) => message),
  );
  report('confirm', 'started');
  const fault = await confirmed(attempt);
  if (fault !== undefined) {
    report('confirm', 'failed', [faultText(fault)]);
    return undoAndVerify(attempt, fault);
  }
  report('confirm', 'done');
  await unlock(delivery, lock);
  return { outcome: 'shipped', warnings: gated.warnings };
}

/** Milliseconds before BIRD reverts that are reserved for confirming. */
const MARGIN = 3000;
/** Milliseconds: the longest pause between two looks; the pause between two attempts to reach a router. */
const [LONGEST_PAUSE, PAUSE] = [2000, 500];
/** Minimum milliseconds for an undo, however little time is left. */
const UNDOES = 10_000;

/**
 * Judges a router until nothing changes any more, or until `end` (of `performance.now()`). Each look uses a new connection: a change
 * that cuts ship's path to the router must not be confirmed over a connection that is still open. The connection for the next look is
 * opened as soon as it is known that there will be one, so that opening it costs no extra time.
 */
export async function judgeUntilCalm(
  { remote, settings, stop }: Delivery,
  before: Inspection,
  judge: Judge,
  end: number,
): Promise<
  | { readonly wrong: readonly string[]; readonly isInterrupted?: true }
  | { readonly warnings: readonly GateFinding[] }
> {
  let pause = PAUSE;
  let wrong = ['it could not be checked in time'];
  let next: (() => ReturnType<typeof router.protocols>) | undefined;
  const looking = until(end, stop);
  while (!looking.aborted) {
    const answer = await (next?.() ?? router.protocols(remote.fresh(), settings, looking));
    if (answer.failed === undefined) {
      const { findings, wait } = judge(before.protocols, answer.done, performance.now());
      const failures = findings.filter(({ level }) => level === 'failure').map(({ message }) => message);
      if (wait === 0) return passes(findings) ? { warnings: findings } : { wrong: failures };
      wrong = failures.length > 0 ? failures : ['its protocols did not settle in time'];
      pause = Math.min(wait, LONGEST_PAUSE);
    } else if (!looking.aborted) wrong = [faultText(answer.failed)];
    next = router.protocolsLater(remote.fresh(), settings, looking);
    await sleep(Math.max(0, Math.min(pause, end - performance.now() - PAUSE)), undefined, {
      signal: stop,
    }).catch(() => {});
  }
  // A connection opened for another look ends by itself; nothing waits for it.
  void next?.();
  return stop.aborted ? { wrong: [INTERRUPTED.message], isInterrupted: true } : { wrong };
}

/** Why it is not confirmed; undefined if it is. A lost answer is asked for again: the router knows. */
async function confirmed({ delivery, ready, deadline }: Attempt): Promise<RouterFault | undefined> {
  const { remote, settings } = delivery;
  const { lock, release } = ready;
  const first = await router.confirm(lock, settings, lock, release.hash, until(deadline));
  if (first.failed === undefined) return undefined;
  // When the time is up, a confirmation would arrive before or after BIRD reverts, and nothing could tell which.
  if (first.failed.kind !== 'lost' || performance.now() >= deadline) return asFault(first.failed);
  const again = await router.confirm(remote.fresh(), settings, lock, release.hash, until(deadline));
  return again.failed && asFault(again.failed);
}

const INTERRUPTED: RouterFault = {
  code: 'interrupted',
  message: 'it was interrupted',
  fix: 'Ship again.',
};

/** What the gate found, as one fault. */
export const gateFault = (wrong: readonly string[]): RouterFault => ({
  code: 'gate',
  message: wrong.join('; '),
  fix: 'Check these sessions at both ends, then ship again.',
});

interface Attempt {
  readonly delivery: Delivery;
  readonly ready: Ready;
  /** Of `performance.now()`: by then BIRD has reverted. */
  readonly deadline: number;
}

/** Undoes what was applied and verifies it. If the router does not answer, BIRD reverts when the time is up, and is checked then. */
async function undoAndVerify(attempt: Attempt, why: RouterFault): Promise<Changed> {
  const { delivery, ready, deadline } = attempt;
  const { remote, settings, report } = delivery;
  if (performance.now() >= deadline) return comesBack(attempt, why, 'the time is up: BIRD reverts by itself');
  report('undo', 'started');
  const soon = Math.max(deadline, performance.now() + UNDOES);
  const undone = await router.undo(remote.fresh(), settings, ready.lock, until(soon));
  report(
    'undo',
    undone.failed === undefined ? 'done' : 'failed',
    undone.failed && [faultText(undone.failed)],
  );
  if (undone.failed === undefined) return verify(attempt, ready.lock, why);
  return undone.failed.kind === 'lost'
    ? comesBack(attempt, why, 'it is unreachable; BIRD reverts by itself when the time is up')
    : outcomeUnknown(attempt, ready.lock, why, faultText(undone.failed));
}

/** The router is unreachable. If the change is to blame, it is reachable again once BIRD has reverted. */
async function comesBack(attempt: Attempt, why: RouterFault, now: string): Promise<Changed> {
  const { delivery, ready, deadline } = attempt;
  const { remote, settings, owner, timeout, report } = delivery;
  report('settle', 'started', [now]);
  await sleep(Math.max(0, deadline - performance.now()));
  const patience = deadline + timeout * 1000;
  let message = 'it could not be reached';
  do {
    const held = await router.hold(remote.fresh(), settings, owner, { stop: until(patience) });
    if (held.failed === undefined) {
      const settled = await router.settle(held.done, settings, held.done, until(patience));
      if (settled.failed === undefined) {
        report('settle', 'done', ['BIRD reverted by itself']);
        // The line that is dead for us may still be alive at the router.
        await ready.lock.release();
        return verify(attempt, held.done, {
          ...why,
          message: `BIRD reverted by itself: ${why.message}`,
        });
      }
      await held.done.release();
      message = faultText(settled.failed);
    } else message = faultText(held.failed);
    await sleep(PAUSE);
  } while (performance.now() < patience);
  report('settle', 'failed', [message]);
  return outcomeUnknown(attempt, ready.lock, why, message);
}

/** Verifies that both what runs and what is on disk are as before, and that BIRD would read the same at a restart. */
async function verify(attempt: Attempt, lock: router.Lock, why: RouterFault): Promise<Changed> {
  const { delivery, ready } = attempt;
  const { remote, settings, report } = delivery;
  report('verify', 'started');
  const answer = await router.inspect(remote.fresh(), settings);
  const wrong =
    answer.failed === undefined ? differences(ready.before, answer.done) : [faultText(answer.failed)];
  if (wrong.length > 0) {
    report('verify', 'failed', wrong);
    return outcomeUnknown(attempt, lock, why, wrong.join('; '));
  }
  report('verify', 'done', ['it runs what it ran before, and its files match']);
  await unlock(delivery, lock);
  return { outcome: 'undone', fault: why };
}

function differences(before: Inspection, now: Inspection): string[] {
  const names = ({ protocols }: Inspection) => protocols.map(({ name }) => name).sort();
  return [
    ...driftFrom(now, before.files).map(({ path, is }) => `${path} ${is}`),
    ...(now.liveError === undefined ? [] : [`BIRD would reject its live files: ${now.liveError}`]),
    ...(now.pending === undefined ? [] : ['a change still awaits confirmation']),
    ...(names(now).join() === names(before).join() ? [] : ['BIRD has different protocols than before']),
  ];
}

async function outcomeUnknown(
  attempt: Attempt,
  lock: router.Lock,
  why: RouterFault,
  message: string,
): Promise<Changed> {
  const { delivery, deadline } = attempt;
  await unlock(delivery, lock);
  const left = Math.ceil((deadline - performance.now()) / 1000);
  const when = left > 0 ? `within ${left} s` : 'by now';
  return {
    outcome: 'lost',
    fault: {
      code: why.code,
      message: `${why.message}. Whether it was undone is unknown (${message}): BIRD reverts by itself ${when}, and its files are the old ones`,
      fix: `${why.fix} The next ship makes both agree.`,
    },
  };
}
