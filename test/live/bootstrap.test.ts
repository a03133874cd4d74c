import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parse } from 'yaml';
import { bootstrapPlan, type ClusterObject, ENGINES, foreignOwners } from '../../bootstrap/index.ts';
import { LAYERS } from '../../charts/index.ts';
import { bootstrapSteps } from '../../live/bootstrap.ts';
import type { Halt } from '../../live/halt.ts';
import type { Kubectl } from '../../live/kubectl.ts';
import { preflight } from '../../live/preflight.ts';
import { clusterFiles } from '../charts/topologies.ts';
import { objectsIn } from '../charts/upstream.ts';
import { fabricOf } from '../fabric-of.ts';
import { reportText } from '../fixture/report.ts';
import {
  answer,
  CALICO_KINDS,
  ENGINE_KINDS,
  emptyCluster,
  type FakeCluster,
  fieldsOf,
  type Live,
  status,
} from './fake-cluster.ts';

const topology = parse(reportText());
const fabric = fabricOf(topology);
const out = mkdtempSync(join(tmpdir(), 'noencap-bootstrap-'));
const files = clusterFiles(topology);
for (const [path, text] of [...files, ...engineFiles()]) {
  mkdirSync(join(out, dirname(path)), { recursive: true });
  writeFileSync(join(out, path), text);
}

/** The engine's settings, as far as the bootstrap reads them. */
function engineFiles(): [string, string][] {
  return [
    ['gitops/argocd/kustomization.yaml', 'resources: [root.yaml]\n'],
    [
      'gitops/argocd/root.yaml',
      'apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: home, namespace: argocd}\n',
    ],
  ];
}

const objects = new Map(
  LAYERS.map(({ name, folder }) => [
    name,
    [...files]
      .filter(([path]) => path.startsWith(`${folder}/`) && !path.endsWith('kustomization.yaml'))
      .flatMap(([, text]): ClusterObject[] => objectsIn(text)),
  ]),
);
const plan = bootstrapPlan(fabric, ENGINES.argocd, objects, out);

interface Ran {
  readonly done: readonly string[];
  readonly notes: readonly string[];
  readonly halt: Halt | undefined;
  /** Minutes on its clock. */
  readonly minutes: number;
}

/** Runs the plan until it halts, on a clock that advances only by its own waiting. */
async function run(
  cluster: FakeCluster,
  interruptAfter = Number.POSITIVE_INFINITY,
  running = plan,
): Promise<Ran> {
  const stop = new AbortController();
  let time = 0;
  let calls = 0;
  const kubectl: Kubectl = async (args, stdin = '') => {
    calls += 1;
    if (calls > interruptAfter) {
      stop.abort();
      return { code: 1, stdout: '', stderr: 'signal: interrupt' };
    }
    return answer(cluster, args, stdin);
  };
  const clock = {
    now: () => time,
    sleep: async (by: number) => {
      time += by;
    },
  };
  const done: string[] = [];
  const notes: string[] = [];
  for (const { title, run } of bootstrapSteps({ plan: running, kubectl, clock, stop: stop.signal })) {
    const end = await run(() => {});
    if (end.halt !== undefined) return { done, notes, halt: end.halt, minutes: time / 60_000 };
    done.push(title);
    notes.push(...end.notes);
  }
  return { done, notes, halt: undefined, minutes: time / 60_000 };
}

const all = plan.steps.map(({ title }) => title);
const withEngine = (change: Partial<FakeCluster> = {}) =>
  emptyCluster({ crds: [...ENGINE_KINDS.argocd], ...change });

