import { explainBirdError } from '../bird/error.ts';
import type { ScriptFailure } from './answer.ts';
import type { RouterFault } from './fault.ts';
import type { Inspection } from './inspection.ts';
import type { StepEvent } from './journal.ts';
import type { Release } from './release.ts';
import type { NotTaken, RouterSettings } from './router.ts';
import type { Remote } from './ssh/remote.ts';

/** One router, and what to deliver to it. */
export interface Delivery {
  readonly router: string;
  readonly remote: Remote;
  readonly settings: RouterSettings;
  /** What to deliver. A password keeps the salt that the router has. */
  readonly release: (inspection: Inspection) => Release;
  /** Why it must not follow what the router has; undefined if it may, or if nobody cares. */
  readonly mayNotFollow?: (inspection: Inspection) => RouterFault | undefined;
  /** Kernel settings that forwarding needs. Differences are reported, not changed: BIRD's account has no right to. */
  readonly sysctls: ReadonlyMap<string, string>;
  /** The name of this delivery, which no other one has: it goes into the lock. */
  readonly owner: string;
  /** Seconds until BIRD reverts by itself. */
  readonly timeout: number;
  readonly acceptDrift: boolean;
  readonly report: Report;
  /** The delivery is no longer wanted: what is not confirmed by then is undone. */
  readonly stop: AbortSignal;
}

export type Report = (
  step: StepEvent['step'],
  outcome: StepEvent['outcome'],
  details?: readonly string[],
) => void;

/** BIRD's error with the lines that it refers to. */
export function withPlace(failed: NotTaken, { files }: Release): ScriptFailure {
  if (failed.birdError === undefined) return failed;
  const texts = new Map(files.map(({ path, bytes }) => [path, Buffer.from(bytes).toString('utf8')]));
  return {
    ...failed,
    code: 'configuration',
    message: `BIRD rejects it: ${explainBirdError(failed.birdError, texts)}`,
  };
}
