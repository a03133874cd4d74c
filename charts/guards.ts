/**
 * On everything whose removal takes the pod network down (the operator, its namespace, the Installation): no engine
 * may prune or delete it, whatever happens to the repository or the Application.
 */
export const KEEP = {
  'argocd.argoproj.io/sync-options': 'Prune=false,Delete=false',
  'kustomize.toolkit.fluxcd.io/prune': 'disabled',
} as const;
