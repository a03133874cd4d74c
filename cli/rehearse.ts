import { forecast } from '../analysis/index.ts';
import { usualWaves } from '../delivery/index.ts';
import type { Fabric } from '../fabric/index.ts';
import { findPrograms, type Refused, type Rehearsal, type Ride, rehearse } from '../lab/index.ts';
import { readBase } from '../repository/base-state.ts';
import { firstToGet } from '../review/index.ts';
import { routerFiles } from '../routers/index.ts';
import { documentOf } from './document.ts';
import type { Body } from './documents/index.ts';
import { EXIT, type ExitCode } from './exit.ts';
import { readInput } from './input.ts';
import { birdFolder, NO_UNDERLAY, refuseLab } from './lab-input.ts';
import { failureAsJson, failureLines } from './lab-report.ts';
import { runSteps } from './progress.ts';
import { refuse } from './refusal.ts';
import { counted, type Terminal } from './terminal.ts';

export interface RehearseOptions {
  readonly topology: string;
  /** A git revision or a folder: what runs before the change; undefined: where this branch left the main branch. */
  readonly base: string | undefined;
}

/** `lab rehearse`: changes a running lab from the base to the working tree, and reports the cost. */
export async function labRehearse(options: RehearseOptions, terminal: Terminal): Promise<ExitCode> {
  const read = await readInput(options.topology, terminal);
  if (!read.ok) return EXIT.badInput;
  const base = await readBase({ ...options, out: 'dist' });
  if ('message' in base) return refuse({ code: 'base', ...base }, terminal);
  if (base.topology === undefined || 'fault' in base.topology) {
    const message =
      base.topology === undefined
        ? `${base.name} has no ${options.topology}`
        : `The topology of ${base.name} has faults: ${base.topology.fault}`;
    return refuse({ code: 'base', message, fix: 'Name another revision with --base.' }, terminal);
  }
  const { fabric } = read.input;
  const result = await rehearsed(base.topology.fabric, fabric, terminal);
  if ('message' in result) return refuseLab(result, terminal);
  const fine = result.failures.length + result.differences.length === 0;
  if (terminal.json)
    terminal.print(
      documentOf('lab rehearse', {
        ok: fine,
        base: base.name,
        steps: result.done.map(({ message }) => message),
        pairs: result.pairs.map(rideAsJson),
        sessions: result.sessions,
        staleState: result.differences,
        failures: result.failures.map(failureAsJson),
      }),
    );
  else {
    terminal.say(text(fabric, base.name, result));
    for (const line of notAsItMustBe(result, terminal.colour)) terminal.report(line);
    terminal.say(lastWord(result));
  }
  return fine ? EXIT.fine : EXIT.doesNotHold;
}

/** Makes the change in a lab, with its progress on a terminal; or why it cannot be made there. */
export async function rehearsed(
  base: Fabric,
  fabric: Fabric,
  terminal: Terminal,
): Promise<Rehearsal | Refused> {
  for (const { name, segments, nodes } of [base, fabric]) {
    if (segments !== undefined && nodes.length > 0) continue;
    const message = `${name} has no ${nodes.length === 0 ? 'nodes' : 'underlay'} to build a lab from`;
    return { message, fix: NO_UNDERLAY };
  }
  const programs = findPrograms(birdFolder());
  if ('message' in programs) return programs;
  let result: Rehearsal | Refused | undefined;
  const run = async (progress: (step: string) => void) => {
    const first = firstToGet(base, fabric);
    result = await rehearse({
      base,
      fabric,
      first,
      waves: usualWaves,
      // No borrowed addresses: which ones a lab tries depends on who is there, and that changes.
      expects: (state) => forecast(state, [], []),
      routerFiles,
      programs,
      progress,
    });
  };
  await runSteps([{ title: 'Rehearse the change', run }], terminal);
  if (result === undefined) throw new Error('the rehearsal has no result');
  return result;
}

/** The pings of a pair as documents have them. */
export const rideAsJson = ({ unsure, isSilent, ...ride }: Ride): Body<'lab rehearse'>['pairs'][number] => ({
  ...ride,
  lostForUnknownReason: unsure,
  silentAtEnd: isSilent,
});

/** What all pairs lost together, and those that lost something, the worst first. */
export function losses({ pairs }: Pick<Rehearsal, 'pairs'>): {
  readonly sent: number;
  readonly lost: number;
  readonly unsure: number;
  readonly lossy: readonly Ride[];
} {
  const sum = (key: 'sent' | 'lost' | 'unsure') => pairs.reduce((all, pair) => all + pair[key], 0);
  const lossy = pairs.filter(({ lost }) => lost > 0).sort((a, b) => b.gap - a.gap || b.lost - a.lost);
  return { sent: sum('sent'), lost: sum('lost'), unsure: sum('unsure'), lossy };
}

/** The pairs that lost most; nobody reads more than this. */
export const WORST = 10;

function text(fabric: Fabric, base: string, rehearsal: Rehearsal): string {
  const { done, pairs, sessions } = rehearsal;
  const { sent, lost } = losses(rehearsal);
  const sessionsWith = (what: string) => sessions.filter((session) => session.change === what);
  const counts = ['kept', 'reset', 'new', 'gone']
    .filter((what) => sessionsWith(what).length > 0)
    .map((what) => `${sessionsWith(what).length} ${what}`);
  return [
    `${fabric.name}: from ${base} to the working tree`,
    `  change    ${done.length === 0 ? 'nothing that is running' : done.map(({ message }) => message).join('; ')}`,
    `  sessions  ${counts.join(', ')}`,
    ...sessionsWith('reset').map(({ id }) => `            reset: ${id}`),
    `  packets   ${counted(pairs.length, 'pair')}, ${sent} sent, ${lost} lost`,
    ...lossLines(pairs),
    ...(rehearsal.differences.length === 0 ? ['  after     the same as a fresh boot'] : []),
  ].join('\n');
}

/** Failed checks after the change: all that `--quiet` prints. */
const notAsItMustBe = ({ differences, failures }: Rehearsal, colour: Terminal['colour']): string[] => [
  ...(differences.length === 0
    ? []
    : ['  after     differs from a fresh boot:', ...differences.map((line) => `            ${line}`)]),
  ...failureLines(failures, colour),
];

/** The change in a sentence. */
export function lastWord(rehearsal: Pick<Rehearsal, 'pairs' | 'differences' | 'failures'>): string {
  const { differences, failures } = rehearsal;
  if (failures.length > 0) return 'After the change, checks fail.';
  if (differences.length > 0) return 'The change leaves stale state behind.';
  const { lost, unsure } = losses(rehearsal);
  if (lost > 0) return 'The change loses packets.';
  return unsure === 0
    ? 'The change is hitless.'
    : 'Whether the change loses packets is unknown. Run it again when the machine is less busy.';
}

/** A line for each of the pairs that lost most. */
export function lossLines(pairs: readonly Ride[]): string[] {
  const { lossy, unsure } = losses({ pairs });
  return [
    ...(unsure === 0 ? [] : [`            ${unsureLoss(unsure)}`]),
    ...lossy.slice(0, WORST).map(lossLine),
    ...(lossy.length > WORST ? [`            and ${lossy.length - WORST} more pairs`] : []),
  ];
}

/** Losses of unknown cause. */
export const unsureLoss = (packets: number): string =>
  `${counted(packets, 'packet')} were lost while the lab waited for a processor: whether the change lost them is unknown`;

const lossLine = ({ from, to, sent, lost, gap }: Ride): string =>
  `            ${from} to ${to}: ${lost} of ${sent} lost, ${gap} ms in a row`;
