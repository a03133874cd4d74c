import type { KubernetesObject } from '../charts/upstream.ts';
import type { Outcome } from './argocd.ts';
import { celHolds } from './cel.ts';
import {
  apply,
  type Cluster,
  emptyCluster,
  generationOf,
  idOf,
  isAvailable,
  isCustom,
  isServed,
  setStatus,
  tick,
} from './cluster.ts';
import { belowDist, type Files, objectsAt, premature } from './folder.ts';

const TICKS = 80;

/**
 * Flux on an empty or a bootstrapped cluster, from the rendered files alone: dependsOn, the dry run of a whole Kustomization, wait and
 * healthChecks, and a retry after each failure. Source: the specification of kustomize-controller's v1 API, and kstatus.
 */
export function replayFlux(
  files: Files,
  cluster: Cluster = emptyCluster(),
  revision = 'main@sha1:1',
): Outcome {
  for (const object of objectsAt(files, 'gitops/flux')) {
    const error = apply(cluster, object);
    if (error !== undefined) throw new Error(error);
  }
  const early: string[] = [];
  const order: string[] = [];
  for (let at = 0; at < TICKS; at++) {
    for (const kustomization of kustomizations(cluster)) {
      if (!isReady(kustomization, revision)) {
        const message = reconcile(cluster, files, kustomization, revision, early, order);
        const ready = { type: 'Ready', status: message === undefined ? 'True' : 'False', message: message };
        setStatus(cluster, kustomization, {
          conditions: [ready],
          observedGeneration: generationOf(kustomization),
          ...(message === undefined ? { lastAppliedRevision: revision } : {}),
        });
      }
    }
    tick(cluster);
    if (unfinished(cluster, revision).length === 0) break;
  }
  return { cluster, early: [...new Set(early)], unfinished: unfinished(cluster, revision), order };
}

const unfinished = (cluster: Cluster, revision: string): string[] =>
  kustomizations(cluster)
    .filter((one) => !isReady(one, revision))
    .map(({ metadata, status }) => `${metadata.name}: ${status?.conditions[0].message}`);

const kustomizations = (cluster: Cluster): KubernetesObject[] =>
  [...cluster.objects.values()].filter(({ kind }) => kind === 'Kustomization');

/** A dependency of the same source counts only at the same revision (checkDependencies of kustomize-controller). */
const isReady = ({ status }: KubernetesObject, revision: string): boolean =>
  status?.conditions?.[0].status === 'True' && status.lastAppliedRevision === revision;

/** One reconciliation: why the Kustomization is not ready, or undefined if it is. */
function reconcile(
  cluster: Cluster,
  files: Files,
  { spec, metadata }: KubernetesObject,
  revision: string,
  early: string[],
  order: string[],
): string | undefined {
  const source = cluster.objects.get(
    `GitRepository.source.toolkit.fluxcd.io flux-system/${spec.sourceRef.name}`,
  );
  if (source === undefined) return 'no such source';
  for (const { name } of spec.dependsOn ?? []) {
    const other = cluster.objects.get(`Kustomization.kustomize.toolkit.fluxcd.io flux-system/${name}`);
    if (other === undefined || !isReady(other, revision)) return `dependency ${name} is not ready`;
  }
  const folder = belowDist(spec.path);
  const objects = objectsAt(files, folder);
  early.push(...premature(cluster, files, folder, objects));
  // CRDs and namespaces are applied in a separate stage, before the others' dry run.
  const first = objects.filter(({ kind }) => kind === 'CustomResourceDefinition' || kind === 'Namespace');
  const rest = objects.filter((object) => !first.includes(object));
  for (const object of first) apply(cluster, object);
  for (const object of rest) {
    if (isServed(cluster, object)) continue;
    early.push(`${object.kind} of ${object.apiVersion} is applied before it is served`);
    return `dry run: no matches for ${object.kind}`;
  }
  const line = `${metadata.name}: ${[...first, ...rest].map(({ kind }) => kind).join(' ')}`;
  if (order.at(-1) !== line) order.push(line);
  for (const object of rest) {
    const error = apply(cluster, object);
    if (error !== undefined) return error;
  }
  return waitingFor(cluster, spec, objects);
}

/** `wait` covers everything that was applied, and ignores healthChecks. */
function waitingFor(
  cluster: Cluster,
  spec: KubernetesObject['spec'],
  objects: readonly KubernetesObject[],
): string | undefined {
  const named: readonly KubernetesObject[] = (spec.healthChecks ?? []).map(
    ({ apiVersion, kind, name, namespace }: Readonly<Record<string, string>>) => ({
      apiVersion,
      kind,
      metadata: { name, ...(namespace === undefined ? {} : { namespace }) },
    }),
  );
  const waited = spec.wait ? objects : named;
  const waits = waited.find((object) => !isCurrent(cluster, spec, object));
  return waits === undefined ? undefined : `waits for ${idOf(waits)}`;
}

function isCurrent(cluster: Cluster, spec: KubernetesObject['spec'], wanted: KubernetesObject): boolean {
  if (wanted.kind === 'CustomResourceDefinition') return isEstablished(cluster, wanted.metadata.name);
  const object = cluster.objects.get(idOf(wanted));
  if (object === undefined) return false;
  if (object.kind === 'Deployment') return isAvailable(object);
  if (object.kind === 'Job') return object.status?.succeeded === 1;
  if (!isCustom(object)) return true;
  const own = (spec.healthCheckExprs ?? []).find(
    (one: { apiVersion: string; kind: string }) =>
      one.apiVersion === object.apiVersion && one.kind === object.kind,
  );
  if (own !== undefined) return celHolds(own.current, object);
  // kstatus: current unless the condition Ready says otherwise.
  const ready = object.status?.conditions?.find(({ type }: { type: string }) => type === 'Ready');
  return ready === undefined || ready.status === 'True';
}

/** installations.operator.tigera.io exists if its kind does: all relevant kinds have a regular plural. */
function isEstablished(cluster: Cluster, name: string): boolean {
  const [plural = '', ...group] = name.split('.');
  return [...cluster.kinds].some((kind) => {
    const [at, singular = ''] = kind.split('/');
    const lower = singular.toLowerCase();
    return at === group.join('.') && (plural === `${lower}s` || plural === `${lower}es`);
  });
}
