import { KEEP } from '../../charts/guards.ts';
import { Operator } from '../../charts/index.ts';
import { objectsOf, report, withCalico } from './topologies.ts';
import { type KubernetesObject, objectsIn, operatorManifest, upstreamTest } from './upstream.ts';

const CARRIED = ['v3.30.7', 'v3.31.7', 'v3.32.1'] as const;

/** Objects by identity. RBAC grants the union of its rules: neither their order nor that of their words matters. */
function byIdentity(objects: readonly KubernetesObject[]): Record<string, unknown> {
  const entries = objects.map((object): [string, unknown] => [
    `${object.kind} ${object.metadata.namespace ?? ''}/${object.metadata.name}`,
    Array.isArray(object.rules) ? { ...object, rules: object.rules.map(wordSets).sort() } : object,
  ]);
  expect(new Set(entries.map(([id]) => id)).size).toBe(entries.length);
  return Object.fromEntries(entries);
}

const wordSets = (rule: Record<string, string[]>): string =>
  Object.entries(rule)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([field, words]) => `${field}: ${[...words].sort().join(' ')}`)
    .join('; ');

/** Without our guards, which must be on every object. */
function unguarded(objects: readonly KubernetesObject[]): KubernetesObject[] {
  return objects.map((object) => {
    const { annotations, ...metadata } = object.metadata;
    expect(annotations).toEqual(KEEP);
    return { ...object, metadata };
  });
}

function images(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, item]) =>
    key === 'image' && typeof item === 'string' ? [item] : images(item),
  );
}

describe.each(CARRIED)('The operator of Calico %s', (version) => {
  const plain = withCalico(report, { version, registry: undefined });

  upstreamTest("is upstream's, object by object, but for the guards", (upstream) => {
    const ours = byIdentity(unguarded(objectsOf(plain, Operator)));
    expect(ours).toEqual(byIdentity(objectsIn(operatorManifest(upstream, version))));
  });

  test('differs only in its images when a registry is given', () => {
    const theirs = JSON.stringify(objectsOf(plain, Operator));
    const ours = objectsOf(withCalico(report, { version, registry: 'mirror.example:5000/quay' }), Operator);
    expect(images(ours)).toEqual([
      expect.stringMatching(/^mirror\.example:5000\/quay\/tigera\/operator:v1\./),
    ]);
    expect(JSON.stringify(ours).replaceAll('mirror.example:5000/quay/', 'quay.io/')).toBe(theirs);
  });

  test('pulls with the given Secrets', () => {
    const objects = objectsOf(withCalico(plain, { imagePullSecrets: ['a', 'b'] }), Operator);
    expect(objects.find(({ kind }) => kind === 'ServiceAccount')?.imagePullSecrets).toEqual([
      { name: 'a' },
      { name: 'b' },
    ]);
  });
});

test("a rule with an extra verb differs from upstream's", () => {
  const role = (verbs: string[]): KubernetesObject => ({
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRole',
    metadata: { name: 'a' },
    rules: [{ apiGroups: [''], resources: ['nodes'], verbs }],
  });
  expect(byIdentity([role(['get', 'list'])])).toEqual(byIdentity([role(['list', 'get'])]));
  expect(byIdentity([role(['get', 'list'])])).not.toEqual(byIdentity([role(['get'])]));
});

test('a Calico whose operator noencap does not carry needs its manifest', () => {
  const topology = withCalico(report, {
    version: 'v3.26.1',
    operatorManifest: { path: 'a', sha256: '0'.repeat(64) },
  });
  expect(() => objectsOf(topology, Operator)).toThrow('no operator for Calico v3.26.1');
});
