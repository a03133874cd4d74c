import { createHash } from 'node:crypto';
import { k8s } from 'cdk8s-plus-28';
import type { Construct } from 'constructs';
import type { Fabric, FabricRegion, NodeSpeaker } from '../fabric/index.ts';
import { RECREATE } from './guards.ts';
import { ManifestChart } from './manifest-chart.ts';

const NAMESPACE = 'noencap-system';
const ACCOUNT = 'node-labels';

/**
 * The region labels that BGPPeers select nodes by. One ordinary Job per node, named after what it does: a change creates a new
 * Job, no change creates none, and the engine prunes the old one. A node that has not joined matches nothing, so its Job
 * succeeds and blocks no sync; its label is then set by its own K3s configuration, or by the CronJob.
 */
export class NodeLabels extends ManifestChart {
  constructor(scope: Construct, fabric: Fabric) {
    super(scope, 'cluster/20-node-labels/node-labels.yaml');
    // No stricter level allows hostNetwork; the container itself meets the strictest.
    new k8s.KubeNamespace(this, 'namespace', {
      metadata: { name: NAMESPACE, labels: { 'pod-security.kubernetes.io/enforce': 'privileged' } },
    });
    new k8s.KubeServiceAccount(this, 'account', { metadata: { name: ACCOUNT, namespace: NAMESPACE } });
    if (fabric.nodes.length === 0) return;
    access(this, fabric);
    for (const node of fabric.nodes) job(this, fabric, node);
    if (fabric.labels.reconcile === 'cron') {
      for (const region of fabric.regions.filter(({ nodes }) => nodes.length > 0))
        cronJobs(this, fabric, region);
    }
  }
}

/** resourceNames authorise a list with a metadata.name field selector, but not one with a label selector. */
function access(chart: ManifestChart, fabric: Fabric): void {
  const names = fabric.nodes.map((node) => node.name);
  const byName = {
    apiGroups: [''],
    resources: ['nodes'],
    resourceNames: names,
    verbs: ['get', 'list', 'patch'],
  };
  const listAll = { apiGroups: [''], resources: ['nodes'], verbs: ['list'] };
  new k8s.KubeClusterRole(chart, 'role', {
    metadata: { name: 'noencap-node-labels' },
    rules: fabric.labels.reconcile === 'cron' ? [byName, listAll] : [byName],
  });
  new k8s.KubeClusterRoleBinding(chart, 'binding', {
    metadata: { name: 'noencap-node-labels' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'noencap-node-labels' },
    subjects: [{ kind: 'ServiceAccount', name: ACCOUNT, namespace: NAMESPACE }],
  });
}

/** Retries, eventually a few minutes apart: a permanently failed Job would not be retried before it changes. */
const PATIENCE = 100;

function job(chart: ManifestChart, fabric: Fabric, node: NodeSpeaker): void {
  const spec = podSpec(fabric, [
    `--field-selector=metadata.name=${node.name}`,
    ...changes(fabric, node.region),
  ]);
  const name = hashed(`label-${node.name}`, spec);
  new k8s.KubeJob(chart, name, {
    metadata: { name, namespace: NAMESPACE, annotations: RECREATE },
    spec: { backoffLimit: PATIENCE, template: { spec } },
  });
}

/** Keeps a command line well below the kernel's 128 KiB per argument: at most 63 characters per name. */
const NAMES_PER_COMMAND = 500;

