import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TopologyInput } from '../../topology/index.ts';
import { engineFiles, report } from '../charts/topologies.ts';
import { publishedManifest, upstreamTest } from '../charts/upstream.ts';
import { replayArgoCd } from './argocd.ts';
import { apply, type Cluster, idOf } from './cluster.ts';
import { ARGO_CD_ACCIDENTS, FLUX_ACCIDENTS, isVital, withDependents } from './deletions.ts';
import { replayFlux } from './flux.ts';
import { edited, type Files, objectsAt } from './folder.ts';
import { TOPOLOGIES, vendored, withEngine } from './topologies.ts';

const ENGINES = [
  ['Argo CD', replayArgoCd, ARGO_CD_ACCIDENTS],
  ['Flux', replayFlux, FLUX_ACCIDENTS],
] as const;

type Engine = (typeof ENGINES)[number];

/** The parts of the pod network that each accident of an engine removes. */
function lost([, replay, accidents]: Engine, files: Files): string[] {
  const { cluster } = replay(files);
  return Object.entries(accidents).flatMap(([name, accident]) =>
    withDependents(cluster, accident(cluster, files))
      .filter(isVital)
      .map((object) => `${name}: ${idOf(object)}`),
  );
}

const vital = (cluster: Cluster): string[] =>
  [...cluster.objects.values()].filter(isVital).map(({ kind }) => kind);

