import { explainBirdError } from '../bird/error.ts';
import type { Failure } from './answer.ts';
import type { Inspection } from './inspection.ts';
import type { StepEvent } from './journal.ts';
import type { Release } from './release.ts';
import type { NotTaken, RouterSettings } from './router.ts';
import type { Remote } from './ssh/remote.ts';

/** One router, and what it is to get. */
export interface Delivery {
  readonly router: string;
  readonly remote: Remote;
  readonly settings: RouterSettings;
  /** What it is to get. A password's salt is the one that the router has. */
  readonly release: (found: Inspection) => Release;
  /** Kernel settings that forwarding needs. Told where they differ: they are not for BIRD's account to change. */
  readonly sysctls: ReadonlyMap<string, string>;
  /** Who delivers, no other delivery has this name: it goes into the lock. */
  readonly owner: string;
  /** Seconds until BIRD goes back by itself. */
  readonly timeout: number;
  readonly acceptDrift: boolean;
  readonly report: Report;
  /** Nobody wants it any more: what is not confirmed by then is undone. */
  readonly stop: AbortSignal;
}

export type Report = (
  step: StepEvent['step'],
  outcome: StepEvent['outcome'],
  details?: readonly string[],
) => void;

/** BIRD's complaint with the lines that it is about. */
export function withPlace(failed: NotTaken, { files }: Release): Failure {
  if (failed.birdError === undefined) return failed;
  const texts = new Map(files.map(({ path, bytes }) => [path, Buffer.from(bytes).toString('utf8')]));
  return { ...failed, message: `BIRD does not take it: ${explainBirdError(failed.birdError, texts)}` };
}
