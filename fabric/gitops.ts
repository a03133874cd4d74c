/**
 * By what a cluster shows which engine is at work in it. `fieldManager`: as what it owns the fields that it applies (Argo CD's
 * application controller with server-side apply, Flux' kustomize-controller). `kinds`: the CRDs without which it is not
 * installed.
 */
export const GITOPS_ENGINES = {
  argocd: {
    fieldManager: 'argocd-controller',
    kinds: ['applications.argoproj.io', 'appprojects.argoproj.io'],
  },
  flux: {
    fieldManager: 'kustomize-controller',
    kinds: ['gitrepositories.source.toolkit.fluxcd.io', 'kustomizations.kustomize.toolkit.fluxcd.io'],
  },
} as const;
