import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { grouped } from '../../analysis/index.ts';
import type { Fabric } from '../../fabric/index.ts';
import { verifyCluster } from '../../verify/cluster.ts';
import type { ClusterLook } from '../../verify/cluster-look.ts';
import type { Verdict } from '../../verify/verdict.ts';
import { dualStack } from '../charts/topologies.ts';
import { fabricOf } from '../fabric-of.ts';
import { REPORT_FILE } from '../fixture/report.ts';
import {
  affinity,
  block,
  type Changes,
  CRD,
  component,
  node,
  nodeStatus,
  OPERATOR,
  peer,
  pod,
  pool,
} from '../live/cluster/report-cluster.ts';
import { before, reportLook, unread } from './looks.ts';

const REPORT = parse(readFileSync(REPORT_FILE, 'utf8'));
const fabric = fabricOf(REPORT);
const NODES = '/api/v1/nodes';

const different = (look: ClusterLook, of: Fabric = fabric): Verdict[] =>
  verifyCluster(of, look).filter(({ is }) => is !== 'as-promised');

/** What is not as promised after these changes of a cluster that is as promised. */
const changed = (changes: Changes): Verdict[] => different(reportLook(changes));

test('a cluster as the topology promises', () => {
  const verdicts = verifyCluster(fabric, reportLook());
  expect(verdicts.filter(({ is }) => is !== 'as-promised')).toEqual([]);
  const counts = grouped(verdicts, ({ kind }) => kind);
  expect(Object.fromEntries([...counts].map(([kind, all]) => [kind, all.length]))).toEqual({
    node: 3,
    'node-label': 3,
    'node-address': 3,
    'node-as': 3,
    'calico-node': 3,
    'calico-release': 1,
    component: 3,
    'bgp-peer': 3,
    'bgp-configuration': 1,
    pool: 1,
    block: 3,
  });
});

