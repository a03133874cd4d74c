import { report } from './goals.ts';
import type { VerifyTimes } from './measure-verify.ts';
import { measured } from './measured.ts';

/** How long one look at 50 routers and a cluster of 1,000 nodes takes, and whether its memory stays. */
export function benchVerify(work: string): void {
  const times = measured<VerifyTimes>('measure-verify', work, 'verify of 50 routers', '--expose-gc');
  if (times === undefined) return;
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
