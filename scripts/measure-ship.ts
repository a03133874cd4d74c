import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { smallestPodMtu } from '../analysis/index.ts';
import { routerFolders } from '../cli/ship-deliveries.ts';
import type { Delivery } from '../delivery/delivery.ts';
import { releaseOf, tarOf } from '../delivery/release.ts';
import { routerScript } from '../delivery/script/script.ts';
import { ship } from '../delivery/ship.ts';
import type { Access, Line, Ran, Remote } from '../delivery/ssh/remote.ts';
import { sshRemote } from '../delivery/ssh/ssh.ts';
import type { SshTarget } from '../delivery/ssh/target.ts';
import { buildFabric, type Fabric } from '../fabric/index.ts';
import { routerFiles } from '../routers/index.ts';
import { type Bird, startBird } from '../test/delivery/bird.ts';
import { endSshd, type Sshd, startAgent, startSshd } from '../test/delivery/ssh/sshd.ts';
import { parseTopologyValue, type TopologyInput } from '../topology/index.ts';
import { largeTopology } from './large-topology.ts';

/** Seconds that a delivery takes, and that the same connections, bytes and birdc commands take alone. */
export interface ShipTimes {
  readonly routers: number;
  readonly ship: number;
  readonly bare: number;
  /** MiB of the process that ships. */
  readonly memory: number;
  /** Maximum MiB of private memory of all its ssh clients together. */
  readonly clients: number;
}

const PARALLEL = 20;

/**
 * Ships to 100 BIRDs over one real sshd, 20 at a time, and then repeats the work in a plain loop, with the same parallelism. For each
 * router that loop opens the same connections; on each it runs one ssh command for every one of ship's, which unpacks the same bytes
 * and asks birdc the same questions, one after the other. It checks no answer, takes no lock, and waits for nothing: neither for one
 * router because of another nor for BIRD to settle. Needs root: it runs in a network namespace without any exit, so that
 * no BIRD reaches anything. Run by `bench.ts`.
 */
async function timesOfShip(): Promise<ShipTimes> {
  const agent = startAgent();
  const sshd = await startSshd();
  agent.add(sshd.key);
  const routers = routersOf(fabricOf(15));
  try {
    // The first delivery adopts existing files; later ones are the everyday case. Watching the clients takes the time
    // of a process or two, so only this one is watched.
    const sampled = sampling();
    await shipped(fabricOf(20), routers, sshd);
    const clients = sampled.end();
    const second = fabricOf(25);
    const early = await shipped(second, routers, sshd);
    const memory = process.resourceUsage().maxRSS / 1024;
    // The speed of a shared machine changes from minute to minute: so the deliveries run before and after the reference.
    const earlyBare = await bareLoop(second, routers, sshd, early.calls);
    const lateBare = await bareLoop(second, routers, sshd, early.calls);
    const late = await shipped(fabricOf(30), routers, sshd);
    return {
      routers: routers.length,
      ship: (early.seconds + late.seconds) / 2,
      bare: (earlyBare + lateBare) / 2,
      memory,
      clients,
    };
  } finally {
    for (const { bird } of routers) bird.end();
    await endSshd(sshd);
    agent.end();
  }
}

function fabricOf(holdTime: number): Fabric {
  const topology: TopologyInput = largeTopology({ regions: 50, nodes: 100, reflectors: 2 });
  const loaded = parseTopologyValue({ ...topology, bgp: { ...topology.bgp, holdTime } });
  if (!loaded.ok) throw new Error('the topology has faults');
  return buildFabric(loaded.topology, smallestPodMtu);
}

interface Router {
  readonly name: string;
  readonly bird: Bird;
  /** birdc, with a record of its questions. */
  readonly birdc: string;
  readonly asked: string;
}

function routersOf(fabric: Fabric): Router[] {
  const files = routerFolders(routerFiles(fabric));
  return fabric.routers.map(({ name }) => routerOf(name, fabric, files));
}