describe('a node', () => {
  test('that is missing: nothing else is said of it but its block', () => {
    expect(
      changed({
        [NODES]: { 'kubenode-hkg04': undefined },
        pods: { 'calico-node-kubenode-hkg04': undefined },
      }),
    ).toEqual([
      {
        about: { kind: 'node', name: 'kubenode-hkg04' },
        is: 'different',
        kind: 'node-missing',
        expected: 'a K3s agent',
        found: 'no Node of that name',
        cause: undefined,
        next: 'ssh kubenode-hkg04 systemctl status k3s-agent',
      },
      expect.objectContaining({
        kind: 'stale-block',
        found: 'one of kubenode-hkg04, which is no Node, 3 of its addresses in use',
      }),
    ]);
  });

  test('that is not Ready, for want of the pod network', () => {
    const one = node('kubemaster', 'WDS', '192.168.100.251');
    const conditions = [
      {
        type: 'Ready',
        status: 'False',
        reason: 'KubeletNotReady',
        message: 'container runtime network not ready: cni plugin not initialized',
      },
    ];
    expect(changed({ [NODES]: { kubemaster: { ...one, status: { ...one.status, conditions } } } })).toEqual([
      expect.objectContaining({
        kind: 'node-not-ready',
        found: 'Ready is False',
        cause: {
          message: 'calico-node has not set up the pod network there',
          evidence: ['KubeletNotReady: container runtime network not ready: cni plugin not initialized'],
        },
        next: 'kubectl describe node kubemaster',
      }),
    ]);
  });

  test.each([
    ['without its label', undefined, 'no label region', 'region=WDS'],
    ['with that of another region', 'Global', 'region=Global', '--overwrite region=WDS'],
  ])('%s', (_, region, found, next) => {
    expect(changed({ [NODES]: { kubemaster: node('kubemaster', region, '192.168.100.251') } })).toEqual([
      expect.objectContaining({
        kind: 'node-unlabelled',
        expected: 'region=WDS',
        found,
        cause: expect.objectContaining({
          message: 'the BGPPeers of its region do not select it: it has no session with gateway by them',
        }),
        next: `kubectl label node kubemaster ${next}`,
      }),
    ]);
  });

  test('whose label Calico would look for is one that every object has', () => {
    const odd = fabricOf({ ...REPORT, regionLabel: 'constructor' });
    const found = different(reportLook(), odd).filter(({ kind }) => kind === 'node-unlabelled');
    expect(found.map((one) => one.found)).toEqual(Array(3).fill('no label constructor'));
  });

  test('for which Calico picked the other of its addresses, as its detection may', () => {
    const picked = node('kubenode-hkg04', 'Global', '10.2.5.7', '100.64.1.7/24');
    expect(changed({ [NODES]: { 'kubenode-hkg04': picked } })).toEqual([
      {
        about: { kind: 'node', name: 'kubenode-hkg04' },
        is: 'different',
        kind: 'address-picked',
        expected: '10.2.5.7',
        found: '100.64.1.7',
        cause: {
          message: 'calico.nodeAddress is firstFound, which may pick this one',
          evidence: ['projectcalico.org/IPv4Address: 100.64.1.7/24'],
        },
        next: 'kubectl -n calico-system logs calico-node-kubenode-hkg04 -c calico-node',
      },
    ]);
  });

  test('with an address that nothing explains: no cause is named', () => {
    const picked = node('kubenode-hkg04', 'Global', '10.2.5.7', '172.17.0.1/16');
    expect(changed({ [NODES]: { 'kubenode-hkg04': picked } })).toEqual([
      expect.objectContaining({ kind: 'address-picked', found: '172.17.0.1', cause: undefined }),
    ]);
  });

  test('with another node-ip', () => {
    const moved = node('kubemaster', 'WDS', '10.9.9.9', '192.168.100.251/24');
    expect(changed({ [NODES]: { kubemaster: moved } })).toEqual([
      expect.objectContaining({
        kind: 'internal-address-wrong',
        expected: '192.168.100.251',
        found: '10.9.9.9',
      }),
    ]);
  });

  test('with an AS number or a cluster ID of its own', () => {
    const one = node('kubemaster', 'WDS', '192.168.100.251');
    const annotations = {
      ...one.metadata.annotations,
      'projectcalico.org/ASNumber': '65001',
      'projectcalico.org/RouteReflectorClusterID': '1.0.0.1',
    };
    const kubemaster = { ...one, metadata: { ...one.metadata, annotations } };
    expect(changed({ [NODES]: { kubemaster } })).toEqual([
      expect.objectContaining({
        kind: 'as-wrong',
        expected: 'AS 64512',
        found: 'AS 65001',
        next: 'kubectl annotate node kubemaster projectcalico.org/ASNumber-',
      }),
      expect.objectContaining({ kind: 'as-wrong', found: 'a route reflector of cluster 1.0.0.1' }),
    ]);
  });

  test('that the topology does not have, with a name that no shell gets to see', () => {
    const stray = node('stray; reboot', 'WDS', '192.168.100.9');
    expect(changed({ [NODES]: { 'stray; reboot': stray } })).toEqual([
      expect.objectContaining({ kind: 'node-not-in-topology', next: undefined }),
    ]);
  });
});

