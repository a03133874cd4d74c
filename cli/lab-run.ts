import type { Fabric } from '../fabric/index.ts';
import type { FailedCheck, Failing, Probed } from '../lab/index.ts';

/** What a run of a lab found. */
export interface LabRun {
  readonly fabric: Fabric;
  readonly failed: readonly Failing[];
  readonly failures: readonly FailedCheck[];
  /** Intended deviations, which are no failures. */
  readonly notes: readonly FailedCheck[];
  readonly probed: readonly Probed[];
  /** How many pings went to borrowed addresses, and how many were answered. */
  readonly borrowed: { readonly asked: number; readonly answered: number };
  readonly established: ReadonlySet<string>;
  /** Sessions that must be up: with something broken, those that something still leads to. */
  readonly expected: ReadonlySet<string>;
  readonly approximate: boolean;
  readonly seconds: number;
}
