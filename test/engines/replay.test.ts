import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LAYERS } from '../../charts/index.ts';
import type { TopologyInput } from '../../topology/index.ts';
import { engineFiles, report, withCalico } from '../charts/topologies.ts';
import { publishedManifest, upstreamTest } from '../charts/upstream.ts';
import { type Outcome, replayArgoCd } from './argocd.ts';
import { apply, type Cluster, emptyCluster, tick, unhealthy } from './cluster.ts';
import { replayFlux } from './flux.ts';
import { type Files, objectsAt } from './folder.ts';
import { TOPOLOGIES, vendored, withEngine } from './topologies.ts';

const REPLAYS: Readonly<Record<'argocd' | 'flux', (files: Files, cluster?: Cluster) => Outcome>> = {
  argocd: replayArgoCd,
  flux: replayFlux,
};

function expectInOrder(files: Files, engine: 'argocd' | 'flux'): Outcome {
  const outcome = REPLAYS[engine](files);
  const { early, unfinished } = outcome;
  expect({ early, unfinished }).toEqual({ early: [], unfinished: [] });
  return outcome;
}

describe('On an empty cluster everything is applied in order, and completes', () => {
  const cases = Object.entries<TopologyInput>(TOPOLOGIES).flatMap(([name, topology]) =>
    (['argocd', 'flux'] as const)
      .filter((engine) => [engine, 'both'].includes(topology.gitops.engine ?? 'argocd'))
      .map((engine) => [engine, name, topology] as const),
  );
  test.each(cases)('%s: %s', (engine, _name, topology) => {
    const { cluster } = expectInOrder(engineFiles(topology), engine);
    const peers = [...cluster.objects.values()].filter(({ kind }) => kind === 'BGPPeer');
    expect(peers.length).toBeGreaterThan(0);
  });

  upstreamTest('both: Calico v3.26.1, whose CRDs come with the vendored manifest', (upstream) => {
    const text = publishedManifest(upstream, 'v3.26.1');
    const folder = mkdtempSync(join(tmpdir(), 'noencap-vendored-'));
    try {
      const path = join(folder, 'tigera-operator.yaml');
      writeFileSync(path, text);
      const files = engineFiles(vendored(text), path);
      for (const engine of ['argocd', 'flux'] as const) expectInOrder(files, engine);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

/** The state after the bootstrap: each layer applied, and the cluster healthy. */
function bootstrapped(files: Files): Cluster {
  const cluster = emptyCluster();
  for (const { folder } of LAYERS) {
    const errors = objectsAt(files, folder).flatMap((object) => apply(cluster, object) ?? []);
    expect(errors).toEqual([]);
    for (let at = 0; at < 20; at++) tick(cluster);
    expect(unhealthy(cluster, objectsAt(files, folder))).toEqual([]);
  }
  return cluster;
}

describe.each(['argocd', 'flux'] as const)('%s takes over what was bootstrapped', (engine) => {
  test.each(Object.entries<TopologyInput>(TOPOLOGIES).filter(([, { gitops }]) => gitops.engine === 'both'))(
    'and changes nothing: %s',
    (_name, topology) => {
      const files = engineFiles(topology);
      const cluster = bootstrapped(files);
      const own = ([id]: [string, unknown]) => /\.(argoproj\.io|kustomize|source)|argocd-cm/.test(id);
      const before = [...cluster.objects].filter((entry) => !own(entry));
      const { early, unfinished } = REPLAYS[engine](files, cluster);
      expect({ early, unfinished }).toEqual({ early: [], unfinished: [] });
      expect([...cluster.objects].filter((entry) => !own(entry))).toEqual(before);
    },
  );
});

describe('A new Calico', () => {
  const filesOf = (version: string) => engineFiles(withEngine(withCalico(report, { version }), 'both'));
  const [before, after] = [filesOf('v3.31.7'), filesOf('v3.32.1')];

  test('Flux: the operator first, and each layer only when the one before is well again', () => {
    const { cluster } = replayFlux(before);
    const { early, unfinished, order } = replayFlux(after, cluster, 'main@sha1:2');
    expect({ early, unfinished }).toEqual({ early: [], unfinished: [] });
    expect(order.map((line) => line.split(':')[0])).toEqual([
      'noencap',
      'noencap-operator',
      'noencap-installation',
      'noencap-node-labels',
      'noencap-bgp',
    ]);
  });

  test('Argo CD: all at once, and well in the end', () => {
    const { cluster } = replayArgoCd(before);
    const { unfinished } = replayArgoCd(after, cluster);
    expect(unfinished).toEqual([]);
    const operator = cluster.objects.get('Deployment.apps tigera-operator/tigera-operator');
    expect(operator?.spec.template.spec.containers[0].image).toContain('v1.42.3');
    expect(operator?.status).toMatchObject({ running: true });
  });
});

/** The order in which folders are applied, as a reader would watch it. */
describe('Applied one after the other, with the v3 API and passwords', () => {
  const files = engineFiles(TOPOLOGIES['passwords with the v3 API']);
  const peers = Array(6).fill('BGPPeer').join(' ');

  test('Argo CD: a wave at a time, and the Installation twice, because its CRD appears moments after the operator', () => {
    expect(replayArgoCd(files).order).toEqual([
      'noencap: Application',
      'noencap-operator: Namespace ServiceAccount ClusterRole ClusterRole ClusterRoleBinding RoleBinding Deployment',
      'noencap: Application',
      'noencap-installation: Installation APIServer',
      'noencap-installation: Installation APIServer',
      'noencap: Application',
      'noencap-node-labels: Namespace ServiceAccount ClusterRole ClusterRoleBinding Job Job Job CronJob CronJob',
      'noencap: Application',
      `noencap-bgp: Role RoleBinding BGPConfiguration BGPFilter ${peers}`,
    ]);
  });

  test('Flux: all layers at once, each of which waits for the one before', () => {
    expect(replayFlux(files).order).toEqual([
      'noencap: Kustomization Kustomization Kustomization Kustomization',
      'noencap-operator: Namespace ServiceAccount ClusterRole ClusterRole ClusterRoleBinding RoleBinding Deployment',
      'noencap-installation: Installation APIServer',
      'noencap-node-labels: Namespace ServiceAccount ClusterRole ClusterRoleBinding Job Job Job CronJob CronJob',
      `noencap-bgp: BGPConfiguration BGPFilter ${peers} Role RoleBinding`,
    ]);
  });
});
