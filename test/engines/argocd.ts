import type { KubernetesObject } from '../charts/upstream.ts';
import {
  apply,
  type Cluster,
  emptyCluster,
  groupOf,
  idOf,
  isAvailable,
  isCustom,
  isServed,
  setStatus,
  tick,
} from './cluster.ts';
import { belowDist, type Files, objectsAt, premature } from './folder.ts';
import { type Health, luaHealth } from './lua.ts';

/** The result of a replay: what was done too early, and what never finished. */
export interface Outcome {
  readonly cluster: Cluster;
  readonly early: readonly string[];
  /** What is not synced or not healthy at the end, with the reason. */
  readonly unfinished: readonly string[];
  /** What each tick applied, by folder, to show the order to a reader. */
  readonly order: readonly string[];
}

const TICKS = 80;

/**
 * Argo CD on an empty or a bootstrapped cluster, from the rendered files alone: phases, waves, the order of kinds, dry run, waits for health
 * with the checks that argocd-cm has, retry. Sources: sync_context.go and sync_tasks.go of gitops-engine, docs of Argo CD on
 * sync waves, resource health, automated sync.
 */
export function replayArgoCd(files: Files, cluster: Cluster = emptyCluster()): Outcome {
  for (const object of objectsAt(files, 'gitops/argocd')) must(apply(cluster, object));
  const early: string[] = [];
  const order: string[] = [];
  const syncs = new Map<string, Sync>();
  for (let at = 0; at < TICKS; at++) {
    for (const application of applications(cluster)) {
      const key = application.metadata.name;
      const sync = syncs.get(key) ?? { phase: 'Running', tries: 0, wave: 0, message: '' };
      syncs.set(key, sync);
      step(cluster, files, application, sync, early, order);
      setStatus(cluster, application, statusOf(cluster, files, application, sync));
    }
    tick(cluster);
    if (unfinished(cluster, syncs).length === 0) break;
  }
  return { cluster, early: [...new Set(early)], unfinished: unfinished(cluster, syncs), order };
}

const unfinished = (cluster: Cluster, syncs: ReadonlyMap<string, Sync>): string[] =>
  applications(cluster).flatMap(({ metadata, status }) => {
    if (status?.sync.status === 'Synced' && status.health.status === 'Healthy') return [];
    return [
      `${metadata.name}: ${status?.sync.status}, ${status?.health.status} ${syncs.get(metadata.name)?.message}`,
    ];
  });

interface Sync {
  phase: 'Running' | 'Succeeded' | 'Failed';
  tries: number;
  /** Index of the next wave to apply. */
  wave: number;
  message: string;
}

const applications = (cluster: Cluster): KubernetesObject[] =>
  [...cluster.objects.values()].filter(({ kind }) => kind === 'Application');

/** One step of a sync: it plans, applies a wave, or waits for the previous one. */
function step(
  cluster: Cluster,
  files: Files,
  application: KubernetesObject,
  sync: Sync,
  early: string[],
  order: string[],
): void {
  if (sync.phase !== 'Running' || application.spec.syncPolicy?.automated === undefined) return;
  const folder = belowDist(application.spec.source.path);
  const objects = objectsAt(files, folder);
  const waves = wavesOf(objects);
  const before = waves[sync.wave - 1];
  // It waits for waves only if there are several: a sync of a single wave ends when everything is applied.
  if (before !== undefined && waves.length > 1) {
    const states = before.map((object) => healthOf(cluster, object));
    if (states.some((one) => one?.status === 'Degraded')) {
      fail(application, sync, 'a wave is degraded');
      return;
    }
    if (states.some((one) => one !== undefined && one.status !== 'Healthy')) return;
  }
  const wave = waves[sync.wave];
  if (wave === undefined) {
    sync.phase = 'Succeeded';
    sync.message = '';
    return;
  }
  const refused = objects.flatMap((object) => refusal(cluster, application, object));
  if (refused[0] !== undefined) {
    fail(application, sync, refused[0]);
    return;
  }
  early.push(...premature(cluster, files, folder, wave));
  order.push(`${application.metadata.name}: ${wave.map(({ kind }) => kind).join(' ')}`);
  for (const object of wave) {
    const error = apply(cluster, object);
    if (error !== undefined) {
      fail(application, sync, error);
      return;
    }
  }
  sync.wave++;
}

function fail(application: KubernetesObject, sync: Sync, message: string): void {
  const limit = application.spec.syncPolicy.retry?.limit ?? 0;
  sync.message = message;
  sync.wave = 0;
  if (sync.tries++ >= limit) sync.phase = 'Failed';
}

