import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parse, parseAllDocuments } from 'yaml';
import { applyArguments, ENGINES, foreignOwners } from '../bootstrap/index.ts';
import { LAYERS, manifestsIn } from '../charts/index.ts';
import { inGit, objectName, objectsDrift } from '../drift/index.ts';
import type { Fabric } from '../fabric/index.ts';
import { lookAtCluster, readObjects } from '../live/cluster/index.ts';
import { type Kubectl, kubectl } from '../live/kubectl.ts';
import { takeOver } from '../live/take-over.ts';
import { render } from '../repository/render.ts';
import { dualStack, withCalico } from '../test/charts/topologies.ts';
import { type KubernetesObject, schemaOf } from '../test/charts/upstream.ts';
import { afterOperator, operatorsOwn } from '../test/charts/write-back.ts';
import { fabricOf } from '../test/fabric-of.ts';
import type { TopologyInput } from '../topology/index.ts';
import { type VerdictKind, verifyCluster } from '../verify/index.ts';
import { changes, type LiveObject, live, nameOf } from './live-objects.ts';
import { readVersion, upstreamFolder } from './upstream.ts';

/**
 * `npm run e2e:cluster`: dist/cluster against a real API server, that of the cluster in KUBECONFIG. For two versions of
 * Calico and several topologies it is dry-run, applied, applied again, taken over from K3s, and applied once
 * more after what the operator would write back: nothing may be refused, nothing may change, and only the engine may own
 * a field of ours. No node is needed: the script does what the operator and K3s would do.
 *
 * It replaces CRDs and leaves everything behind, so the cluster must be disposable. One with an Installation is
 * refused, unless `--throwaway` confirms that it is.
 *
 * Exit codes: 0 all holds, 1 something does not, 3 not run.
 */
async function main(): Promise<number> {
  const upstream = upstreamFolder();
  if (!process.env.KUBECONFIG)
    return notRun('KUBECONFIG names no cluster', 'Set it to one for throwing away.');
  if (upstream === undefined) return notRun("Calico's CRDs are not there", 'Run: npm run upstream');
  const server = await kubectl(['version', '-o', 'json']);
  if (server.code !== 0) {
    return notRun(`the API server does not answer: ${server.stderr.trim()}`, 'See that KUBECONFIG is right.');
  }
  const installed = await kubectl(['get', 'installations.operator.tigera.io', '-o', 'name']);
  if (installed.code === 0 && installed.stdout.trim() !== '' && !process.argv.includes('--throwaway')) {
    const message = 'this cluster has an Installation of Calico, and this test would change it';
    return notRun(message, 'If it is for throwing away: npm run e2e:cluster -- --throwaway');
  }
  const { serverVersion } = JSON.parse(server.stdout) as { serverVersion: { gitVersion: string } };
  process.stdout.write(`Kubernetes ${serverVersion.gitVersion}\n`);
  let failed = 0;
  for (const scenario of SCENARIOS) {
    const { steps, failures } = await run(scenario, upstream);
    process.stdout.write(
      `${failures.length === 0 ? 'ok  ' : 'FAIL'}  ${scenario.name}: ${steps.join('; ')}\n`,
    );
    for (const failure of failures) process.stdout.write(`      ${failure}\n`);
    failed += failures.length === 0 ? 0 : 1;
  }
  process.stdout.write(`${SCENARIOS.length - failed} of ${SCENARIOS.length} hold\n`);
  return failed === 0 ? 0 : 1;
}

function notRun(message: string, fix: string): number {
  process.stderr.write(`e2e:cluster was not run: ${message}.\n${fix}\n`);
  return 3;
}

interface Scenario {
  readonly name: string;
  readonly version: string;
  readonly topology: TopologyInput;
}

const report: TopologyInput = parse(readFileSync('test/fixture/report/topology.yaml', 'utf8'));

/** Calico's v3 API is a CRD like any other here: v3.32 can serve it so. */
const SCENARIOS: readonly Scenario[] = ['v3.31.7', 'v3.32.1'].flatMap((version) =>
  Object.entries({ 'topology.yaml': report, 'dual stack, filters, passwords, CronJobs': dualStack }).flatMap(
    ([name, topology]) =>
      (version === 'v3.32.1'
        ? (['crd.projectcalico.org/v1', 'projectcalico.org/v3'] as const)
        : (['crd.projectcalico.org/v1'] as const)
      ).map((api) => ({
        name: `Calico ${version}, ${api}, ${name}`,
        version,
        topology: withCalico(topology, { version, api }),
      })),
  ),
);

const engine = ENGINES.argocd;

interface Outcome {
  readonly steps: string[];
  readonly failures: string[];
}

/** A kubectl whose errors end the scenario. */
class Refused extends Error {}

