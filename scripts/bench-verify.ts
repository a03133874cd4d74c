import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { buildSync } from 'esbuild';
import { report } from './goals.ts';
import type { VerifyTimes } from './measure-verify.ts';

/** How long one look at 50 routers and a cluster of 1,000 nodes takes, and whether its memory stays. */
export function benchVerify(work: string): void {
  if (process.getuid?.() !== 0) {
    process.stdout.write('skipped  verify of 50 routers: it needs root, for a network without any way out\n');
    return;
  }
  const program = join(work, 'measure-verify.cjs');
  buildSync({
    entryPoints: ['scripts/measure-verify.ts'],
    loader: { '.sh': 'text' },
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    outfile: program,
    logLevel: 'error',
  });
  const inside =
    'mount --bind /dev/null ~/.bashrc 2>/dev/null; ip link set lo up; exec "$0" --expose-gc "$1"';
  const said = execFileSync('unshare', ['-mn', 'sh', '-c', inside, process.execPath, program], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const times: VerifyTimes = JSON.parse(said);
  const { routers, nodes, blocks, look, judge, requests, memory, left, leftLater, verdicts } = times;
  report([
    {
      what: `verify of ${routers} routers and ${nodes} nodes, seconds`,
      got: look + judge,
      goal: 20,
      better: 'less',
    },
    {
      what: 'its requests to the API server for each 250 objects',
      got: requests / ((nodes * 2 + blocks * 2) / 250),
      goal: 2,
      better: 'less',
    },
    { what: 'its memory at most, MiB', got: memory, goal: 512, better: 'less' },
    {
      what: 'what three looks leave in memory against one',
      got: leftLater / left,
      goal: 1.1,
      better: 'less',
    },
  ]);
  process.stdout.write(
    `(${blocks} blocks, as many routes on each router; looking ${look.toFixed(1)} s, judging ${judge.toFixed(1)} s: ${verdicts} verdicts of ${requests} requests)\n`,
  );
}
