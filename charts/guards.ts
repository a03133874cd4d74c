const ARGO_CD = 'argocd.argoproj.io/sync-options';

/** A sync plans with a dry run, which does not know a kind whose CRD an earlier layer has yet to install. */
const SKIP_DRY_RUN = 'SkipDryRunOnMissingResource=true';

/**
 * For everything whose removal takes the pod network down (the operator, its namespace, the Installation, the BGPConfiguration
 * with the AS number): no engine may prune or delete it, whatever happens to the repository or the Application.
 */
export const KEEP = {
  [ARGO_CD]: 'Prune=false,Delete=false',
  'kustomize.toolkit.fluxcd.io/prune': 'disabled',
} as const;

/** For every custom resource. */
export const CUSTOM = { [ARGO_CD]: SKIP_DRY_RUN } as const;

/** For a custom resource that must stay. */
export const KEEP_CUSTOM = { ...KEEP, [ARGO_CD]: `${KEEP[ARGO_CD]},${SKIP_DRY_RUN}` } as const;

/**
 * For Jobs. Their names change with their templates, so no engine ever has to change one; if a cluster has one of the
 * same name with a different template, Flux recreates it instead of failing for good.
 */
export const RECREATE = { 'kustomize.toolkit.fluxcd.io/force': 'enabled' } as const;

/**
 * Removes KEEP again. A move to projectcalico.org/v3 adopts an object that had it under crd.projectcalico.org/v1, and an apply through
 * one group does not remove what the other has written: Calico's API server shows both, the v3 value first.
 */
export const PRUNE = { ...CUSTOM, 'kustomize.toolkit.fluxcd.io/prune': 'enabled' } as const;
