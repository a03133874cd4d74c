import { parseArgs } from 'node:util';
import {
  differences,
  smallest,
  type Trial,
  trialsOf,
  tryNetworks,
} from '../test/analysis/simulator/oracle.ts';

/**
 * Compares the simulator with real BIRD on random networks: `npm run oracle -- --runs 500`. Exit 1 at the first disagreement,
 * with the smallest network that still has it. `--only 7` tries one network of a seed again.
 */
async function oracle(): Promise<void> {
  const { values } = parseArgs({
    options: {
      runs: { type: 'string', default: '20' },
      seed: { type: 'string', default: String(Date.now() % 1_000_000) },
      jobs: { type: 'string', default: '6' },
      only: { type: 'string' },
    },
  });
  const [runs, seed, jobs] = [Number(values.runs), Number(values.seed), Number(values.jobs)];
  if (values.only !== undefined) {
    const found = await differences(trialsOf(seed, Number(values.only) + 1).at(-1) as Trial);
    process.stdout.write(`${found.length === 0 ? 'agrees' : found.join('\n')}\n`);
    process.exitCode = found.length === 0 ? 0 : 1;
    return;
  }
  process.stdout.write(`seed ${seed}, ${runs} networks\n`);
  const {
    agreed,
    wrong,
    differences: found,
  } = await tryNetworks(seed, runs, jobs, (count) => {
    if (count % 25 === 0) process.stdout.write(`${count} agree\n`);
  });
  if (wrong === undefined) {
    process.stdout.write(`${agreed} of ${runs} random networks agree with real BIRD (seed ${seed})\n`);
    return;
  }
  process.stdout.write(`network ${wrong} disagrees:\n${found.join('\n')}\nLooking for a smaller one\n`);
  process.stdout.write(`${await smallest(seed, wrong)}\n`);
  process.exitCode = 1;
}

await oracle();
