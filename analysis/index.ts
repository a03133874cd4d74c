export { type Analysis, analyse, countChanges, countPairs } from './analysis.ts';
export { findings } from './checks/index.ts';
export { type ExplainedAddress, type Explanation, explain, explainAddress } from './explain.ts';
export {
  type ChangedPair,
  type FailureReport,
  failureReports,
  sharedFailureReports,
} from './failure-report.ts';
export { type Finding, grouped } from './finding.ts';
export { forecast } from './forecast.ts';
export { goesAsBlocks } from './loans.ts';
export { cutOffWithout, staysAt } from './maintenance.ts';
export { nextMachines } from './next-machines.ts';
export { type Owner, ownerOf } from './owner.ts';
export { addressPath, type PodPath, podPaths } from './path.ts';
export { smallestPodMtu } from './pod-mtu.ts';
export { alikeIn } from './simulator/classes.ts';
export { type Failing, failings } from './simulator/failure.ts';
export type { Block, Machine } from './simulator/model.ts';
export { isWhole } from './simulator/what-if.ts';
export { lentOrLetOut, type PodTarget, type Target, targetBlocks, targetOf } from './target.ts';
export { machinesOnWay, relays, type Trip, trip } from './trip.ts';
export { absenceText } from './why.ts';