test('missing registry credentials stop it before it waits for images, and once created it continues', async () => {
  const secured = fabricOf({
    ...topology,
    calico: { ...topology.calico, imagePullSecrets: ['mirror', 'other'] },
  });
  const ours = bootstrapPlan(secured, ENGINES.argocd, objects, out);
  const secret = (name: string): Live => ({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name, namespace: 'tigera-operator' },
  });
  const cluster = withEngine({ objects: [secret('other')] });
  const ran = await run(cluster, undefined, ours);
  expect(ran).toMatchObject({ done: ['Apply the operator'], minutes: 0 });
  expect(ran.halt).toMatchObject({
    because: 'environment',
    message: 'namespace tigera-operator has no Secret mirror, without which no Calico image can be pulled',
  });
  expect(ran.halt?.fix).toContain('kubectl create secret generic -n tigera-operator mirror ');
  cluster.objects.push(secret('mirror'));
  expect((await run(cluster, undefined, ours)).halt).toBeUndefined();
  expect(cluster.asked.filter((words) => words.includes('secret') && !words.includes('name'))).toEqual([]);
});

const foreign = ({ objects }: FakeCluster) =>
  objects.flatMap((object) => foreignOwners(object, ENGINES.argocd));

test('an empty cluster: everything is applied as the engine would, and only the engine owns it', async () => {
  const cluster = withEngine();
  expect(await run(cluster)).toMatchObject({ done: all, notes: [], halt: undefined });
  const managers = cluster.objects.flatMap(
    ({ metadata }) => metadata.managedFields?.map(({ manager }) => manager) ?? [],
  );
  expect([...new Set(managers)]).toEqual(['argocd-controller']);
});

test('a second run changes no object', async () => {
  const cluster = withEngine();
  await run(cluster);
  const specs = () => cluster.objects.map(({ spec, metadata }) => ({ spec, name: metadata.name }));
  const before = JSON.stringify(specs());
  expect(await run(cluster)).toMatchObject({ done: all, notes: [], halt: undefined });
  expect(JSON.stringify(specs())).toBe(before);
  expect(cluster.asked.filter(([verb]) => verb === 'patch')).toEqual([]);
});

/** What K3s' deploy controller created from the copies on the first server. */
function deployedByK3s(): Live[] {
  return ['operator', 'installation', 'bgp'].flatMap((name) =>
    (objects.get(name as 'bgp') ?? []).map((object) => {
      const live = object as unknown as Live;
      const marks = { 'objectset.rio.cattle.io/hash': '1' };
      const labels = { ...live.metadata.labels, ...marks };
      const metadata = { ...live.metadata, labels, resourceVersion: '1' };
      const fieldsV1 = fieldsOf({ ...live, metadata });
      return {
        ...live,
        metadata: {
          ...metadata,
          managedFields: [{ manager: 'deploy@kubemaster', operation: 'Update', fieldsV1 }],
        },
      };
    }),
  );
}

test('after K3s applied its copies it owns none of them, and can delete none', async () => {
  const cluster = withEngine({
    crds: [...ENGINE_KINDS.argocd, ...CALICO_KINDS],
    objects: [...deployedByK3s(), status('calico', 'True'), status('apiserver', 'True')],
  });
  expect(await run(cluster)).toMatchObject({
    done: all,
    notes: ['deploy@kubemaster no longer owns fields of 13 objects'],
  });
  expect(foreign(cluster)).toEqual([]);
  expect(JSON.stringify(cluster.objects)).not.toContain('objectset.rio.cattle.io');
});

test('a manager that keeps taking fields back is reported', async () => {
  const cluster = withEngine();
  const entry = {
    manager: 'helm',
    operation: 'Update',
    fieldsV1: { 'f:spec': { 'f:variant': {} } },
  };
  await run(cluster);
  const stubborn: Kubectl = async (args, stdin = '') => {
    const { metadata } = cluster.objects.find(({ kind }) => kind === 'Installation') ?? {};
    const owners = metadata?.managedFields ?? [];
    if (args[0] === 'get' && !owners.includes(entry)) owners.push(entry);
    return answer(cluster, args, stdin);
  };
  const clock = { now: () => 0, sleep: async () => {} };
  const steps = bootstrapSteps({ plan, kubectl: stubborn, clock, stop: new AbortController().signal });
  const step = steps.find(({ title }) => title.startsWith('Hand its fields over'));
  expect((await step?.run(() => {}))?.halt).toMatchObject({
    because: 'refused',
    details: ['Installation/default: helm owns spec.variant'],
  });
});

