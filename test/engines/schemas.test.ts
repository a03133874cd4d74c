import { readFileSync } from 'node:fs';
import { manifestObjects } from '../charts/topologies.ts';
import { type KubernetesObject, objectsIn } from '../charts/upstream.ts';
import { engineErrors } from './schemas.ts';
import { gitopsOf, TOPOLOGIES } from './topologies.ts';

describe('Argo CD and Flux take every object of dist/gitops', () => {
  test.each(Object.entries(TOPOLOGIES))('%s', (_name, topology) => {
    const objects = manifestObjects(gitopsOf(topology));
    const kinds = new Set(objects.map(({ kind }) => kind));
    const { engine } = topology.gitops;
    if (engine !== 'flux') expect([...kinds]).toEqual(expect.arrayContaining(['AppProject', 'Application']));
    if (engine !== 'argocd')
      expect([...kinds]).toEqual(expect.arrayContaining(['GitRepository', 'Kustomization']));
    expect(engineErrors(objects)).toEqual([]);
  });
});

test.each(['docs/engines.md', 'docs/rotate-a-password.md'])('They take what %s tells to write', (page) => {
  const blocks = [...readFileSync(page, 'utf8').matchAll(/^```yaml\n([\s\S]*?)^```$/gm)].map(
    ([, text = '']) => text,
  );
  const manifests = blocks
    .filter((text) => /^kind: (Kustomization|Application)$/m.test(text))
    .flatMap(objectsIn);
  expect(manifests.length).toBeGreaterThan(0);
  expect(engineErrors(manifests)).toEqual([]);
});

describe('They refuse', () => {
  const find = (kind: string, name: string): KubernetesObject => {
    const objects = manifestObjects(gitopsOf(TOPOLOGIES['the report, both engines']));
    const found = objects.find((object) => object.kind === kind && object.metadata.name === name);
    if (found === undefined) throw new Error(`no ${kind} ${name}`);
    return structuredClone(found);
  };

  const BAD: readonly [string, KubernetesObject, (object: KubernetesObject) => void, string][] = [
    [
      'a misspelt field of an Application',
      find('Application', 'noencap'),
      ({ spec }) => (spec.syncPolicy.automatd = {}),
      'automatd is unknown',
    ],
    [
      'an Application without a destination',
      find('Application', 'noencap'),
      ({ spec }) => delete spec.destination,
      '/spec',
    ],
    [
      'sync options that are no list',
      find('Application', 'noencap'),
      ({ spec }) => (spec.syncPolicy.syncOptions = 'Prune=false'),
      '/spec/syncPolicy/syncOptions',
    ],
    [
      'an unknown field of a project',
      find('AppProject', 'noencap'),
      ({ spec }) => (spec.destinations[0].cluster = 'x'),
      'cluster is unknown',
    ],
    [
      'a policy for deletion that Flux does not know',
      find('Kustomization', 'noencap'),
      ({ spec }) => (spec.deletionPolicy = 'Keep'),
      '/spec/deletionPolicy',
    ],
    [
      'an interval without a unit',
      find('Kustomization', 'noencap'),
      ({ spec }) => (spec.interval = '10'),
      '/spec/interval',
    ],
    [
      'a health check without a kind',
      find('Kustomization', 'noencap-installation'),
      ({ spec }) => delete spec.healthChecks[0].kind,
      '/spec/healthChecks/0',
    ],
    [
      'a misspelt field of a Kustomization',
      find('Kustomization', 'noencap'),
      ({ spec }) => (spec.dependOn = []),
      'dependOn is unknown',
    ],
    [
      'a repository that is no URL',
      find('GitRepository', 'noencap'),
      ({ spec }) => (spec.url = 'git@host:path'),
      '/spec/url',
    ],
    [
      'a ConfigMap with a number',
      find('ConfigMap', 'argocd-cm'),
      ({ data }) => (data.timeout = 1),
      '/data/timeout',
    ],
  ];

  test.each(BAD)('%s', (_name, object, spoil, message) => {
    spoil(object);
    expect(engineErrors([object]).join('\n')).toContain(message);
  });
});
