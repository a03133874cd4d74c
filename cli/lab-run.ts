import type { Fabric } from '../fabric/index.ts';
import type { Failing, Failure, Probed } from '../lab/index.ts';

/** What a run of a lab found. */
export interface LabRun {
  readonly fabric: Fabric;
  readonly failed: readonly Failing[];
  readonly failures: readonly Failure[];
  /** True of this network and no failure: it was asked for. */
  readonly notes: readonly Failure[];
  readonly probed: readonly Probed[];
  /** How often a pod asked a borrowed address, and how often it was answered. */
  readonly borrowed: { readonly asked: number; readonly answered: number };
  readonly established: ReadonlySet<string>;
  /** Sessions that must be up: with something broken, those that something still leads to. */
  readonly expected: ReadonlySet<string>;
  readonly approximate: boolean;
  readonly seconds: number;
}
