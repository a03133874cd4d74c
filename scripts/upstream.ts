import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments, stringify } from 'yaml';
import { manifestsOf, RELEASES } from '../calico/releases.ts';
import { sorted } from './sorted.ts';

/**
 * Upstream's manifests, which the conformance tests and `npm run import` read. `npm run upstream` fetches them by pinned
 * version and sha256 into .cache/upstream:
 *
 *     calico-v3.32.1/tigera-operator.yaml    the operator's objects, without the CRDs that older manifests carry
 *     calico-v3.32.1/crds/<CRD>.yaml         without descriptions, which are nine tenths of the bytes
 *
 * The pins are of this form, not of the published bytes: keys sorted, descriptions dropped. This form is stored and
 * read, so a comment that upstream rewords breaks nothing, but any change of meaning does.
 */
export const PINS: Readonly<Record<string, { readonly files: readonly string[]; readonly sha256: string }>> =
  Object.fromEntries(
    RELEASES.map(({ version, manifests }) => [version, { files: manifestsOf(version), sha256: manifests }]),
  );

/** The CRDs that the charts use, and those that determine what a cluster does with them. */
const KEPT = new Set([
  ...['apiservers', 'installations', 'tigerastatuses'].map((plural) => `${plural}.operator.tigera.io`),
  ...[
    'bgpconfigurations',
    'bgpfilters',
    'bgppeers',
    'blockaffinities',
    'caliconodestatuses',
    'felixconfigurations',
    'ippools',
    'ipreservations',
    'kubecontrollersconfigurations',
  ].flatMap((plural) => [`${plural}.crd.projectcalico.org`, `${plural}.projectcalico.org`]),
]);

const CACHE = join('.cache', 'upstream');

/**
 * The folder of upstream's files: the named one, one beside the checkout, or the fetched one; else undefined. A
 * folder that lacks a version, because its fetch failed, does not count.
 */
export function upstreamFolder(env: NodeJS.ProcessEnv = process.env): string | undefined {
  const places = env.NOENCAP_UPSTREAM ? [env.NOENCAP_UPSTREAM] : [join('..', 'shared', 'upstream'), CACHE];
  const whole = (place: string) =>
    Object.keys(PINS).every((version) => existsSync(join(place, `calico-${version}`)));
  return places.find(whole);
}

/** A Kubernetes object as a manifest has it. */
export interface UpstreamObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly spec?: unknown;
}

/** The objects of one version, in the form that is stored and pinned. */
export interface UpstreamVersion {
  readonly operator: readonly UpstreamObject[];
  readonly crds: readonly UpstreamObject[];
}

/**
 * Reduces published manifests to what is stored: other CRDs and descriptions are dropped. The operator's own manifest comes first;
 * everything in the later ones besides CRDs is installed by the operator.
 */
export function keptObjects([operator = '', ...more]: readonly string[]): UpstreamVersion {
  const own = objectsOf(operator);
  const crds = new Map<string, UpstreamObject>();
  for (const crd of [...own, ...more.flatMap(objectsOf)].filter(isCrd)) {
    const { name } = crd.metadata;
    if (KEPT.has(name) && !crds.has(name)) crds.set(name, keptCrd(crd));
  }
  return { operator: own.filter((object) => !isCrd(object)), crds: [...crds.values()] };
}

const isCrd = ({ kind }: UpstreamObject): boolean => kind === 'CustomResourceDefinition';

const keptCrd = ({ apiVersion, kind, metadata: { name }, spec }: UpstreamObject): UpstreamObject => ({
  apiVersion,
  kind,
  metadata: { name },
  spec: withoutDescriptions(spec),
});

/** The pin of a version: its objects by identity, keys sorted. */
export function digest({ operator, crds }: UpstreamVersion): string {
  const lines = [...operator, ...crds].map((object) => JSON.stringify(sorted(object))).sort();
  return createHash('sha256').update(lines.join('\n')).digest('hex');
}

/** Reads one version back from a folder of the layout above. */
export function readVersion(folder: string, version: string): UpstreamVersion {
  const place = join(folder, `calico-${version}`);
  const read = (path: string) => readFileSync(join(place, path), 'utf8');
  const names = readdirSync(join(place, 'crds')).sort();
  return keptObjects([read('tigera-operator.yaml'), ...names.map((name) => read(join('crds', name)))]);
}

/** Why a version is not available; `broken`: because of its content, else because of the download. */
export interface FetchFault {
  readonly broken: boolean;
  readonly message: string;
}

