/**
 * As what each engine owns the fields that it applies: Argo CD's application controller with server-side apply, Flux'
 * kustomize-controller. An object with one of them among its managers is the engine's.
 */
export const FIELD_MANAGERS = {
  argocd: 'argocd-controller',
  flux: 'kustomize-controller',
} as const;