const must =
  (call: Kubectl) =>
  async (args: readonly string[], stdin?: string): Promise<string> => {
    const { code, stdout, stderr } = await call(args, stdin);
    if (code !== 0) throw new Refused(`kubectl ${args.join(' ')}: ${stderr.trim()}`);
    return stdout;
  };
const ask = must(kubectl);

async function run({ version, topology }: Scenario, upstream: string): Promise<Outcome> {
  const outcome: Outcome = { steps: [], failures: [] };
  const folder = mkdtempSync(join(tmpdir(), 'noencap-e2e-'));
  try {
    const fabric = fabricOf(topology);
    const files = render(fabric, undefined).files;
    for (const [path, text] of files) {
      mkdirSync(join(folder, dirname(path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    }
    await calicosKinds(upstream, version);
    const folders = LAYERS.map((layer) => join(folder, layer.folder));
    await checkAll(outcome, folders, { upstream, version, files });
    await lookedAt(outcome, fabric, files);
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    outcome.failures.push(error.message);
  } finally {
    rmSync(folder, { recursive: true });
  }
  return outcome;
}

/** What the operator does at its start, and again for a new version. Its namespace comes with the Installation. */
async function calicosKinds(upstream: string, version: string): Promise<void> {
  const crds = readVersion(upstream, version).crds;
  const list = { apiVersion: 'v1', kind: 'List', items: crds };
  await ask(
    ['apply', '--server-side', '--force-conflicts', '--field-manager=operator', '-f', '-'],
    JSON.stringify(list),
  );
  const names = crds.map(({ metadata }) => `crd/${metadata.name}`);
  await ask(['wait', '--for=condition=Established', '--timeout=60s', ...names]);
  const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'calico-system' } };
  await ask(['apply', '--server-side', '--field-manager=operator', '-f', '-'], JSON.stringify(namespace));
}

interface Rendering {
  readonly upstream: string;
  readonly version: string;
  readonly files: ReadonlyMap<string, string>;
}

async function checkAll(
  { steps, failures }: Outcome,
  folders: readonly string[],
  { upstream, version, files }: Rendering,
): Promise<void> {
  const namespaces = objectsIn(files).filter(({ kind }) => kind === 'Namespace');
  // Without its namespace the API server refuses even a dry run of an object.
  const list = { apiVersion: 'v1', kind: 'List', items: namespaces };
  const asEngine = ['apply', '--server-side', '--force-conflicts', `--field-manager=${engine.fieldManager}`];
  await ask([...asEngine, '-f', '-'], JSON.stringify(list));

  for (const folder of folders) await ask([...applyArguments(engine, folder), '--dry-run=server']);
  for (const folder of folders) await ask(applyArguments(engine, folder));
  const first = await live(ask, folders);
  steps.push(`${first.length} objects tried and applied`);

  for (const folder of folders) await ask(applyArguments(engine, folder));
  const second = await live(ask, folders);
  steps.push(tell(failures, 'applied again', changes(engine, first, second)));

  const foreign = others(second);
  steps.push(foreign.length === 0 ? `owned by ${engine.fieldManager} alone` : 'owned by others');
  failures.push(...foreign);

  await oldCopy();
  for (const folder of folders) await ask(applyArguments(engine, folder));
  const shared = others(await live(ask, folders));
  // Otherwise the next line would prove nothing.
  if (shared.length === 0) failures.push('K3s came to own nothing');
  const { halt } = await takeOver({ engine, kubectl, stop: NEVER }, folders, () => {});
  const taken = await live(ask, folders);
  const left = halt === undefined ? others(taken) : [halt.message];
  steps.push(`${left.length === 0 ? 'taken' : 'not taken'} over from K3s`);
  failures.push(...left, ...taken.flatMap(marked));

  await writeBack(upstream, version, second as readonly KubernetesObject[]);
  const written = await live(ask, folders);
  // An engine forces conflicts. That this is not needed shows that no field of ours was taken.
  for (const folder of folders) {
    await ask(applyArguments(engine, folder).filter((word) => word !== '--force-conflicts'));
  }
  steps.push(
    tell(failures, 'applied after the write-back', changes(engine, written, await live(ask, folders))),
  );
}

/** What `drift` and `verify` say of it, and of a peer that somebody adds by hand. There are no nodes here. */
async function lookedAt(
  { steps, failures }: Outcome,
  fabric: Fabric,
  files: Rendering['files'],
): Promise<void> {
  const look = async () => {
    const git = inGit(fabric, files);
    const seen = await readObjects(git.kinds, { context: undefined, stop: NEVER, isWanted: git.isWanted });
    const { objects, unknown } = objectsDrift(fabric, git, seen);
    const verdicts = verifyCluster(fabric, await lookAtCluster());
    return {
      drift: [...objects.map(objectName), ...unknown.map(({ message }) => message)],
      verdicts: verdicts.filter(({ is, kind }) => is !== 'as-promised' && OF_OBJECTS.includes(kind)),
    };
  };
  const clean = await look();
  steps.push(`drift: ${clean.drift.length === 0 ? 'none' : clean.drift.length}`);
  failures.push(
    ...clean.drift.map((one) => `drift: ${one}`),
    ...clean.verdicts.map(({ about, kind, found }) => `verify: ${kind} ${about.name}: ${found}`),
  );
  const [peer] = objectsIn(files).filter(({ kind }) => kind === 'BGPPeer');
  if (peer === undefined) return;
  const byHand = JSON.stringify({ ...peer, metadata: { name: 'by-hand' } });
  await ask(['create', '--field-manager=kubectl-create', '-f', '-'], byHand);
  const { drift, verdicts } = await look();
  await ask(['delete', '-f', '-'], byHand);
  if (drift.length !== 1) failures.push(`drift does not see the peer by hand: ${drift.join(', ') || 'none'}`);
  if (!verdicts.some(({ kind, about }) => kind === 'peer-by-hand' && about.name.endsWith('by-hand')))
    failures.push('verify does not see the peer by hand');
  steps.push('a peer by hand found');
}

/** The rest is about nodes, and about what the operator reports. */
const OF_OBJECTS: readonly VerdictKind[] = [
  'bgp-peer',
  'bgp-configuration',
  'pool',
  'peer-by-hand',
  'peer-missing',
  'pool-by-hand',
  'pool-differs',
  'pool-missing',
  'object-by-hand',
];

const others = (objects: readonly LiveObject[]): string[] =>
  objects.flatMap((object) =>
    foreignOwners(object, engine).map(
      ({ manager, fields }) => `${nameOf(object)}: ${manager} owns ${fields.join(', ')}`,
    ),
  );

const MARK = 'objectset.rio.cattle.io/hash';

const marked = (object: LiveObject): string[] =>
  MARK in (object.metadata.labels ?? {}) ? [`${nameOf(object)} still has K3s' mark`] : [];

const NEVER = new AbortController().signal;

/**
 * K3s' deploy controller starts with an old copy and gets the current one afterwards: it owns what git says, together with the
 * engine, and its mark is on the object.
 */
async function oldCopy(): Promise<void> {
  const patch = (replicas: number) => ({
    metadata: { labels: { [MARK]: 'a' } },
    spec: { controlPlaneReplicas: replicas },
  });
  for (const replicas of [1, 2]) {
    await ask([
      ...['patch', 'installations.operator.tigera.io', 'default', '--type=merge'],
      ...['--field-manager=deploy@first', `--patch=${JSON.stringify(patch(replicas))}`],
    ]);
  }
}

function tell(failures: string[], what: string, changed: readonly string[]): string {
  failures.push(...changed.map((change) => `${what}: ${change}`));
  return `${what}: ${changed.length === 0 ? 'no change' : `${changed.length} changed`}`;
}

const objectsIn = (files: ReadonlyMap<string, string>): KubernetesObject[] =>
  manifestsIn(files, 'cluster').flatMap(([, text]) =>
    parseAllDocuments(text).map((one) => one.toJS() as KubernetesObject),
  );

/** What the operator would write: into objects of ours as a merge patch, as it does, and objects of its own. */
async function writeBack(
  upstream: string,
  version: string,
  objects: readonly KubernetesObject[],
): Promise<void> {
  const asOperator = '--field-manager=operator';
  for (const object of objects) {
    const schema = schemaOf(upstream, version, object);
    if (schema === undefined) continue;
    const { spec, metadata } = afterOperator(version, schema, object) as KubernetesObject;
    const { finalizers } = metadata as { finalizers?: readonly string[] };
    const patch = { spec, ...(finalizers === undefined ? {} : { metadata: { finalizers } }) };
    const { name } = object.metadata;
    await ask(
      ['patch', '-f', '-', '--type=merge', asOperator, `--patch=${JSON.stringify(patch)}`],
      JSON.stringify({ apiVersion: object.apiVersion, kind: object.kind, metadata: { name } }),
    );
  }
  const installation = objects.find(({ kind }) => kind === 'Installation');
  const api = objects.find(({ kind }) => kind === 'BGPConfiguration')?.apiVersion ?? '';
  for (const object of operatorsOwn(api, installation?.spec ?? {})) {
    // A pool's block size cannot be changed: the pool of an earlier scenario is deleted first.
    if (object.kind === 'IPPool') {
      await ask(['delete', '--ignore-not-found', '-f', '-'], JSON.stringify(object));
    }
    await ask(['apply', '--server-side', asOperator, '--force-conflicts', '-f', '-'], JSON.stringify(object));
  }
}

main().then((code) => {
  process.exitCode = code;
});
