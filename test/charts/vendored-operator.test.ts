import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App } from 'cdk8s';
import { KEEP } from '../../charts/guards.ts';
import { manifestFiles, VendoredOperator } from '../../charts/index.ts';
import { fabricOf } from '../fabric-of.ts';
import { calicoOf, report, withCalico } from './topologies.ts';
import { type KubernetesObject, objectsIn, publishedManifest, upstreamTest } from './upstream.ts';

const VERSION = 'v3.26.1';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'noencap-vendored-'));
});

afterEach(() => rmSync(folder, { recursive: true }));

function rendered(manifest: string, registry?: string): KubernetesObject[] {
  const path = join(folder, 'tigera-operator.yaml');
  writeFileSync(path, manifest);
  const app = new App();
  new VendoredOperator(app, fabricOf(withCalico(report, { ...calicoOf(VERSION), registry })), path);
  const files = manifestFiles(app);
  return objectsIn(files.get('cluster/00-operator/operator.yaml') ?? '');
}

const id = ({ kind, metadata }: KubernetesObject) => `${kind} ${metadata.namespace ?? ''}/${metadata.name}`;
const byId = (objects: readonly KubernetesObject[]) =>
  Object.fromEntries(objects.map((object) => [id(object), object]));

function unguarded(object: KubernetesObject): KubernetesObject {
  const annotations = { ...object.metadata.annotations };
  for (const [key, value] of Object.entries(KEEP)) {
    expect(annotations[key]).toBe(value);
    delete annotations[key];
  }
  const { annotations: _all, ...metadata } = object.metadata;
  return {
    ...object,
    metadata: { ...metadata, ...(Object.keys(annotations).length === 0 ? {} : { annotations }) },
  };
}

describe(`The vendored operator of Calico ${VERSION}`, () => {
  upstreamTest("is upstream's, object by object, but for the guards", (upstream) => {
    const manifest = publishedManifest(upstream, VERSION);
    const ours = rendered(manifest);
    expect(ours.length).toBe(objectsIn(manifest).length);
    // A null has no meaning, and cdk8s omits it.
    const theirs = objectsIn(manifest.replaceAll(/^ *creationTimestamp: null\n/gm, ''));
    expect(byId(ours.map(unguarded))).toEqual(byId(theirs));
  });

  upstreamTest('brings its CRDs first: that operator does not install them', (upstream) => {
    const kinds = rendered(publishedManifest(upstream, VERSION)).map(({ kind }) => kind);
    const crds = kinds.filter((kind) => kind === 'CustomResourceDefinition');
    expect(crds.length).toBe(12);
    expect(kinds.slice(0, crds.length)).toEqual(crds);
    expect(kinds[crds.length]).toBe('Namespace');
  });

  upstreamTest('differs in its image alone when a registry is given', (upstream) => {
    const plain = rendered(publishedManifest(upstream, VERSION));
    const mirrored = rendered(publishedManifest(upstream, VERSION), 'mirror.example:5000/quay');
    const text = JSON.stringify(mirrored);
    expect(text).toContain('"mirror.example:5000/quay/tigera/operator:v1.30.4"');
    expect(text.replaceAll('mirror.example:5000/quay/', 'quay.io/')).toBe(JSON.stringify(plain));
  });
});

test("A vendored operator's image is pulled with the given Secrets", () => {
  const account = 'apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: operator, namespace: a}\n';
  const path = join(folder, 'tigera-operator.yaml');
  writeFileSync(path, `${account}imagePullSecrets: []\n`);
  const app = new App();
  const topology = withCalico(report, { ...calicoOf(VERSION), imagePullSecrets: ['mirror'] });
  new VendoredOperator(app, fabricOf(topology), path);
  const text = manifestFiles(app).get('cluster/00-operator/operator.yaml') ?? '';
  expect(objectsIn(text)[0]?.imagePullSecrets).toEqual([{ name: 'mirror' }]);
});

describe('Images of a vendored manifest', () => {
  const deployment = (...images: string[]) => `apiVersion: apps/v1
kind: Deployment
metadata: {name: operator, namespace: a}
spec:
  template:
    spec:
      initContainers:
        - {name: init, image: "${images[0]}"}
      containers:
        - {name: main, image: "${images[1]}", env: [{name: WHOLE, value: "quay.io/a/b:v1"}]}
`;
  const images = (objects: readonly KubernetesObject[]) => {
    const pod = objects[0]?.spec.template.spec;
    return [...pod.initContainers, ...pod.containers].map(({ image }) => image);
  };

  test('all come from the registry, those of init containers too', () => {
    expect(images(rendered(deployment('quay.io/a/init:v1', 'quay.io/a/main:v1'), 'mirror.example'))).toEqual([
      'mirror.example/a/init:v1',
      'mirror.example/a/main:v1',
    ]);
  });

  test('that name no registry keep their whole path', () => {
    expect(
      images(rendered(deployment('calico/init:v1', 'localhost:5000/main:v1'), 'mirror.example')),
    ).toEqual(['mirror.example/calico/init:v1', 'mirror.example/main:v1']);
  });

  test('stay as they are without a registry', () => {
    expect(images(rendered(deployment('calico/init:v1', 'quay.io/a/main:v1')))).toEqual([
      'calico/init:v1',
      'quay.io/a/main:v1',
    ]);
  });
});