describe('objects', () => {
  const PEERS = `${CRD}/bgppeers`;
  const right = { nodeSelector: "region == 'WDS'", peerIP: '192.168.100.1', asNumber: 64512 };

  test('a component that is Degraded, with its reason', () => {
    const message = 'Could not resolve CalicoNetwork IPPool and kubeadm configuration';
    const degraded = component('calico', { reason: 'ResourceValidationError', message });
    expect(changed({ [`${OPERATOR}/tigerastatuses`]: { calico: degraded } })).toEqual([
      {
        about: { kind: 'component', name: 'calico' },
        is: 'different',
        kind: 'component-degraded',
        expected: 'Available',
        found: 'Degraded: ResourceValidationError',
        cause: { message: 'as the operator says', evidence: [message] },
        next: 'kubectl describe tigerastatus calico',
      },
    ]);
  });

  test('a component that the operator does not report', () => {
    expect(changed({ [`${OPERATOR}/tigerastatuses`]: { calico: undefined } })).toEqual([
      expect.objectContaining({ kind: 'component-missing' }),
    ]);
  });

  test('a BGPPeer that is missing', () => {
    expect(changed({ [PEERS]: { 'route-reflector-wds-gateway': undefined } })).toEqual([
      expect.objectContaining({
        about: { kind: 'object', name: 'BGPPeer route-reflector-wds-gateway' },
        kind: 'peer-missing',
        expected: 'a BGPPeer to gateway (192.168.100.1)',
        next: 'kubectl -n argocd get applications',
      }),
    ]);
  });

  test('one that somebody made by hand', () => {
    const hand = peer('test', { peerIP: '192.0.2.1', asNumber: 65000 }, 'kubectl-client-side-apply');
    expect(changed({ [PEERS]: { test: hand } })).toEqual([
      expect.objectContaining({
        kind: 'peer-by-hand',
        found: 'one to 192.0.2.1, AS 65000, for all nodes',
        cause: {
          message: 'somebody wrote it with kubectl',
          evidence: [
            'kubectl-client-side-apply wrote it, last at 2026-01-02T03:04:05Z',
            'created at 2026-01-02T03:04:05Z',
          ],
        },
      }),
    ]);
  });

  test.each([
    ['another address', { peerIP: '192.168.100.2' }, 'peerIP 192.168.100.1', 'peerIP 192.168.100.2'],
    ['another AS', { asNumber: 64513 }, 'asNumber 64512', 'asNumber 64513'],
    ['all nodes', { nodeSelector: 'all()' }, "nodeSelector region == 'WDS'", 'nodeSelector all()'],
    ['a filter', { filters: ['drop'] }, 'filters unset', 'filters drop'],
    ['a field', { maxRestartTime: '1h' }, 'maxRestartTime unset', 'maxRestartTime "1h"'],
    [
      'a password, of which only the name of the Secret is told',
      { password: { secretKeyRef: { name: 'bgp', key: 'wds' } } },
      'password unset',
      'password bgp/wds',
    ],
  ])('one with %s', (_, change, expected, found) => {
    const edited = peer('route-reflector-wds-gateway', { ...right, ...change }, 'kubectl-edit');
    expect(changed({ [PEERS]: { 'route-reflector-wds-gateway': edited } })).toEqual([
      expect.objectContaining({ kind: 'object-differs', expected, found }),
    ]);
  });

  test('a selector in other quotes, and an address in other letters, are the same', () => {
    const same = peer('route-reflector-wds-gateway', { ...right, nodeSelector: 'region=="WDS"' });
    expect(changed({ [PEERS]: { 'route-reflector-wds-gateway': same } })).toEqual([]);
  });

  const CONFIGURATIONS = `${CRD}/bgpconfigurations`;
  const configuration = (name: string, spec: object) => ({ metadata: { name }, spec });

  test.each([
    ['none', undefined, 'object-missing', "none: nodes use Calico's defaults"],
    ['another AS', { asNumber: 64513, nodeToNodeMeshEnabled: true }, 'object-differs', 'asNumber 64513'],
    [
      'no mesh',
      { asNumber: 64512, nodeToNodeMeshEnabled: false },
      'object-differs',
      'nodeToNodeMeshEnabled false',
    ],
    ['another port', { asNumber: 64512, listenPort: 1179 }, 'object-differs', 'listenPort 1179'],
  ])('BGPConfiguration default: %s', (_, spec, kind, found) => {
    const ours = spec && configuration('default', spec);
    expect(changed({ [CONFIGURATIONS]: { default: ours } })).toEqual([
      expect.objectContaining({ kind, found }),
    ]);
  });

  test('a mesh that nobody mentions is on, and what Calico fills in is no change', () => {
    const spec = {
      asNumber: 64512,
      programClusterRoutes: 'Disabled',
      serviceLoadBalancerAggregation: 'Enabled',
    };
    expect(changed({ [CONFIGURATIONS]: { default: configuration('default', spec) } })).toEqual([]);
  });

  test('a BGPConfiguration for one node', () => {
    const own = configuration('node.kubemaster', { logSeverityScreen: 'Debug' });
    expect(changed({ [CONFIGURATIONS]: { 'node.kubemaster': own } })).toEqual([
      expect.objectContaining({ kind: 'object-by-hand' }),
    ]);
  });

  test('another release of Calico than in git', () => {
    const next = { ...REPORT, calico: { ...REPORT.calico, version: 'v3.31.7' } };
    expect(different(reportLook(), fabricOf(next))).toEqual([
      expect.objectContaining({
        kind: 'object-differs',
        expected: 'Calico v3.31.7',
        found: 'Calico v3.32.1',
      }),
    ]);
  });
});

