/**
 * How to recognise which engine manages a cluster. `fieldManager`: the owner of the fields that it applies (Argo CD's
 * application controller with server-side apply, Flux' kustomize-controller). `kinds`: its CRDs, without which it is not
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
