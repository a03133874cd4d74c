import type { Fabric } from '../fabric/index.ts';
import { blockVerdicts } from './blocks.ts';
import { calicoNodeVerdicts } from './calico-nodes.ts';
import { calicoObjectVerdicts } from './calico-objects.ts';
import type { ClusterLook } from './cluster-look.ts';
import { nodeSessionVerdicts } from './node-sessions.ts';
import { nodeVerdicts } from './nodes.ts';
import { poolVerdicts } from './pools.ts';
import type { Verdict } from './verdict.ts';

/** What the topology promises of the cluster, held against one look at it. */
export function verifyCluster(fabric: Fabric, look: ClusterLook): Verdict[] {
  return [
    ...nodeVerdicts(fabric, look),
    ...calicoNodeVerdicts(fabric, look),
    ...nodeSessionVerdicts(fabric, look),
    ...calicoObjectVerdicts(fabric, look),
    ...poolVerdicts(fabric, look),
    ...blockVerdicts(fabric, look),
  ];
}
