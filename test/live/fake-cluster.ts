import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import type { FieldSet, ManagedFields } from '../../bootstrap/ownership.ts';
import type { KubectlAnswer } from '../../live/kubectl.ts';
import { type KubernetesObject, objectsIn } from '../charts/upstream.ts';

/** A cluster as the bootstrap sees it, in one JSON document, so that a test can put anything into it. */
export interface FakeCluster {
  nodes: string[];
  /** Names of the CRDs that are established. */
  crds: string[];
  /** What is applied, and what the operator and Kubernetes create from it. */
  objects: Live[];
  /** What happens by itself after a number of further calls. */
  soon: {
    after: number;
    crds?: string[];
    objects?: Live[];
    owner?: { name: string; entry: ManagedFields };
  }[];
  /** What the operator does once its Deployment, the Installation or the Jobs are applied. */
  brings: 'all' | 'nothing';
  /** The number of calls until then. */
  pace: number;
  /** The first matching calls fail in this way. */
  fails: { match: string; stderr: string; times: number }[];
  asked: string[][];
  version: number;
}

export interface Live {
  apiVersion: string;
  kind: string;
  metadata: {
    name: string;
    namespace?: string;
    resourceVersion?: string;
    managedFields?: ManagedFields[];
    labels?: Record<string, string>;
    annotations?: Record<string, string>;
  };
  [field: string]: unknown;
}

export const emptyCluster = (change: Partial<FakeCluster> = {}): FakeCluster => ({
  nodes: ['kubemaster', 'kubenode-wds-1', 'kubenode-hkg04'],
  crds: [],
  objects: [],
  soon: [],
  brings: 'all',
  pace: 3,
  fails: [],
  asked: [],
  version: 1,
  ...change,
});

export const CALICO_KINDS = [
  'installations.operator.tigera.io',
  'apiservers.operator.tigera.io',
  'tigerastatuses.operator.tigera.io',
  ...['bgpconfigurations', 'bgpfilters', 'bgppeers', 'ippools'].map(
    (name) => `${name}.crd.projectcalico.org`,
  ),
];

export const ENGINE_KINDS = {
  argocd: ['applications.argoproj.io', 'appprojects.argoproj.io'],
  flux: ['gitrepositories.source.toolkit.fluxcd.io', 'kustomizations.kustomize.toolkit.fluxcd.io'],
};

/** kubectl's answer, with its effect on the cluster. A call that the bootstrap has no reason to make is an error. */
export function answer(cluster: FakeCluster, words: readonly string[], stdin: string): KubectlAnswer {
  cluster.asked.push([...words]);
  const args = words.filter((word) => !word.startsWith('--context='));
  pass(cluster);
  const failing = cluster.fails.find(({ match, times }) => times > 0 && args.join(' ').includes(match));
  if (failing !== undefined) {
    failing.times -= 1;
    return { code: 1, stdout: '', stderr: failing.stderr };
  }
  switch (args[0]) {
    case 'version':
      return said(
        args.includes('--client')
          ? { clientVersion: { gitVersion: 'v1.34.5' } }
          : { serverVersion: { gitVersion: 'v1.34.5+k3s1' } },
      );
    case 'config':
      return said({
        'current-context': 'home',
        clusters: [{ name: 'home', cluster: { server: 'https://192.168.100.251:6443' } }],
      });
    case 'auth':
      return { code: 0, stdout: 'yes\n', stderr: '' };
    case 'apply':
      return apply(cluster, args);
    case 'patch':
      return patch(cluster, args, JSON.parse(stdin) as Live);
    case 'get':
      return get(cluster, args.slice(1));
    default:
      return refused(`error: unknown command "${args[0]}" for "kubectl"`);
  }
}

const said = (document: object): KubectlAnswer => ({
  code: 0,
  stdout: `${JSON.stringify(document)}\n`,
  stderr: '',
});

const refused = (stderr: string): KubectlAnswer => ({ code: 1, stdout: '', stderr: `${stderr}\n` });

/** Time is counted in calls. */
function pass(cluster: FakeCluster): void {
  for (const event of cluster.soon) {
    event.after -= 1;
    if (event.after !== 0) continue;
    cluster.crds.push(...(event.crds ?? []));
    const there = (object: Live) => cluster.objects.some((one) => same(one, object));
    cluster.objects.push(...(event.objects ?? []).filter((object) => !there(object)));
  }
}

