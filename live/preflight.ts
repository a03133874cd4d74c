import type { InstalledCalico } from '../bootstrap/cluster.ts';
import { matchNodes, type NodeMatch, otherPools } from '../bootstrap/index.ts';
import type { Fabric } from '../fabric/index.ts';
import { listed } from '../topology/suggest.ts';
import { type Halt, linesOf } from './halt.ts';
import type { Kubectl } from './kubectl.ts';

/** The cluster that is about to change. */
export interface Target {
  readonly context: string;
  readonly server: string;
  /** Of Kubernetes. */
  readonly version: string;
  readonly nodes: NodeMatch;
  /** Bound to that context: switching contexts meanwhile has no effect here. */
  readonly kubectl: Kubectl;
}

/** Checks that this is the topology's cluster, and changes nothing. */
export async function preflight(fabric: Fabric, kubectl: Kubectl): Promise<Target | Halt> {
  const client = await kubectl(['version', '--client', '-o', 'json']);
  if (client.code !== 0) return noKubectl(fabric, client.stderr);
  const config = await kubectl(['config', 'view', '--minify', '-o', 'json']);
  const chosen = config.code === 0 ? chosenIn(config.stdout) : undefined;
  if (chosen === undefined) return noContext(fabric, config.stderr);
  const bound: Kubectl = (args, stdin) => kubectl([`--context=${chosen.context}`, ...args], stdin);
  const server = await bound(['version', '-o', 'json']);
  const version = server.code === 0 ? versionIn(server.stdout) : undefined;
  if (version === undefined) return notReachable(chosen, server.stderr);
  const may = await bound(['auth', 'can-i', '*', '*', '--all-namespaces']);
  if (may.stdout.trim() !== 'yes') {
    return environment(
      `the account of context ${chosen.context} does not have full access`,
      may.stderr,
      'Use one with cluster-admin, such as that in /etc/rancher/k3s/k3s.yaml on a server.',
    );
  }
  const nodes = await bound(['get', 'nodes', '-o', 'name']);
  if (nodes.code !== 0) return environment('the nodes cannot be listed', nodes.stderr, AGAIN);
  const names = nodes.stdout.split('\n').flatMap((line) => /^node\/(.+)$/.exec(line.trim())?.[1] ?? []);
  const target = { ...chosen, version, nodes: matchNodes(fabric, names), kubectl: bound };
  return (await anotherCluster(fabric, target)) ?? target;
}

export const AGAIN = 'Then run it again: it continues from here.';

function chosenIn(text: string): { context: string; server: string } | undefined {
  const config = JSON.parse(text) as {
    'current-context'?: string;
    clusters?: { cluster?: { server?: string } }[] | null;
  };
  const context = config['current-context'];
  const server = config.clusters?.[0]?.cluster?.server;
  return context && server ? { context, server } : undefined;
}

const versionIn = (text: string): string | undefined =>
  (JSON.parse(text) as { serverVersion?: { gitVersion?: string } }).serverVersion?.gitVersion;

/** A forgotten context must not turn the wrong cluster into this network. */
async function anotherCluster(fabric: Fabric, target: Target): Promise<Halt | undefined> {
  const { context, server, nodes, kubectl } = target;
  if (nodes.both.length === 0) {
    return {
      because: 'refused',
      message: `no node of ${fabric.name} is in the cluster of context ${context} (${server})`,
      details: [
        `the cluster has ${nodes.unknown.length === 0 ? 'no node' : listed(nodes.unknown, 'and')}`,
        `the topology has ${listed(nodes.lacking, 'and')}`,
      ],
      fix: 'Choose the right one with kubectl config use-context or KUBECONFIG, or start the first server.',
    };
  }
  const installation = await kubectl(['get', 'installations.operator.tigera.io', 'default', '-o', 'json']);
  // Without the operator this kind does not exist, as expected.
  if (installation.code !== 0) return undefined;
  const pools = otherPools(fabric, JSON.parse(installation.stdout) as InstalledCalico);
  if (pools === undefined) return undefined;
  const ours = fabric.pods.pools.map(({ cidr }) => cidr.text);
  return {
    because: 'refused',
    message: `Calico in context ${context} has the pools ${listed(pools, 'and')}, but the topology has ${listed(ours, 'and')}`,
    details: [],
    fix: 'Pods use them. Put the existing pools into the topology; changing them is a separate change.',
  };
}

function noKubectl({ k3s }: Fabric, stderr: string): Halt {
  const release = k3s.version.split('+')[0];
  return environment(
    'kubectl cannot be run',
    stderr,
    `Install it: curl -fLO https://dl.k8s.io/release/${release}/bin/linux/amd64/kubectl && sudo install kubectl /usr/local/bin/`,
  );
}

function noContext({ k3s }: Fabric, stderr: string): Halt {
  return environment(
    'kubectl has no cluster to talk to',
    stderr,
    `Copy /etc/rancher/k3s/k3s.yaml of ${k3s.firstServer} here, put that server's address into it, and set KUBECONFIG to it.`,
  );
}

const notReachable = ({ context, server }: { context: string; server: string }, stderr: string): Halt =>
  environment(
    `the API server of context ${context} (${server}) does not answer`,
    stderr,
    `Check that it is running (systemctl status k3s) and reachable from here: curl -k ${server}/version`,
  );

const environment = (message: string, stderr: string, fix: string): Halt => ({
  because: 'environment',
  message,
  details: linesOf(stderr),
  fix,
});