describe('pools and blocks', () => {
  const POOLS = `${CRD}/ippools`;
  const NAME = 'default-ipv4-ippool';

  test.each([
    ['encapsulates', { ipipMode: 'Always' }, 'ipipMode Always'],
    ['encapsulates across subnets', { vxlanMode: 'CrossSubnet' }, 'vxlanMode CrossSubnet'],
    ['has other blocks', { blockSize: 24 }, 'blockSize 24'],
    ['does not translate', { natOutgoing: false }, 'natOutgoing false'],
    ['is for some nodes', { nodeSelector: "region == 'WDS'" }, "nodeSelector region == 'WDS'"],
    ['is not announced', { disableBGPExport: true }, 'disableBGPExport true'],
    ['is disabled', { disabled: true }, 'disabled true'],
  ])('a pool that %s', (_, spec, found) => {
    expect(changed({ [POOLS]: { [NAME]: pool('10.42.0.0/16', spec) } })).toEqual([
      expect.objectContaining({ kind: 'pool-differs', found }),
    ]);
  });

  test("Calico's defaults are as good as written", () => {
    const spare = { metadata: { name: NAME }, spec: { cidr: '10.42.0.0/16', natOutgoing: true } };
    expect(changed({ [POOLS]: { [NAME]: spare } })).toEqual([]);
  });

  test('another pool in its place, and blocks that are left of the one before', () => {
    const found = changed({ [POOLS]: { [NAME]: pool('10.99.0.0/16', {}, NAME) } });
    expect(found.map(({ kind, about }) => [kind, about.name])).toEqual([
      ['pool-missing', '10.42.0.0/16'],
      ['pool-by-hand', '10.99.0.0/16'],
    ]);
  });

  const AFFINITIES = `${CRD}/blockaffinities`;
  const BLOCKS = `${CRD}/ipamblocks`;
  const held = (host: string, cidr: string) => ({
    [AFFINITIES]: { x: affinity(host, cidr) },
    [BLOCKS]: { x: block(host, cidr, 2) },
  });
  const collector = (isReady: boolean) => ({
    metadata: { name: 'calico-kube-controllers-1', labels: { 'k8s-app': 'calico-kube-controllers' } },
    status: { phase: 'Running', conditions: [{ type: 'Ready', status: isReady ? 'True' : 'False' }] },
  });

  test('a block of a node that is gone, while what frees it runs: no cause is known', () => {
    const pods = { 'calico-kube-controllers-1': collector(true) };
    expect(changed({ ...held('gone', '10.42.7.0/26'), pods })).toEqual([
      expect.objectContaining({
        about: { kind: 'block', name: '10.42.7.0/26', machine: 'gone' },
        kind: 'stale-block',
        found: 'one of gone, which is no Node, 2 of its addresses in use',
        cause: undefined,
      }),
    ]);
  });

  test('the same, and what frees blocks is not Ready', () => {
    const pods = { 'calico-kube-controllers-1': collector(false) };
    const found = changed({ ...held('gone', '10.42.7.0/26'), pods });
    expect(found.find(({ kind }) => kind === 'stale-block')?.cause).toEqual({
      message: 'calico-kube-controllers, which frees blocks of nodes that are gone, is not running',
      evidence: [
        'BlockAffinity gone-10-42-7-0-26 is confirmed',
        'pod calico-kube-controllers-1 is Running and not Ready',
      ],
    });
  });

  test('a block whose affinity is gone, and which still names its node', () => {
    expect(changed({ [BLOCKS]: { x: block('gone', '10.42.7.0/26') } })).toEqual([
      expect.objectContaining({ kind: 'stale-block' }),
    ]);
  });

  test('an affinity that is deleted, and a block of nobody, are nothing', () => {
    const one = affinity('gone', '10.42.7.0/26');
    const x = { ...one, spec: { ...one.spec, deleted: 'true' } };
    expect(changed({ [AFFINITIES]: { x }, [BLOCKS]: { x: block(undefined, '10.42.7.0/26') } })).toEqual([]);
  });

  test("a block for load balancers is no node's", () => {
    const one = affinity('load-balancer', '10.42.7.0/26');
    const x = { ...one, spec: { ...one.spec, type: 'virtual' } };
    const of = block(undefined, '10.42.7.0/26');
    const y = { ...of, spec: { ...of.spec, affinity: 'virtual:load-balancer' } };
    expect(changed({ [AFFINITIES]: { x }, [BLOCKS]: { y } })).toEqual([]);
  });

  test('a node that is gone claimed a block that another one has', () => {
    const AT = '10.42.7.0/26';
    const [own, claim] = [affinity('kubemaster', AT), affinity('gone', AT, 'pending')];
    for (const order of [
      [own, claim],
      [claim, own],
    ])
      expect(
        changed({ [AFFINITIES]: Object.fromEntries(order.map((one) => [one.metadata.name, one])) }),
      ).toEqual([]);
  });

  test('a block outside of the pool, from one that the topology does not have', () => {
    const found = changed({
      ...held('kubemaster', '10.99.1.0/26'),
      [POOLS]: { other: pool('10.99.0.0/16', {}, 'other') },
    });
    expect(found.find(({ kind }) => kind === 'block-outside-pool')).toMatchObject({
      expected: 'a block of 10.42.0.0/16',
      found: '10.99.1.0/26, 2 of its addresses in use',
      cause: {
        message: 'it comes from IPPool other, which the topology does not have',
        evidence: ['BlockAffinity kubemaster-10-99-1-0-26 is confirmed', 'IPPool other is 10.99.0.0/16'],
      },
    });
  });

  test('what is no prefix is in no pool', () => {
    expect(changed(held('kubemaster', 'nonsense'))).toEqual([
      expect.objectContaining({ kind: 'block-outside-pool', found: 'nonsense, 2 of its addresses in use' }),
    ]);
  });

  test('two nodes whose blocks the topology has the wrong way round', () => {
    const swapped = {
      ...REPORT,
      nodes: {
        ...REPORT.nodes,
        kubemaster: { ...REPORT.nodes.kubemaster, block: '10.42.64.64/26' },
        'kubenode-wds-1': { ...REPORT.nodes['kubenode-wds-1'], block: '10.42.141.0/26' },
      },
    };
    expect(different(reportLook(), fabricOf(swapped)).map(({ kind, found }) => [kind, found])).toEqual([
      ['block-elsewhere', 'on kubenode-wds-1'],
      ['block-elsewhere', 'on kubemaster'],
    ]);
  });
});

