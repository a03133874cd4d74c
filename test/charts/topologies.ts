import { App } from 'cdk8s';
import { parse } from 'yaml';
import { type ManifestChart, manifestFiles } from '../../charts/index.ts';
import type { Fabric } from '../../fabric/index.ts';
import { clusterApp } from '../../main.ts';
import type { TopologyInput } from '../../topology/index.ts';
import { fabricOf } from '../fabric-of.ts';
import { reportText } from '../fixture/report.ts';
import { type KubernetesObject, objectsIn } from './upstream.ts';

/** dist/cluster of a topology, by file. */
export const clusterFiles = (
  topology: TopologyInput,
  operatorManifest?: string,
): ReadonlyMap<string, string> =>
  new Map([...engineFiles(topology, operatorManifest)].filter(([path]) => path.startsWith('cluster/')));

/** dist/cluster and dist/gitops: everything that an engine reads. */
export const engineFiles = (
  topology: TopologyInput,
  operatorManifest?: string,
): ReadonlyMap<string, string> => manifestFiles(clusterApp(fabricOf(topology), operatorManifest));

/** What single charts render from a topology. */
export function objectsOf(
  topology: TopologyInput,
  ...charts: readonly (new (
    scope: App,
    fabric: Fabric,
  ) => ManifestChart)[]
): KubernetesObject[] {
  const app = new App();
  for (const chart of charts) new chart(app, fabricOf(topology));
  return manifestObjects(manifestFiles(app));
}

/** The objects in files: kustomization.yaml is read by the engine and never reaches the cluster. */
export const manifestObjects = (files: ReadonlyMap<string, string>): KubernetesObject[] =>
  [...files].filter(([file]) => !file.endsWith('/kustomization.yaml')).flatMap(([, text]) => objectsIn(text));

type CalicoInput = TopologyInput['calico'];

/** A topology with different Calico settings; undefined removes one. */
export const withCalico = (
  topology: TopologyInput,
  calico: { readonly [Key in keyof CalicoInput]?: CalicoInput[Key] | undefined },
): TopologyInput => ({
  ...topology,
  calico: Object.fromEntries(
    Object.entries({ ...topology.calico, ...calico }).filter(([, value]) => value !== undefined),
  ) as CalicoInput,
});

/** v3.26.1 needs a vendored manifest; its content matters only to the operator chart. */
export const calicoOf = (version: string): Partial<CalicoInput> & { version: string } =>
  version === 'v3.26.1'
    ? { version, operatorManifest: { path: 'vendor/tigera-operator.yaml', sha256: '0'.repeat(64) } }
    : { version };

const COMMON = {
  version: 1,
  k3s: { version: 'v1.34.5+k3s1' },
  gitops: { engine: 'argocd', repoURL: 'https://github.com/example/fabric.git' },
} as const;

/** The topology of the field report. */
export const report: TopologyInput = parse(reportText());

/** The smallest cluster: one router, one node, IPv4, no underlay. */
export const small: TopologyInput = {
  ...COMMON,
  name: 'small',
  pods: { cidrs: ['10.42.0.0/16'] },
  services: { cidrs: ['10.43.0.0/16'] },
  calico: { version: 'v3.32.1' },
  regions: { lab: { router: 'rr' } },
  routers: { rr: { routerId: '10.0.0.1', nodeAddress: '10.0.0.1' } },
  nodes: { one: { region: 'lab', role: 'server', address: '10.0.0.11' } },
};

/** Pods moving from one pool to another. */
export const betweenPools: TopologyInput = {
  ...small,
  pods: { cidrs: ['10.44.0.0/16'], retiring: ['10.42.0.0/16'] },
  calico: { version: 'v3.32.1', api: 'projectcalico.org/v3' },
  k3s: { ...COMMON.k3s, clusterCidrs: ['10.42.0.0/16'] },
};

/** IPv6 only; router IDs keep their IPv4 form. */
export const ipv6Only: TopologyInput = {
  ...COMMON,
  name: 'six',
  pods: { cidrs: ['fd00:42::/56'] },
  services: { cidrs: ['fd00:43::/112'] },
  calico: { version: 'v3.32.1' },
  regions: { lab: { router: 'rr' } },
  routers: { rr: { routerId: '10.0.0.1', nodeAddress: 'fd00:1::1' } },
  nodes: { one: { region: 'lab', role: 'server', address: 'fd00:1::11' } },
};

/** Both families, two reflectors in one region, passwords, filters, CronJobs, a retired label. */
export const dualStack: TopologyInput = {
  ...COMMON,
  name: 'dual',
  bgp: { asNumber: 65010, nodeToNodeMesh: false },
  pods: { cidrs: ['10.42.0.0/16', 'fd00:42::/56'], blockSize: { ipv4: 25, ipv6: 120 }, natOutgoing: false },
  services: { cidrs: ['10.43.0.0/16', 'fd00:43::/112'] },
  calico: {
    version: 'v3.32.1',
    imagePullSecrets: ['mirror'],
    registry: 'mirror.example:5000/calico',
    filters: {
      'no-transit': {
        routers: ['rr-a', 'rr-b'],
        export: [
          { action: 'Accept', match: { cidr: '10.42.0.0/16', operator: 'In' } },
          { action: 'Accept', match: { cidr: 'fd00:42::/56', operator: 'In' } },
          { action: 'Reject' },
        ],
        import: [
          { action: 'Reject', match: { cidr: '0.0.0.0/0', operator: 'Equal' } },
          { action: 'Reject', match: { cidr: '10.42.0.0/16', operator: 'NotIn' } },
          { action: 'Reject', match: { cidr: '::/0', operator: 'NotEqual' } },
        ],
      },
    },
  },
  labels: { reconcile: 'cron', retired: ['zone', 'example.com/zone'] },
  regionLabel: 'example.com/region',
  regions: { East: { routers: ['rr-b', 'rr-a'] }, West: { router: 'rr-c' } },
  routers: {
    'rr-a': {
      routerId: '10.0.0.1',
      nodeAddress: { ipv4: '10.0.0.1', ipv6: 'fd00:1::1' },
      backboneAddress: 'fd00:2::1',
      password: { file: '/etc/bird/secrets/rr-a.conf', secret: { name: 'bgp-rr-a' } },
    },
    'rr-b': {
      routerId: '10.0.0.2',
      nodeAddress: { ipv4: '10.0.0.2', ipv6: 'fd00:1::2' },
      backboneAddress: 'fd00:2::2',
      password: { file: '/etc/bird/secrets/rr-b.conf', secret: { name: 'bgp-rr-b', key: 'md5' } },
    },
    'rr-c': {
      routerId: '10.0.1.1',
      nodeAddress: { ipv4: '10.0.1.1', ipv6: 'fd00:1:1::1' },
      backboneAddress: 'fd00:2::3',
    },
  },
  nodes: {
    'east-1': { region: 'East', role: 'server', address: { ipv4: '10.0.0.11', ipv6: 'fd00:1::11' } },
    'east-2.example.com': {
      region: 'East',
      role: 'agent',
      address: { ipv4: '10.0.0.12', ipv6: 'fd00:1::12' },
    },
    'west-1': { region: 'West', role: 'agent', address: { ipv4: '10.0.1.11', ipv6: 'fd00:1:1::11' } },
  },
};