function flag(args: readonly string[], name: string): string | undefined {
  const at = args.indexOf(name);
  if (at >= 0) return args[at + 1];
  return args.find((arg) => arg.startsWith(`${name}=`))?.slice(name.length + 1);
}

/** What `-k` names: the resources of the kustomization, nothing else. */
function objectsBelow(folder: string): KubernetesObject[] {
  const { resources } = parse(readFileSync(join(folder, 'kustomization.yaml'), 'utf8')) as {
    resources: string[];
  };
  return resources.flatMap((name) => objectsIn(readFileSync(join(folder, name), 'utf8')));
}

const BUILT_IN = /^(v1|apps\/v1|batch\/v1|rbac\.authorization\.k8s\.io\/v1|apiextensions\.k8s\.io\/v1)$/;

const crdOf = ({ apiVersion, kind }: { apiVersion: string; kind: string }): string =>
  `${kind.toLowerCase()}s.${apiVersion.split('/')[0]}`;

function apply(cluster: FakeCluster, args: readonly string[]): KubectlAnswer {
  const folder = flag(args, '-k') ?? '';
  const manager = flag(args, '--field-manager') ?? 'kubectl';
  if (!args.includes('--server-side')) return refused('error: the fake applies on the server side only');
  const objects = objectsBelow(folder);
  for (const object of objects) {
    if (BUILT_IN.test(object.apiVersion) || cluster.crds.includes(crdOf(object))) continue;
    return refused(
      `error: resource mapping not found for name: "${object.metadata.name}" namespace: "" from "${folder}": no matches for kind "${object.kind}" in version "${object.apiVersion}"\nensure CRDs are installed first`,
    );
  }
  for (const object of objects) applyOne(cluster, object as unknown as Live, manager);
  return { code: 0, stdout: objects.map(({ kind }) => `${kind} serverside-applied\n`).join(''), stderr: '' };
}

const same = (a: Live, b: Live): boolean =>
  a.kind === b.kind && a.metadata.name === b.metadata.name && a.metadata.namespace === b.metadata.namespace;

function applyOne(cluster: FakeCluster, object: Live, manager: string): void {
  const live = cluster.objects.find((one) => same(one, object));
  const entry: ManagedFields = { manager, operation: 'Apply', fieldsV1: fieldsOf(object) };
  cluster.version += 1;
  const before = live?.metadata ?? { name: '' };
  const others = (before.managedFields ?? []).filter(
    (one) => one.manager !== manager || one.operation !== 'Apply',
  );
  const applied: Live = {
    ...(live ?? {}),
    ...object,
    metadata: {
      ...before,
      ...object.metadata,
      labels: { ...before.labels, ...object.metadata.labels },
      annotations: { ...before.annotations, ...object.metadata.annotations },
      resourceVersion: String(cluster.version),
      managedFields: [...others, entry],
    },
  };
  if (live === undefined) cluster.objects.push(applied);
  else cluster.objects.splice(cluster.objects.indexOf(live), 1, applied);
  if (cluster.brings === 'all') consequences(cluster, applied);
}

/** The operator creates its CRDs, the statuses follow the Installation and the APIServer, Jobs run. */
function consequences(cluster: FakeCluster, { kind, metadata }: Live): void {
  if (kind === 'Deployment') cluster.soon.push({ after: cluster.pace, crds: [...CALICO_KINDS] });
  const reported = { Installation: 'calico', APIServer: 'apiserver' }[kind];
  if (reported !== undefined) cluster.soon.push({ after: cluster.pace, objects: [status(reported, 'True')] });
  if (kind === 'Job') {
    const job = cluster.objects.find((one) => one.kind === 'Job' && one.metadata.name === metadata.name);
    if (job !== undefined) job.status = { conditions: [{ type: 'Complete', status: 'True' }] };
  }
}

export const status = (name: string, available: 'True' | 'False', message = ''): Live => ({
  apiVersion: 'operator.tigera.io/v1',
  kind: 'TigeraStatus',
  metadata: { name },
  status: {
    conditions: [
      { type: 'Available', status: available },
      { type: 'Degraded', status: message === '' ? 'False' : 'True', message },
    ],
  },
});

