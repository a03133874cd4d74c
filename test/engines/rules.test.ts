import { join } from 'node:path';
import { App } from 'cdk8s';
import { k8s } from 'cdk8s-plus-28';
import fc from 'fast-check';
import { argoCd, Bgp, depth, LAYERS, ManifestChart, manifestFiles } from '../../charts/index.ts';
import type { TopologyInput } from '../../topology/index.ts';
import { dualStack, engineFiles, manifestObjects, report } from '../charts/topologies.ts';
import type { KubernetesObject } from '../charts/upstream.ts';
import { arbitraryTopology } from '../cli/arbitrary-topology.ts';
import { fabricOf } from '../fabric-of.ts';
import { expectGolden } from '../golden.ts';
import { denial } from './argocd.ts';
import { groupOf, idOf, isCustom } from './cluster.ts';
import { belowDist, objectsAt } from './folder.ts';
import { gitopsOf, TOPOLOGIES, withEngine } from './topologies.ts';

const both = (topology: TopologyInput) => engineFiles(withEngine(topology, 'both'));
const named = (objects: readonly KubernetesObject[], kind: string) =>
  objects.filter((object) => object.kind === kind);
const below = (files: ReadonlyMap<string, string>, folder: string): KubernetesObject[] =>
  manifestObjects(new Map([...files].filter(([path]) => path.startsWith(folder))));

const everywhere = Object.entries<TopologyInput>(TOPOLOGIES);

test.each([
  ['argocd', ['argocd']],
  ['flux', ['flux']],
  ['both', ['argocd', 'flux']],
] as const)('engine %s renders the folders of %j and no other', (engine, expected) => {
  const paths = [...gitopsOf(withEngine(report, engine)).keys()];
  expect([...new Set(paths.map((path) => path.split('/')[1]))].sort()).toEqual(expected);
});

describe('Both engines have one graph', () => {
  const files = both(report);
  const layers = (engine: string) =>
    Object.fromEntries(
      objectsAt(files, `gitops/${engine}/layers`).map((one) => [
        one.metadata.name.replace('noencap-', ''),
        one,
      ]),
    );

  test('of the same layers, at the same folders and the same revision', () => {
    const folders = Object.fromEntries(LAYERS.map(({ name, folder }) => [name, folder]));
    const argoCd = Object.entries(layers('argocd')).map(([name, { spec }]) => [
      name,
      belowDist(spec.source.path),
    ]);
    const flux = Object.entries(layers('flux')).map(([name, { spec }]) => [name, belowDist(spec.path)]);
    expect(Object.fromEntries(argoCd)).toEqual(folders);
    expect(Object.fromEntries(flux)).toEqual(folders);
    for (const { spec } of Object.values(layers('argocd'))) {
      expect(spec.source).toMatchObject({ repoURL: report.gitops.repoURL, targetRevision: 'main' });
    }
    const [source] = below(files, 'gitops/flux/source.yaml');
    expect(source?.spec).toMatchObject({ url: report.gitops.repoURL, ref: { branch: 'main' } });
  });

  test('in the order of LAYERS: waves rise along every edge, and dependsOn is the edge', () => {
    const waves = Object.fromEntries(
      Object.entries(layers('argocd')).map(([name, { metadata }]) => [
        name,
        Number(metadata.annotations?.['argocd.argoproj.io/sync-wave']),
      ]),
    );
    for (const layer of LAYERS) {
      const depends = (layers('flux')[layer.name]?.spec.dependsOn ?? []) as { name: string }[];
      expect(depends.map(({ name }) => name.replace('noencap-', ''))).toEqual(layer.after);
      expect(waves[layer.name]).toBe(depth(layer));
      for (const name of layer.after) expect(waves[layer.name]).toBeGreaterThan(waves[name] ?? Number.NaN);
    }
  });

  test('of every folder of dist/cluster', () => {
    const folders = [...files.keys()].flatMap((path) => /^cluster\/[^/]+/.exec(path) ?? []);
    expect([...new Set(folders)].sort()).toEqual(LAYERS.map(({ folder }) => folder).sort());
  });
});

