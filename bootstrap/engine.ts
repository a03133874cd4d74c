import { GITOPS_ENGINES } from '../fabric/index.ts';
import type { Gitops } from '../topology/model.ts';

/** What the bootstrap needs to know about a GitOps engine. */
export interface Engine {
  readonly id: 'argocd' | 'flux';
  readonly title: string;
  /**
   * Its field manager. Applying the same objects under this name leaves the engine nothing to change when it adopts
   * them: server-side apply compares with what that manager applied last.
   */
  readonly fieldManager: string;
  /** Its CRDs, without which it is not installed. */
  readonly kinds: readonly string[];
  /** Its manifests for this repository, as a path below dist. */
  readonly folder: string;
  /** Commands that install it, in a pinned release. */
  readonly install: readonly string[];
}

const ARGO_CD = 'v3.4.12';
const FLUX = 'v2.8.8';

export const ENGINES: Readonly<Record<Engine['id'], Engine>> = {
  argocd: {
    id: 'argocd',
    title: 'Argo CD',
    ...GITOPS_ENGINES.argocd,
    folder: 'gitops/argocd',
    // Its CRDs are too large for the annotation of a client-side apply.
    install: [
      'kubectl create namespace argocd',
      `kubectl apply -n argocd --server-side --force-conflicts -f https://raw.githubusercontent.com/argoproj/argo-cd/${ARGO_CD}/manifests/install.yaml`,
    ],
  },
  flux: {
    id: 'flux',
    title: 'Flux',
    ...GITOPS_ENGINES.flux,
    folder: 'gitops/flux',
    install: [
      `kubectl apply --server-side -f https://github.com/fluxcd/flux2/releases/download/${FLUX}/install.yaml`,
    ],
  },
};

/** The engine that adopts the cluster: `wanted`, or the topology's only one. Undefined if neither is given. */
export function engineOf(gitops: Gitops, wanted: Engine['id'] | undefined): Engine | undefined {
  const { engine } = gitops;
  if (engine === 'both') return wanted === undefined ? undefined : ENGINES[wanted];
  return wanted === undefined || wanted === engine ? ENGINES[engine] : undefined;
}