test('without the engine everything else is done; once it is installed the next run continues', async () => {
  const cluster = emptyCluster();
  const first = await run(cluster);
  expect(first.done).toEqual(all.slice(0, -2));
  expect(first.halt?.because).toBe('environment');
  expect(first.halt?.fix).toContain('kubectl create namespace argocd\n');
  expect(first.halt?.fix).toMatch(/\/argo-cd\/v\d+\.\d+\.\d+\/manifests\/install\.yaml/);
  cluster.crds.push(...ENGINE_KINDS.argocd);
  expect(await run(cluster)).toMatchObject({ done: all, halt: undefined });
});

describe("what is missing is reported with the cluster's own messages", () => {
  test("an operator whose image cannot be pulled: its pod's own words", async () => {
    const pod: Live = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'tigera-operator-1', namespace: 'tigera-operator' },
      spec: { nodeName: 'kubemaster' },
      status: {
        phase: 'Pending',
        containerStatuses: [
          {
            name: 'tigera-operator',
            state: {
              waiting: { reason: 'ImagePullBackOff', message: 'Back-off pulling image\n"quay.io/x"' },
            },
          },
        ],
      },
    };
    const warning: Live = {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name: 'e' },
      type: 'Warning',
      reason: 'Failed',
      message: 'dial tcp: lookup quay.io: no such host',
      lastTimestamp: '2026-01-01T00:00:00Z',
      involvedObject: { kind: 'Pod', name: 'tigera-operator-1' },
    };
    const { halt, minutes, done } = await run(
      withEngine({ brings: 'nothing', objects: [pod, warning, { ...warning, type: 'Normal' }] }),
    );
    expect(done).toEqual(['Apply the operator']);
    expect(minutes).toBeCloseTo(10, 1);
    expect(halt).toMatchObject({
      because: 'expired',
      details: [
        'pod tigera-operator-1 on kubemaster: tigera-operator: ImagePullBackOff: Back-off pulling image "quay.io/x"',
        'event pod/tigera-operator-1: Failed: dial tcp: lookup quay.io: no such host',
      ],
    });
    expect(halt?.message).toMatch(/^after 10 minutes apiservers\..* are not Established$/);
    expect(halt?.fix).toContain('kubectl get pods,events -n tigera-operator\n');
  });

  test('a Calico that is degraded: the message of its TigeraStatus', async () => {
    const { halt, done } = await run(
      withEngine({
        crds: [...ENGINE_KINDS.argocd, ...CALICO_KINDS],
        brings: 'nothing',
        objects: [
          status('calico', 'False', 'Could not resolve CalicoNetwork IPPool'),
          status('apiserver', 'True'),
        ],
      }),
    );
    expect(done).toEqual(['Apply the operator', "Wait for Calico's kinds", 'Apply the Installation']);
    expect(halt).toMatchObject({
      because: 'expired',
      message: 'after 10 minutes calico is not Available',
      details: ['calico: degraded: Could not resolve CalicoNetwork IPPool'],
    });
  });

  test('a Job that has given up is not waited for, and must be deleted to be retried', async () => {
    const jobs = (objects.get('node-labels') ?? []).filter(({ kind }) => kind === 'Job');
    const [job] = jobs as unknown as Live[];
    const cluster = withEngine({
      crds: [...ENGINE_KINDS.argocd, ...CALICO_KINDS],
      brings: 'nothing',
      objects: [
        status('calico', 'True'),
        status('apiserver', 'True'),
        { ...(job as Live), status: { conditions: [{ type: 'Failed', status: 'True' }] } },
      ],
    });
    const { halt, minutes } = await run(cluster);
    expect(minutes).toBe(0);
    expect(halt?.message).toBe(`${job?.metadata.name} failed for good`);
    expect(halt?.fix).toContain(`kubectl delete job -n noencap-system ${job?.metadata.name}\n`);
  });

  test('an API server that refuses an object: its own words, at once', async () => {
    const cluster = withEngine({
      fails: [
        { match: '00-operator', stderr: 'The Deployment "x" is invalid: spec.selector: immutable', times: 9 },
      ],
    });
    expect(await run(cluster)).toMatchObject({
      minutes: 0,
      done: [],
      halt: { because: 'refused', details: ['The Deployment "x" is invalid: spec.selector: immutable'] },
    });
  });
});

