import { readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { lookAtCluster } from '../../../live/cluster/index.ts';
import { PATIENCE, type Patience } from '../../../live/cluster/list.ts';
import type { ClusterLook } from '../../../verify/cluster-look.ts';
import { type ApiServer, base64, refusal, startApiServer, TOKEN } from './api-server.ts';
import { authority } from './certificates.ts';
import { affinity, CRD, node, reportCluster } from './report-cluster.ts';

/** Waiting costs nothing here. */
const QUICK: Patience = { ...PATIENCE, second: 1 };

let server: ApiServer;
const start = async (...args: Parameters<typeof startApiServer>): Promise<ApiServer> => {
  server = await startApiServer(...args);
  return server;
};
afterEach(() => server.close());

const look = (patience: Partial<Patience> = {}): Promise<ClusterLook> =>
  lookAtCluster({ patience: { ...QUICK, ...patience } });

const whyOf = (read: ClusterLook['nodes']) => (read.ok ? 'it is known' : read.why);

test('a whole cluster, as typed facts', async () => {
  const { url } = await start(reportCluster());
  const seen = await look();
  expect(seen).toMatchObject({ context: 'home', server: url });
  expect(seen.nodes.ok && seen.nodes.value[1]).toEqual({
    name: 'kubenode-hkg04',
    ready: {
      status: 'True',
      reason: 'KubeletReady',
      message: 'kubelet is posting ready status',
      since: '2026-01-02T03:04:05Z',
    },
    isUnschedulable: false,
    labels: { 'kubernetes.io/hostname': 'kubenode-hkg04', region: 'Global' },
    internalIPs: ['10.2.5.7'],
    podCIDRs: ['10.42.0.0/24'],
    calico: { ipv4: '10.2.5.7/32', ipv6: undefined, asNumber: undefined, clusterId: undefined },
  });
  expect(seen.installation.ok && seen.installation.value).toMatchObject({
    mtu: 1370,
    calicoVersion: 'v3.32.1',
    nodeAddress: { ipv4: '{"firstFound":true}', ipv6: undefined },
    pools: ['10.42.0.0/16'],
  });
  expect(
    seen.components.ok && seen.components.value.map(({ name, degraded }) => [name, degraded?.status]),
  ).toEqual([
    ['apiserver', 'False'],
    ['calico', 'False'],
    ['ippools', 'False'],
  ]);
  expect(seen.peers.ok && seen.peers.value[2]).toMatchObject({
    name: 'route-reflector-wds-gateway',
    peerIP: '192.168.100.1',
    asNumber: 64512,
    password: undefined,
    others: {},
    writers: [{ manager: 'argocd-controller' }],
  });
  expect(seen.blocks.ok && seen.blocks.value[0]).toEqual({
    cidr: '10.42.141.0/26',
    node: 'kubemaster',
    used: 3,
  });
  expect(seen.pods.ok && seen.pods.value[0]).toMatchObject({
    app: 'calico-node',
    isReady: true,
    restarts: 0,
  });
  expect(seen.clock?.ahead).toBeGreaterThan(-5);
  expect(seen.clock?.ahead).toBeLessThan(5);
});

test('no Secret is asked for, and nothing but lists', async () => {
  await start(reportCluster());
  await look();
  expect(server.asked.filter((path) => /secret/i.test(path))).toEqual([]);
  const known = /^\/(version|apis\/[^/]+\/[^/?]+|(api\/v1|apis)\/.*\?limit=250)$/;
  expect(server.asked.filter((path) => !known.test(path))).toEqual([]);
});

describe('paging', () => {
  const MANY = [...Array(1000).keys()].map((at) => node(`n${at}`, 'WDS', '10.0.0.1'));

  test('lists of many pages are whole, and one object is never asked for alone', async () => {
    await start(reportCluster());
    server.lists.set('/api/v1/nodes', MANY);
    const { nodes } = await look();
    expect(nodes.ok && nodes.value.map(({ name }) => name)).toEqual(
      MANY.map(({ metadata }) => metadata.name),
    );
    expect(server.asked.filter((path) => path.startsWith('/api/v1/nodes'))).toHaveLength(4);
  });

  test('a list whose pages have expired begins again, and has no object twice', async () => {
    await start(reportCluster());
    server.lists.set('/api/v1/nodes', MANY);
    let begun = 0;
    server.intercept = (path, query) => {
      if (path === '/api/v1/nodes' && query.has('continue')) {
        begun += 1;
        if (begun === 2) server.compact();
      }
      return undefined;
    };
    const { nodes } = await look();
    expect(nodes.ok && new Set(nodes.value.map(({ name }) => name)).size).toBe(1000);
    expect(nodes.ok && nodes.value).toHaveLength(1000);
  });

  test('one that always expires is unknown', async () => {
    await start(reportCluster());
    server.lists.set('/api/v1/nodes', MANY);
    server.intercept = (_, query) => {
      if (query.has('continue')) server.compact();
      return undefined;
    };
    expect(whyOf((await look()).nodes)).toMatchObject({
      because: 'changing',
      evidence: ['The provided continue parameter is too old to display a consistent list result.'],
    });
  });

  test('one that never ends is unknown, and the rest is told', async () => {
    await start(reportCluster());
    server.intercept = (path) =>
      path === '/api/v1/nodes'
        ? { status: 200, body: { metadata: { continue: 'more' }, items: [] } }
        : undefined;
    const seen = await look({ pages: 20 });
    expect(whyOf(seen.nodes)).toMatchObject({ because: 'too-large', what: 'nodes' });
    expect(seen.peers.ok && seen.peers.value).toHaveLength(3);
  });

  test.each([
    ['objects', { items: 999 }],
    ['bytes of a page', { pageBytes: 10_000 }],
    ['bytes', { bytes: 100_000 }],
  ])('more %s than are read make it unknown', async (_, patience) => {
    await start(reportCluster());
    server.lists.set('/api/v1/nodes', MANY);
    expect(whyOf((await look(patience)).nodes)).toMatchObject({ because: 'too-large' });
  });
});

describe('why it is unknown', () => {
  test('a kind that the account may not list: the others are told', async () => {
    await start(reportCluster());
    server.forbidden.add('nodes').add('bgppeers');
    const seen = await look();
    expect(whyOf(seen.nodes)).toEqual({
      because: 'forbidden',
      what: 'nodes',
      evidence: [
        'nodes is forbidden: User "viewer" cannot list resource "nodes" in API group "" at the cluster scope',
      ],
    });
    expect(seen.peers).toMatchObject({ ok: false, why: { because: 'forbidden' } });
    expect(seen.pools.ok).toBe(true);
  });

  test('a wrong token, which is in no message', async () => {
    await start(reportCluster());
    server.use({ user: { token: 'wrong-token' } });
    const seen = await look();
    expect(whyOf(seen.nodes)).toMatchObject({ because: 'unauthorised', evidence: ['Unauthorized'] });
    expect(seen.pods).toEqual(seen.nodes);
    expect(JSON.stringify(seen)).not.toContain('wrong-token');
    // What is refused is asked for once.
    expect(server.asked).toHaveLength(1);
  });

  test('a token that says itself that it has expired', async () => {
    await start(reportCluster());
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const token = `${part({ alg: 'none' })}.${part({ exp: 1_700_000_000 })}.signature`;
    server.use({ user: { token } });
    expect(whyOf((await look()).nodes)).toMatchObject({
      because: 'credentials-expired',
      evidence: ['Unauthorized', 'they were valid until 2023-11-14T22:13:20Z'],
    });
  });

  test('a client certificate opens the door, and an expired one is told by its date', async () => {
    await start(reportCluster());
    const as = ({ cert, key }: { cert: string; key: string }) => ({
      user: { 'client-certificate-data': base64(cert), 'client-key-data': base64(key) },
    });
    server.use(as(server.authority.issue('admin')));
    expect((await look()).nodes.ok).toBe(true);
    server.use(as(server.authority.issue('admin', -60)));
    expect(whyOf((await look()).nodes)).toMatchObject({ because: 'credentials-expired' });
  });

  test('nobody listens', async () => {
    await start(reportCluster());
    server.use({ cluster: { server: 'https://127.0.0.1:1' } });
    expect(whyOf((await look()).nodes)).toMatchObject({
      because: 'unreachable',
      evidence: expect.arrayContaining(['connect ECONNREFUSED 127.0.0.1:1']),
    });
  });

  test('a connection that is cut', async () => {
    await start(reportCluster());
    server.intercept = () => 'cut';
    expect(whyOf((await look()).nodes)).toMatchObject({ because: 'unreachable' });
  });

  test('a server that accepts and never answers', async () => {
    await start(reportCluster());
    server.intercept = () => 'hang';
    expect(whyOf((await look({ pageTime: 300 })).nodes)).toMatchObject({ because: 'timeout' });
  });

  test('another authority', async () => {
    await start(reportCluster());
    const stranger = authority(join(server.folder), 'stranger');
    server.use({ cluster: { 'certificate-authority-data': base64(stranger.cert) } });
    const seen = await look();
    expect(whyOf(seen.nodes)).toMatchObject({ because: 'untrusted' });
    expect(server.asked).toEqual([]);
  });

  test('a name that its certificate does not have', async () => {
    await start(reportCluster());
    server.use({ cluster: { server: server.url.replace('127.0.0.1', 'localhost') } });
    expect(whyOf((await look()).nodes)).toMatchObject({ because: 'untrusted' });
  });

  test('an expired certificate, by both clocks', async () => {
    await start(reportCluster(), -60);
    expect(whyOf((await look()).nodes)).toMatchObject({
      because: 'server-certificate-expired',
      evidence: [
        'certificate has expired',
        expect.stringMatching(/^its certificate is valid from 2\d{3}-.*Z to 2\d{3}-.*Z$/),
        expect.stringMatching(/^the server's clock says /),
        expect.stringMatching(/^this machine's says /),
      ],
    });
  });

  test.each([
    ['ahead', -60, -45],
    ['behind', 60, 75],
  ])('this machine is %s of the server, whose certificate is good', async (_, made, says) => {
    await start(reportCluster(), made);
    server.shift = says * 86_400_000;
    expect(whyOf((await look()).nodes)).toMatchObject({ because: 'clock-skew' });
    // No credentials go to a server that is not trusted.
    expect(server.asked).toEqual(['/version']);
  });

  test('clocks that differ are told where certificates still hold', async () => {
    await start(reportCluster());
    server.shift = 3_600_000;
    const { clock } = await look();
    expect(Math.abs((clock?.ahead ?? 0) - 3600)).toBeLessThan(10);
  });

  test('a busy server is asked again, as it asks, and then left alone', async () => {
    await start(reportCluster());
    let refused = 0;
    server.intercept = (path) => {
      if (path !== '/api/v1/nodes' || refused === 2) return undefined;
      refused += 1;
      return { ...refusal(429, 'TooManyRequests', 'too many requests'), headers: { 'retry-after': '1' } };
    };
    expect((await look()).nodes.ok).toBe(true);
    server.intercept = (path) =>
      path === '/api/v1/nodes' ? refusal(503, 'ServiceUnavailable', 'etcdserver: leader changed') : undefined;
    expect(whyOf((await look()).nodes)).toMatchObject({
      because: 'busy',
      evidence: ['etcdserver: leader changed'],
    });
  });

  test.each([
    ['a page of a portal', { status: 200, body: '<html>Log in</html>' }],
    ['a redirect', { status: 302, body: 'moved', headers: { location: 'https://elsewhere.invalid/' } }],
    ['a web server', { status: 404, body: '<html>Not found</html>' }],
    ['JSON of something else', { status: 200, body: { items: 'none' } }],
    ['an object without a name', { status: 200, body: { items: [{ metadata: {} }] } }],
    ['null', { status: 200, body: null }],
  ])('%s is not understood', async (_, answer) => {
    await start(reportCluster());
    server.intercept = (path) => (path === '/api/v1/nodes' ? answer : undefined);
    expect(whyOf((await look()).nodes)).toMatchObject({ because: 'not-understood', what: 'nodes' });
  });

  test('no Calico: its kinds are not served, the nodes are told', async () => {
    await start(new Map([...reportCluster()].filter(([path]) => path.startsWith('/api/'))));
    const seen = await look();
    expect(seen.nodes.ok).toBe(true);
    expect(seen.pools).toMatchObject({ ok: false, why: { because: 'not-served', what: 'ippools' } });
  });
});

describe('the kubeconfig', () => {
  test.each([
    ['none', undefined],
    ['no YAML', `users:\n- name: admin\n  user:\n    token: ${TOKEN}\n   wrong: [\n`],
    ['no context', 'apiVersion: v1\nkind: Config\n'],
  ])('%s', async (_, text) => {
    await start();
    const file = server.use();
    if (text === undefined) process.env.KUBECONFIG = `${file}-is-elsewhere`;
    else writeFileSync(file, text);
    const seen = await look();
    expect(seen.nodes).toMatchObject({ ok: false, why: { because: 'no-kubeconfig' } });
    expect(JSON.stringify(seen)).not.toContain(TOKEN);
  });

  test('a context that it does not have', async () => {
    await start(reportCluster());
    const { nodes } = await lookAtCluster({ context: 'elsewhere', patience: QUICK });
    expect(whyOf(nodes)).toMatchObject({
      because: 'no-kubeconfig',
      evidence: ['context elsewhere has no server'],
    });
  });

  test('of several files the first counts, as with kubectl, and one that is not there is none', async () => {
    await start(reportCluster());
    const first = server.use();
    const second = `${first}-second`;
    const other = { name: 'home', cluster: { server: 'https://127.0.0.1:1' } };
    const away = { name: 'away', context: { cluster: 'home', user: 'admin' } };
    writeFileSync(
      second,
      JSON.stringify({ 'current-context': 'away', clusters: [other], contexts: [away], users: [] }),
    );
    process.env.KUBECONFIG = [`${first}-is-elsewhere`, first, second].join(delimiter);
    const seen = await look();
    expect([seen.context, seen.server, seen.nodes.ok]).toEqual(['home', server.url, true]);
    expect((await lookAtCluster({ context: 'away', patience: QUICK })).server).toBe(server.url);
    writeFileSync(first, readFileSync(first, 'utf8').replace('"current-context":"home",', ''));
    expect((await look()).context).toBe('away');
  });

  const program = (text: string) => ({
    user: {
      exec: {
        apiVersion: 'client.authentication.k8s.io/v1',
        command: 'sh',
        args: ['-c', text],
        // With none of its own it would get the environment of jest, which a test does not change.
        env: [{ name: 'OTHER', value: 'one' }],
      },
    },
  });

  test('a program that gets the token is given none of our secrets', async () => {
    await start(reportCluster());
    process.env.GITHUB_TOKEN = 'ours';
    const credential = `{"status":{"token":"${TOKEN}"}}`;
    server.use(program(`test -z "$GITHUB_TOKEN" && echo '${credential}'`));
    expect((await look()).nodes.ok).toBe(true);
    expect(process.env.GITHUB_TOKEN).toBe('ours');
    delete process.env.GITHUB_TOKEN;
  });

  test.each([
    ['fails', 'echo log in first >&2; exit 1', 'log in first'],
    ['prints no JSON', `echo ${TOKEN}`, 'what a program printed as credentials is not JSON'],
  ])('a program that %s', async (_, text, evidence) => {
    await start(reportCluster());
    server.use(program(text));
    expect(whyOf((await look()).nodes)).toEqual({
      because: 'no-credentials',
      what: 'the kubeconfig',
      evidence: [evidence],
    });
  });
});

describe("Calico's two groups", () => {
  const asV3 = (lists: ReturnType<typeof reportCluster>) =>
    new Map([...lists].map(([path, all]) => [path.replace(CRD, '/apis/projectcalico.org/v3'), all]));

  test('projectcalico.org/v3 where that is all there is', async () => {
    await start(asV3(reportCluster({ [`${CRD}/blockaffinities`]: {} })));
    const { peers, affinities } = await look();
    expect(peers.ok && peers.value).toHaveLength(3);
    expect(affinities.ok && affinities.value).toHaveLength(3);
  });

  test("what is stored, while Calico's own API server is down", async () => {
    await start(reportCluster());
    server.intercept = (path) =>
      path.startsWith('/apis/projectcalico.org') ? { status: 503, body: 'service unavailable\n' } : undefined;
    expect((await look()).peers.ok).toBe(true);
  });

  test('neither, and one of them is down: it is that', async () => {
    await start(new Map([...reportCluster()].filter(([path]) => !path.startsWith(CRD))));
    server.intercept = (path) =>
      path.startsWith('/apis/projectcalico.org') ? { status: 503, body: 'service unavailable\n' } : undefined;
    expect((await look()).peers).toMatchObject({ ok: false, why: { because: 'busy', what: 'bgppeers' } });
  });

  test('a text and a boolean both say that an affinity is deleted', async () => {
    const one = affinity('kubemaster', '10.42.1.0/26');
    const deleted = { ...one, spec: { ...one.spec, deleted: 'true' } };
    const other = affinity('kubemaster', '10.42.2.0/26');
    const too = { ...other, spec: { ...other.spec, deleted: true } };
    await start(
      reportCluster({
        [`${CRD}/blockaffinities`]: { [one.metadata.name]: deleted, [other.metadata.name]: too },
      }),
    );
    const { affinities } = await look();
    expect(affinities.ok && affinities.value.map(({ isDeleted }) => isDeleted)).toEqual([
      false,
      false,
      false,
      true,
      true,
    ]);
  });
});
