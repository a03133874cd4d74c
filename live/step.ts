import type { Halt } from './halt.ts';

/** What there is to tell of a step that is done, or why it is not. */
export interface StepEnd {
  readonly notes: readonly string[];
  readonly halt: Halt | undefined;
}
