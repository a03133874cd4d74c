import type { Halt } from './halt.ts';

/** The report of a completed step, or why it stopped. */
export interface StepEnd {
  readonly notes: readonly string[];
  readonly halt: Halt | undefined;
}
