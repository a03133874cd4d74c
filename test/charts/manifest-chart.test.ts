import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, Chart } from 'cdk8s';
import { k8s } from 'cdk8s-plus-28';
import { Construct } from 'constructs';
import { ManifestChart, manifestFiles } from '../../charts/index.ts';
import { clusterApp } from '../../main.ts';
import { fabricOf } from '../fabric-of.ts';
import { dualStack, report } from './topologies.ts';

const HEADER = /^# Rendered by noencap.*\n/;

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'noencap-cdk8s-'));
});

afterEach(() => rmSync(folder, { recursive: true }));

function namespace(chart: Chart, id: string, name: string): void {
  new k8s.KubeNamespace(chart, id, { metadata: { name } });
}

describe("cdk8s's own synth and ours", () => {
  test.each([
    ['the report', report],
    ['dual stack', dualStack],
  ])('write the same bytes below the header: %s', (_name, topology) => {
    const files = manifestFiles(clusterApp(fabricOf(topology), undefined));
    const ours = [...files]
      .filter(([file]) => !file.endsWith('/kustomization.yaml'))
      .map(([, text]) => text.replace(HEADER, ''));

    const app = clusterApp(fabricOf(topology), undefined);
    Object.assign(app, { outdir: folder });
    app.synth();
    const theirs = readdirSync(folder).map((name) => readFileSync(join(folder, name), 'utf8'));

    expect(ours.length).toBeGreaterThan(3);
    expect(ours.sort()).toEqual(theirs.sort());
  });
});

describe('The files of a cdk8s app', () => {
  test('contain nested constructs, after their dependencies, as in cdk8s itself', () => {
    const app = new App({ outdir: folder });
    const chart = new ManifestChart(app, 'cluster/30-bgp/a.yaml');
    const inner = new Construct(new Construct(chart, 'outer'), 'inner');
    const late = new k8s.KubeNamespace(inner, 'late', { metadata: { name: 'late' } });
    const early = new k8s.KubeNamespace(inner, 'early', { metadata: { name: 'early' } });
    late.addDependency(early);
    const text = manifestFiles(app).get('cluster/30-bgp/a.yaml')?.replace(HEADER, '');
    expect(text?.match(/name: .*/g)).toEqual(['name: early', 'name: late']);
    app.synth();
    expect(text).toBe(readFileSync(join(folder, 'cluster-30-bgp-a-yaml.k8s.yaml'), 'utf8'));
  });

  test('are not written if a construct is invalid', () => {
    const app = new App();
    const chart = new ManifestChart(app, 'cluster/30-bgp/a.yaml');
    chart.node.addValidation({ validate: () => ['no replicas'] });
    expect(() => manifestFiles(app)).toThrow('cluster-30-bgp-a-yaml: no replicas');
  });

  test('have a kustomization.yaml in each folder that names them, sorted, and nothing else', () => {
    const app = new App();
    namespace(new ManifestChart(app, 'cluster/30-bgp/b.yaml'), 'b', 'b');
    namespace(new ManifestChart(app, 'cluster/30-bgp/a.yaml'), 'a', 'a');
    const files = manifestFiles(app);
    expect([...files.keys()]).toEqual([
      'cluster/30-bgp/b.yaml',
      'cluster/30-bgp/a.yaml',
      'cluster/30-bgp/kustomization.yaml',
    ]);
    expect(files.get('cluster/30-bgp/kustomization.yaml')?.replace(HEADER, '')).toBe(
      'apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n  - a.yaml\n  - b.yaml\n',
    );
  });

  test('cannot be one file of two charts', () => {
    const app = new App();
    new ManifestChart(app, 'cluster/30-bgp/a.yaml');
    class Other extends ManifestChart {}
    // Two constructs with the same name never get that far: cdk8s refuses them.
    expect(() => new Other(app, 'cluster/30-bgp/a.yaml')).toThrow(/already a Construct with name/);
    Object.assign(new ManifestChart(app, 'cluster/30-bgp/b.yaml'), { file: 'cluster/30-bgp/a.yaml' });
    expect(() => manifestFiles(app)).toThrow('two charts render cluster/30-bgp/a.yaml');
  });

  test('cannot contain one object twice, in one chart or in two', () => {
    const app = new App();
    namespace(new ManifestChart(app, 'cluster/30-bgp/a.yaml'), 'a', 'same');
    namespace(new ManifestChart(app, 'cluster/30-bgp/b.yaml'), 'b', 'same');
    expect(() => manifestFiles(app)).toThrow('Namespace. /same is rendered twice');
    const one = new App();
    const chart = new ManifestChart(one, 'cluster/30-bgp/a.yaml');
    namespace(chart, 'a', 'same');
    namespace(chart, 'b', 'same');
    expect(() => manifestFiles(one)).toThrow('Namespace. /same is rendered twice');
  });

  test('distinguish objects of one name by kind, group and namespace', () => {
    const app = new App();
    const chart = new ManifestChart(app, 'cluster/30-bgp/a.yaml');
    namespace(chart, 'a', 'same');
    for (const name of ['one', 'two']) {
      new k8s.KubeServiceAccount(chart, name, { metadata: { name: 'same', namespace: name } });
    }
    expect(() => manifestFiles(app)).not.toThrow();
  });

  test("are in a layer's folder, if they are in dist/cluster at all", () => {
    expect(() => new ManifestChart(new App(), 'cluster/40-own/a.yaml')).toThrow(
      'cluster/40-own/a.yaml is not in any layer of charts/layers.ts: no engine would apply it',
    );
    expect(() => new ManifestChart(new App(), 'gitops/own/a.yaml')).not.toThrow();
  });

  test("need a file for every chart: cdk8s's own Chart has none", () => {
    const app = new App();
    new Chart(app, 'own');
    expect(() => manifestFiles(app)).toThrow('own is not a ManifestChart: it has no file');
  });
});
