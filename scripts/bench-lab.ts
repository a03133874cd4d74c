import { readdirSync, readFileSync } from 'node:fs';
import { smallestPodMtu } from '../analysis/index.ts';
import { buildFabric, type Fabric } from '../fabric/index.ts';
import { bootLab, converged, findPrograms, judge, probe } from '../lab/index.ts';
import { routerFiles } from '../routers/index.ts';
import { loadTopology, parseTopologyValue, type TopologyInput } from '../topology/index.ts';
import { largeTopology } from './large-topology.ts';

/** Seconds of each phase of one lab, and the memory of a daemon. */
export interface LabTimes {
  readonly what: string;
  readonly boot: number;
  readonly converge: number;
  readonly probe: number;
  readonly teardown: number;
  readonly total: number;
  /** Resident memory of all BIRDs of the lab divided by their number. MiB. */
  readonly memory: number;
  readonly failures: number;
}

/** Boots the field report's network, and one of 50 nodes in 8 regions. */
export async function benchLabs(): Promise<LabTimes[]> {
  const report = loadTopology({
    file: 'topology.yaml',
    bytes: readFileSync('test/fixture/report/topology.yaml'),
  });
  if (!report.ok) throw new Error('the topology has faults');
  return [
    await times("the report's network", buildFabric(report.topology, smallestPodMtu)),
    await times('50 nodes in 8 regions', fabricOf(largeTopology({ regions: 8, nodes: 50, reflectors: 1 }))),
  ];
}

function fabricOf(topology: TopologyInput): Fabric {
  const loaded = parseTopologyValue(topology);
  if (!loaded.ok) throw new Error('the topology has faults');
  return buildFabric(loaded.topology, smallestPodMtu);
}

async function times(what: string, fabric: Fabric): Promise<LabTimes> {
  const programs = findPrograms('.');
  if ('message' in programs) throw new Error(`${programs.message}. ${programs.fix}`);
  const laps = [performance.now()];
  const lap = () => laps.push(performance.now());
  const lab = await bootLab({ fabric, routerFiles, programs });
  if ('message' in lab) throw new Error(`${lab.message}. ${lab.fix}`);
  lap();
  const seen = await converged(lab);
  lap();
  const probed = await probe(lab);
  lap();
  const memory = memoryPerDaemon();
  const failures = judge(lab, seen, probed).length;
  const ending = performance.now();
  await lab.holder.end();
  const teardown = (performance.now() - ending) / 1000;
  const [boot = 0, converge = 0, probing = 0] = laps
    .slice(1)
    .map((end, index) => (end - (laps[index] ?? 0)) / 1000);
  return {
    what,
    boot,
    converge,
    probe: probing,
    teardown,
    total: boot + converge + probing + teardown,
    memory,
    failures,
  };
}

function memoryPerDaemon(): number {
  const sizes = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        if (!readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('/run/lab/')) return [];
        const status = readFileSync(`/proc/${pid}/status`, 'utf8');
        return /^Name:\tbird/m.test(status) ? [Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1] ?? 0)] : [];
      } catch {
        return [];
      }
    });
  return sizes.reduce((sum, size) => sum + size, 0) / Math.max(1, sizes.length) / 1024;
}
