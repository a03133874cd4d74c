import type { Expectations, Fabric } from '../fabric/index.ts';
import type { Holder } from './holder.ts';
import type { LabPlan } from './model.ts';
import type { Programs } from './wiring.ts';

/** A booted lab: its plan, where it runs, and what must hold. */
export interface Lab {
  readonly fabric: Fabric;
  readonly plan: LabPlan;
  readonly holder: Holder;
  readonly programs: Programs;
  readonly expected: Expectations;
  /** Maps every address, including link-local ones, to the machine that has it, and a pod's to its node. */
  readonly machineOf: ReadonlyMap<string, string>;
  /** Whether anything has, or had before a change, an IPv6 address that the kernel did not assign itself. */
  readonly hasIpv6: boolean;
}
