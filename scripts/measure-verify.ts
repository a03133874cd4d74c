import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { smallestPodMtu } from '../analysis/index.ts';
import { routerFolders } from '../cli/ship-deliveries.ts';
import { buildFabric, type Fabric, type NodeSpeaker } from '../fabric/index.ts';
import { lookAtCluster } from '../live/cluster/index.ts';
import { lookAtRouters, type ToLookAt } from '../live/routers/index.ts';
import { routerFiles } from '../routers/index.ts';
import { type Bird, startBird } from '../test/delivery/bird.ts';
import { endSshd, startAgent, startSshd } from '../test/delivery/ssh/sshd.ts';
import { type Stored, startApiServer } from '../test/live/cluster/api-server.ts';
import { affinity, block, CRD, node, pod, reportCluster } from '../test/live/cluster/report-cluster.ts';
import { parseTopologyValue } from '../topology/index.ts';
import { overall, verifyCluster, verifyRouters } from '../verify/index.ts';
import { largeTopology } from './large-topology.ts';

/** What one look at a large network costs. */
export interface VerifyTimes {
  readonly routers: number;
  readonly nodes: number;
  /** Blocks in the cluster, and routes on each router. */
  readonly blocks: number;
  /** Seconds. */
  readonly look: number;
  readonly judge: number;
  /** Requests to the API server. */
  readonly requests: number;
  /** MiB of the process that looks, at most. */
  readonly memory: number;
  /** MiB that a look leaves behind, and that three do. */
  readonly left: number;
  readonly leftLater: number;
  readonly verdicts: number;
}

const [REGIONS, NODES, BLOCKS_OF_A_NODE] = [50, 1000, 3];

/**
 * One look at 50 BIRDs with 3,000 routes each, over one real sshd, and at the API of a cluster with 1,000 nodes, in a process of its own.
 * Needs root: it runs in a network namespace without any exit. Run by `bench.ts`.
 */
async function timesOfVerify(): Promise<VerifyTimes> {
  const fabric = fabricOf();
  const api = await startApi();
  const agent = startAgent();
  const sshd = await startSshd();
  agent.add(sshd.key);
  const prefixes = fabric.nodes.flatMap((_, index) => blocksOf(index));
  const birds = await fedBirds(fabric, prefixes);
  try {
    const folders = routerFolders(routerFiles(fabric));
    const routers = fabric.routers.map(({ name }, index): ToLookAt => {
      const bird = birds[index] as Bird;
      return {
        router: name,
        target: sshd.target,
        settings: bird.settings,
        files: folders.get(name) ?? new Map(),
        drainedFiles: () => new Map(),
        sysctls: new Map(),
        pools: fabric.pods.pools.map(({ cidr }) => cidr),
      };
    });
    process.env.KUBECONFIG = api.kubeconfig;
    const first = await lookOnce(fabric, routers);
    if (first.routes !== fabric.routers.length * prefixes.length)
      throw new Error(`${first.routes} routes were read, not ${prefixes.length} of each router`);
    if (first.known !== NODES) throw new Error(`${first.known} nodes were read`);
    const left = leftBehind();
    const requests = await api.requests();
    const second = await lookOnce(fabric, routers);
    await lookOnce(fabric, routers);
    return {
      routers: routers.length,
      nodes: NODES,
      blocks: prefixes.length,
      look: (first.look + second.look) / 2,
      judge: (first.judge + second.judge) / 2,
      requests,
      memory: process.resourceUsage().maxRSS / 1024,
      left,
      leftLater: leftBehind(),
      verdicts: first.verdicts,
    };
  } finally {
    for (const bird of birds) bird.end();
    await endSshd(sshd);
    agent.end();
    api.child.kill();
  }
}

interface Looked {
  readonly look: number;
  readonly judge: number;
  readonly routes: number;
  readonly known: number;
  readonly verdicts: number;
}

async function lookOnce(fabric: Fabric, routers: readonly ToLookAt[]): Promise<Looked> {
  const stop = new AbortController().signal;
  const began = performance.now();
  const [ofRouters, cluster] = await Promise.all([lookAtRouters(routers, stop), lookAtCluster()]);
  const seen = performance.now();
  const verdicts = [...verifyRouters(fabric, ofRouters), ...verifyCluster(fabric, cluster)];
  overall(verdicts);
  return {
    look: (seen - began) / 1000,
    judge: (performance.now() - seen) / 1000,
    routes: ofRouters.reduce((sum, { read }) => sum + (read?.pods?.routes.length ?? 0), 0),
    known: cluster.nodes.ok ? cluster.nodes.value.length : 0,
    verdicts: verdicts.length,
  };
}

/** Needs `--expose-gc`. */
function leftBehind(): number {
  global.gc?.();
  return process.memoryUsage().heapUsed / 2 ** 20;
}

