import { readFileSync, rmSync } from 'node:fs';
import { parse } from 'yaml';
import { type ProbePatience, probePods, type ToProbe } from '../../../live/probe/index.ts';
import { HOST_NETWORK, listener, namespace, POD_NETWORK, prober } from '../../../live/probe/manifests.ts';
import { leftBehind } from '../../../live/probe/names.ts';
import { type ProbeLook, packetVerdicts } from '../../../verify/index.ts';
import { coreErrors } from '../../charts/kubernetes-schemas.ts';
import type { KubernetesObject } from '../../charts/upstream.ts';
import { fabricOf } from '../../fabric-of.ts';
import { report } from '../../lab/topologies.ts';
import { type ApiServer, refusal, type Stored, startApiServer } from '../cluster/api-server.ts';
import { node, reportCluster } from '../cluster/report-cluster.ts';
import { type Kubelets, kubelets } from './kubelet.ts';

/** What a run creates and removes, whatever happens; without a lab, so no pod ever sends anything. */

const fabric = fabricOf(report());
const PATIENCE: ProbePatience = { look: 5, start: 300, gone: 5_000 };
const NAMESPACE = 'noencap-probe';

let server: ApiServer;
let cluster: Kubelets;
beforeEach(async () => {
  server = await startApiServer(reportCluster());
  cluster = kubelets(server, undefined);
});
afterEach(() => server.close());

const probe = (change: Partial<ToProbe> = {}): Promise<ProbeLook> =>
  probePods({
    context: undefined,
    image: 'registry.example/ping:1',
    nodes: fabric.nodes.map(({ name, region, address }) => ({
      name,
      region,
      addresses: { ipv4: address.ipv4?.text ?? '' },
    })),
    perRegion: 2,
    families: ['ipv4'],
    stop: new AbortController().signal,
    patience: PATIENCE,
    say: () => {},
    ...change,
  });

const reasons = (look: ProbeLook): (string | undefined)[] =>
  packetVerdicts(fabric, look, { ways: () => [], verdicts: [] }).map(({ is, cause }) =>
    is === 'unknown' ? cause?.message : `not unknown: ${is}`,
  );

/** Requests that change something. */
const writes = () => server.asked.filter((one) => /^(POST|DELETE|PUT|PATCH) /.test(one));

const nothingIsLeft = () => {
  expect(cluster.namespaces()).toEqual([]);
  expect(cluster.pods(NAMESPACE)).toEqual([]);
};

test('pods that do not start in time are unknown, and removed', async () => {
  const look = await probe();
  expect(reasons(look)).toEqual(Array(3).fill('its pod is not ready in time'));
  expect(look.left).toBeUndefined();
  expect(cluster.created).toHaveLength(3);
  nothingIsLeft();
});

test('an image that cannot be fetched is told with the words of the kubelet', async () => {
  const message = 'Back-off pulling image "registry.example/ping:1"';
  cluster.broken.set('kubemaster', { reason: 'ImagePullBackOff', message });
  const look = await probe();
  expect(reasons(look)[0]).toBe('its pod cannot start');
  const [first] = look.probes.ok ? look.probes.value : [];
  expect(first?.targets).toMatchObject({ ok: false, evidence: [`ImagePullBackOff: ${message}`] });
  nothingIsLeft();
});

test('an interrupt ends it, and all is removed', async () => {
  const stop = new AbortController();
  cluster.onCreate = () => stop.abort();
  const look = await probe({ stop: stop.signal });
  expect(cluster.created).toHaveLength(1);
  expect(reasons(look)).toContain('it was interrupted');
  nothingIsLeft();
});

test('what a killed run has left is removed first', async () => {
  const left = {
    metadata: {
      name: 'listen-0-0123',
      labels: { 'app.kubernetes.io/managed-by': 'noencap', 'noencap/run': '0123' },
    },
  };
  cluster.put(namespace(POD_NETWORK) as Stored);
  cluster.putPod(NAMESPACE, left);
  const seen: string[][] = [];
  cluster.onCreate = () => seen.push(cluster.pods(NAMESPACE));
  await probe();
  expect(seen[0]).toHaveLength(1);
  expect(seen.flat()).not.toContain('listen-0-0123');
  nothingIsLeft();
});

test('a namespace that is being deleted is waited for', async () => {
  cluster.put({
    metadata: { ...namespace(POD_NETWORK).metadata, deletionTimestamp: '2026-01-02T03:04:05Z' },
  });
  expect(reasons(await probe())).toEqual(Array(3).fill('its pod is not ready in time'));
  nothingIsLeft();
});

test('a namespace that somebody prepared stays, and so do the pods of another run', async () => {
  cluster.put({
    metadata: { name: NAMESPACE, labels: { 'pod-security.kubernetes.io/enforce': 'restricted' } },
  });
  const other = { metadata: { name: 'theirs', labels: {} } };
  cluster.putPod(NAMESPACE, other);
  await probe();
  expect(cluster.namespaces()).toEqual([NAMESPACE]);
  expect(cluster.pods(NAMESPACE)).toEqual(['theirs']);
  expect(writes().filter((one) => /namespaces(\/noencap-probe)?$/.test(one))).toEqual([]);
});

test('where pods of another run have come meanwhile, the namespace stays', async () => {
  cluster.onCreate = () => {
    if (cluster.pods(NAMESPACE).length === 1)
      cluster.putPod(NAMESPACE, { metadata: { name: 'theirs', labels: { 'noencap/run': 'other' } } });
  };
  await probe();
  expect(cluster.pods(NAMESPACE)).toEqual(['theirs']);
});

