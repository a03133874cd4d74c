/**
 * On everything whose removal takes the pod network down (the operator, its namespace, the Installation, the BGPConfiguration
 * with the AS number): no engine may prune or delete it, whatever happens to the repository or the Application.
 */
export const KEEP = {
  'argocd.argoproj.io/sync-options': 'Prune=false,Delete=false',
  'kustomize.toolkit.fluxcd.io/prune': 'disabled',
} as const;

/**
 * Takes KEEP off again. A move to projectcalico.org/v3 adopts an object that had it under crd.projectcalico.org/v1, and what one
 * group has written an apply through the other does not remove: Calico's API server shows both, the v3 value first.
 */
export const PRUNE = {
  'argocd.argoproj.io/sync-options': 'Prune=true',
  'kustomize.toolkit.fluxcd.io/prune': 'enabled',
} as const;