function fabricOf(): Fabric {
  const loaded = parseTopologyValue(largeTopology({ regions: REGIONS, nodes: NODES, reflectors: 1 }));
  if (!loaded.ok) throw new Error('the topology has faults');
  return buildFabric(loaded.topology, smallestPodMtu);
}

/** Of 172.16.0.0/12, in the order of the nodes. */
const blocksOf = (node: number): string[] =>
  Array.from({ length: BLOCKS_OF_A_NODE }, (_, index) => {
    const at = (node * BLOCKS_OF_A_NODE + index) * 64;
    return `172.${16 + (at >> 16)}.${(at >> 8) & 255}.${at & 255}/26`;
  });

/** A BIRD for each router, on an address of its own, with every route from one that feeds them all; the kernel has them, too. */
async function fedBirds(fabric: Fabric, prefixes: readonly string[]): Promise<Bird[]> {
  const at = (index: number) => `10.99.1.${index + 1}`;
  const bgp = (name: string, local: string, remote: string, channel: string, more = '') =>
    `protocol bgp ${name} { local ${local} as 64512; neighbor ${remote} as 64512; multihop; ${more} ipv4 { ${channel} }; }\n`;
  spawnSync('ip', ['-batch', '-'], {
    input: [
      'link add shared type veth peer name other',
      'link set other up',
      'link set shared up',
      'address add 10.99.2.1/16 dev shared',
      ...fabric.routers.map((_, index) => `address add ${at(index)}/16 dev shared`),
      ...prefixes.map((prefix) => `route add ${prefix} via 10.99.3.1 dev shared`),
      '',
    ].join('\n'),
  });
  const routers = fabric.routers.map((_, index) =>
    startBird((folder) => ({
      'bird.conf': `log "${folder}/log" all;
router id 10.0.0.${index + 1};
protocol device { }
protocol direct { ipv4; }
${bgp('k3s_feed', at(index), '10.99.2.1', 'import all; export none;', 'strict bind yes;')}`,
    })),
  );
  const feeder = startBird((folder) => ({
    'bird.conf': `log "${folder}/log" all;
router id 10.1.0.1;
protocol device { }
protocol static { ipv4; ${prefixes.map((prefix) => `route ${prefix} blackhole;`).join('\n')} }
${fabric.routers.map((_, index) => bgp(`to_${index}`, '10.99.2.1', at(index), 'import none; export all; next hop address 10.99.3.1;', 'rr client; strict bind yes;')).join('')}`,
  }));
  for (const bird of routers) {
    const end = Date.now() + 120_000;
    while (!bird.birdc('show protocols all k3s_feed').includes(` ${prefixes.length} imported`)) {
      if (Date.now() > end)
        throw new Error(`a router has no routes: ${bird.birdc('show protocols all k3s_feed')}`);
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
  return [...routers, feeder];
}

interface Api {
  readonly child: ChildProcess;
  readonly kubeconfig: string;
  /** How often it was asked. */
  requests(): Promise<number>;
}

/** In a process of its own: its memory is not that of the look. */
async function startApi(): Promise<Api> {
  const child = spawn(process.execPath, [process.argv[1] ?? '', 'api'], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const [kubeconfig] = await once(child, 'message');
  return {
    child,
    kubeconfig,
    requests: async () => {
      child.send('requests');
      const [count] = await once(child, 'message');
      return count;
    },
  };
}

async function serveApi(): Promise<void> {
  const { nodes } = fabricOf();
  const lists = reportCluster();
  const of = (make: (one: NodeSpeaker, index: number) => Stored | Stored[]): Stored[] =>
    nodes.flatMap((one, index) => make(one, index)).map(large);
  const server = await startApiServer(
    new Map([
      ...lists,
      ['/api/v1/nodes', of(({ name, region, address }) => node(name, region, address.ipv4?.text ?? ''))],
      ['/api/v1/namespaces/calico-system/pods', of(({ name }) => pod(name))],
      [
        `${CRD}/blockaffinities`,
        of(({ name }, index) => blocksOf(index).map((cidr) => affinity(name, cidr))),
      ],
      [`${CRD}/ipamblocks`, of(({ name }, index) => blocksOf(index).map((cidr) => block(name, cidr)))],
    ]),
  );
  process.on('message', () => process.send?.(server.asked.length));
  process.send?.(server.use());
}

/** Real objects carry about 6 KiB of annotations, images and managed fields that a look does not keep. */
const large = (object: Stored): Stored => ({
  ...object,
  metadata: { ...object.metadata, uid: 'x'.repeat(6000) },
});

if (process.argv[2] === 'api') serveApi();
else timesOfVerify().then((times) => void process.stdout.write(`${JSON.stringify(times)}\n`));
