import type { Expectations, Fabric } from '../fabric/index.ts';
import type { Holder } from './holder.ts';
import type { LabPlan } from './model.ts';
import type { Programs } from './wiring.ts';

/** A booted lab: what was planned, where it runs, and what must hold of it. */
export interface Lab {
  readonly fabric: Fabric;
  readonly plan: LabPlan;
  readonly holder: Holder;
  readonly programs: Programs;
  readonly expected: Expectations;
  /** Every address, link-local ones too, to the machine that has it; a pod's to its node. */
  readonly machineOf: ReadonlyMap<string, string>;
  /** Whether anything has, or had before a change, an IPv6 address that the kernel did not make by itself. */
  readonly hasIpv6: boolean;
}
