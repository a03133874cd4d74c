import type { Stored } from './api-server.ts';
import { affinity, type Changes, CRD, node, reportCluster } from './report-cluster.ts';

export const podWith = (
  name: string,
  host: string,
  ips: readonly string[],
  { phase = 'Running', hostNetwork = false }: { phase?: string; hostNetwork?: boolean } = {},
): Stored => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'default' },
  spec: { nodeName: host, ...(hostNetwork ? { hostNetwork } : {}) },
  status: { phase, podIP: ips[0], podIPs: ips.map((ip) => ({ ip })) },
});

/** An IPAMBlock as Calico writes it, with what each place is given to. */
export function blockWith(
  owner: string | undefined,
  cidr: string,
  given: Readonly<Record<number, { node: string; pod?: string }>>,
): Stored {
  const places = Object.keys(given).map(Number);
  return {
    apiVersion: 'crd.projectcalico.org/v1',
    kind: 'IPAMBlock',
    metadata: { name: cidr.replace(/[./]/g, '-') },
    spec: {
      cidr,
      ...(owner === undefined ? {} : { affinity: owner }),
      allocations: [...Array(64).keys()].map((at) => (places.includes(at) ? places.indexOf(at) : null)),
      attributes: Object.values(given).map(({ node: on, pod }) => ({
        handle_id: `k8s-pod-network.${on}`,
        secondary: {
          node: on,
          ...(pod === undefined ? { type: 'ipipTunnelAddress' } : { namespace: 'default', pod }),
        },
      })),
      unallocated: [...Array(64).keys()].filter((at) => !places.includes(at)),
      strictAffinity: false,
      deleted: false,
    },
  };
}

const BLOCKS = `${CRD}/ipamblocks`;
const AFFINITIES = `${CRD}/blockaffinities`;

/**
 * The field report's cluster on a bad day: kubenode-hkg04 borrowed 10.42.64.70 from kubenode-wds-1, a pod of kubemaster still has an address
 * of old-1, which is gone, another note outlived its pod, and a node nobody has told the topology of has a block.
 */
export function lendingCluster(changes: Changes = {}): Map<string, readonly Stored[]> {
  const lists = reportCluster({
    '/api/v1/nodes': { stranger: node('stranger', 'WDS', '192.168.100.9') },
    [AFFINITIES]: {
      'old-1-10-42-9-0-26': affinity('old-1', '10.42.9.0/26'),
      'stranger-10-42-77-0-26': affinity('stranger', '10.42.77.0/26'),
    },
    [BLOCKS]: {
      '10-42-64-64-26': blockWith('host:kubenode-wds-1', '10.42.64.64/26', {
        2: { node: 'kubenode-wds-1', pod: 'near' },
        6: { node: 'kubenode-hkg04', pod: 'far' },
        7: { node: 'kubenode-wds-1', pod: 'ghost' },
      }),
      '10-42-9-0-26': blockWith('host:old-1', '10.42.9.0/26', { 5: { node: 'kubemaster', pod: 'heir' } }),
      '10-42-77-0-26': blockWith('host:stranger', '10.42.77.0/26', { 1: { node: 'stranger', pod: 'guest' } }),
      '10-42-88-0-26': blockWith(undefined, '10.42.88.0/26', { 1: { node: 'kubemaster', pod: 'orphan' } }),
      '10-42-99-0-26': blockWith('virtual:load-balancer', '10.42.99.0/26', { 1: { node: 'x' } }),
    },
    ...changes,
  });
  const pods = [
    podWith('near', 'kubenode-wds-1', ['10.42.64.66']),
    podWith('far', 'kubenode-hkg04', ['10.42.64.70']),
    podWith('heir', 'kubemaster', ['10.42.9.5']),
    podWith('guest', 'stranger', ['10.42.77.1']),
    podWith('orphan', 'kubemaster', ['10.42.88.1']),
    podWith('done', 'kubemaster', ['10.42.64.71'], { phase: 'Succeeded' }),
    podWith('proxy', 'kubemaster', ['192.168.100.251'], { hostNetwork: true }),
  ];
  if (!lists.has('/api/v1/pods')) lists.set('/api/v1/pods', pods);
  return lists;
}
