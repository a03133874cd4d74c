import type { App } from 'cdk8s';
import type { Fabric } from '../fabric/index.ts';
import * as kustomize from '../imports/kustomize.toolkit.fluxcd.io.ts';
import * as source from '../imports/source.toolkit.fluxcd.io.ts';
import type { Gitops } from '../topology/model.ts';
import { LAYERS, type Layer, METRICS } from './layers.ts';
import { ManifestChart } from './manifest-chart.ts';

const NAMESPACE = 'flux-system';
const NAME = 'noencap';

/**
 * dist/gitops/flux. The user applies the source and the root; Flux applies layers/ itself: a Kustomization for each
 * layer, after those that it depends on.
 */
export function flux(app: App, fabric: Fabric): void {
  const metadata = (name: string) => ({ name, namespace: NAMESPACE });
  new source.GitRepository(new ManifestChart(app, 'gitops/flux/source.yaml'), 'repository', {
    metadata: metadata(NAME),
    spec: repository(fabric.gitops),
  });
  new kustomize.Kustomization(new ManifestChart(app, 'gitops/flux/root.yaml'), 'root', {
    metadata: metadata(NAME),
    spec: common('gitops/flux/layers'),
  });
  for (const layer of LAYERS) {
    const chart = new ManifestChart(app, `gitops/flux/layers/${layer.name}.yaml`);
    new kustomize.Kustomization(chart, 'layer', {
      metadata: metadata(`${NAME}-${layer.name}`),
      spec: {
        ...common(layer.folder),
        ...(layer.after.length === 0
          ? {}
          : { dependsOn: layer.after.map((name) => ({ name: `${NAME}-${name}` })) }),
        ...health(layer, fabric),
        ...(layer.name === 'bgp' && hasPasswords(fabric) ? SOPS : {}),
      },
    });
  }
  if (fabric.metrics !== undefined) metricsLayer(app);
}

/** Deleting it deletes what it applied. It checks no health: no layer depends on it. */
function metricsLayer(app: App): void {
  const chart = new ManifestChart(app, `gitops/flux/layers/${METRICS.name}.yaml`);
  new kustomize.Kustomization(chart, 'layer', {
    metadata: { name: `${NAME}-${METRICS.name}`, namespace: NAMESPACE },
    spec: {
      ...common(METRICS.folder),
      deletionPolicy: kustomize.KustomizationSpecDeletionPolicy.MIRROR_PRUNE,
    },
  });
}

/** By default deleting a Kustomization deletes what it applied. */
const common = (folder: string): kustomize.KustomizationSpec => ({
  sourceRef: { kind: kustomize.KustomizationSpecSourceRefKind.GIT_REPOSITORY, name: NAME },
  path: `./dist/${folder}`,
  interval: '10m',
  retryInterval: '1m',
  timeout: '10m',
  prune: true,
  deletionPolicy: kustomize.KustomizationSpecDeletionPolicy.ORPHAN,
});

function repository({ repoURL, targetRevision }: Gitops): source.GitRepositorySpec {
  const url = repositoryUrl(repoURL);
  return {
    url,
    interval: '1m',
    ref: reference(targetRevision),
    // Over SSH Flux requires a key and the host's key; over HTTPS a missing Secret would be an error.
    ...(url.startsWith('ssh:') ? { secretRef: { name: 'noencap-repository' } } : {}),
  };
}

/** Flux accepts URLs only; git and Argo CD also accept the short SSH form. */
const repositoryUrl = (url: string): string =>
  url.includes('://') ? url : `ssh://${url.replace(/:\/?/, '/')}`;

/** Argo CD detects the type of a revision; Flux needs it spelled out. A tag that does not look like a version is written refs/tags/NAME. */
function reference(revision: string): source.GitRepositorySpecRef {
  if (/^[0-9a-f]{40}$/.test(revision)) return { commit: revision };
  if (/^refs\/|^HEAD$/.test(revision)) return { name: revision };
  if (/^v?\d+\.\d+\.\d+([-+].*)?$/.test(revision)) return { tag: revision };
  return { branch: revision };
}

/** `wait` checks everything that a layer applied and ignores `healthChecks`; those name what others create because of a layer. */
function health(layer: Layer, fabric: Fabric): Partial<kustomize.KustomizationSpec> {
  switch (layer.name) {
    case 'operator':
      return { healthChecks: operatorChecks(fabric) };
    case 'installation':
      return { healthChecks: INSTALLATION_CHECKS, healthCheckExprs: EXPRESSIONS };
    case 'node-labels':
    case 'bgp':
      return { wait: true };
  }
}

/** Its Deployment has no probe and counts as available before it has created the CRDs, so the next layers wait for the CRDs. */
function operatorChecks(fabric: Fabric): kustomize.KustomizationSpecHealthChecks[] {
  const crds = [
    ...['apiservers', 'installations', 'tigerastatuses'].map((plural) => `${plural}.operator.tigera.io`),
    ...(fabric.calico.api === 'projectcalico.org/v3'
      ? []
      : ['bgpconfigurations', 'bgpfilters', 'bgppeers'].map((plural) => `${plural}.crd.projectcalico.org`)),
  ];
  return [
    { apiVersion: 'apps/v1', kind: 'Deployment', name: 'tigera-operator', namespace: 'tigera-operator' },
    ...crds.map((name) => ({
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      name,
    })),
  ];
}

const OPERATOR_API = 'operator.tigera.io/v1';

/** Without Calico's own API server pools cannot be changed, and with the v3 API there are no BGPPeers. */
const INSTALLATION_CHECKS: kustomize.KustomizationSpecHealthChecks[] = [
  { apiVersion: OPERATOR_API, kind: 'Installation', name: 'default' },
  ...['calico', 'apiserver'].map((name) => ({ apiVersion: OPERATOR_API, kind: 'TigeraStatus', name })),
];

const holds = (type: string, more = '') =>
  `status.conditions.exists(c, c.type == '${type}' && c.status == 'True'${more})`;

/**
 * Flux considers a custom resource without known conditions current as soon as it exists. A field that
 * is missing makes Flux wait. No `failed`: a degraded state during startup passes by itself, within the timeout or the next try.
 */
const EXPRESSIONS: kustomize.KustomizationSpecHealthCheckExprs[] = [
  {
    apiVersion: OPERATOR_API,
    kind: 'Installation',
    // The operator's status for an earlier spec does not apply to this one.
    current: `${holds('Ready', ' && (!has(c.observedGeneration) || c.observedGeneration == 0 || c.observedGeneration >= metadata.generation)')} && !${holds('Degraded')}`,
  },
  {
    apiVersion: OPERATOR_API,
    kind: 'TigeraStatus',
    current: `${holds('Available')} && !${holds('Degraded')}`,
  },
];

/** For encrypted Secrets of your own charts in the layer; the key is the controller's own, or in a Secret that you set with a patch. */
const SOPS = { decryption: { provider: kustomize.KustomizationSpecDecryptionProvider.SOPS } };

const hasPasswords = (fabric: Fabric): boolean =>
  fabric.peerings.some(({ password }) => password !== undefined);