describe('calico-node', () => {
  const ended = (seconds: number, reason = 'OOMKilled') => ({
    terminated: { exitCode: 137, reason, finishedAt: before(seconds) },
  });
  const with_ = (one: object) => changed({ pods: { 'calico-node-kubemaster': one as never } });

  test('restarted within the hour, for want of memory', () => {
    expect(with_(pod('kubemaster', 7, ended(600)))).toEqual([
      {
        about: { kind: 'node', name: 'kubemaster' },
        is: 'different',
        kind: 'calico-node-restarting',
        expected: 'Ready, not restarting',
        found: '7 restarts, the last within an hour',
        cause: {
          message: 'the kernel killed it at its memory limit',
          evidence: ['calico-node ended: OOMKilled, exit code 137, at 2026-03-01T11:50:00.000Z'],
        },
        next: 'kubectl -n calico-system logs calico-node-kubemaster --previous',
      },
    ]);
  });

  test('restarted yesterday: that is over', () => {
    expect(with_(pod('kubemaster', 7, ended(86_400)))).toEqual([]);
  });

  test('restarted, and the server tells no time: unknown', () => {
    const look = reportLook({ pods: { 'calico-node-kubemaster': pod('kubemaster', 7, ended(600)) } });
    expect(different({ ...look, clock: undefined })).toEqual([
      expect.objectContaining({ is: 'unknown', kind: 'calico-node' }),
    ]);
  });

  test('crashes again and again', () => {
    const waiting = { waiting: { reason: 'CrashLoopBackOff', message: 'back-off 5m0s' } };
    expect(with_(pod('kubemaster', 31, ended(60, 'Error'), waiting))).toEqual([
      expect.objectContaining({ kind: 'calico-node-restarting', found: 'CrashLoopBackOff, 31 restarts' }),
    ]);
  });

  test('cannot get its image', () => {
    const waiting = { waiting: { reason: 'ImagePullBackOff', message: 'Back-off pulling image' } };
    expect(with_(pod('kubemaster', 0, {}, waiting))).toEqual([
      expect.objectContaining({
        kind: 'calico-node-not-ready',
        found: 'calico-node: ImagePullBackOff',
        cause: { message: 'as kubelet says', evidence: ['Back-off pulling image'] },
      }),
    ]);
  });

  test('is not there', () => {
    expect(changed({ pods: { 'calico-node-kubemaster': undefined } })).toEqual([
      expect.objectContaining({ kind: 'calico-node-missing', about: { kind: 'node', name: 'kubemaster' } }),
    ]);
  });
});