describe.each(everywhere)('%s', (_name, topology) => {
  const files = both(topology);
  const cluster = below(files, 'cluster/');

  test('every custom resource may be planned before its CRD is there', () => {
    const custom = cluster.filter(isCustom);
    expect(custom.length).toBeGreaterThan(2);
    for (const object of custom) {
      const options = object.metadata.annotations?.['argocd.argoproj.io/sync-options']?.split(',') ?? [];
      expect({ [idOf(object)]: options }).toEqual({
        [idOf(object)]: expect.arrayContaining(['SkipDryRunOnMissingResource=true']),
      });
    }
  });

  test('Argo CD applies server-side, tries again, heals, prunes, and never prunes all', () => {
    for (const { spec, metadata } of named(below(files, 'gitops/argocd/'), 'Application')) {
      expect(spec.syncPolicy.automated).toEqual({ prune: true, selfHeal: true, allowEmpty: false });
      expect(spec.syncPolicy.syncOptions).toContain('ServerSideApply=true');
      // A limit: otherwise a revision that cannot be applied would block the one that fixes it forever.
      expect(spec.syncPolicy.retry.limit).toBeGreaterThan(3);
      expect(metadata).not.toHaveProperty('finalizers');
      // test/charts/write-back.test.ts: the operator writes nothing back that git does not say.
      expect(spec).not.toHaveProperty('ignoreDifferences');
    }
  });

  test('nothing asks for Replace, which would win over server-side apply, and nothing is a hook', () => {
    for (const object of [...cluster, ...below(files, 'gitops/')]) {
      expect(JSON.stringify(object.metadata.annotations ?? {})).not.toMatch(/Replace=true|\/hook/);
      expect(JSON.stringify(object.spec?.syncPolicy ?? {})).not.toContain('Replace=true');
    }
  });

  test('Flux prunes, orphans, decrypts if there are passwords, and substitutes nothing', () => {
    const kustomizations = named(below(files, 'gitops/flux/'), 'Kustomization');
    expect(kustomizations).toHaveLength(LAYERS.length + 1);
    for (const { spec, metadata } of kustomizations) {
      expect(spec).toMatchObject({ prune: true, deletionPolicy: 'Orphan', timeout: '10m' });
      expect(spec).not.toHaveProperty('postBuild');
      // kustomize-controller then silently ignores the checks.
      if (spec.wait) expect(spec).not.toHaveProperty('healthChecks');
      const hasPasswords = JSON.stringify(topology.routers).includes('"password"');
      expect(spec.decryption).toEqual(
        hasPasswords && metadata.name === 'noencap-bgp' ? { provider: 'sops' } : undefined,
      );
    }
    // A parent that adds postBuild to what it applies would find nothing to substitute either.
    for (const [path, text] of files)
      expect({ path, found: text.match(/\$\{?\w/) }).toEqual({ path, found: null });
  });

  test('the project allows what is rendered', () => {
    const [project] = below(files, 'gitops/argocd/project.yaml') as [KubernetesObject];
    for (const application of named(below(files, 'gitops/argocd/'), 'Application')) {
      for (const object of objectsAt(files, belowDist(application.spec.source.path))) {
        expect({ [idOf(object)]: denial(project, application, object) }).toEqual({
          [idOf(object)]: undefined,
        });
      }
    }
  });

  test('what people apply is in the root of each engine, and is applied server-side', () => {
    expect(objectsAt(files, 'gitops/argocd').map(idOf)).toEqual([
      'ConfigMap. argocd/argocd-cm',
      'AppProject.argoproj.io argocd/noencap',
      'Application.argoproj.io argocd/noencap',
    ]);
    expect(objectsAt(files, 'gitops/flux').map(idOf)).toEqual([
      'Kustomization.kustomize.toolkit.fluxcd.io flux-system/noencap',
      'GitRepository.source.toolkit.fluxcd.io flux-system/noencap',
    ]);
  });
});

describe('The project', () => {
  const projectOf = (topology: TopologyInput): KubernetesObject['spec'] =>
    named(below(both(topology), 'gitops/argocd/'), 'AppProject')[0]?.spec;
  const kindsIn = (list: { group: string; kind: string }[]) =>
    list.map(({ group, kind }) => `${group}/${kind}`);

  test('allows nothing that no topology needs', () => {
    const needed = everywhere.flatMap(([, topology]) => {
      const files = both(topology);
      return [...below(files, 'cluster/'), ...below(files, 'gitops/argocd/layers/')];
    });
    const kinds = (wide: boolean) => [
      ...new Set(
        needed
          .filter(({ metadata }) => (metadata.namespace === undefined) === wide)
          .map((object) => `${groupOf(object)}/${object.kind}`),
      ),
    ];
    const spec = projectOf(report);
    expect(kindsIn(spec.clusterResourceWhitelist).sort()).toEqual(kinds(true).sort());
    expect(kindsIn(spec.namespaceResourceWhitelist).sort()).toEqual(kinds(false).sort());
    const namespaces = [...new Set(needed.flatMap(({ metadata }) => metadata.namespace ?? []))];
    expect(spec.destinations.map(({ namespace }: { namespace: string }) => namespace)).toEqual(
      namespaces.sort(),
    );
    expect(JSON.stringify(spec)).not.toContain('*');
  });

  test('allows what any topology renders', () => {
    fc.assert(
      fc.property(arbitraryTopology, (topology) => {
        const files = both(topology);
        const [project] = below(files, 'gitops/argocd/project.yaml') as [KubernetesObject];
        const applications = named(below(files, 'gitops/argocd/'), 'Application');
        const denied = applications.flatMap((application) =>
          objectsAt(files, belowDist(application.spec.source.path)).flatMap(
            (object) => denial(project, application, object) ?? [],
          ),
        );
        expect(denied).toEqual([]);
      }),
      { numRuns: 30 },
    );
  });

  test('is one for all of them, so that a change of the topology needs no hand', () => {
    const { description: _own, sourceRepos: _repos, ...spec } = projectOf(report);
    for (const [, topology] of everywhere) expect(projectOf(topology)).toMatchObject(spec);
  });

  test('allows what your own chart contains, and no more', () => {
    const app = new App();
    const fabric = fabricOf(report);
    new Bgp(app, fabric);
    const own = new ManifestChart(app, 'cluster/30-bgp/own.yaml');
    new k8s.KubeSecret(own, 'secret', { metadata: { name: 'a', namespace: 'mine' } });
    new k8s.KubePriorityClass(own, 'class', { metadata: { name: 'a' }, value: 1 });
    argoCd(app, fabric);
    const [project] = below(manifestFiles(app), 'gitops/argocd/project.yaml') as [KubernetesObject];
    const { clusterResourceWhitelist, namespaceResourceWhitelist, destinations } = project.spec;
    const usual = projectOf(report);
    const more = <T>(after: T[], before: T[]) =>
      after.filter((one) => !before.some((other) => JSON.stringify(other) === JSON.stringify(one)));
    expect(more(clusterResourceWhitelist, usual.clusterResourceWhitelist)).toEqual([
      { group: 'scheduling.k8s.io', kind: 'PriorityClass' },
    ]);
    expect(more(namespaceResourceWhitelist, usual.namespaceResourceWhitelist)).toEqual([
      { group: '', kind: 'Secret' },
    ]);
    expect(more(destinations, usual.destinations)).toEqual([
      { namespace: 'mine', server: 'https://kubernetes.default.svc' },
    ]);
  });
});

describe('Flux gets the kind of the revision', () => {
  const reference = (targetRevision: string) => {
    const topology = { ...report, gitops: { ...report.gitops, engine: 'flux', targetRevision } } as const;
    return named(manifestObjects(gitopsOf(topology)), 'GitRepository')[0]?.spec.ref;
  };
  test.each([
    ['main', { branch: 'main' }],
    ['release/1.2', { branch: 'release/1.2' }],
    ['deadbeef', { branch: 'deadbeef' }],
    ['v1.2.0', { tag: 'v1.2.0' }],
    ['1.2.0-rc.1', { tag: '1.2.0-rc.1' }],
    ['v1.2', { branch: 'v1.2' }],
    ['0123456789abcdef0123456789abcdef01234567', { commit: '0123456789abcdef0123456789abcdef01234567' }],
    ['refs/tags/home-7', { name: 'refs/tags/home-7' }],
    ['refs/heads/main', { name: 'refs/heads/main' }],
  ])('%s', (revision, expected) => {
    expect(reference(revision)).toEqual(expected);
  });
});

test.each([
  ['git@git.example:net/fabric.git', 'ssh://git@git.example/net/fabric.git'],
  ['git@git.example:/srv/fabric.git', 'ssh://git@git.example/srv/fabric.git'],
  ['ssh://git@git.example:2222/net.git', 'ssh://git@git.example:2222/net.git'],
])('Flux reads %s as a URL, with a key', (repoURL, url) => {
  const topology = { ...report, gitops: { engine: 'flux', repoURL } } as const;
  const [source] = named(manifestObjects(gitopsOf(topology)), 'GitRepository');
  expect(source?.spec).toMatchObject({ url, secretRef: { name: 'noencap-repository' } });
});

test('dist/gitops of dual stack with passwords matches the reviewed files (UPDATE_GOLDEN=1 rewrites them)', () => {
  const files = [...gitopsOf(withEngine(dualStack, 'both'))]
    .filter(([path]) => !path.endsWith('argocd-cm.yaml'))
    .map(([path, text]): [string, string] => [path.replace('gitops/', ''), text]);
  expectGolden(join('test', 'engines', 'golden'), files);
});