test('an API server that restarts meanwhile is queried again', async () => {
  const down = 'The connection to the server 192.168.100.251:6443 was refused - connection refused';
  const cluster = withEngine({
    fails: [
      { match: 'apply', stderr: down, times: 3 },
      { match: 'get crd', stderr: down, times: 3 },
      { match: '10-installation', stderr: 'error: no matches for kind "Installation"', times: 2 },
    ],
  });
  expect(await run(cluster)).toMatchObject({ done: all, halt: undefined });
});

test('wherever it is interrupted, the next run reaches the same result', async () => {
  const whole = withEngine();
  await run(whole);
  for (let calls = 0; calls < whole.asked.length; calls += 1) {
    const cluster = withEngine();
    const first = await run(cluster, calls);
    expect({ calls, because: first.halt?.because }).toEqual({ calls, because: 'interrupted' });
    expect(await run(cluster)).toMatchObject({ done: all, halt: undefined });
    expect(cluster.objects).toHaveLength(whole.objects.length);
  }
});

describe('the preflight', () => {
  const look = (cluster: FakeCluster, change?: (args: readonly string[]) => object | undefined) =>
    preflight(fabric, async (args, stdin = '') => {
      const changed = change?.(args);
      return { ...answer(cluster, args, stdin), ...changed };
    });

  test('names the cluster, and binds everything to its context', async () => {
    const cluster = emptyCluster({ nodes: ['kubemaster', 'other'] });
    expect(await look(cluster)).toMatchObject({
      context: 'home',
      server: 'https://192.168.100.251:6443',
      version: 'v1.34.5+k3s1',
      nodes: { both: ['kubemaster'], unknown: ['other'] },
    });
    const bound = cluster.asked.filter(([first]) => !['config', 'version'].includes(first ?? ''));
    expect(bound.length).toBeGreaterThan(2);
    for (const [first] of bound) expect(first).toBe('--context=home');
  });

  test('refuses a cluster with no node of the topology', async () => {
    expect(await look(emptyCluster({ nodes: ['prod-1'] }))).toMatchObject({
      because: 'refused',
      message: 'no node of home is in the cluster of context home (https://192.168.100.251:6443)',
    });
  });

  test('refuses a Calico with other pools', async () => {
    const installation: Live = {
      apiVersion: 'operator.tigera.io/v1',
      kind: 'Installation',
      metadata: { name: 'default' },
      spec: { calicoNetwork: { ipPools: [{ cidr: '192.168.0.0/16' }] } },
    };
    expect(await look(emptyCluster({ objects: [installation] }))).toMatchObject({
      because: 'refused',
      message: 'Calico in context home has the pools 192.168.0.0/16, but the topology has 10.42.0.0/16',
    });
  });

  test.each([
    [
      'no kubectl',
      'version --client -o json',
      { code: undefined, stderr: 'ENOENT' },
      /dl\.k8s\.io\/release\/v1\.34\.5\//,
    ],
    ['no kubeconfig', 'config view --minify -o json', { code: 1, stdout: '' }, /k3s\.yaml of kubemaster/],
    ['no server', '--context=home version -o json', { code: 1, stdout: '{}' }, /curl -k https:\/\/192/],
    [
      'few rights',
      '--context=home auth can-i * * --all-namespaces',
      { code: 1, stdout: 'no\n' },
      /cluster-admin/,
    ],
  ])('%s: what the environment lacks, with the fix', async (_name, asked, said, fix) => {
    const halt = await look(emptyCluster(), (args) => (args.join(' ') === asked ? said : undefined));
    expect(halt).toMatchObject({ because: 'environment', fix: expect.stringMatching(fix) });
  });
});
