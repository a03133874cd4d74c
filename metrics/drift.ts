import { ARGO_CD, FLUX } from './series.ts';

/** How each engine tells which layer is not what git says, by `name`, and the command that says why. */
export const DRIFT = [
  {
    engine: 'argocd',
    expr: `max by (name) (${ARGO_CD.info}{project="noencap",sync_status!="Synced"})`,
    next: 'kubectl -n argocd describe application {{ $labels.name }}',
  },
  {
    engine: 'flux',
    expr: `max by (name) (${FLUX.info}{customresource_kind="Kustomization",name=~"noencap(-.+)?",ready!="True"})`,
    next: 'kubectl -n flux-system describe kustomization {{ $labels.name }}',
  },
] as const;
