import { parseArgs } from 'node:util';
import { smallest, tryNetworks } from '../test/analysis/oracle.ts';

/**
 * Holds the simulator against real BIRD on random networks: `npm run oracle -- --runs 500`. Exit 1 at the first disagreement,
 * with the smallest network that still has it.
 */
async function oracle(): Promise<void> {
  const { values } = parseArgs({
    options: {
      runs: { type: 'string', default: '20' },
      seed: { type: 'string', default: String(Date.now() % 1_000_000) },
      jobs: { type: 'string', default: '6' },
    },
  });
  const [runs, seed, jobs] = [Number(values.runs), Number(values.seed), Number(values.jobs)];
  process.stdout.write(`seed ${seed}, ${runs} networks\n`);
  const { agreed, wrong, differences } = await tryNetworks(seed, runs, jobs, (count) => {
    if (count % 25 === 0) process.stdout.write(`${count} agree\n`);
  });
  if (wrong === undefined) {
    process.stdout.write(`${agreed} of ${runs} random networks agree with real BIRD (seed ${seed})\n`);
    return;
  }
  process.stdout.write(`network ${wrong} disagrees:\n${differences.join('\n')}\nLooking for a smaller one\n`);
  process.stdout.write(`${await smallest(seed, wrong)}\n`);
  process.exitCode = 1;
}

await oracle();