/** The files of an operator: their own main file, and those of an earlier copy of dist. */
function routerOf(
  name: string,
  fabric: Fabric,
  files: ReadonlyMap<string, ReadonlyMap<string, string>>,
): Router {
  const bird = startBird((folder) => ({
    'bird.conf': `log "${folder}/log" all;
router id 10.0.0.1;
ipv4 table intra_table_v4;
define K3S_AS = ${fabric.bgp.asNumber};
define INTRA_ROUTER_ID = 10.0.0.1;
protocol device { scan time 10; }
include "k3s/ibgp.conf";
`,
    ...Object.fromEntries(files.get(name) ?? []),
  }));
  const [birdc, asked] = [join(bird.folder, 'birdc'), join(bird.folder, 'asked')];
  writeFileSync(birdc, `#!/bin/sh\necho "$*" >>${asked}\nexec ${bird.settings.birdc} "$@"\n`, {
    mode: 0o755,
  });
  return { name, bird, birdc, asked };
}

/** One ssh command of ship, with everything that went over it: the lock's session has many verbs. */
interface Call {
  readonly connection: 'shared' | 'own';
  /** How many of them were sent a release. */
  uploads: number;
  /** The questions to birdc for it. */
  readonly birdc: string[];
}

/** Seconds that a delivery takes, and by router what it did over its connections. */
async function shipped(
  fabric: Fabric,
  routers: readonly Router[],
  { target }: Sshd,
): Promise<{ readonly seconds: number; readonly calls: ReadonlyMap<string, readonly Call[]> }> {
  const calls = new Map<string, Call[]>();
  const stop = new AbortController().signal;
  const all = routerFolders(routerFiles(fabric));
  const deliveries = routers.map(({ name, bird, birdc, asked }): Delivery => {
    const own: Call[] = [];
    calls.set(name, own);
    const release = releaseOf(all.get(name) ?? new Map());
    return {
      router: name,
      remote: noted(sshRemote(target, { script: routerScript }), own, asked),
      // The record costs a process for each question, so only some keep it: all get the same questions.
      settings: { ...bird.settings, ...(name === routers[0]?.name ? { birdc } : {}) },
      release: () => release,
      sysctls: new Map(),
      owner: 'bench',
      timeout: 120,
      acceptDrift: true,
      report: () => {},
      stop,
    };
  });
  const started = performance.now();
  const { outcome, results } = await ship({
    fabric,
    deliveries,
    turn: () => 'now',
    base: () => undefined,
    isClusterFirst: () => false,
    excused: new Set(),
    maxParallel: PARALLEL,
    lookOnly: false,
    record: () => {},
    stop,
  });
  if (outcome !== 'delivered')
    throw new Error(results.map(({ router, fault }) => `${router}: ${fault?.message}`).join('\n'));
  return { seconds: (performance.now() - started) / 1000, calls };
}

/** The same, with a record of what goes over it. */
const noted = (remote: Remote, calls: Call[], asked: string): Remote => ({
  ...notedAccess(remote, 'shared', calls, asked),
  fresh: () => notedAccess(remote.fresh(), 'own', calls, asked),
  end: () => remote.end(),
});

function notedAccess(remote: Access, connection: Call['connection'], calls: Call[], asked: string): Access {
  const note = (): Call => {
    const call: Call = { connection, uploads: 0, birdc: [] };
    calls.push(call);
    return call;
  };
  const lines = () =>
    existsSync(asked)
      ? readFileSync(asked, 'utf8')
          .split('\n')
          .filter((line) => line !== '')
      : [];
  const noting = async (call: Call, work: () => Promise<Ran>): Promise<Ran> => {
    const before = lines().length;
    const ran = await work();
    call.birdc.push(...lines().slice(before));
    return ran;
  };
  const running =
    (line: Line, callOf: () => Call): Line['run'] =>
    (command, input) => {
      const call = callOf();
      if (input !== undefined) call.uploads += 1;
      return noting(call, () => line.run(command, input));
    };
  return {
    run: running(remote, note),
    start: async (command, ready) => {
      const call = note();
      const started = await remote.start(command, ready);
      return 'run' in started
        ? { ...started, run: running(started, () => call), close: () => noting(call, started.close) }
        : started;
    },
  };
}

