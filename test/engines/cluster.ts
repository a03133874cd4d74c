import type { KubernetesObject } from '../charts/upstream.ts';
import { condition } from './statuses.ts';

/**
 * A model of a cluster for testing order: which objects exist, which kinds its API serves, and how far its
 * controllers have got. Engines act on it, then `tick` lets every controller take one step.
 */
export interface Cluster {
  readonly objects: Map<string, KubernetesObject>;
  /** The custom kinds that it serves: `group/Kind`. */
  readonly kinds: Set<string>;
}

/** An empty K3s, with the engine's own kinds. */
export const emptyCluster = (): Cluster => ({
  objects: new Map(),
  kinds: new Set([
    'argoproj.io/AppProject',
    'argoproj.io/Application',
    'kustomize.toolkit.fluxcd.io/Kustomization',
    'source.toolkit.fluxcd.io/GitRepository',
  ]),
});

/** The kinds in the operator's bundle of CRDs. Calico v3.30 and later: operator, pkg/imports/crds. */
const BUNDLE = [
  ...['APIServer', 'Installation', 'TigeraStatus'].map((kind) => `operator.tigera.io/${kind}`),
  ...['BGPConfiguration', 'BGPFilter', 'BGPPeer', 'IPPool'].map((kind) => `crd.projectcalico.org/${kind}`),
];

/** The kinds that Calico's own API server serves. */
const SERVED = ['BGPConfiguration', 'BGPFilter', 'BGPPeer', 'IPPool'].map(
  (kind) => `projectcalico.org/${kind}`,
);

export const groupOf = ({ apiVersion }: KubernetesObject): string =>
  apiVersion.includes('/') ? (apiVersion.split('/')[0] ?? '') : '';

export const idOf = (object: KubernetesObject): string =>
  `${object.kind}.${groupOf(object)} ${object.metadata.namespace ?? ''}/${object.metadata.name}`;

export const isCustom = (object: KubernetesObject): boolean =>
  /\.(io|org)$/.test(groupOf(object)) && !/\.k8s\.io$/.test(groupOf(object));

export const isServed = (cluster: Cluster, object: KubernetesObject): boolean =>
  !isCustom(object) || cluster.kinds.has(`${groupOf(object)}/${object.kind}`);

/** Server-side apply: why the API server rejects an object, or undefined once it exists. */
export function apply(cluster: Cluster, object: KubernetesObject): string | undefined {
  if (!isServed(cluster, object)) return `no matches for kind "${object.kind}" in "${object.apiVersion}"`;
  const { namespace } = object.metadata;
  if (
    namespace !== undefined &&
    !ENGINES.includes(namespace) &&
    !cluster.objects.has(`Namespace. /${namespace}`)
  ) {
    return `namespaces "${namespace}" not found`;
  }
  const old = cluster.objects.get(idOf(object));
  const changed = JSON.stringify(old?.spec) !== JSON.stringify(object.spec);
  if (object.kind === 'Job' && old !== undefined && changed) return 'spec.template: field is immutable';
  const generation = generationOf(old) + (changed ? 1 : 0);
  cluster.objects.set(idOf(object), {
    ...object,
    metadata: { ...object.metadata, generation } as KubernetesObject['metadata'],
    ...(old?.status === undefined ? {} : { status: old.status }),
  });
  if (object.kind === 'CustomResourceDefinition')
    cluster.kinds.add(`${object.spec.group}/${object.spec.names.kind}`);
  return undefined;
}

const ENGINES = ['argocd', 'flux-system'];

export const generationOf = (object: KubernetesObject | undefined): number =>
  (object?.metadata as { generation?: number } | undefined)?.generation ?? 0;