test('in a cluster without the nodes of the topology nothing is created', async () => {
  server.lists.set('/api/v1/nodes', [node('elsewhere', undefined, '10.9.9.9')]);
  expect(reasons(await probe())).toEqual(Array(2).fill('the cluster does not have it'));
  expect(writes()).toEqual([]);
});

test('a region without a node that is Ready is unknown; the others are asked', async () => {
  const down = node('kubenode-hkg04', 'Global', '10.2.5.7');
  const conditions = [{ type: 'Ready', status: 'False', reason: 'KubeletNotReady', message: '' }];
  const others = ['kubemaster', 'kubenode-wds-1'].map((name, at) =>
    node(name, 'WDS', `192.168.100.${251 + at}`),
  );
  server.lists.set('/api/v1/nodes', [...others, { ...down, status: { ...down.status, conditions } }]);
  expect(reasons(await probe())).toContain('no node of Global is Ready');
  expect(cluster.created).toHaveLength(2);
});

test('an account that may not create namespaces: unknown, and why', async () => {
  server.forbidden.add('namespaces');
  const look = await probe();
  expect(reasons(look)).toEqual(['creating /api/v1/namespaces: the account of context home may not do that']);
  expect(writes()).toEqual(['POST /api/v1/namespaces']);
});

test('without a kubeconfig nothing is asked', async () => {
  const file = server.use();
  rmSync(file);
  expect(reasons(await probe())).toEqual(['the kubeconfig: there is no cluster to talk to']);
});

test('what cannot be removed is told, with the command that shows it', async () => {
  server.intercept = (path) =>
    path === `/api/v1/namespaces/${NAMESPACE}/pods` && cluster.created.length > 0
      ? refusal(403, 'Forbidden', 'pods is forbidden')
      : undefined;
  const look = await probe();
  expect(look.left).toBe('pods of the namespace noencap-probe: pods is forbidden');
});

test('the pods have nothing that the restricted PodSecurity does not want, and end by themselves', async () => {
  await probe();
  for (const { spec } of cluster.created as unknown as { spec: Record<string, unknown> }[])
    expect(spec).toMatchObject({
      restartPolicy: 'Never',
      activeDeadlineSeconds: 900,
      automountServiceAccountToken: false,
      containers: [{ securityContext: { readOnlyRootFilesystem: true } }],
    });
  expect(writes().map((one) => one.replace(/[0-9a-f]{16}/, 'RUN'))).toEqual([
    'POST /api/v1/namespaces',
    // Twice before the namespace has its service account.
    ...Array(5).fill('POST /api/v1/namespaces/noencap-probe/pods'),
    'DELETE /api/v1/namespaces/noencap-probe/pods?labelSelector=noencap%2Frun%3DRUN',
    'DELETE /api/v1/namespaces/noencap-probe',
  ]);
});

test.each([
  ['of the pod network', POD_NETWORK],
  ['of the host', HOST_NETWORK],
])('what is created has only fields that Kubernetes has: %s', (_, way) => {
  const one = { run: '0123', name: 'listen-0-0123', node: 'kubemaster', image: 'registry.example/ping:1' };
  const objects = [namespace(way), listener(way, one), prober(way, one, [['0', 'ipv4', '10.42.0.1', '-']])];
  expect(objects.flatMap((object) => coreErrors(object as unknown as KubernetesObject))).toEqual([]);
});

test('a second Ctrl-C says what may be left', () => {
  expect(leftBehind(POD_NETWORK.namespace)).toBe(
    'Pods may be left. Kubernetes ends them within 15 minutes; to remove them now: kubectl delete namespace noencap-probe',
  );
});

/** Verb, resource, and whether it is one namespace's. */
function verbOf(request: string): readonly [verb: string, resource: string] {
  const [, method = 'GET', path = ''] = /^(?:(POST|DELETE) )?([^?]*)/.exec(request) ?? [];
  const parts = path.split('/').slice(3);
  const isNamed = parts[0] === 'namespaces' ? parts.length % 2 === 0 && parts.length < 5 : false;
  const resource =
    parts[0] === 'namespaces' && parts.length > 2
      ? parts
          .slice(2)
          .filter((_, at) => at !== 1)
          .join('/')
      : (parts[0] ?? '');
  const verbs: Record<string, string> = { POST: 'create', DELETE: isNamed ? 'delete' : 'deletecollection' };
  return [verbs[method ?? 'GET'] ?? (isNamed ? 'get' : 'list'), resource];
}

test('docs/ping.md has the rights of every request that a run makes, but for logs', async () => {
  await probe();
  const manifests = [...readFileSync('docs/ping.md', 'utf8').matchAll(/```yaml\n([\s\S]*?)```/g)];
  const rules = manifests.flatMap(
    ([, yaml = '']) => (parse(yaml) as { rules: { resources: string[]; verbs: string[] }[] }).rules,
  );
  const may = new Set(
    rules.flatMap(({ resources, verbs }) => resources.flatMap((of) => verbs.map((verb) => `${verb} ${of}`))),
  );
  const did = new Set(server.asked.map((one) => verbOf(one).join(' ')));
  expect([...did].filter((one) => !may.has(one))).toEqual([]);
  expect([...may].filter((one) => !did.has(one))).toEqual(['get pods/log']);
});
