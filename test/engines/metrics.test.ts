import type { TopologyInput } from '../../topology/index.ts';
import { engineFiles, report } from '../charts/topologies.ts';
import { denial, type Outcome, replayArgoCd } from './argocd.ts';
import { type Cluster, emptyCluster } from './cluster.ts';
import { replayFlux } from './flux.ts';
import { type Files, objectsAt } from './folder.ts';
import { withEngine } from './topologies.ts';

/** The layer of Prometheus and Grafana: with it, and with or without what it needs, the pod network is applied as if it were not there. */

const REPLAYS: Readonly<Record<'argocd' | 'flux', (files: Files, cluster?: Cluster) => Outcome>> = {
  argocd: replayArgoCd,
  flux: replayFlux,
};

const without = withEngine(report, 'both');
const withMetrics: TopologyInput = { ...without, metrics: { labels: { release: 'kube-prometheus-stack' } } };

/** A cluster with the Prometheus Operator in the namespace `monitoring`. */
function monitored(): Cluster {
  const cluster = emptyCluster();
  for (const kind of ['PrometheusRule', 'ScrapeConfig']) cluster.kinds.add(`monitoring.coreos.com/${kind}`);
  cluster.objects.set('Namespace. /monitoring', {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: 'monitoring' },
  });
  return cluster;
}

const inTheirOwn = (line: string): boolean => line.startsWith('noencap-metrics');

/** The objects of a cluster that neither belong to an engine nor to the metrics. */
const network = ({ cluster }: Outcome): [string, unknown][] =>
  [...cluster.objects].filter(([id]) => !/monitoring|\.(argoproj\.io|kustomize|source)|argocd-cm/.test(id));

describe.each(['argocd', 'flux'] as const)('%s', (engine) => {
  const replay = REPLAYS[engine];

  test('without the Prometheus Operator only the metrics stay unfinished; everything else is applied, in its order', () => {
    const outcome = replay(engineFiles(withMetrics));
    const plain = replay(engineFiles(without));
    expect(outcome.early).toEqual([]);
    expect(outcome.unfinished.map((line) => line.split(':')[0])).toEqual(['noencap-metrics']);
    expect(network(outcome)).toEqual(network(plain));
    // Repeated attempts of a folder count once: those of the metrics come between them.
    const order = ({ order }: Outcome) =>
      order
        .filter((line) => !inTheirOwn(line))
        .map((line) => line.split(':')[0])
        .filter((name, at, all) => name !== all[at - 1]);
    expect(order(outcome)).toEqual(order(plain));
  });

  test('with it everything is finished', () => {
    const { cluster, early, unfinished } = replay(engineFiles(withMetrics), monitored());
    expect({ early, unfinished }).toEqual({ early: [], unfinished: [] });
    const kinds = [...cluster.objects.values()]
      .filter(({ metadata }) => metadata.namespace === 'monitoring')
      .map(({ kind }) => kind);
    expect([...new Set(kinds)].sort()).toEqual(['ConfigMap', 'PrometheusRule', 'ScrapeConfig']);
  });
});

test('it is deleted with its Application or Kustomization: nobody makes that promise any more', () => {
  const files = engineFiles(withMetrics);
  const own = (folder: string) =>
    objectsAt(files, folder).find(({ metadata }) => metadata.name === 'noencap-metrics');
  expect(own('gitops/argocd')?.metadata).toMatchObject({
    finalizers: ['resources-finalizer.argocd.argoproj.io'],
  });
  expect(own('gitops/argocd/layers')).toBeUndefined();
  expect(own('gitops/flux/layers')?.spec).toMatchObject({ deletionPolicy: 'MirrorPrune', prune: true });
  expect(own('gitops/flux/layers')?.spec).not.toHaveProperty('dependsOn');
});

test('the project allows its kinds in its namespace, and did not before', () => {
  const [object] = objectsAt(engineFiles(withMetrics), 'cluster/40-metrics').filter(
    ({ kind }) => kind === 'PrometheusRule',
  );
  const [allowed, refused] = [withMetrics, without].map((topology) => {
    const files = engineFiles(topology);
    const project = objectsAt(files, 'gitops/argocd').find(({ kind }) => kind === 'AppProject');
    const application = objectsAt(engineFiles(withMetrics), 'gitops/argocd').find(
      ({ metadata }) => metadata.name === 'noencap-metrics',
    );
    if (project === undefined || application === undefined || object === undefined)
      throw new Error('no project');
    return denial(project, application, object);
  });
  expect(allowed).toBeUndefined();
  expect(refused).toBeDefined();
});

test('without `metrics` nothing of it is rendered, and with it no other file of the pod network changes', () => {
  const [off, on] = [engineFiles(without), engineFiles(withMetrics)];
  expect([...off.keys()].filter((path) => /metrics/.test(path))).toEqual([]);
  const changed = [...off].filter(([path, text]) => on.get(path) !== text).map(([path]) => path);
  expect(changed).toEqual([
    'gitops/argocd/project.yaml',
    'gitops/argocd/kustomization.yaml',
    'gitops/flux/layers/kustomization.yaml',
  ]);
});

test("nothing in it is taken for Flux' variables", () => {
  for (const object of objectsAt(engineFiles(withMetrics), 'cluster/40-metrics')) {
    expect(object.metadata.annotations).toMatchObject({
      'kustomize.toolkit.fluxcd.io/substitute': 'disabled',
    });
  }
});
