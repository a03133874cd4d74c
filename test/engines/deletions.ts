import type { KubernetesObject } from '../charts/upstream.ts';
import { type Cluster, groupOf } from './cluster.ts';
import { belowDist, type Files, objectsAt } from './folder.ts';

/** An accident: what the engine deletes, given its own objects and the cluster. */
type Accident = (cluster: Cluster, files: Files) => readonly KubernetesObject[];

const ARGO_CD = 'argocd.argoproj.io/sync-options';

const hasOption = ({ metadata }: KubernetesObject, option: string): boolean =>
  (metadata.annotations?.[ARGO_CD] ?? '').split(',').includes(option);

const applications = (cluster: Cluster): KubernetesObject[] =>
  [...cluster.objects.values()].filter(({ kind }) => kind === 'Application');

const heldBy = (files: Files, application: KubernetesObject): KubernetesObject[] =>
  objectsAt(files, belowDist(application.spec.source.path));

/** docs/user-guide/app_deletion.md: an Application's objects are deleted with it only if it has the finalizer. */
const cascade = (files: Files, all: readonly KubernetesObject[], forced: boolean): KubernetesObject[] =>
  all.flatMap((application) => {
    const finalizers: string[] = (application.metadata as { finalizers?: string[] }).finalizers ?? [];
    const goes = forced || finalizers.some((one) => one.startsWith('resources-finalizer.argocd.argoproj.io'));
    return goes ? heldBy(files, application).filter((object) => !hasOption(object, 'Delete=false')) : [];
  });

const pruned = (application: KubernetesObject, objects: readonly KubernetesObject[]): KubernetesObject[] =>
  application.spec.syncPolicy.automated.prune
    ? objects.filter((object) => !hasOption(object, 'Prune=false'))
    : [];

/** Argo CD's accidents. */
export const ARGO_CD_ACCIDENTS: Readonly<Record<string, Accident>> = {
  'every Application is deleted': (cluster, files) => cascade(files, applications(cluster), false),
  'every Application is deleted with all that it holds': (cluster, files) =>
    cascade(files, applications(cluster), true),
  'a layer leaves git, and the root prunes its Application': (cluster, files) => {
    const gone = applications(cluster).flatMap((root) =>
      pruned(root, heldBy(files, root)).filter(({ kind }) => kind === 'Application'),
    );
    return cascade(files, gone, false);
  },
  // docs/user-guide/auto_sync.md: without allowEmpty an automated sync does not prune the last object.
  'the repository is emptied': (cluster, files) =>
    applications(cluster).flatMap((one) =>
      one.spec.syncPolicy.automated.allowEmpty ? pruned(one, heldBy(files, one)) : [],
    ),
  'all but one object of each layer leave git': (cluster, files) =>
    applications(cluster).flatMap((one) => {
      const held = heldBy(files, one);
      return held.flatMap((kept) =>
        pruned(
          one,
          held.filter((object) => object !== kept),
        ),
      );
    }),
};

const isDisabled = ({ metadata }: KubernetesObject): boolean =>
  metadata.annotations?.['kustomize.toolkit.fluxcd.io/prune'] === 'disabled';

const kustomizations = (cluster: Cluster): KubernetesObject[] =>
  [...cluster.objects.values()].filter(({ kind }) => kind === 'Kustomization');

const collected = (files: Files, { spec }: KubernetesObject): KubernetesObject[] =>
  spec.prune ? objectsAt(files, belowDist(spec.path)).filter((object) => !isDisabled(object)) : [];

/** By default the objects of a Kustomization are deleted with it if it prunes. */
const finalized = (files: Files, kustomization: KubernetesObject): KubernetesObject[] =>
  kustomization.spec.deletionPolicy === 'Orphan' ? [] : collected(files, kustomization);

/** Flux's accidents. */
export const FLUX_ACCIDENTS: Readonly<Record<string, Accident>> = {
  'every Kustomization is deleted': (cluster, files) =>
    kustomizations(cluster).flatMap((one) => finalized(files, one)),
  'every layer leaves git, and the root collects its Kustomizations': (cluster, files) =>
    kustomizations(cluster)
      .flatMap((one) => collected(files, one))
      .filter(({ apiVersion }) => apiVersion.startsWith('kustomize.toolkit'))
      .flatMap((one) => finalized(files, one)),
  'all objects of each layer leave git': (cluster, files) =>
    kustomizations(cluster).flatMap((one) => collected(files, one)),
};

/** What Kubernetes and the operator delete in consequence. */
export function withDependents(cluster: Cluster, deleted: readonly KubernetesObject[]): KubernetesObject[] {
  const all = [...cluster.objects.values()];
  return deleted.flatMap((object) => {
    if (object.kind === 'Namespace') {
      return [object, ...all.filter(({ metadata }) => metadata.namespace === object.metadata.name)];
    }
    if (object.kind === 'CustomResourceDefinition') {
      const { group, names } = object.spec;
      return [object, ...all.filter((one) => groupOf(one) === group && one.kind === names.kind)];
    }
    return [object];
  });
}

/** Without it there is no pod network, or nothing that maintains it. */
export function isVital(object: KubernetesObject): boolean {
  const { kind, metadata } = object;
  return (
    ['APIServer', 'BGPConfiguration', 'CustomResourceDefinition', 'IPPool', 'Installation'].includes(kind) ||
    metadata.namespace === 'tigera-operator' ||
    (metadata.name.startsWith('tigera-operator') && groupOf(object) === 'rbac.authorization.k8s.io') ||
    (kind === 'Namespace' && ['calico-system', 'tigera-operator'].includes(metadata.name))
  );
}
