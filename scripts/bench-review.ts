import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { stringify } from 'yaml';
import type { TopologyInput } from '../topology/index.ts';
import { report } from './goals.ts';
import { largeTopology } from './large-topology.ts';

/** How long `noencap diff` takes, cold, for a new node: on the report's network, and on one of 1,000 nodes in 50 regions. */
export function benchReview(work: string): void {
  const known = readFileSync('test/fixture/report/topology.yaml', 'utf8');
  const more = known
    .replace(
      /^( *)(kubenode-wds-1: *\{.*\})$/m,
      '$1$2\n$1kubenode-wds-2: {region: WDS, role: agent, address: 192.168.100.253}',
    )
    .replace(
      'kubenode-wds-1: 192.168.100.252}',
      'kubenode-wds-1: 192.168.100.252, kubenode-wds-2: 192.168.100.253}',
    );
  const size = { regions: 50, nodes: 1000, reflectors: 2 };
  const large = (nodes: number): TopologyInput => largeTopology({ ...size, nodes });
  report([
    {
      what: 'diff of the report and a node, cold, seconds',
      got: seconds(join(work, 'review-small'), known, more),
      goal: 1.5,
      better: 'less',
    },
    {
      what: 'diff of 1,000 nodes and one, cold, seconds',
      got: seconds(join(work, 'review-large'), stringify(large(1000)), stringify(large(1001))),
      goal: 5,
      better: 'less',
    },
  ]);
}

/** The best of three: other load on the machine only adds time. */
function seconds(folder: string, base: string, head: string): number {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const run = (command: string, ...args: readonly string[]): void => {
    execFileSync(command, args, { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] });
  };
  const bin = resolve('bin/noencap');
  writeFileSync(join(folder, 'topology.yaml'), base);
  run(bin, 'synth', '-q');
  run('git', 'init', '-q', '-b', 'main');
  run('git', 'add', '-A');
  run('git', '-c', 'user.name=bench', '-c', 'user.email=bench@example.org', 'commit', '-qm', 'base');
  writeFileSync(join(folder, 'topology.yaml'), head);
  const times = [1, 2, 3].map(() => {
    const start = performance.now();
    run(bin, 'diff');
    return (performance.now() - start) / 1000;
  });
  return Math.min(...times);
}