describe.each(ENGINES)('No accident with %s takes the pod network down', (...engine) => {
  test.each(Object.entries<TopologyInput>(TOPOLOGIES))('%s', (_name, topology) => {
    const files = engineFiles(withEngine(topology, 'both'));
    expect(vital(engine[1](files).cluster)).toEqual(
      expect.arrayContaining(['BGPConfiguration', 'Deployment', 'IPPool', 'Installation', 'Namespace']),
    );
    expect(lost(engine, files)).toEqual([]);
  });

  upstreamTest('Calico v3.26.1, with the CRDs of its vendored manifest', (upstream) => {
    const text = publishedManifest(upstream, 'v3.26.1');
    const folder = mkdtempSync(join(tmpdir(), 'noencap-vendored-'));
    try {
      const path = join(folder, 'tigera-operator.yaml');
      writeFileSync(path, text);
      const files = engineFiles(vendored(text), path);
      expect(vital(engine[1](files).cluster)).toContain('CustomResourceDefinition');
      expect(lost(engine, files)).toEqual([]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe('A guard that is missing shows', () => {
  const files = engineFiles(TOPOLOGIES['passwords with the v3 API']);
  const GUARDED: readonly [string, string, string][] = [
    ['Namespace', 'tigera-operator', 'cluster/00-operator/operator.yaml'],
    ['Deployment', 'tigera-operator', 'cluster/00-operator/operator.yaml'],
    ['ClusterRole', 'tigera-operator', 'cluster/00-operator/operator.yaml'],
    ['Installation', 'default', 'cluster/10-installation/installation.yaml'],
    ['APIServer', 'default', 'cluster/10-installation/installation.yaml'],
    ['BGPConfiguration', 'default', 'cluster/30-bgp/bgp.yaml'],
  ];
  test.each(GUARDED)('on %s %s', (kind, name, path) => {
    const bare = edited(files, path, (object) => {
      if (object.kind === kind && object.metadata.name === name)
        Object.assign(object.metadata, { annotations: {} });
    });
    for (const engine of ENGINES) expect(lost(engine, bare).join('\n')).toContain(`${kind}.`);
  });

  test('on the layers of Flux, whose deletion would remove whatever is not guarded itself', () => {
    const path = 'gitops/flux/layers/bgp.yaml';
    const mirrored = edited(files, path, ({ spec }) => delete spec.deletionPolicy);
    const accident = FLUX_ACCIDENTS['every Kustomization is deleted'];
    const deleted = (from: Files) =>
      accident?.(replayFlux(from).cluster, from).map(({ kind }) => kind) ?? ['no such accident'];
    expect(deleted(files)).toEqual([]);
    expect(deleted(mirrored)).toContain('BGPPeer');
  });

  test('on the Applications, where a finalizer would remove whatever is not guarded itself', () => {
    const finalizers = ['resources-finalizer.argocd.argoproj.io'];
    const path = 'gitops/argocd/layers/bgp.yaml';
    const final = edited(files, path, ({ metadata }) => {
      Object.assign(metadata, { finalizers });
    });
    const accident = ARGO_CD_ACCIDENTS['every Application is deleted'];
    const deleted = (from: Files) =>
      accident?.(replayArgoCd(from).cluster, from).map(({ kind }) => kind) ?? ['no such accident'];
    expect(deleted(files)).toEqual([]);
    expect(deleted(final)).toContain('BGPPeer');
  });
});

/** What both engines do with the next commit to a layer: apply what it contains, delete what it no longer does. */
function next(cluster: Cluster, before: Files, after: Files, folder: string) {
  const objects = objectsAt(after, folder);
  const added = objects.filter((object) => !cluster.objects.has(idOf(object))).map(idOf);
  const errors = objects.flatMap((object) => apply(cluster, object) ?? []);
  const gone = objectsAt(before, folder).filter((old) => !objects.some((one) => idOf(one) === idOf(old)));
  const guarded = gone.filter(
    ({ metadata }) =>
      metadata.annotations?.['argocd.argoproj.io/sync-options']?.includes('Prune=false') ||
      metadata.annotations?.['kustomize.toolkit.fluxcd.io/prune'] === 'disabled',
  );
  return { errors, added, pruned: gone.filter((one) => !guarded.includes(one)).map(idOf) };
}

describe('The next commit', () => {
  const before = engineFiles(withEngine(report, 'both'));
  const JOBS = 'cluster/20-node-labels';
  const jobs = (ids: readonly string[]) =>
    ids.map((id) => id.replace(/^Job\.batch noencap-system\/(.*)-[0-9a-f]{10}$/, '$1')).sort();

  test.each(ENGINES)('without a change is silent: %s', (_name, replay) => {
    const { cluster } = replay(before);
    for (const folder of ['cluster/00-operator', 'cluster/10-installation', JOBS, 'cluster/30-bgp']) {
      const was = JSON.stringify([...cluster.objects]);
      expect(next(cluster, before, before, folder)).toEqual({ errors: [], added: [], pruned: [] });
      expect(JSON.stringify([...cluster.objects])).toBe(was);
    }
  });

  test.each(ENGINES)('with another label makes new Jobs and prunes the old ones: %s', (_name, replay) => {
    const { cluster } = replay(before);
    const after = engineFiles(withEngine({ ...report, regionLabel: 'example.com/region' }, 'both'));
    const { errors, added, pruned } = next(cluster, before, after, JOBS);
    const all = ['label-kubemaster', 'label-kubenode-hkg04', 'label-kubenode-wds-1'];
    expect({ errors, added: jobs(added), pruned: jobs(pruned) }).toEqual({
      errors: [],
      added: all,
      pruned: all,
    });
  });

  test.each(ENGINES)('with a node moved makes its Job again and no other: %s', (_name, replay) => {
    const { cluster } = replay(before);
    const { 'kubenode-wds-1': moved, ...nodes } = report.nodes ?? {};
    if (moved === undefined) throw new Error('no such node');
    const after = engineFiles(
      withEngine(
        { ...report, nodes: { ...nodes, 'kubenode-wds-1': { ...moved, region: 'Global' } } },
        'both',
      ),
    );
    const { errors, added, pruned } = next(cluster, before, after, JOBS);
    expect(errors).toEqual([]);
    expect([jobs(added), jobs(pruned)]).toEqual([['label-kubenode-wds-1'], ['label-kubenode-wds-1']]);
  });

  test('that removes a region prunes its BGPPeer', () => {
    const { cluster } = replayArgoCd(before);
    const { Domestic: _gone, ...regions } = report.regions;
    const { 'domestic-agg': _router, ...routers } = report.routers;
    const after = engineFiles(withEngine({ ...report, regions, routers }, 'both'));
    expect(next(cluster, before, after, 'cluster/30-bgp')).toEqual({
      errors: [],
      added: [],
      pruned: ['BGPPeer.crd.projectcalico.org /route-reflector-domestic-domestic-agg'],
    });
  });

  test('no label Job is a hook, cleans itself up, or is guarded against pruning', () => {
    for (const { kind, metadata, spec } of objectsAt(before, JOBS)) {
      if (kind !== 'Job') continue;
      expect(metadata.annotations).toEqual({ 'kustomize.toolkit.fluxcd.io/force': 'enabled' });
      expect(spec.ttlSecondsAfterFinished).toBeUndefined();
    }
  });
});