/** Fetches one version below `folder`, completely or not at all. */
export async function fetchVersion(
  base: string,
  folder: string,
  version: string,
): Promise<FetchFault | undefined> {
  const pin = PINS[version];
  if (pin === undefined) throw new Error(`no pin for Calico ${version}`);
  const kept = await publishedVersion(base, version, pin.files);
  if ('message' in kept) return kept;
  const actual = digest(kept);
  if (actual !== pin.sha256) {
    return {
      broken: true,
      message: `Calico ${version} from ${base} is not what is pinned: sha256 ${actual} instead of ${pin.sha256}`,
    };
  }
  writeVersion(folder, version, kept);
  return undefined;
}

/** What upstream publishes for a version, in the form that is stored. */
export async function publishedVersion(
  base: string,
  version: string,
  files: readonly string[],
): Promise<UpstreamVersion | FetchFault> {
  const texts: string[] = [];
  for (const file of files) {
    const url = `${base}/${version}/manifests/${file}`;
    const answer = await download(url);
    if (typeof answer !== 'string') return answer;
    texts.push(answer);
  }
  try {
    return keptObjects(texts);
  } catch (error) {
    return { broken: true, message: `Calico ${version} from ${base} is not a manifest: ${reason(error)}` };
  }
}

async function download(url: string): Promise<string | FetchFault> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(120_000) });
    if (response.ok) return await response.text();
    return { broken: false, message: `${url} answered ${response.status}` };
  } catch (error) {
    return { broken: false, message: `${url} cannot be reached: ${reason(error)}` };
  }
}

/** fetch itself only ever says "fetch failed". */
function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message || error.cause.name : error.message;
}

/** Staged beside its target and moved into place: an interrupted run leaves no version that looks complete. */
function writeVersion(folder: string, version: string, { operator, crds }: UpstreamVersion): void {
  const place = join(folder, `calico-${version}`);
  const staged = join(folder, `.calico-${version}-${process.pid}`);
  mkdirSync(join(staged, 'crds'), { recursive: true });
  writeFileSync(
    join(staged, 'tigera-operator.yaml'),
    operator.map((object) => stringify(object)).join('---\n'),
  );
  for (const crd of crds) writeFileSync(join(staged, 'crds', `${crd.metadata.name}.yaml`), stringify(crd));
  rmSync(place, { recursive: true, force: true });
  renameSync(staged, place);
}

function objectsOf(manifest: string): UpstreamObject[] {
  return parseAllDocuments(manifest).flatMap((document) => {
    const [error] = document.errors;
    if (error !== undefined) throw error;
    const object = document.toJS({ maxAliasCount: 0 }) as UpstreamObject | null;
    if (object === null) return [];
    if (typeof object.kind !== 'string' || typeof object.metadata?.name !== 'string') {
      throw new Error('a document is not a Kubernetes object');
    }
    return [object];
  });
}

/** In a schema, `description` is a text; below `properties` it is the name of a field. */
function withoutDescriptions(value: unknown, names = false): unknown {
  if (Array.isArray(value)) return value.map((item) => withoutDescriptions(item));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key, item]) => names || key !== 'description' || typeof item !== 'string')
      .map(([key, item]) => [key, withoutDescriptions(item, key === 'properties' && !names)]),
  );
}

/** Calico's repository, by tag and path. */
export const upstreamUrl = (): string =>
  process.env.NOENCAP_UPSTREAM_URL ?? 'https://raw.githubusercontent.com/projectcalico/calico';

/** Before the tests: tries to get what they need, and lets them run without it; but broken content stops them. */
async function forTests(): Promise<number> {
  if (upstreamFolder() !== undefined) return 0;
  return (await main()) === 1 ? 1 : 0;
}

/** Fetches what is missing or stale; returns the exit code. Every version is tried before it gives up. */
async function main(): Promise<number> {
  const base = upstreamUrl();
  const faults: FetchFault[] = [];
  for (const [version, { sha256 }] of Object.entries(PINS)) {
    if (isThere(version, sha256)) {
      process.stdout.write(`calico-${version}: already there\n`);
      continue;
    }
    const fault = await fetchVersion(base, CACHE, version);
    if (fault === undefined) process.stdout.write(`calico-${version}: fetched\n`);
    else {
      faults.push(fault);
      process.stderr.write(`${fault.message}\n`);
    }
  }
  if (faults.some(({ broken }) => broken)) return 1;
  if (faults.length === 0) return 0;
  process.stderr.write(
    "Upstream's manifests need the network. Without them, set NOENCAP_UPSTREAM to a folder that has them, or go on: the tests that need them are reported as skipped.\n",
  );
  return 3;
}

function isThere(version: string, sha256: string): boolean {
  try {
    return digest(readVersion(CACHE, version)) === sha256;
  } catch {
    return false;
  }
}

if (process.argv[1]?.endsWith('upstream.ts')) {
  const run = process.argv[2] === '--for-tests' ? forTests : main;
  run().then((code) => process.exit(code));
}
