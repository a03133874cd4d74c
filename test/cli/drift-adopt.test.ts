import { cpSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { type Edit, editedText } from '../../topology/edit.ts';
import { edited, entry, LATER, syncedCluster } from '../drift/synced-cluster.ts';
import { fabricOf } from '../fabric-of.ts';
import { REPORT, reportText } from '../fixture/report.ts';
import { type ApiServer, type Stored, startApiServer } from '../live/cluster/api-server.ts';
import { documentIn, noencap, noencapMeanwhile, type Run, scratch } from './run.ts';

const CALICO = '/apis/crd.projectcalico.org/v1';
const INSTALLATIONS = '/apis/operator.tigera.io/v1/installations';
const NODES = '/api/v1/nodes';

type Lists = Map<string, readonly Stored[]>;

let folder: string;
let server: ApiServer;
let kubeconfig: string;
beforeEach(() => {
  folder = scratch();
  for (const name of ['topology.yaml', 'dist'])
    cpSync(join(REPORT, name), join(folder, name), { recursive: true });
});
afterEach(async () => {
  await server.close();
  rmSync(folder, { recursive: true });
});

const topology = () => readFileSync(join(folder, 'topology.yaml'), 'utf8');
const drift = (...args: readonly string[]): Promise<Run> =>
  noencapMeanwhile(folder, ['drift', ...args], { HOME: folder, KUBECONFIG: kubeconfig });

async function adopt(change: (lists: Lists) => void): Promise<Run & { told: ReturnType<typeof documentIn> }> {
  const lists = syncedCluster();
  change(lists);
  server = await startApiServer(lists);
  kubeconfig = server.use();
  const ran = await drift('--adopt', '--json');
  return { ...ran, told: documentIn(ran.stdout) };
}

/** The lines that are otherwise than before. */
const changed = (): string[] => {
  const before = reportText().split('\n');
  return topology()
    .split('\n')
    .filter((line) => !before.includes(line));
};

/** What is written renders, and the cluster has what is rendered; `rest`: what the next sync brings. */
async function proven(rest: readonly string[] = []): Promise<void> {
  expect(noencap(folder, ['synth']).code).toBe(0);
  const { stdout } = await drift('--json', '--no-routers');
  const { objects } = documentIn(stdout);
  expect(
    objects.map(
      ({ id, change }: { id: { kind: string; name: string }; change: string }) =>
        `${id.kind} ${id.name} ${change}`,
    ),
  ).toEqual(rest.map((one) => expect.stringMatching(one)));
}

/** An Installation as git renders it but for this. */
const installation = (lists: Lists) =>
  structuredClone(lists.get(INSTALLATIONS)?.[0]?.spec) as {
    calicoNetwork: { mtu: number; ipPools: { natOutgoing: string; blockSize: number }[] };
  };

test('MTU and NAT, comments kept: rendered with them, git has what the cluster has', async () => {
  const { code, told } = await adopt((lists) => {
    const { ipPools } = installation(lists).calicoNetwork;
    for (const pool of ipPools) pool.natOutgoing = 'Disabled';
    edited(lists, INSTALLATIONS, 'default', { spec: { calicoNetwork: { mtu: 1380, ipPools } } });
    edited(lists, `${CALICO}/ippools`, 'default-ipv4-ippool', { spec: { natOutgoing: false } }, 'operator');
  });
  expect(code).toBe(0);
  expect(changed()).toEqual([
    '  natOutgoing: false',
    '  mtu: 1380                       # a number, or auto: the smallest MTU on any pod path',
  ]);
  expect(told).toMatchObject({
    command: 'drift --adopt',
    ok: true,
    left: [],
    adopted: [
      {
        settings: [{ path: 'pods.natOutgoing', value: 'false' }],
        covers: [
          'IPPool default-ipv4-ippool: spec.natOutgoing false',
          'Installation default: spec.calicoNetwork.ipPools[name=default-ipv4-ippool].natOutgoing "Disabled"',
        ],
      },
      { settings: [{ path: 'pods.mtu', value: '1380' }] },
    ],
  });
  expect(told.diff).toMatch(/^-\s+mtu: 1370/m);
  await proven();
});

test('a pool that somebody changed beside its Installation: the engine makes the Installation the same', async () => {
  const { code, told } = await adopt((lists) =>
    edited(lists, `${CALICO}/ippools`, 'default-ipv4-ippool', { spec: { natOutgoing: false } }),
  );
  expect(told.left).toEqual([]);
  expect(code).toBe(0);
  expect(changed()).toEqual(['  natOutgoing: false']);
  expect(told.adopted[0].follows).toEqual([
    'Installation default: spec.calicoNetwork.ipPools[name=default-ipv4-ippool].natOutgoing "Enabled"',
  ]);
  await proven([/^Installation default/.source]);
});

test('an AS number in one place is not what would be rendered, in all places it is', async () => {
  const one = await adopt((lists) =>
    edited(lists, `${CALICO}/bgpconfigurations`, 'default', { spec: { asNumber: 64600 } }),
  );
  expect(one.code).toBe(1);
  expect(topology()).toBe(reportText());
  expect(one.told).toMatchObject({
    adopted: [],
    diff: null,
    left: [
      {
        what: 'BGPConfiguration default: spec.asNumber 64600',
        why: expect.stringMatching(
          /^rendered with it, git has what the cluster has not: BGPPeer route-reflector-\S+: spec\.asNumber 64512, and 2 more$/,
        ),
      },
    ],
  });
  for (const { metadata } of server.lists.get(`${CALICO}/bgppeers`) ?? [])
    edited(server.lists, `${CALICO}/bgppeers`, metadata.name, { spec: { asNumber: 64600 } });
  const { code, stdout } = await drift('--adopt');
  expect(code).toBe(0);
  expect(stdout).toContain('adopted bgp.asNumber: 64600\n');
  expect(changed()).toEqual(['  asNumber: 64600']);
  await proven();
});

test("a router's address, and a node's region with the Job that is named after it", async () => {
  const { code, told } = await adopt((lists) => {
    edited(lists, `${CALICO}/bgppeers`, 'route-reflector-domestic-domestic-agg', {
      spec: { peerIP: '100.64.0.109' },
    });
    edited(lists, NODES, 'kubenode-wds-1', { metadata: { labels: { region: 'Global' } } }, 'kubectl-label');
  });
  expect(told.left).toEqual([]);
  expect(code).toBe(0);
  const { routers, nodes } = parse(topology());
  expect(routers['domestic-agg'].nodeAddress).toBe('100.64.0.109');
  expect(nodes['kubenode-wds-1'].region).toBe('Global');
  expect(told.adopted[1].follows).toEqual([
    expect.stringMatching(/^Job noencap-system\/label-kubenode-wds-1-\w+ is missing$/),
  ]);
  await proven([/^Job label-kubenode-wds-1-\w+ missing$/.source]);
});

const peer = (name: string, spec: object): Stored => ({
  kind: 'BGPPeer',
  metadata: { name, managedFields: [entry('kubectl-create', { spec }, 'Update', LATER)] },
  spec,
});

const more = (lists: Lists, one: Stored) =>
  lists.set(`${CALICO}/bgppeers`, [...(lists.get(`${CALICO}/bgppeers`) ?? []), one]);

test('a peer by hand: a new planned router of a region without nodes', async () => {
  const { code, told } = await adopt((lists) =>
    more(
      lists,
      peer('route-reflector-domestic-second', {
        peerIP: '100.64.0.120',
        asNumber: 64512,
        nodeSelector: 'region == "Domestic"',
      }),
    ),
  );
  expect(told.left).toEqual([]);
  expect(code).toBe(0);
  expect(changed()).toEqual([
    '  Domestic: {routers: [domestic-agg, second]}          # planned: a router, no nodes yet',
    '  second: {routerId: 100.64.0.120, nodeAddress: 100.64.0.120, planned: true}',
  ]);
  // Its annotations, and the quotes of its selector.
  expect(told.adopted[0].follows).toHaveLength(2);
  await proven(['^BGPPeer route-reflector-domestic-second changed$']);
});

test('a peer by hand to a router that is there: under its own name, and then without the other', async () => {
  const { code, told } = await adopt((lists) =>
    more(
      lists,
      peer('by-hand', { peerIP: '100.64.1.106', asNumber: 64512, nodeSelector: "region == 'WDS'" }),
    ),
  );
  expect(told.left).toEqual([]);
  expect(code).toBe(0);
  expect(parse(topology()).regions.WDS).toMatchObject({ routers: ['gateway', 'global-ns'] });
  expect(told.adopted).toMatchObject([
    {
      follows: ['BGPPeer route-reflector-wds-global-ns is missing'],
      afterwards: expect.stringContaining('kubectl delete bgppeers by-hand'),
    },
  ]);
});

test('what the topology has no words for stays out, each with its reason, and the rest is adopted', async () => {
  const { code, told } = await adopt((lists) => {
    edited(lists, NODES, 'kubenode-wds-1', { metadata: { labels: { region: null } } }, 'kubectl-label');
    edited(lists, NODES, 'kubemaster', { metadata: { labels: { region: 'Moon' } } }, 'kubectl-label');
    edited(
      lists,
      NODES,
      'kubenode-hkg04',
      { metadata: { annotations: { 'projectcalico.org/ASNumber': '64999' } } },
      'calicoctl',
    );
    edited(lists, INSTALLATIONS, 'default', { spec: { controlPlaneReplicas: 3 } });
    edited(lists, `${CALICO}/bgpconfigurations`, 'default', { spec: { nodeToNodeMeshEnabled: false } });
    edited(lists, `${CALICO}/bgppeers`, 'route-reflector-wds-gateway', { spec: { peerIP: 'fe80::1%eth0' } });
    edited(lists, `${CALICO}/bgppeers`, 'route-reflector-global-global-ns', {
      spec: { keepOriginalNextHop: true },
    });
    more(lists, peer('far', { peerIP: '203.0.113.9', asNumber: 64999, nodeSelector: "region == 'WDS'" }));
    more(lists, peer('new', { peerIP: '203.0.113.9', asNumber: 64512, nodeSelector: "region == 'WDS'" }));
  });
  expect(code).toBe(1);
  expect(changed()).toEqual(["  nodeToNodeMesh: false            # Calico's own full mesh between nodes"]);
  const why = Object.fromEntries(told.left.map((one: { what: string; why: string }) => [one.what, one.why]));
  expect(why).toEqual({
    'BGPPeer far is not in git': 'every session of the topology is in AS 64512',
    'BGPPeer new is not in git': expect.stringContaining(
      'would wait for a router that noencap does not deliver to',
    ),
    'BGPPeer route-reflector-global-global-ns: spec.keepOriginalNextHop true':
      'the topology has no setting for it',
    'BGPPeer route-reflector-wds-gateway: spec.peerIP "fe80::1%eth0"': expect.stringMatching(
      /^the topology would have a fault: topology\.yaml:\d+:\d+ /,
    ),
    'Installation default: spec.controlPlaneReplicas 3': 'the topology has no setting for it',
    'Node kubemaster: metadata.labels.region "Moon"': 'there is no region "Moon" for region',
    'Node kubenode-hkg04: metadata.annotations."projectcalico.org/ASNumber" "64999"': expect.stringContaining(
      'all nodes have the AS number',
    ),
    'Node kubenode-wds-1: metadata.labels.region removed': expect.stringContaining(
      'a label that was removed cannot be written',
    ),
  });
});

/** One change of the topology each: its path, its value. */
const CHANGES: readonly (readonly [what: string, edits: readonly Edit[]])[] = [
  [
    'NAT, mesh',
    [
      { path: ['pods', 'natOutgoing'], value: false },
      { path: ['bgp', 'nodeToNodeMesh'], value: false },
    ],
  ],
  [
    'a region and the AS number',
    [
      { path: ['nodes', 'kubenode-wds-1', 'region'], value: 'Global' },
      { path: ['bgp', 'asNumber'], value: 64777 },
    ],
  ],
  ['a registry, with the image of the operator', [{ path: ['calico', 'registry'], value: 'r.example' }]],
  [
    'addresses, forwarding',
    [
      { path: ['routers', 'gateway', 'nodeAddress'], value: '192.168.100.2' },
      { path: ['calico', 'nodeAddress'], value: { interface: 'eth.*' } },
      { path: ['calico', 'containerIPForwarding'], value: false },
    ],
  ],
];

test.each(CHANGES)(
  '%s: a cluster that somebody made so becomes the topology that renders it',
  async (_, edits) => {
    const wanted = editedText(reportText(), edits);
    if ('cannot' in wanted) throw new Error(wanted.cannot);
    server = await startApiServer(syncedCluster(fabricOf(parse(wanted.text)), 'kubectl-edit'));
    kubeconfig = server.use();
    const { code, stdout } = await drift('--adopt', '--json');
    expect({ code, left: documentIn(stdout).left }).toEqual({ code: 0, left: [] });
    expect(topology()).toBe(wanted.text);
  },
);

test('how nodes find their address, and IP forwarding; a registry only with the image of the operator', async () => {
  const { code, told } = await adopt((lists) =>
    edited(lists, INSTALLATIONS, 'default', {
      spec: {
        registry: 'registry.example/',
        calicoNetwork: {
          containerIPForwarding: 'Disabled',
          nodeAddressAutodetectionV4: { firstFound: null, cidrs: ['192.168.100.0/24', '10.2.5.0/24'] },
        },
      },
    }),
  );
  expect(told.left).toMatchObject([
    {
      what: 'Installation default: spec.registry "registry.example/"',
      why: expect.stringMatching(
        /^rendered with it, git has what the cluster has not: Deployment tigera-operator\/tigera-operator: /,
      ),
    },
  ]);
  expect(code).toBe(1);
  const { calico } = parse(topology());
  expect(calico).toMatchObject({
    containerIPForwarding: false,
    nodeAddress: { cidrs: ['192.168.100.0/24', '10.2.5.0/24'] },
    registry: 'quay.m.daocloud.io',
  });
  expect(changed()).toHaveLength(2);
});

test('what git itself has changed since is not taken back', async () => {
  const { code, told } = await adopt((lists) => {
    edited(lists, INSTALLATIONS, 'default', { spec: { calicoNetwork: { mtu: 1300 } } }, 'argocd-controller');
    edited(lists, INSTALLATIONS, 'default', {
      spec: { calicoNetwork: { containerIPForwarding: 'Disabled' } },
    });
  });
  expect(code).toBe(1);
  expect(changed()).toEqual(['  containerIPForwarding: false']);
  expect(told.left).toMatchObject([
    {
      what: 'Installation default: spec.calicoNetwork.mtu 1300',
      why: expect.stringContaining('nothing to adopt'),
    },
  ]);
});

test('what cannot be read proves nothing: nothing is written', async () => {
  const lists = syncedCluster();
  edited(lists, INSTALLATIONS, 'default', { spec: { calicoNetwork: { mtu: 1380 } } });
  server = await startApiServer(lists);
  server.forbidden.add('bgppeers');
  kubeconfig = server.use();
  expect(await drift('--adopt')).toMatchObject({
    code: 3,
    stdout: '',
    stderr: expect.stringMatching(
      /^Not everything could be read, so nothing can be proven: bgppeers\S+: the account of context home may not list them\./,
    ),
  });
  expect(topology()).toBe(reportText());
});

test('without drift the file stays, and what --adopt does not look at cannot be asked for', async () => {
  const { code, told } = await adopt(() => {});
  expect({ code, adopted: told.adopted, diff: told.diff }).toEqual({ code: 0, adopted: [], diff: null });
  expect(topology()).toBe(reportText());
  expect((await drift('--adopt', '--router', 'gateway')).code).toBe(2);
});
