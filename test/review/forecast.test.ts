import { abreast } from '../abreast.ts';
import { scenario } from '../lab/labs.ts';
import { differences, trialsOf } from './forecast.ts';

/** A few changes that are the same in each run; `npm run forecast -- --runs 50` tries others. */
const [SEED, RUNS, JOBS] = [15, 3, 3];

scenario('what diff foretells and what the lab does', () => {
  test('are the same of random changes of random networks', async () => {
    const trials = trialsOf(SEED, RUNS);
    const found = abreast(trials, JOBS, differences);
    for (const trial of trials)
      expect({ ...trial, differs: await found.get(trial) }).toEqual({ ...trial, differs: [] });
  }, 300_000);
});