function cronJobs(chart: ManifestChart, fabric: Fabric, region: FabricRegion): void {
  const names = region.nodes.map((node) => node.name);
  for (let start = 0; start < names.length; start += NAMES_PER_COMMAND) {
    const part = names.slice(start, start + NAMES_PER_COMMAND);
    const selector = `--selector=kubernetes.io/hostname in (${part.join(',')})`;
    const prefix = `labels-${region.name.toLowerCase()}-${start / NAMES_PER_COMMAND + 1}`;
    const name = shortened(prefix, 52);
    new k8s.KubeCronJob(chart, name, {
      metadata: { name, namespace: NAMESPACE },
      spec: {
        // Every ten minutes, regions spread over them.
        schedule: `${parseInt(sha256(prefix).slice(0, 6), 16) % 10}-59/10 * * * *`,
        concurrencyPolicy: 'Forbid',
        successfulJobsHistoryLimit: 1,
        failedJobsHistoryLimit: 1,
        jobTemplate: {
          spec: {
            backoffLimit: 1,
            template: { spec: podSpec(fabric, [selector, ...changes(fabric, region.name)]) },
          },
        },
      },
    });
  }
}

/** `key=value` sets a label, `key-` removes one; removing a missing label is not an error. */
const changes = (fabric: Fabric, region: string): string[] => [
  `${fabric.regionLabel}=${region}`,
  ...fabric.labels.retired.map((key) => `${key}-`),
];

/** Taints of a server that is starting, or reserved for the control plane. Not those of an unreachable one. */
const TOLERATIONS: k8s.Toleration[] = [
  'node-role.kubernetes.io/control-plane',
  'node-role.kubernetes.io/etcd',
  'node.kubernetes.io/not-ready',
  'node.kubernetes.io/network-unavailable',
  'node.kubernetes.io/unschedulable',
  'node.cloudprovider.kubernetes.io/uninitialized',
  'CriticalAddonsOnly',
].map((key) => ({ key, operator: 'Exists' }));

/**
 * The official kubectl image has kubectl as its entry point and no shell. The pod runs on a server, next to the API it queries,
 * on the host's network and before the server is Ready, because it must work before there is a pod network.
 */
function podSpec(fabric: Fabric, args: readonly string[]): k8s.PodSpec {
  return {
    serviceAccountName: ACCOUNT,
    restartPolicy: 'OnFailure',
    hostNetwork: true,
    dnsPolicy: 'ClusterFirstWithHostNet',
    nodeSelector: { 'kubernetes.io/os': 'linux' },
    affinity: {
      nodeAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: {
          nodeSelectorTerms: [
            { matchExpressions: [{ key: 'node-role.kubernetes.io/control-plane', operator: 'Exists' }] },
          ],
        },
      },
    },
    tolerations: TOLERATIONS,
    securityContext: {
      runAsNonRoot: true,
      runAsUser: 65532,
      runAsGroup: 65532,
      seccompProfile: { type: 'RuntimeDefault' },
    },
    containers: [
      {
        name: 'kubectl',
        image: fabric.labels.image ?? `registry.k8s.io/kubectl:${fabric.k3s.version.split(/[+-]/)[0]}`,
        args: ['label', 'nodes', '--overwrite', ...args],
        // kubectl caches API discovery below its home folder.
        env: [{ name: 'HOME', value: '/tmp' }],
        volumeMounts: [{ name: 'tmp', mountPath: '/tmp' }],
        resources: {
          requests: { cpu: k8s.Quantity.fromString('10m'), memory: k8s.Quantity.fromString('32Mi') },
          limits: { memory: k8s.Quantity.fromString('256Mi') },
        },
        securityContext: {
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ['ALL'] },
        },
      },
    ],
    volumes: [{ name: 'tmp', emptyDir: {} }],
  };
}

/** A Job's template is immutable, so its name changes with it. */
const hashed = (prefix: string, spec: k8s.PodSpec): string =>
  `${shortened(prefix, 52)}-${sha256(JSON.stringify(spec)).slice(0, 10)}`;

/** Truncated names keep part of their hash, so that two with the same beginning stay distinct. Pod names should not contain dots. */
function shortened(name: string, length: number): string {
  const plain = name.replaceAll('.', '-');
  return plain.length <= length && plain === name
    ? name
    : `${plain.slice(0, length - 9)}-${sha256(name).slice(0, 8)}`;
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
