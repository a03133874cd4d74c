import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, parseAllDocuments } from 'yaml';
import { upstreamFolder } from '../../scripts/upstream.ts';

/** The versions of Calico against which the conformance tests check the charts; the first through a vendored manifest. */
export const VERSIONS = ['v3.26.1', 'v3.30.7', 'v3.31.7', 'v3.32.1'] as const;

const folder = upstreamFolder();

/** A test that reads upstream's files; skipped by name if there are none. */
export function upstreamTest(name: string, body: (upstream: string) => void | Promise<void>): void {
  if (folder === undefined) test.skip(name, () => {});
  else test(name, async () => body(folder));
}

export interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  // biome-ignore lint/suspicious/noExplicitAny: what stands here is what the tests are about
  readonly [field: string]: any;
}

/** The objects of a multi-document manifest. */
export const objectsIn = (text: string): KubernetesObject[] =>
  parseAllDocuments(text)
    .map((document) => document.toJS() as KubernetesObject | null)
    .filter((object) => object !== null);

export const operatorManifest = (upstream: string, version: string): string =>
  readFileSync(join(upstream, `calico-${version}`, 'tigera-operator.yaml'), 'utf8');

/** The manifest of a Calico before v3.30 as upstream published it: the CRDs are between the namespace and what uses it. */
export function publishedManifest(upstream: string, version: string): string {
  const crds = join(upstream, `calico-${version}`, 'crds');
  const [namespace = '', ...rest] = operatorManifest(upstream, version).split(/^---$/m);
  return [
    namespace,
    ...readdirSync(crds).map((file) => `\n${readFileSync(join(crds, file), 'utf8')}\n`),
    ...rest,
  ].join('---');
}

/** A structural schema, as CRDs have it. */
export interface Schema {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema | boolean;
  readonly items?: Schema;
  readonly nullable?: boolean;
  readonly format?: string;
  readonly default?: unknown;
  readonly 'x-kubernetes-validations'?: readonly CelRule[];
  readonly [keyword: string]: unknown;
}

/** An entry of x-kubernetes-validations. */
export interface CelRule {
  readonly rule: string;
  readonly message?: string;
  readonly optionalOldSelf?: boolean;
}

export interface Crd extends KubernetesObject {
  readonly spec: {
    readonly group: string;
    readonly names: { readonly kind: string; readonly plural: string };
    readonly versions: readonly {
      readonly name: string;
      readonly served: boolean;
      readonly schema: { readonly openAPIV3Schema: Schema };
    }[];
  };
}

export const crdFile = (upstream: string, version: string, name: string): Crd =>
  parse(readFileSync(join(upstream, `calico-${version}`, 'crds', `${name}.yaml`), 'utf8'));

const PLURALS: Readonly<Record<string, string>> = {
  Installation: 'installations',
  APIServer: 'apiservers',
  BGPConfiguration: 'bgpconfigurations',
  BGPPeer: 'bgppeers',
  BGPFilter: 'bgpfilters',
  BlockAffinity: 'blockaffinities',
  CalicoNodeStatus: 'caliconodestatuses',
  IPPool: 'ippools',
  TigeraStatus: 'tigerastatuses',
};

const schemas = new Map<string, Schema>();

/** The schema against which a cluster with that Calico validates an object; undefined if it has no such kind. */
export function schemaOf(
  upstream: string,
  version: string,
  { apiVersion, kind }: Pick<KubernetesObject, 'apiVersion' | 'kind'>,
): Schema | undefined {
  const key = `${version} ${apiVersion} ${kind}`;
  const known = schemas.get(key);
  if (known !== undefined) return known;
  const [group, name] = apiVersion.split('/');
  const plural = PLURALS[kind];
  if (plural === undefined) return undefined;
  const crd = crdFile(upstream, version, `${plural}.${group}`);
  const found = crd.spec.versions.find((one) => one.served && one.name === name)?.schema.openAPIV3Schema;
  if (found !== undefined) schemas.set(key, found);
  return found;
}