/** Seconds that the connections, bytes and questions take alone. */
async function bareLoop(
  fabric: Fabric,
  routers: readonly Router[],
  { target }: Sshd,
  calls: ReadonlyMap<string, readonly Call[]>,
): Promise<number> {
  // The questions are known for the first router: the others got the same with each command.
  const first = calls.get(routers[0]?.name ?? '') ?? [];
  const asked = (connection: Call['connection'], index: number) =>
    (first[index]?.connection === connection
      ? first[index]
      : first.find((one) => one.connection === connection)
    )?.birdc ?? [];
  const files = routerFolders(routerFiles(fabric));
  const all = new Map(routers.map(({ name }) => [name, tarOf(releaseOf(files.get(name) ?? new Map()))]));
  const started = performance.now();
  const queue = routers.values();
  const worker = async () => {
    for (const { name, bird } of queue) {
      const socket = join(bird.folder, 'bare');
      const shared = ['-o', 'ControlMaster=auto', '-o', `ControlPath=${socket}`, '-o', 'ControlPersist=10'];
      for (const [index, { connection, uploads }] of (calls.get(name) ?? []).entries()) {
        const asks = asked(connection, index).map((line) => question(line, bird));
        const takes = Array<string>(uploads).fill(
          `mkdir -p ${bird.folder}/unpacked && tar -C ${bird.folder}/unpacked -xf -`,
        );
        const child = ssh(target, connection === 'shared' ? shared : [], [...takes, ...asks].join('; '));
        child.stdin.end(uploads === 0 ? undefined : all.get(name));
        await new Promise((done) => child.on('close', done));
      }
      spawnSync('ssh', ['-S', socket, '-O', 'exit', target.host], { stdio: 'ignore' });
    }
  };
  await Promise.all(Array.from({ length: PARALLEL }, worker));
  return (performance.now() - started) / 1000;
}

/** A recorded question as shell text for another router. A staged main file no longer exists: the live one has the same size. */
function question(line: string, { config, settings }: Bird): string {
  const words = line
    .replace(/^-v -s \S+ /, '')
    .replace(/"[^"]*\/bird\.conf"/, `"${join(config, 'bird.conf')}"`);
  return `${settings.birdc} -v -s ${settings.socket} '${words}' >/dev/null`;
}

function ssh({ host, user, port, knownHosts }: SshTarget, options: readonly string[], line: string) {
  const trust = ['-o', 'BatchMode=yes', '-o', `UserKnownHostsFile=${knownHosts}`];
  const child = spawn('ssh', ['-T', ...trust, ...options, '-p', String(port), '-l', user, host, line]);
  child.stdout.resume();
  child.stderr.resume();
  child.stdin.on('error', () => {});
  return child;
}

/** The private memory of all ssh processes, sampled. MiB. */
function sampling(): { end(): number } {
  let most = 0;
  const look = () => {
    let kibibytes = 0;
    for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
      try {
        if (readFileSync(`/proc/${pid}/comm`, 'utf8') !== 'ssh\n') continue;
        const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
        for (const [, size] of rollup.matchAll(/^Private_\w+:\s+(\d+)/gm)) kibibytes += Number(size);
      } catch {
        // It has ended.
      }
    }
    most = Math.max(most, kibibytes / 1024);
  };
  const timer = setInterval(look, 1000);
  return {
    end: () => {
      clearInterval(timer);
      return most;
    },
  };
}

timesOfShip().then((times) => void process.stdout.write(`${JSON.stringify(times)}\n`));