/** Maps as trees of their keys, everything else as one value. */
export function fieldsOf(value: unknown): FieldSet {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return {};
  return Object.fromEntries(
    Object.entries(value)
      .filter(
        ([key]) => !['apiVersion', 'kind', 'name', 'namespace', 'status', 'managedFields'].includes(key),
      )
      .map(([key, item]) => [`f:${key}`, fieldsOf(item)]),
  );
}

interface Operation {
  readonly op: string;
  readonly path: string;
  readonly value?: unknown;
}

function patch(cluster: FakeCluster, args: readonly string[], named: Live): KubectlAnswer {
  const object = cluster.objects.find((one) => same(one, named));
  if (object === undefined) return refused(`Error from server (NotFound): ${named.metadata.name} not found`);
  for (const { op, path, value } of JSON.parse(flag(args, '--patch') ?? '[]') as Operation[]) {
    const keys = path.split('/').slice(1);
    const last = (keys.pop() ?? '').replaceAll('~1', '/').replaceAll('~0', '~');
    // biome-ignore lint/suspicious/noExplicitAny: a patch goes anywhere
    const at = keys.reduce((one: any, key) => one?.[key], object);
    if (op === 'test' && at?.[last] !== value) {
      return refused(
        'The request is invalid: the server rejected our request due to an error in our request',
      );
    }
    if (op === 'remove') delete at[last];
    if (op === 'replace') at[last] = value;
  }
  cluster.version += 1;
  object.metadata.resourceVersion = String(cluster.version);
  return { code: 0, stdout: 'patched\n', stderr: '' };
}

function get(cluster: FakeCluster, args: readonly string[]): KubectlAnswer {
  const folder = flag(args, '-k');
  if (folder !== undefined) {
    const items = objectsBelow(folder).map((object) =>
      cluster.objects.find((one) => same(one, object as unknown as Live)),
    );
    if (items.includes(undefined)) return refused('Error from server (NotFound): not found');
    return said(items.length === 1 ? (items[0] as Live) : { kind: 'List', items });
  }
  const [resource = '', ...rest] = args;
  const output = flag(rest, '-o') ?? '';
  const names = rest.filter(
    (word, index) => !word.startsWith('-') && !['-o', '-n'].includes(rest[index - 1] ?? ''),
  );
  const wanted = (name: string) => names.length === 0 || names.includes(name);
  const found = (LISTS[resource]?.(cluster) ?? []).filter(({ metadata }) => wanted(metadata.name));
  if (LISTS[resource] === undefined) {
    return refused(`error: the server doesn't have a resource type "${resource}"`);
  }
  const lacks = names.find((name) => !found.some(({ metadata }) => metadata.name === name));
  if (lacks !== undefined && !rest.includes('--ignore-not-found')) {
    return refused(`Error from server (NotFound): ${resource} "${lacks}" not found`);
  }
  if (output === 'json') {
    return said(names.length === 1 && found[0] !== undefined ? found[0] : { kind: 'List', items: found });
  }
  return { code: 0, stdout: found.map((one) => `${line(resource, output, one)}\n`).join(''), stderr: '' };
}

function line(resource: string, output: string, object: Live): string {
  if (output === 'name') return `${resource === 'nodes' ? 'node' : resource}/${object.metadata.name}`;
  const type = /@\.type=="(\w+)"/.exec(output)?.[1];
  const { conditions = [] } = (object.status ?? {}) as { conditions?: { type: string; status: string }[] };
  const of = (name: string | undefined) => conditions.find((one) => one.type === name)?.status ?? '<none>';
  return `${object.metadata.name}   ${of(type)}   ${of('Failed')}`;
}

const ofKind =
  (kind: string) =>
  (cluster: FakeCluster): Live[] =>
    cluster.objects.filter((object) => object.kind === kind);

const LISTS: Readonly<Record<string, (cluster: FakeCluster) => Live[]>> = {
  nodes: ({ nodes }) => nodes.map((name) => ({ apiVersion: 'v1', kind: 'Node', metadata: { name } })),
  crd: ({ crds }) =>
    crds.map((name) => ({
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name },
      status: { conditions: [{ type: 'Established', status: 'True' }] },
    })),
  job: ofKind('Job'),
  tigerastatus: ofKind('TigeraStatus'),
  apiservice: ofKind('APIService'),
  pods: ofKind('Pod'),
  secret: ofKind('Secret'),
  events: ofKind('Event'),
  'installations.operator.tigera.io': ofKind('Installation'),
};
