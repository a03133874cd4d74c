import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Verdict } from '../../verify/index.ts';
import { reportText } from '../fixture/report.ts';
import { type ApiServer, startApiServer } from '../live/cluster/api-server.ts';
import { node, reportCluster } from '../live/cluster/report-cluster.ts';
import { documentIn, noencapMeanwhile, type Run, scratch } from './run.ts';

let folder: string;
let server: ApiServer | undefined;
beforeEach(() => {
  folder = scratch();
  writeFileSync(join(folder, 'topology.yaml'), reportText());
});
afterEach(async () => {
  await server?.close();
  server = undefined;
  rmSync(folder, { recursive: true });
});

const NODES = '/api/v1/nodes';
/** Nothing of the test's own machine. */
const NOBODY = { HOME: '/nonexistent', KUBECONFIG: '' };

/** `verify` of the cluster that the kubeconfig names; the routers are not looked at. */
async function verify(lists: ReturnType<typeof reportCluster>, ...args: readonly string[]): Promise<Run> {
  server = await startApiServer(lists);
  return noencapMeanwhile(folder, ['verify', ...args], { ...NOBODY, KUBECONFIG: server.use() });
}

const EACH_NODE = ['kubemaster', 'kubenode-hkg04', 'kubenode-wds-1'].flatMap((name) => ['--node', name]);

test('of the nodes that are named, the cluster and their routers are asked', async () => {
  const { code, stdout } = await verify(reportCluster(), ...EACH_NODE);
  // Nobody knows the routers here.
  expect(code).toBe(3);
  expect(stdout).toContain(
    `  as promised: 3 nodes, labels of 3 nodes, addresses of 3 nodes, AS numbers of 3 nodes`,
  );
  expect(stdout).toContain('because: known_hosts has no host key for gateway');
  const { verdicts } = documentIn(
    (await noencapMeanwhile(folder, ['verify', '--json', '--node', 'kubemaster'])).stdout,
  );
  const subjects = new Set(
    verdicts.map(({ about }: Verdict) => `${about.kind} ${about.name} ${about.machine ?? ''}`),
  );
  expect([...subjects].sort()).toEqual([
    'block 10.42.141.0/26 kubemaster',
    'node kubemaster ',
    'session gateway--kubemaster/ipv4 gateway',
  ]);
});

test('a label that is gone is named with the command that sets it, and unreachable routers do not hide it', async () => {
  const unlabelled = {
    [NODES]: { 'kubenode-hkg04': node('kubenode-hkg04', undefined, '10.2.5.7', '10.2.5.7/32') },
  };
  const { code, stdout } = await verify(reportCluster(unlabelled));
  expect(code).toBe(1);
  expect(stdout).toContain(`cluster home (${server?.url})
  differs node kubenode-hkg04: expected region=Global, found no label region
    likely: the BGPPeers of its region do not select it: it has no session with global-ns by them
      its labels are kubernetes.io/hostname
    next: kubectl label node kubenode-hkg04 region=Global
`);
  expect(stdout).toContain('  as promised: 3 nodes, labels of 2 nodes,');
});

test("another cluster's context is said once", async () => {
  const other = new Map([...reportCluster(), [NODES, [node('elsewhere-1', undefined, '10.9.9.9')]]]);
  const { code, stdout } = await verify(other, '--node', 'kubemaster', '--json');
  expect(code).toBe(1);
  const ofCluster = documentIn(stdout).verdicts.filter(({ about }: Verdict) => about.kind !== 'session');
  expect(ofCluster).toEqual([
    {
      about: { kind: 'cluster', name: 'home' },
      is: 'different',
      kind: 'other-cluster',
      expected: 'a cluster with nodes of home',
      found: 'none of them',
      cause: {
        message: "context home is another cluster's",
        evidence: [`server: ${server?.url}`, 'nodes: elsewhere-1'],
      },
      next: 'kubectl config get-contexts',
    },
  ]);
});

test('without a kubeconfig the cluster is unknown for one reason; --no-cluster does not ask', async () => {
  const { code, stdout } = await noencapMeanwhile(folder, ['verify'], NOBODY);
  expect(code).toBe(3);
  expect(stdout).toContain(`cluster
  unknown node kubemaster (and 24 more for this reason)
    because: the kubeconfig: there is no cluster to talk to
      there is neither KUBECONFIG nor ~/.kube/config
`);
  const alone = await noencapMeanwhile(folder, ['verify', '--no-cluster'], NOBODY);
  expect(alone.code).toBe(3);
  expect(alone.stdout).not.toContain('cluster');
});

test('a context that the kubeconfig does not have', async () => {
  const { code, stdout } = await verify(reportCluster(), '--context', 'away', '--node', 'kubemaster');
  expect(code).toBe(3);
  expect(stdout).toContain('\ncluster away\n');
  expect(stdout).toContain('context away has no server');
});

test('an interrupt ends a server that does not answer', async () => {
  let asked = (): void => {};
  const hanging = new Promise<void>((resolve) => {
    asked = resolve;
  });
  server = await startApiServer(reportCluster());
  server.intercept = (path) => {
    if (path !== NODES) return undefined;
    asked();
    return 'hang';
  };
  const env = { ...NOBODY, KUBECONFIG: server.use() };
  const { code, stdout, stderr } = await noencapMeanwhile(folder, ['verify'], env, hanging);
  expect(code).toBe(3);
  expect(stderr).toContain('Interrupted: what was not looked at is unknown.');
  expect(stdout).toContain('    because: nodes: it was interrupted\n');
});

test('a node that the topology does not have is bad input', async () => {
  const { code, stdout, stderr } = await noencapMeanwhile(folder, ['verify', '--node', 'kubemster'], NOBODY);
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr).toContain('Did you mean "kubemaster"?');
});
