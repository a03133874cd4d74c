import { scenario } from '../../lab/labs.ts';
import { smallest, tryNetworks } from './oracle.ts';

/** Fresh networks in each run of the tests; `npm run oracle -- --runs 500` tries more. */
const RUNS = 8;
const JOBS = 4;

scenario('the simulator and real BIRD', () => {
  test('agree on every route, next hop and packet of unseen networks', async () => {
    const seed = Number(process.env.NOENCAP_ORACLE_SEED ?? Date.now() % 1_000_000);
    process.stderr.write(`random networks of seed ${seed} (NOENCAP_ORACLE_SEED)\n`);
    const { wrong, differences } = await tryNetworks(seed, RUNS, JOBS);
    if (wrong !== undefined) {
      throw new Error(`${differences.join('\n')}\nThe smallest network:\n${await smallest(seed, wrong)}`);
    }
  }, 600_000);
});
