import { parseArgs } from 'node:util';
import { stringify } from 'yaml';
import { abreast } from '../test/abreast.ts';
import { held, type Trial, trialsOf } from '../test/review/forecast.ts';

/**
 * Compares the forecast of `noencap diff` for random changes of random networks with their rehearsal in the lab:
 * `npm run forecast -- --runs 50`. Exit 1 if they differ, with each network and change that does. `--only 7` tries one of a seed again.
 */
async function forecast(): Promise<void> {
  const { values } = parseArgs({
    options: {
      runs: { type: 'string', default: '10' },
      seed: { type: 'string', default: String(Date.now() % 1_000_000) },
      jobs: { type: 'string', default: '3' },
      only: { type: 'string' },
    },
  });
  const [runs, seed, jobs, only] = [values.runs, values.seed, values.jobs, values.only].map(Number) as [
    number,
    number,
    number,
    number,
  ];
  const all = values.only === undefined ? trialsOf(seed, runs) : trialsOf(seed, only + 1).slice(-1);
  process.stdout.write(`seed ${seed}, ${all.length} changes\n`);
  const found = abreast(all, jobs, (trial) => held(trial).catch((error: Error) => error));
  let [wrong, foretold, felt] = [0, 0, 0];
  for (const [index, trial] of all.entries()) {
    const result = await found.get(trial);
    if (result === undefined) continue;
    const differs = result instanceof Error ? [`it could not be tried: ${result.message}`] : result.differs;
    if (!(result instanceof Error) && result.felt.foretold > 0) {
      foretold += 1;
      if (result.felt.seen > 0) felt += 1;
    }
    if (differs.length === 0) continue;
    wrong += 1;
    process.stdout.write(`${shown(trial, index)}${differs.join('\n')}\n\n`);
  }
  process.stdout.write(
    `${all.length - wrong} of ${all.length} are as foretold (seed ${seed}); of ${foretold} that may be felt ${felt} were\n`,
  );
  process.exitCode = wrong === 0 ? 0 : 1;
}

const doing = ({ edits }: Trial): string => edits.map(({ does, at }) => `${does} (${at})`).join(' and ');
const shown = (trial: Trial, index: number): string =>
  `change ${index}: ${doing(trial)}\n${stringify(trial.base)}`;

await forecast();
