import type { Stored } from './api-server.ts';

/** What a test changes, by collection and name; undefined takes the object away. */
export type Changes = Readonly<Record<string, Readonly<Record<string, Stored | undefined>>>>;

export const CRD = '/apis/crd.projectcalico.org/v1';
export const OPERATOR = '/apis/operator.tigera.io/v1';
const PODS = '/api/v1/namespaces/calico-system/pods';

const SINCE = '2026-01-02T03:04:05Z';

const managed = (manager: string) => ({
  creationTimestamp: SINCE,
  managedFields: [
    { manager, operation: 'Apply', apiVersion: 'v1', time: SINCE, fieldsType: 'FieldsV1', fieldsV1: {} },
  ],
});

const condition = (type: string, status: string, reason: string, message = '') => ({
  type,
  status,
  reason,
  message,
  lastTransitionTime: SINCE,
});

export const node = (
  name: string,
  region: string | undefined,
  address: string,
  picked = `${address}/24`,
) => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: {
    name,
    labels: { 'kubernetes.io/hostname': name, ...(region === undefined ? {} : { region }) },
    annotations: { 'projectcalico.org/IPv4Address': picked, 'node.alpha.kubernetes.io/ttl': '0' },
  },
  spec: { podCIDR: '10.42.0.0/24', podCIDRs: ['10.42.0.0/24'] },
  status: {
    addresses: [
      { type: 'InternalIP', address },
      { type: 'Hostname', address: name },
    ],
    conditions: [
      condition('NetworkUnavailable', 'False', 'CalicoIsUp', 'Calico is running on this node'),
      condition('Ready', 'True', 'KubeletReady', 'kubelet is posting ready status'),
    ],
  },
});

export const component = (name: string, degraded?: { reason: string; message: string }) => ({
  apiVersion: 'operator.tigera.io/v1',
  kind: 'TigeraStatus',
  metadata: { name },
  spec: {},
  status: {
    conditions: [
      condition('Available', degraded === undefined ? 'True' : 'False', 'AllObjectsAvailable'),
      condition('Progressing', 'False', 'AllObjectsAvailable'),
      condition(
        'Degraded',
        degraded === undefined ? 'False' : 'True',
        degraded?.reason ?? 'NotDegraded',
        degraded?.message,
      ),
    ],
  },
});

export const peer = (name: string, spec: object, manager = 'argocd-controller') => ({
  apiVersion: 'crd.projectcalico.org/v1',
  kind: 'BGPPeer',
  metadata: { name, ...managed(manager) },
  spec,
});

export const affinity = (host: string, cidr: string, state = 'confirmed') => ({
  apiVersion: 'crd.projectcalico.org/v1',
  kind: 'BlockAffinity',
  metadata: { name: `${host}-${cidr.replace(/[./]/g, '-')}` },
  spec: { cidr, deleted: 'false', node: host, state },
});

export const block = (host: string | undefined, cidr: string, used = 3) => ({
  apiVersion: 'crd.projectcalico.org/v1',
  kind: 'IPAMBlock',
  metadata: { name: cidr.replace(/[./]/g, '-') },
  spec: {
    cidr,
    ...(host === undefined ? {} : { affinity: `host:${host}` }),
    allocations: [...Array(64).keys()].map((at) => (at < used ? at : null)),
    attributes: [],
    unallocated: [...Array(64 - used).keys()].map((at) => at + used),
    strictAffinity: false,
    deleted: false,
  },
});

export const pod = (host: string, restarts = 0, lastState: object = {}, state: object = { running: {} }) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: `calico-node-${host}`, labels: { 'k8s-app': 'calico-node' } },
  spec: { nodeName: host },
  status: {
    phase: 'Running',
    conditions: [condition('Ready', 'running' in state ? 'True' : 'False', '')],
    initContainerStatuses: [
      { name: 'install-cni', restartCount: 0, state: { terminated: { exitCode: 0 } }, lastState: {} },
    ],
    containerStatuses: [{ name: 'calico-node', restartCount: restarts, ready: true, state, lastState }],
  },
});

