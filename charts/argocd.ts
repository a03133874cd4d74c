import { type ApiObject, type App, Lazy } from 'cdk8s';
import { k8s } from 'cdk8s-plus-28';
import type { Fabric } from '../fabric/index.ts';
import * as argoproj from '../imports/argoproj.io.ts';
import { HEALTH, PROJECT } from './argocd-health.ts';
import { depth, LAYERS, type Layer, METRICS } from './layers.ts';
import { ManifestChart } from './manifest-chart.ts';

const NAMESPACE = 'argocd';
const IN_CLUSTER = 'https://kubernetes.default.svc';

/**
 * dist/gitops/argocd. The user applies the project, the root and the health checks; Argo CD applies layers/ itself:
 * an Application for each layer, in waves. The project allows the kinds of all charts of dist/cluster, of those too that come after it.
 */
export function argoCd(app: App, fabric: Fabric): void {
  project(new ManifestChart(app, 'gitops/argocd/project.yaml'), fabric, () => clusterObjects(app));
  healthChecks(new ManifestChart(app, 'gitops/argocd/argocd-cm.yaml'));
  const root = new ManifestChart(app, 'gitops/argocd/root.yaml');
  application(root, fabric, PROJECT, NAMESPACE, 'gitops/argocd/layers');
  for (const layer of LAYERS) {
    const chart = new ManifestChart(app, `gitops/argocd/layers/${layer.name}.yaml`);
    application(chart, fabric, `${PROJECT}-${layer.name}`, 'tigera-operator', layer.folder, waveOf(layer));
  }
  if (fabric.metrics !== undefined) {
    // Not among the root's layers: while its kinds are missing, the root would wait for it.
    const chart = new ManifestChart(app, 'gitops/argocd/metrics.yaml');
    const { namespace } = fabric.metrics;
    application(chart, fabric, `${PROJECT}-${METRICS.name}`, namespace, METRICS.folder, {}, CASCADE);
  }
}

/** Deleting this Application deletes what it applied: alerts about a promise that nobody makes any more. */
const CASCADE = ['resources-finalizer.argocd.argoproj.io'];

const waveOf = (layer: Layer) => ({ 'argocd.argoproj.io/sync-wave': `${depth(layer)}` });

/**
 * No finalizer by default: deleting an Application must not delete the pod network. `namespace` is for objects that
 * have none, while all of ours do; the project must allow it nonetheless.
 */
function application(
  chart: ManifestChart,
  fabric: Fabric,
  name: string,
  namespace: string,
  folder: string,
  annotations: Readonly<Record<string, string>> = {},
  finalizers: readonly string[] = [],
): void {
  const { repoURL, targetRevision } = fabric.gitops;
  new argoproj.Application(chart, 'application', {
    metadata: {
      name,
      namespace: NAMESPACE,
      annotations,
      ...(finalizers.length === 0 ? {} : { finalizers: [...finalizers] }),
    },
    spec: {
      project: PROJECT,
      source: { repoUrl: repoURL, targetRevision, path: `dist/${folder}` },
      destination: { server: IN_CLUSTER, namespace },
      syncPolicy: {
        automated: { prune: true, selfHeal: true, allowEmpty: false },
        // Calico's CRDs exceed the size of a client-side apply annotation.
        syncOptions: ['ServerSideApply=true', 'SkipDryRunOnMissingResource=true'],
        // Without it a revision is tried once. About 20 minutes in total: until it gives up, a newer revision waits.
        retry: { limit: 10, backoff: { duration: '15s', factor: 2, maxDuration: '3m' } },
      },
    },
  });
}

interface Kind {
  readonly group: string;
  readonly kind: string;
}

const kinds = (group: string, ...names: string[]): Kind[] => names.map((kind) => ({ group, kind }));

/** Kinds that a change of the topology may add. Existing ones (CRDs of a vendored manifest, your own charts) are allowed too. */
const CLUSTER_KINDS: readonly Kind[] = [
  ...kinds('', 'Namespace'),
  ...kinds('crd.projectcalico.org', 'BGPConfiguration', 'BGPFilter', 'BGPPeer'),
  ...kinds('operator.tigera.io', 'APIServer', 'Installation'),
  ...kinds('projectcalico.org', 'BGPConfiguration', 'BGPFilter', 'BGPPeer'),
  ...kinds('rbac.authorization.k8s.io', 'ClusterRole', 'ClusterRoleBinding'),
];

const NAMESPACE_KINDS: readonly Kind[] = [
  ...kinds('', 'ServiceAccount'),
  ...kinds('apps', 'Deployment'),
  ...kinds('argoproj.io', 'Application'),
  ...kinds('batch', 'CronJob', 'Job'),
  ...kinds('rbac.authorization.k8s.io', 'Role', 'RoleBinding'),
];

const NAMESPACES = [NAMESPACE, 'calico-system', 'noencap-system', 'tigera-operator'];

const clusterObjects = (app: App): ApiObject[] =>
  app.charts
    .filter((chart) => (chart as Partial<ManifestChart>).file?.startsWith('cluster/'))
    .flatMap((chart) => chart.apiObjects);

function project(chart: ManifestChart, fabric: Fabric, objects: () => readonly ApiObject[]): void {
  const namespaced = () => objects().filter(({ metadata }) => metadata.namespace !== undefined);
  const clusterWide = () => objects().filter(({ metadata }) => metadata.namespace === undefined);
  const namespaces = () => namespaced().flatMap(({ metadata }) => metadata.namespace ?? []);
  new argoproj.AppProject(chart, 'project', {
    metadata: { name: PROJECT, namespace: NAMESPACE },
    spec: {
      description: `The pod network of ${fabric.name}. Rendered by noencap.`,
      sourceRepos: [fabric.gitops.repoURL],
      destinations: later(() =>
        [...new Set([...NAMESPACES, ...namespaces()])]
          .sort()
          .map((namespace) => ({ server: IN_CLUSTER, namespace })),
      ),
      clusterResourceWhitelist: later(() => distinct([...CLUSTER_KINDS, ...clusterWide().map(kindOf)])),
      namespaceResourceWhitelist: later(() => distinct([...NAMESPACE_KINDS, ...namespaced().map(kindOf)])),
    },
  });
}

/** A value of a manifest that is known once all charts are there. */
const later = <Value>(produce: () => Value): Value => Lazy.any({ produce }) as Value;

const kindOf = ({ apiGroup, kind }: ApiObject): Kind => ({
  group: apiGroup === 'core' ? '' : apiGroup,
  kind,
});

function distinct(all: readonly Kind[]): Kind[] {
  const found = new Map(all.map((one) => [`${one.group}/${one.kind}`, one]));
  return [...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, one]) => one);
}

/** Part of argocd-cm: applied server-side it adds these keys and changes no others. */
function healthChecks(chart: ManifestChart): void {
  new k8s.KubeConfigMap(chart, 'argocd-cm', {
    metadata: {
      name: 'argocd-cm',
      namespace: NAMESPACE,
      // Argo CD ignores ConfigMaps without it.
      labels: { 'app.kubernetes.io/name': 'argocd-cm', 'app.kubernetes.io/part-of': 'argocd' },
    },
    data: Object.fromEntries(
      Object.entries(HEALTH).map(([kind, lua]) => [`resource.customizations.health.${kind}`, lua]),
    ),
  });
}
