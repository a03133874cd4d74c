import { z } from 'zod';
import { printable } from '../topology/fault.ts';
import { routerFault } from './fault.ts';

/**
 * The steps on one router, in their order: up to `check` nothing that runs is touched; `apply` to `confirm` change it; the others
 * wrap up a failure or a success.
 */
export const STEPS = [
  'inspect',
  'lock',
  'settle',
  'adopt',
  'stage',
  'check',
  'apply',
  'gate',
  'confirm',
  'undo',
  'verify',
  'discard',
  'unlock',
] as const;

/** The outcome for a router: see `Result`. */
export const OUTCOMES = [
  'unchanged',
  'shipped',
  'ready',
  'untouched',
  'refused',
  'unreachable',
  'undone',
  'lost',
] as const;

const at = z.iso.datetime();
const text = z.string();
export const routerResult = z.strictObject({
  router: text,
  outcome: z.enum(OUTCOMES),
  /** Why it does not have the change; of a router that has it, or was only looked at, what else is wrong. */
  fault: routerFault.nullable(),
});

const planned = z.strictObject({
  event: z.literal('planned'),
  at,
  network: text,
  /** The git revision that the routers were found to run, against which the gate judges; null if unknown. */
  base: text.nullable(),
  waves: z.array(z.array(text)),
});

const step = z.strictObject({
  event: z.literal('step'),
  at,
  router: text,
  step: z.enum(STEPS),
  /** `skipped`: nothing to do. */
  outcome: z.enum(['started', 'done', 'failed', 'skipped']),
  /** For people, one sentence each: findings of the gate, messages of BIRD. */
  details: z.array(text),
});

const ended = z.strictObject({
  event: z.literal('ended'),
  at,
  /** `unhealthy`: everything is delivered, or could be, but something is wrong. */
  outcome: z.enum(['delivered', 'unhealthy', 'stopped']),
  routers: z.array(routerResult),
});

export const journalEvent = z.discriminatedUnion('event', [planned, step, ended]);

/** Raised with a key of an event that is renamed or removed, or that changes its meaning. */
const JOURNAL_VERSION = 1;
const version = z.literal(JOURNAL_VERSION);

/** A line of the file: whoever reads it line by line needs the version in each. */
export const journalLine = z
  .discriminatedUnion('event', [
    planned.extend({ version }),
    step.extend({ version }),
    ended.extend({ version }),
  ])
  .meta({ id: 'journal-line' });

/** One event of a delivery, in the order in which they happened. Nothing in it is secret. */
export type JournalEvent = Readonly<z.infer<typeof journalEvent>>;
export type StepEvent = Readonly<z.infer<typeof step>>;

/**
 * The outcome for one router. `ready`: only checked, and a delivery would go ahead. `untouched`: something else stopped the delivery
 * before its turn. `refused` and `unreachable`: before anything on it was touched. `undone`, `lost`: see `Changed`.
 */
export type Result = Readonly<z.infer<typeof routerResult>>;

/** One line of JSON, with its line end. */
export const journalJson = (event: JournalEvent): string =>
  `${JSON.stringify({ version: JOURNAL_VERSION, ...event })}\n`;

/**
 * An event as lines for a log without colours: the time of day in UTC, the router, what happened. Further lines start with a bar: a
 * workflow runner would obey a line that starts with `::`, even after blanks.
 */
export function journalLines(event: JournalEvent): string {
  const time = event.at.slice(11, 19);
  const [first, ...details] = shown(event).flatMap((one) => one.split(/\r?\n/));
  return [`${time} ${printable(first ?? '')}`, ...details.map((one) => `         | ${printable(one)}`)].join(
    '\n',
  );
}

function shown(event: JournalEvent): string[] {
  if (event.event === 'planned') {
    const count = event.waves.flat().length;
    return [
      `${event.network}: ${counted(count, 'router')} in ${counted(event.waves.length, 'wave')}${event.base === null ? '' : `, which run ${event.base}`}`,
      ...event.waves.map((wave, index) => `${index + 1}: ${wave.join(', ')}`),
    ];
  }
  // The outcome for each router is in its steps, and in the report that follows.
  if (event.event === 'ended') return [`delivery ${event.outcome}`];
  const who = `${event.router}: ${event.step}`;
  const [only] = event.details;
  return event.details.length === 1 && only !== undefined && !/[\r\n]/.test(only)
    ? [`${who} ${event.outcome}: ${only}`]
    : [`${who} ${event.outcome}`, ...event.details];
}

const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;

/** An event without its time, which only the writer of the journal knows. */
export type Unstamped = JournalEvent extends infer E ? (E extends unknown ? Omit<E, 'at'> : never) : never;