export const nodeStatus = (host: string, peers: object[], updatedAt: string, period = 10) => ({
  apiVersion: 'crd.projectcalico.org/v1',
  kind: 'CalicoNodeStatus',
  metadata: { name: host },
  spec: { node: host, classes: ['BGP'], updatePeriodSeconds: period },
  status: {
    lastUpdated: updatedAt,
    bgp: {
      numberEstablishedV4: peers.length,
      numberNotEstablishedV4: 0,
      numberEstablishedV6: 0,
      numberNotEstablishedV6: 0,
      peersV4: peers,
    },
  },
});

const HOSTS = {
  kubemaster: '10.42.141.0/26',
  'kubenode-wds-1': '10.42.64.64/26',
  'kubenode-hkg04': '10.42.253.128/26',
};

export const pool = (cidr: string, spec: object = {}, name = 'default-ipv4-ippool') => ({
  apiVersion: 'crd.projectcalico.org/v1',
  kind: 'IPPool',
  metadata: { name, ...managed('tigera-operator') },
  spec: {
    cidr,
    blockSize: 26,
    ipipMode: 'Never',
    vxlanMode: 'Never',
    natOutgoing: true,
    nodeSelector: 'all()',
    allowedUses: ['Workload', 'Tunnel'],
    assignmentMode: 'Automatic',
    ...spec,
  },
});

/** The cluster of the field report's network, as it is when all is well. */
export function reportCluster(changes: Changes = {}): Map<string, readonly Stored[]> {
  const lists: Record<string, Stored[]> = {
    '/api/v1/nodes': [
      node('kubemaster', 'WDS', '192.168.100.251'),
      node('kubenode-hkg04', 'Global', '10.2.5.7', '10.2.5.7/32'),
      node('kubenode-wds-1', 'WDS', '192.168.100.252'),
    ],
    [PODS]: Object.keys(HOSTS).map((host) => pod(host)),
    [`${OPERATOR}/installations`]: [
      {
        apiVersion: 'operator.tigera.io/v1',
        kind: 'Installation',
        metadata: { name: 'default', ...managed('argocd-controller') },
        spec: {
          registry: 'quay.m.daocloud.io/',
          calicoNetwork: {
            mtu: 1370,
            nodeAddressAutodetectionV4: { firstFound: true },
            ipPools: [{ cidr: '10.42.0.0/16', blockSize: 26, encapsulation: 'None' }],
          },
        },
        status: { calicoVersion: 'v3.32.1', mtu: 1370, variant: 'Calico' },
      },
    ],
    [`${OPERATOR}/tigerastatuses`]: ['apiserver', 'calico', 'ippools'].map((name) => component(name)),
    [`${CRD}/ippools`]: [pool('10.42.0.0/16')],
    [`${CRD}/bgppeers`]: [
      peer('route-reflector-domestic-domestic-agg', {
        nodeSelector: "region == 'Domestic'",
        peerIP: '100.64.0.108',
        asNumber: 64512,
      }),
      peer('route-reflector-global-global-ns', {
        nodeSelector: "region == 'Global'",
        peerIP: '100.64.1.106',
        asNumber: 64512,
      }),
      peer('route-reflector-wds-gateway', {
        nodeSelector: "region == 'WDS'",
        peerIP: '192.168.100.1',
        asNumber: 64512,
      }),
    ],
    [`${CRD}/bgpconfigurations`]: [
      {
        apiVersion: 'crd.projectcalico.org/v1',
        kind: 'BGPConfiguration',
        metadata: { name: 'default', ...managed('argocd-controller') },
        spec: { asNumber: 64512, nodeToNodeMeshEnabled: true, logSeverityScreen: 'Info' },
      },
    ],
    [`${CRD}/blockaffinities`]: Object.entries(HOSTS).map(([host, cidr]) => affinity(host, cidr)),
    [`${CRD}/ipamblocks`]: Object.entries(HOSTS).map(([host, cidr]) => block(host, cidr)),
    [`${CRD}/caliconodestatuses`]: [],
  };
  for (const [path, byName] of Object.entries(changes)) {
    const key = path === 'pods' ? PODS : path;
    const kept = (lists[key] ?? []).filter(({ metadata }) => !Object.hasOwn(byName, metadata.name));
    lists[key] = [...kept, ...Object.values(byName).filter((one) => one !== undefined)];
  }
  return new Map(Object.entries(lists));
}
