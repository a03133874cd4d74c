import { execFileSync } from 'node:child_process';
import { report } from './goals.ts';
import type { Measured } from './measure-analysis.ts';

/** How the analysis grows with nodes and with regions: `tsx scripts/bench-analysis.ts`. Every size has its own process. */
export function benchAnalysis(): void {
  process.stdout.write(`${HEAD}\n`);
  const grown = [100, 300, 1000, 3000].map((nodes) => shown(measure(50, nodes)));
  const spread = [10, 25, 50, 100, 200].map((regions) => shown(measure(regions, 10_000)));
  const [small, large] = [grown[2], spread.at(-1)];
  if (small === undefined || large === undefined) return;
  const alone = measure(200, 10_000, 'pairs');
  report([
    {
      what: '1,000 nodes in 50 regions, all pairs and every router and segment failing, seconds',
      got: small.failures,
      goal: 2,
      better: 'less',
    },
    {
      what: 'the same with the fabric built, seconds',
      got: small.build + small.failures,
      goal: 2,
      better: 'less',
    },
    { what: '10,000 nodes in 200 regions, all pairs, seconds', got: alone.pairs, goal: 10, better: 'less' },
    { what: 'its memory at most, MiB', got: alone.memory, goal: 1536, better: 'less' },
  ]);
}

const HEAD = 'regions   nodes    fabric   all pairs   with failures   memory';

function shown(measured: Measured): Measured {
  const { regions, nodes, build, pairs, failures, tried, memory } = measured;
  const columns = [
    String(regions).padStart(7),
    String(nodes).padStart(8),
    `${build.toFixed(2)} s`.padStart(10),
    `${pairs.toFixed(2)} s`.padStart(12),
    `${failures.toFixed(2)} s (${tried})`.padStart(16),
    `${memory.toFixed(0)} MiB`.padStart(9),
  ];
  process.stdout.write(`${columns.join('')}\n`);
  return measured;
}

function measure(regions: number, nodes: number, ...only: readonly 'pairs'[]): Measured {
  const size = [regions, nodes, 2].map(String);
  const words = ['--import', 'tsx', 'scripts/measure-analysis.ts', ...size, ...only];
  return JSON.parse(execFileSync(process.execPath, words, { encoding: 'utf8' })) as Measured;
}

if (process.argv[1] === import.meta.filename) benchAnalysis();