/** The plan: whether it is allowed, and whether the dry run passes. */
function refusal(cluster: Cluster, application: KubernetesObject, object: KubernetesObject): string[] {
  const project = cluster.objects.get(`AppProject.argoproj.io argocd/${application.spec.project}`);
  const denied = project === undefined ? 'no such project' : denial(project, application, object);
  if (denied !== undefined) return [denied];
  const options = [
    ...(application.spec.syncPolicy.syncOptions ?? []),
    ...(object.metadata.annotations?.['argocd.argoproj.io/sync-options'] ?? '').split(','),
  ];
  return isServed(cluster, object) || options.includes('SkipDryRunOnMissingResource=true')
    ? []
    : [`dry run: no matches for ${object.kind}`];
}

export function denial(
  { spec }: KubernetesObject,
  application: KubernetesObject,
  object: KubernetesObject,
): string | undefined {
  const { namespace } = object.metadata;
  const { source, destination } = application.spec;
  const kinds = namespace === undefined ? spec.clusterResourceWhitelist : spec.namespaceResourceWhitelist;
  const allowsKind = kinds.some(
    (one: { group: string; kind: string }) => one.group === groupOf(object) && one.kind === object.kind,
  );
  const allowsPlace = [namespace ?? destination.namespace, destination.namespace].every((place) =>
    spec.destinations.some(
      (one: { server: string; namespace: string }) =>
        one.server === destination.server && one.namespace === place,
    ),
  );
  if (!spec.sourceRepos.includes(source.repoURL)) return `project does not permit ${source.repoURL}`;
  return allowsKind && allowsPlace ? undefined : `project does not permit ${idOf(object)}`;
}

/** gitops-engine, sync_tasks.go: by wave, then these kinds in this order, then all others; then by name. */
const KIND_ORDER =
  'Namespace NetworkPolicy ResourceQuota LimitRange PodSecurityPolicy PodDisruptionBudget ServiceAccount Secret SecretList ConfigMap StorageClass PersistentVolume PersistentVolumeClaim CustomResourceDefinition ClusterRole ClusterRoleList ClusterRoleBinding ClusterRoleBindingList Role RoleList RoleBinding RoleBindingList Service DaemonSet Pod ReplicationController ReplicaSet Deployment HorizontalPodAutoscaler StatefulSet Job CronJob IngressClass Ingress APIService'.split(
    ' ',
  );

function wavesOf(objects: readonly KubernetesObject[]): KubernetesObject[][] {
  const waveOf = ({ metadata }: KubernetesObject) =>
    Number(metadata.annotations?.['argocd.argoproj.io/sync-wave'] ?? 0);
  const orderOf = ({ kind }: KubernetesObject) =>
    KIND_ORDER.includes(kind) ? KIND_ORDER.indexOf(kind) : KIND_ORDER.length;
  const numbers = [...new Set(objects.map(waveOf))].sort((a, b) => a - b);
  return numbers.map((number) =>
    objects
      .filter((object) => waveOf(object) === number)
      .sort((a, b) => orderOf(a) - orderOf(b) || (a.metadata.name < b.metadata.name ? -1 : 1)),
  );
}

/** A check in argocd-cm overrides a built-in one; a kind without either has no health. */
function healthOf(cluster: Cluster, wanted: KubernetesObject): Health | undefined {
  const object = cluster.objects.get(idOf(wanted));
  if (object === undefined) return { status: 'Missing', message: '' };
  const cm = cluster.objects.get('ConfigMap. argocd/argocd-cm');
  const check = cm?.data[`resource.customizations.health.${groupOf(object)}_${object.kind}`];
  if (check !== undefined) return luaHealth(check, object);
  if (isCustom(object)) return undefined;
  if (object.kind === 'Deployment') {
    return { status: isAvailable(object) ? 'Healthy' : 'Progressing', message: '' };
  }
  if (object.kind === 'Job') {
    return { status: object.status?.succeeded === 1 ? 'Healthy' : 'Progressing', message: '' };
  }
  return undefined;
}

/**
 * From best to worst: an Application is as healthy as its least healthy object. Missing objects no longer count since
 * Argo CD v3.4 (#25962), but did before; a sync that relies on it would go on too early.
 */
const WORSE: readonly Health['status'][] = [
  'Healthy',
  'Suspended',
  'Progressing',
  'Missing',
  'Degraded',
  'Unknown',
];

function statusOf(cluster: Cluster, files: Files, application: KubernetesObject, sync: Sync) {
  const objects = objectsAt(files, belowDist(application.spec.source.path));
  const worst = objects
    .filter((object) => cluster.objects.has(idOf(object)))
    .map((object) => healthOf(cluster, object)?.status ?? 'Healthy')
    .reduce((a, b) => (WORSE.indexOf(a) > WORSE.indexOf(b) ? a : b), 'Healthy');
  const synced = objects.every((object) => cluster.objects.has(idOf(object)));
  return {
    health: { status: worst },
    sync: { status: synced ? 'Synced' : 'OutOfSync' },
    operationState: { phase: sync.phase, message: sync.message },
  };
}

function must(error: string | undefined): void {
  if (error !== undefined) throw new Error(error);
}
