import type { Fabric } from '../fabric/index.ts';
import { blockVerdicts } from './blocks.ts';
import { calicoNodeVerdicts } from './calico-nodes.ts';
import { calicoObjectVerdicts } from './calico-objects.ts';
import type { ClusterLook } from './cluster-look.ts';
import { nodeSessionVerdicts } from './node-sessions.ts';
import { nodeVerdicts } from './nodes.ts';
import { poolVerdicts } from './pools.ts';
import { different, type Verdict } from './verdict.ts';

/** What the topology promises of the cluster, held against one look at it. */
export function verifyCluster(fabric: Fabric, look: ClusterLook): Verdict[] {
  const other = otherCluster(fabric, look);
  if (other !== undefined) return [other];
  return [
    ...nodeVerdicts(fabric, look),
    ...calicoNodeVerdicts(fabric, look),
    ...nodeSessionVerdicts(fabric, look),
    ...calicoObjectVerdicts(fabric, look),
    ...poolVerdicts(fabric, look),
    ...blockVerdicts(fabric, look),
  ];
}

/** kubectl's current context is whatever was used last. Where it leads elsewhere, every promise would seem broken. */
function otherCluster(fabric: Fabric, { context = '', server, nodes }: ClusterLook): Verdict | undefined {
  if (!nodes.ok || nodes.value.length === 0) return undefined;
  const names = nodes.value.map(({ name }) => name);
  if (fabric.nodes.some(({ name }) => names.includes(name))) return undefined;
  return different({
    about: { kind: 'cluster', name: context },
    kind: 'other-cluster',
    expected: `a cluster with nodes of ${fabric.name}`,
    found: 'none of them',
    cause: {
      message: `context ${context} is another cluster's`,
      evidence: [
        ...(server === undefined ? [] : [`server: ${server}`]),
        `nodes: ${names.slice(0, 3).join(', ')}${names.length > 3 ? ` and ${names.length - 3} more` : ''}`,
      ],
    },
    next: 'kubectl config get-contexts',
  });
}
