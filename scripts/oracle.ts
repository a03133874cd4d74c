import { parseArgs } from 'node:util';
import fc from 'fast-check';
import { arbitraryNetwork } from '../test/analysis/arbitrary-network.ts';
import { differences } from '../test/analysis/oracle.ts';

/**
 * Holds the simulator against real BIRD on random networks: `npm run oracle -- --runs 500`. Several labs at a time, since a
 * lab mostly waits for timers. Exit 1 at the first disagreement, with the network in which it is.
 */
async function oracle(): Promise<void> {
  const { values } = parseArgs({
    options: {
      runs: { type: 'string', default: '20' },
      seed: { type: 'string', default: String(Date.now() % 1_000_000) },
      jobs: { type: 'string', default: '4' },
      only: { type: 'string' },
    },
  });
  const [runs, seed, jobs] = [Number(values.runs), Number(values.seed), Number(values.jobs)];
  const only = values.only === undefined ? undefined : Number(values.only);
  const networks = fc.sample(arbitraryNetwork(), { seed, numRuns: runs });
  process.stdout.write(`seed ${seed}, ${runs} networks\n`);
  let next = only ?? 0;
  let agreed = 0;
  let wrong = 0;
  const end = only === undefined ? runs : only + 1;
  const work = async () => {
    while (next < end) {
      const index = next++;
      const network = networks[index];
      if (network === undefined) return;
      const started = performance.now();
      let found: string[];
      try {
        found = await differences(network);
      } catch (error) {
        found = [String(error)];
      }
      const seconds = ((performance.now() - started) / 1000).toFixed(1);
      if (found.length === 0) agreed += 1;
      else {
        wrong += 1;
        process.stdout.write(
          `network ${index} (${seconds} s) disagrees:\n${found
            .slice(0, 6)
            .map((one) => `  ${one}\n`)
            .join('')}`,
        );
        if (only !== undefined) process.stdout.write(`${JSON.stringify(network, null, 1)}\n`);
      }
      if (agreed % 25 === 0 && agreed > 0) process.stdout.write(`${agreed} agree\n`);
    }
  };
  await Promise.all(Array.from({ length: jobs }, work));
  process.stdout.write(
    `${agreed} of ${agreed + wrong} random networks agree with real BIRD (seed ${seed})\n`,
  );
  process.exitCode = wrong === 0 ? 0 : 1;
}

await oracle();
