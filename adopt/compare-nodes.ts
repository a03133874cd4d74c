import type { Fabric } from '../fabric/index.ts';
import type { Cluster } from './cluster.ts';
import { fieldAt, textOf } from './cluster-objects.ts';
import type { Compared } from './compared.ts';
import { NODES } from './explanations.ts';

/** Node annotations that make calico-node behave differently on one node: a topology cannot express either. */
export function compareNodes(cluster: Cluster, { bgp }: Fabric): Compared[] {
  return cluster.of('Node').flatMap((object): Compared[] => {
    const annotation = (name: string): string | undefined => {
      const value = fieldAt(object.value, ['metadata', 'annotations', `projectcalico.org/${name}`]);
      return value === undefined || value === '' ? undefined : textOf(value);
    };
    const what = `Node ${object.name}`;
    const [asNumber, clusterId] = [annotation('ASNumber'), annotation('RouteReflectorClusterID')];
    return [
      ...(asNumber === undefined || asNumber === String(bgp.asNumber)
        ? []
        : [
            {
              where: 'cluster',
              what,
              change: 'reset' as const,
              details: [
                {
                  field: 'AS number of its sessions with routers (projectcalico.org/ASNumber)',
                  before: asNumber,
                  after: String(bgp.asNumber),
                  because: undefined,
                },
              ],
            },
          ]),
      ...(clusterId === undefined
        ? []
        : [
            {
              where: 'cluster',
              what,
              change: 'left' as const,
              details: [
                {
                  field: `projectcalico.org/RouteReflectorClusterID ${clusterId}`,
                  before: undefined,
                  after: undefined,
                  because: NODES.reflector,
                },
              ],
            },
          ]),
    ];
  });
}
