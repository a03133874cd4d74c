import { posix } from 'node:path';
import { ApiObject, type App, Chart, DependencyGraph, Yaml } from 'cdk8s';
import type { Construct } from 'constructs';
import { Document, Scalar, visit } from 'yaml';
import { LAYERS, METRICS } from './layers.ts';

/**
 * A chart that becomes one file. `file` is its path below dist: `cluster/30-bgp/bgp.yaml`. Throws if it is in a folder of
 * dist/cluster that is not a layer: no engine would ever apply it.
 */
export class ManifestChart extends Chart {
  readonly file: string;

  constructor(scope: Construct, file: string) {
    super(scope, file.replace(/[/.]/g, '-'), { disableResourceNameHashes: true });
    if (
      file.startsWith('cluster/') &&
      ![...LAYERS, METRICS].some(({ folder }) => folder === posix.dirname(file))
    ) {
      throw new Error(`${file} is not in any layer of charts/layers.ts: no engine would apply it`);
    }
    this.file = file;
  }

  /** In dependency order, as in `App.synth`. cdk8s's own list omits nested charts. */
  override get apiObjects(): ApiObject[] {
    return new DependencyGraph(this.node)
      .topology()
      .filter((child): child is ApiObject => child instanceof ApiObject && Chart.of(child) === this);
  }
}

/**
 * The text of every chart, by file, with a kustomization.yaml next to each, so that an engine applies these files
 * and no stray ones. Each chart is rendered once: `App.synth` would validate the whole app again for each of them.
 * Throws if a construct is invalid, if two charts share a file, or two objects an identity: the second would
 * silently replace the first.
 */
export function manifestFiles(app: App): ReadonlyMap<string, string> {
  const files = new Map<string, string>();
  const folders = new Map<string, string[]>();
  const identities = new Set<string>();
  const invalid = app.node
    .findAll()
    .flatMap(({ node }) => node.validate().map((message) => `${node.path}: ${message}`));
  if (invalid.length > 0) throw new Error(invalid.join('\n'));
  for (const chart of app.charts) {
    // A user's own chart may extend cdk8s's Chart: it then has no file.
    const { file } = chart as Partial<ManifestChart>;
    if (file === undefined) throw new Error(`${chart.node.path} is not a ManifestChart: it has no file`);
    if (files.has(file)) throw new Error(`two charts render ${file}`);
    const objects = chart.apiObjects.map((object) => object.toJson() as KubernetesObject);
    for (const object of objects) {
      const id = identity(object);
      if (identities.has(id)) throw new Error(`${id} is rendered twice`);
      identities.add(id);
    }
    files.set(file, HEADER + objects.map(yamlOf).join('---\n'));
    const folder = posix.dirname(file);
    folders.set(folder, [...(folders.get(folder) ?? []), posix.basename(file)]);
  }
  for (const [folder, names] of folders) {
    files.set(`${folder}/kustomization.yaml`, HEADER + Yaml.stringify(kustomization(names.sort())));
  }
  return files;
}

/** Both sides of a review share most objects: serialising one takes much longer than finding it in the cache. */
function yamlOf(object: KubernetesObject): string {
  const key = JSON.stringify(object);
  const text = written.get(key) ?? (GO_INTEGER.test(key) ? quoted(object) : Yaml.stringify(object));
  written.set(key, text);
  return text;
}

const written = new Map<string, string>();

/**
 * Text that Go reads as an integer (`strconv.ParseInt` with base 0, as go-yaml calls it in kubectl and kustomize) and that YAML 1.1
 * does not: `0o17`, `0O17`, `0B1`, `0X1F`. cdk8s writes YAML 1.1, so it leaves these without quotes.
 */
const GO_INTEGER = /"[-+]?0[box][\da-f_]+"/i;

/** As cdk8s writes it, but with quotes around what only Go would read as an integer. */
function quoted(object: KubernetesObject): string {
  const document = new Document(object, { version: '1.1', keepUndefined: true });
  visit(document, {
    Scalar: (_, scalar) => {
      const isText = typeof scalar.value === 'string';
      if (isText && GO_INTEGER.test(`"${scalar.value}"`)) scalar.type = Scalar.QUOTE_DOUBLE;
    },
  });
  return document.toString({ lineWidth: 0 });
}

/** The rendered files in a folder that contain objects, which excludes kustomize's own. */
export const manifestsIn = (
  files: ReadonlyMap<string, string>,
  folder: string,
): [path: string, text: string][] =>
  [...files].filter(([path]) => path.startsWith(`${folder}/`) && !path.endsWith('/kustomization.yaml'));

const HEADER = '# Rendered by noencap from topology.yaml; edit that file instead.\n';

interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
}

function identity({ apiVersion, kind, metadata }: KubernetesObject): string {
  const group = apiVersion.includes('/') ? apiVersion.split('/')[0] : '';
  return `${kind}.${group} ${metadata.namespace ?? ''}/${metadata.name}`;
}

const kustomization = (resources: readonly string[]) => ({
  apiVersion: 'kustomize.config.k8s.io/v1beta1',
  kind: 'Kustomization',
  resources,
});
