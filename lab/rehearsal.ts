import type { Changed } from './changed.ts';
import type { Failure } from './failure.ts';
import type { Fate } from './fates.ts';
import type { Ride } from './rides.ts';

/** What happens to a network that is changed while it is used. */
export interface Rehearsal {
  readonly done: readonly Changed[];
  readonly pairs: readonly Ride[];
  readonly sessions: readonly Fate[];
  /** Of the end state against a fresh boot of the same topology: none if they are the same. */
  readonly differences: readonly string[];
  /** What must hold of the end state and does not. */
  readonly failures: readonly Failure[];
}