describe("a node's own view of its sessions", () => {
  const STATUSES = `${CRD}/caliconodestatuses`;
  const PEERS = ['192.168.100.1', '192.168.100.252', '10.2.5.7'];
  const established = PEERS.map((peerIP) => ({
    peerIP,
    state: 'Established',
    type: 'NodePeer',
    since: '11:00:00',
  }));
  const view = (peers: object[], seconds = 5, period = 10) => ({
    [STATUSES]: { kubemaster: nodeStatus('kubemaster', peers, before(seconds), period) },
  });

  test('all of them, with the reflector and in the mesh', () => {
    const verdicts = verifyCluster(fabric, reportLook(view(established)));
    expect(verdicts.filter(({ kind }) => kind === 'session').map(({ is, found }) => [is, found])).toEqual(
      Array(3).fill(['as-promised', 'Established']),
    );
  });

  test('one that is down, and one that is not there', () => {
    const peers = [
      { peerIP: '192.168.100.1', state: 'Active', type: 'NodePeer', since: '11:59:00' },
      established[1] ?? {},
    ];
    expect(changed(view(peers)).map(({ kind, found, expected }) => [kind, found, expected])).toEqual([
      ['session-down', 'Active since 11:59:00', 'Established with gateway (192.168.100.1)'],
      ['session-missing', 'no such neighbour', 'Established with kubenode-hkg04 (10.2.5.7)'],
    ]);
  });

  test.each([
    ['old', 3600, 10],
    ['never renewed', 1, 0],
  ])('a view that is %s is unknown, whatever it shows', (_, seconds, period) => {
    const found = changed(view(established, seconds, period));
    expect(found).toHaveLength(3);
    expect(new Set(found.map(({ is }) => is))).toEqual(new Set(['unknown']));
  });
});

