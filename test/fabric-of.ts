import { smallestPodMtu } from '../analysis/index.ts';
import { buildFabric, type Fabric } from '../fabric/index.ts';
import { formatFault, parseTopologyValue } from '../topology/index.ts';

/** The fabric of a topology that must be valid: a fault in it is a fault of the test. */
export function fabricOf(topology: unknown): Fabric {
  const loaded = parseTopologyValue(topology);
  if (loaded.ok) return buildFabric(loaded.topology, smallestPodMtu);
  throw new Error(loaded.faults.map((one) => formatFault(one, loaded.source)).join('\n'));
}
