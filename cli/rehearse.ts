import { spawnSync } from 'node:child_process';
import { basename, dirname, resolve } from 'node:path';
import { buildFabric, type Fabric } from '../fabric/index.ts';
import { findPrograms, type Rehearsal, type Ride, rehearse } from '../lab/index.ts';
import { routerFiles } from '../routers/index.ts';
import { formatFault, loadTopology } from '../topology/index.ts';
import { EXIT, type ExitCode } from './exit.ts';
import { readInput } from './input.ts';
import { documentOf, refuseLab, rootFolder } from './lab-input.ts';
import { runSteps } from './progress.ts';
import { counted, type Terminal } from './terminal.ts';

export interface RehearseOptions {
  readonly topology: string;
  /** A git revision: the topology as it is there is what runs before the change. */
  readonly base: string;
}

/** `lab rehearse`: changes a running lab from the base to the working tree, and says what that costs. */
export async function labRehearse(options: RehearseOptions, terminal: Terminal): Promise<ExitCode> {
  const read = readInput(options.topology, terminal);
  if (!read.ok) return EXIT.badInput;
  const base = baseFabric(options);
  if (typeof base === 'string') {
    return refuseLab({ says: base, mend: 'Name another revision with --base.' }, EXIT.badInput, terminal);
  }
  const programs = findPrograms(rootFolder());
  if ('says' in programs) return refuseLab(programs, EXIT.environment, terminal);
  const { fabric } = read.input;
  let result: Awaited<ReturnType<typeof rehearse>> | undefined;
  const run = async (progress: (step: string) => void) => {
    result = await rehearse({ base, fabric, routerFiles, programs, progress });
  };
  await runSteps([{ title: 'Rehearse the change', run }], terminal);
  if (result === undefined) throw new Error('the rehearsal found nothing');
  if ('says' in result) return refuseLab(result, EXIT.environment, terminal);
  const fine = result.failures.length + result.differences.length === 0;
  if (terminal.json) terminal.print(documentOf('lab rehearse', { ok: fine, base: options.base, ...result }));
  else terminal.say(text(fabric, options.base, result));
  return fine ? EXIT.fine : EXIT.doesNotHold;
}

/** The topology at that revision, or why there is none. */
function baseFabric({ base, topology }: RehearseOptions): Fabric | string {
  const file = `${base}:./${basename(topology)}`;
  const shown = spawnSync('git', ['show', '--end-of-options', file], { cwd: dirname(resolve(topology)) });
  if (shown.error !== undefined) return 'git is not installed';
  if (shown.status !== 0)
    return `git has no ${file}: ${(shown.stderr.toString().trim().split('\n')[0] ?? '').replace(/\.$/, '')}`;
  const loaded = loadTopology({ file, bytes: shown.stdout });
  if (loaded.ok) return buildFabric(loaded.topology);
  const [first] = loaded.faults;
  return `the topology at ${base} has faults: ${first === undefined ? '' : formatFault(first, loaded.source)}`;
}

/** The pairs that lost most; more lines than these nobody reads. */
const WORST = 10;

function text(
  fabric: Fabric,
  base: string,
  { done, pairs, sessions, differences, failures }: Rehearsal,
): string {
  const sum = (key: 'sent' | 'lost') => pairs.reduce((all, pair) => all + pair[key], 0);
  const lossy = pairs.filter(({ lost }) => lost > 0).sort((a, b) => b.gap - a.gap || b.lost - a.lost);
  const became = (what: string) => sessions.filter((session) => session.became === what);
  const counts = ['kept', 'reset', 'new', 'gone']
    .filter((what) => became(what).length > 0)
    .map((what) => `${became(what).length} ${what}`);
  return [
    `${fabric.name}: from ${base} to what is here`,
    `  change    ${done.length === 0 ? 'nothing that runs' : done.map(({ says }) => says).join('; ')}`,
    `  sessions  ${counts.join(', ')}`,
    ...became('reset').map(({ id }) => `            reset: ${id}`),
    `  packets   ${counted(pairs.length, 'pair')}, ${sum('sent')} sent, ${sum('lost')} lost`,
    ...lossy.slice(0, WORST).map(lossLine),
    ...(lossy.length > WORST ? [`            and ${lossy.length - WORST} more pairs`] : []),
    `  after     ${differences.length === 0 ? 'the same as a fresh boot' : 'not what a fresh boot has:'}`,
    ...differences.map((line) => `            ${line}`),
    ...failures.map(({ says }) => `failed  ${says}`),
    sum('lost') === 0 && became('reset').length === 0 ? 'The change is hitless.' : 'The change is felt.',
  ].join('\n');
}

const lossLine = ({ from, to, sent, lost, gap }: Ride): string =>
  `            ${from} to ${to}: ${lost} of ${sent} lost, ${gap} ms at a stretch`;