describe('what was not read', () => {
  test('nothing at all: nothing is as promised, and every verdict says why', () => {
    const nothing = unread('unreachable', 'nodes');
    const look = Object.fromEntries(Object.keys(reportLook()).map((key) => [key, nothing]));
    const verdicts = verifyCluster(fabric, {
      ...(look as unknown as ClusterLook),
      context: 'home',
      server: 'https://192.168.100.251:6443',
      clock: undefined,
    });
    expect(verdicts.length).toBeGreaterThan(20);
    expect(verdicts.filter(({ is, cause }) => is !== 'unknown' || cause === undefined)).toEqual([]);
    expect(verdicts[0]).toMatchObject({
      about: { kind: 'node', name: 'kubemaster' },
      cause: {
        message: 'nodes: https://192.168.100.251:6443 cannot be reached',
        evidence: ['as the server says'],
      },
      next: 'curl -vk https://192.168.100.251:6443/version',
    });
  });

  const READS = Object.entries(reportLook()).filter(([, read]) => typeof read === 'object' && 'ok' in read);

  test.each(READS.map(([key]) => key))(
    '%s alone: nothing that needs it is as promised, the rest is',
    (key) => {
      const all = verifyCluster(fabric, reportLook());
      const some = verifyCluster(fabric, { ...reportLook(), [key]: unread('forbidden', key) });
      // CalicoNodeStatus is there only if somebody has asked for it.
      expect(some.some(({ is }) => is === 'unknown')).toBe(key !== 'nodeStatuses');
      expect(some.filter(({ is }) => is === 'different')).toEqual([]);
      const promised = new Set(all.map((one) => JSON.stringify(one)));
      const kept = some.filter(({ is }) => is === 'as-promised');
      expect(kept.filter((one) => !promised.has(JSON.stringify(one)))).toEqual([]);
    },
  );
});

describe('both families', () => {
  const both = fabricOf(dualStack);
  const [first] = both.nodes;
  const { ipv4, ipv6 } = first?.address ?? {};
  const lookOf = (picked6: string | undefined) => {
    const looked = node(first?.name ?? '', first?.region, ipv4?.text ?? '');
    const annotations = {
      'projectcalico.org/IPv4Address': `${ipv4?.text}/24`,
      ...(picked6 === undefined ? {} : { 'projectcalico.org/IPv6Address': picked6 }),
    };
    const addresses = [ipv4, ipv6].map((one) => ({ type: 'InternalIP', address: one?.text }));
    const one = {
      ...looked,
      metadata: { ...looked.metadata, annotations },
      status: { ...looked.status, addresses },
    };
    return verifyCluster(both, reportLook({ [NODES]: { [one.metadata.name]: one } })).filter(
      ({ about, kind }) => about.name === first?.name && ['node-address', 'address-picked'].includes(kind),
    );
  };

  test('each has its address; IPv6 is the same in any spelling', () => {
    expect(ipv6).toBeDefined();
    const long = ipv6?.text.replace(
      '::',
      ':0:0:0:0:0:0:0:'.slice(0, 1 + 2 * (9 - ipv6.text.split(':').length)),
    );
    for (const text of [ipv6?.text, ipv6?.text.toUpperCase(), long])
      expect(lookOf(`${text}/64`).map(({ is, found }) => [is, found])).toEqual([
        ['as-promised', ipv4?.text],
        ['as-promised', ipv6?.text],
      ]);
  });

  test('one without IPv6 has no session of that family', () => {
    expect(lookOf(undefined).map(({ kind }) => kind)).toEqual(['node-address', 'address-picked']);
  });
});