/** Lets every controller of the cluster take a step. */
export function tick(cluster: Cluster): void {
  const all = [...cluster.objects.values()];
  const operator = all.find(
    ({ kind, metadata }) => kind === 'Deployment' && metadata.name === 'tigera-operator',
  );
  const installation = all.find(({ kind }) => kind === 'Installation');
  const server = all.find(({ kind }) => kind === 'APIServer');
  if (operator !== undefined) runOperator(cluster, operator);
  if (operator?.status?.running && installation !== undefined) {
    reconcile(cluster, installation, 'calico');
    // The operator creates the namespace early, and the IPPools once Calico runs.
    bring(cluster, 'v1', 'Namespace', 'calico-system');
    if (isReady(installation)) bring(cluster, 'crd.projectcalico.org/v1', 'IPPool', 'default-ipv4-ippool');
    if (server !== undefined && isReady(installation)) {
      reconcile(cluster, server, 'apiserver');
      if (isReady(server)) for (const kind of SERVED) cluster.kinds.add(kind);
    }
  }
  for (const job of all.filter(({ kind }) => kind === 'Job')) {
    setStatus(
      cluster,
      job,
      job.status === undefined
        ? { active: 1 }
        : { succeeded: 1, conditions: [condition('Complete', 'True')] },
    );
  }
}

/** Steps from an available Deployment to an operator that is the leader and has created its CRDs. */
const START = 3;

/**
 * The operator has no readiness probe, so its Deployment is available before it has created its CRDs (main.go: crds.Ensure runs
 * before the controllers start). Without -manage-crds and without CRDs it exits again and again.
 */
function runOperator(cluster: Cluster, operator: KubernetesObject): void {
  const [container] = operator.spec.template.spec.containers;
  const manages = (container.args ?? []).includes('-manage-crds=true');
  const has = cluster.kinds.has('operator.tigera.io/Installation');
  const seen = generationOf(operator);
  // A new generation is a new pod.
  const up =
    operator.status?.seen !== seen || !(manages || has)
      ? 0
      : Math.min((operator.status.up ?? 0) + 1, START + 1);
  const running = up > START;
  if (running && manages) for (const kind of BUNDLE) cluster.kinds.add(kind);
  setStatus(cluster, operator, { availableReplicas: up > 0 ? 1 : 0, up, running, seen });
}

/** First no status, then degraded as at every start, then progressing, then ready. */
function reconcile(cluster: Cluster, object: KubernetesObject, component: string): void {
  const generation = generationOf(object);
  const step = object.status?.seen === generation ? Math.min(object.status.step + 1, 2) : 0;
  const states = [
    ['False', 'True', 'True'],
    ['False', 'True', 'False'],
    ['True', 'False', 'False'],
  ] as const;
  const state = states[Math.min(step, 2)] ?? states[2];
  const conditions = (good: string) => [
    condition(good, state[0], generation),
    condition('Progressing', state[1], generation),
    condition('Degraded', state[2], generation),
  ];
  // `seen` and `step` are the model's own.
  setStatus(cluster, object, { conditions: conditions('Ready'), seen: generation, step });
  const status = bring(cluster, 'operator.tigera.io/v1', 'TigeraStatus', component);
  setStatus(cluster, status, { conditions: conditions('Available') });
}

export const isReady = (object: KubernetesObject): boolean =>
  object.status?.seen === generationOf(object) && object.status.step >= 2;

function bring(cluster: Cluster, apiVersion: string, kind: string, name: string): KubernetesObject {
  const object: KubernetesObject = { apiVersion, kind, metadata: { name } };
  const known = cluster.objects.get(idOf(object));
  if (known !== undefined) return known;
  apply(cluster, object);
  return object;
}

export function setStatus(cluster: Cluster, object: KubernetesObject, status: object): void {
  const current = cluster.objects.get(idOf(object)) ?? object;
  cluster.objects.set(idOf(object), { ...current, status });
}

/** What is still missing or unhealthy among the things that a layer's objects bring about: the truth that an engine should have waited for. */
export function unhealthy(cluster: Cluster, objects: readonly KubernetesObject[]): string[] {
  return objects.filter((object) => !isHealthy(cluster.objects.get(idOf(object)))).map(idOf);
}

/** As engines see it: the status of an earlier generation says nothing about this one. */
export const isAvailable = (deployment: KubernetesObject): boolean =>
  deployment.status?.seen === generationOf(deployment) && deployment.status.availableReplicas === 1;

function isHealthy(object: KubernetesObject | undefined): boolean {
  if (object === undefined) return false;
  if (object.kind === 'Deployment') return isAvailable(object);
  if (object.kind === 'Job') return object.status?.succeeded === 1;
  if (object.kind === 'Installation' || object.kind === 'APIServer') return isReady(object);
  return true;
}
