const ARGO_CD = 'argocd.argoproj.io/sync-options';

/** A sync plans with a dry run, which knows no kind whose CRD an earlier layer is only about to bring. */
const SKIP_DRY_RUN = 'SkipDryRunOnMissingResource=true';

/**
 * On everything whose removal takes the pod network down (the operator, its namespace, the Installation, the BGPConfiguration
 * with the AS number): no engine may prune or delete it, whatever happens to the repository or the Application.
 */
export const KEEP = {
  [ARGO_CD]: 'Prune=false,Delete=false',
  'kustomize.toolkit.fluxcd.io/prune': 'disabled',
} as const;

/** On every custom resource. */
export const CUSTOM = { [ARGO_CD]: SKIP_DRY_RUN } as const;

/** On a custom resource that must stay. */
export const KEEP_CUSTOM = { ...KEEP, [ARGO_CD]: `${KEEP[ARGO_CD]},${SKIP_DRY_RUN}` } as const;

/**
 * On Jobs. Their names change with their templates, so no engine ever has to change one; should a cluster hold one of the
 * same name and another template, Flux makes it anew instead of failing for good.
 */
export const RECREATE = { 'kustomize.toolkit.fluxcd.io/force': 'enabled' } as const;

/**
 * Takes KEEP off again. A move to projectcalico.org/v3 adopts an object that had it under crd.projectcalico.org/v1, and what one
 * group has written an apply through the other does not remove: Calico's API server shows both, the v3 value first.
 */
export const PRUNE = { ...CUSTOM, 'kustomize.toolkit.fluxcd.io/prune': 'enabled' } as const;
