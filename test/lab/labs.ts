import { forecast } from '../../analysis/index.ts';
import type { Failing } from '../../lab/index.ts';
import {
  bootLab,
  converged,
  type FailedCheck,
  findPrograms,
  judge,
  type Lab,
  type Probed,
  probe,
  type Settled,
  without,
} from '../../lab/index.ts';
import type { LabPlan } from '../../lab/model.ts';
import { routerFiles } from '../../routers/index.ts';
import type { TopologyInput } from '../../topology/index.ts';
import { fabricOf } from '../fabric-of.ts';

export { redundant, report } from './topologies.ts';

/** Labs are slow on a busy machine, and several tests wait for one of them: this limit is for labs that hang. */
jest.setTimeout(1_800_000);

/** Needs network namespaces. On a machine without them, NOENCAP_NO_NETNS=1 skips these tests by name. */
export const scenario = process.env.NOENCAP_NO_NETNS === '1' ? describe.skip : describe;

/** A lab that is up, and as settled as it will get. */
export async function booted(
  topology: TopologyInput,
  change?: (plan: LabPlan) => LabPlan,
  patience?: number,
): Promise<Lab> {
  const programs = findPrograms('.');
  if ('message' in programs) throw new Error(`${programs.message}. ${programs.fix}`);
  if (programs.approximate) throw new Error('BIRD 1.6.8 is missing. Run: scripts/setup-lab.sh');
  const lab = await bootLab({ fabric: fabricOf(topology), routerFiles, programs, ...(change && { change }) });
  if ('message' in lab) throw new Error(`${lab.message}. ${lab.fix}`);
  await settledIn(lab, patience);
  return lab;
}

/** The last look at a network at rest. `patience`: milliseconds without a change after which nothing more is expected. */
async function settledIn(lab: Lab, patience: number | undefined): Promise<Settled> {
  const seen = await converged(lab, patience === undefined ? {} : { patience });
  if (seen.unsettled !== undefined) throw new Error(seen.unsettled);
  return seen;
}

/** Milliseconds: where everything must be there in the end, a busy machine gets the time it needs. */
export const UNTIL_THERE = 60_000;

export interface Look {
  readonly failures: readonly FailedCheck[];
  readonly probed: readonly Probed[];
  /** The failures' messages, by kind. */
  message(kind: FailedCheck['kind']): string[];
}

/** What `noencap lab` would find now, with these failed, except for borrowed addresses: `booted` assigns none to pods. */
export async function look(lab: Lab, failed: readonly Failing[] = [], patience = 3000): Promise<Look> {
  const left = failed.length === 0 ? lab : without(lab, failed, forecast(lab.fabric, failed, []));
  const seen = await settledIn(left, patience);
  const probed = await probe(left);
  const failures = judge(left, seen, probed);
  return {
    failures,
    probed,
    message: (kind) => failures.filter((one) => one.kind === kind).map(({ message }) => message),
  };
}

/** Runs shell text on a host of the lab and returns what it prints. */
export async function on(lab: Lab, host: string, command: string): Promise<string> {
  const { stdout, stderr } = await lab.holder.run(`nsenter --net=/run/netns/${host} sh -c '${command}'`);
  return stdout + stderr;
}
