import type { Changed } from './changed.ts';
import type { FailedCheck } from './failure.ts';
import type { Fate } from './fates.ts';
import type { Ride } from './rides.ts';

/** What happens to a network that is changed under traffic. */
export interface Rehearsal {
  readonly done: readonly Changed[];
  readonly pairs: readonly Ride[];
  readonly sessions: readonly Fate[];
  /** Differences of the end state from a fresh boot of the same topology; none if they are the same. */
  readonly differences: readonly string[];
  /** Failed checks of the end state. */
  readonly failures: readonly FailedCheck[];
}
