export { matchNodes, type NodeMatch, nodesText, otherPools } from './cluster.ts';
export { applyArguments, PATIENCE_MINUTES, planText, stepCommands } from './commands.ts';
export { ENGINES, type Engine, engineOf } from './engine.ts';
export { foreignOwners, handOver, type OwnedObject } from './ownership.ts';
export {
  type BootstrapPlan,
  bootstrapPlan,
  type ClusterObject,
} from './plan.ts';
