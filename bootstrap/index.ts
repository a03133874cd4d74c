export { type InstalledCalico, matchNodes, type NodeMatch, nodesText, otherPools } from './cluster.ts';
export { applyArguments, PATIENCE_MINUTES, planText, stepCommands } from './commands.ts';
export { ENGINES, type Engine, engineOf } from './engine.ts';
export { foreignOwners, handOver, type OwnedObject } from './ownership.ts';
export {
  type Awaited,
  type BootstrapPlan,
  type BootstrapStep,
  bootstrapPlan,
  type ClusterObject,
} from './plan.ts';
export {
  columnsOf,
  conditionTrouble,
  eventTrouble,
  hopeless,
  missing,
  podTrouble,
  type Seen,
  seenIn,
} from './trouble.ts';
