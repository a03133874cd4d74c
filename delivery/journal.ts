import { z } from 'zod';
import { printable } from '../topology/fault.ts';

/** The steps on one router, in their order: up to `check` nothing that runs is touched; the last four end what went wrong, or well. */
export const STEPS = [
  'inspect',
  'lock',
  'drift',
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

const at = z.iso.datetime();
const text = z.string();

const planned = z.object({
  event: z.literal('planned'),
  at,
  network: text,
  waves: z.array(z.array(text)),
  /** By router: the hash of what it is to get. */
  releases: z.record(text, text),
});

const step = z.object({
  event: z.literal('step'),
  at,
  router: text,
  step: z.enum(STEPS),
  /** `skipped`: there was nothing to do. */
  outcome: z.enum(['started', 'done', 'failed', 'skipped']),
  /** For people, a sentence each: findings of the gate, what BIRD said. */
  details: z.array(text),
});

const ended = z.object({
  event: z.literal('ended'),
  at,
  outcome: z.enum(['delivered', 'stopped']),
  details: z.array(text),
});

const journalEvent = z.discriminatedUnion('event', [planned, step, ended]);

/** What happened in a delivery, one thing each, in the order in which it did. Nothing in it is secret. */
export type JournalEvent = Readonly<z.infer<typeof journalEvent>>;
export type StepEvent = Readonly<z.infer<typeof step>>;
export type Step = StepEvent['step'];

/** One line of JSON, with its line end. */
export const journalJson = (event: JournalEvent): string => `${JSON.stringify(event)}\n`;

/**
 * The events of a journal that was written with `journalJson`. Who writes it may be killed in the middle of a line: what is no
 * event is left out, and the numbers of such lines are told.
 */
export function parseJournal(written: string): { events: JournalEvent[]; unread: number[] } {
  const events: JournalEvent[] = [];
  const unread: number[] = [];
  for (const [index, line] of written.split('\n').entries()) {
    if (line.trim() === '') continue;
    const read = journalEvent.safeParse(valueOfJson(line));
    if (read.success) events.push(read.data);
    else unread.push(index + 1);
  }
  return { events, unread };
}

function valueOfJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

/** What a journal leaves of a router, as far as it says. The router itself knows better: it keeps a state of its own. */
export interface RouterDelivery {
  readonly router: string;
  /**
   * `refused`: stopped before anything was touched. `unconfirmed`: BIRD may run the new configuration, and goes back by itself.
   * `confirming`: it may have been confirmed or not. `restored`: it runs what it ran before. `unclear`: look at it.
   */
  readonly state:
    | 'untouched'
    | 'unchanged'
    | 'refused'
    | 'unconfirmed'
    | 'confirming'
    | 'delivered'
    | 'restored'
    | 'unclear';
  /** The last event of it; undefined where there is none. */
  readonly last: StepEvent | undefined;
  /** The first that failed: why it is not delivered. */
  readonly failed: StepEvent | undefined;
}

export interface Delivery {
  readonly waves: readonly (readonly string[])[];
  readonly releases: Readonly<Record<string, string>>;
  readonly routers: ReadonlyMap<string, RouterDelivery>;
  /** Undefined while it goes on, or where it was killed. */
  readonly outcome: 'delivered' | 'stopped' | undefined;
}

const NOTHING: Delivery = { waves: [], releases: {}, routers: new Map(), outcome: undefined };

/** The state after one more event. A new plan begins anew: what an earlier one did is in the routers. */
export function afterEvent(delivery: Delivery, event: JournalEvent): Delivery {
  if (event.event === 'ended') return { ...delivery, outcome: event.outcome };
  if (event.event === 'planned') {
    const { waves, releases } = event;
    const routers = new Map(waves.flat().map((router) => [router, untouched(router)]));
    return { waves, releases, routers, outcome: undefined };
  }
  const was = delivery.routers.get(event.router) ?? untouched(event.router);
  const is: RouterDelivery = {
    router: event.router,
    state: stateAfter(was.state, event),
    last: event,
    failed: was.failed ?? (event.outcome === 'failed' ? event : undefined),
  };
  return { ...delivery, routers: new Map([...delivery.routers, [event.router, is]]) };
}

export const deliveryOf = (events: Iterable<JournalEvent>): Delivery => {
  let delivery = NOTHING;
  for (const event of events) delivery = afterEvent(delivery, event);
  return delivery;
};

/**
 * The routers of a stopped delivery that do not have what they are to get now, in its order: give them to `rollout`. One that was
 * delivered counts only if its release is still the one that is wanted.
 */
export function leftToDeliver(delivery: Delivery, wanted: Readonly<Record<string, string>>): string[] {
  return delivery.waves.flat().filter((router) => {
    const state = delivery.routers.get(router)?.state;
    const has = state === 'delivered' || state === 'unchanged';
    return !has || delivery.releases[router] !== wanted[router];
  });
}

const untouched = (router: string): RouterDelivery => ({
  router,
  state: 'untouched',
  last: undefined,
  failed: undefined,
});

function stateAfter(
  state: RouterDelivery['state'],
  { step: name, outcome }: StepEvent,
): RouterDelivery['state'] {
  const isFailure = outcome === 'failed';
  switch (name) {
    case 'apply':
      return outcome === 'skipped' ? 'unchanged' : isFailure ? 'unclear' : 'unconfirmed';
    case 'gate':
      return 'unconfirmed';
    case 'confirm':
      return outcome === 'started' ? 'confirming' : outcome === 'done' ? 'delivered' : 'unclear';
    case 'undo':
      // Whether BIRD is back where it was is for `verify` to say.
      return outcome === 'started' ? state : 'unclear';
    case 'verify':
      if (isFailure) return 'unclear';
      return outcome === 'done' && ['unclear', 'unconfirmed', 'confirming'].includes(state)
        ? 'restored'
        : state;
    case 'discard':
    case 'unlock':
      return state;
    default:
      return isFailure ? 'refused' : state;
  }
}

/**
 * An event as lines for a log without colours: the time of day in UTC, whom, what. Further lines start with a bar: a workflow's
 * runner would obey a line that starts with `::`, blanks before it or not.
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
      `${event.network}: ${count} ${count === 1 ? 'router' : 'routers'} in ${event.waves.length} ${event.waves.length === 1 ? 'wave' : 'waves'}`,
      ...event.waves.map((wave, index) => `${index + 1}: ${wave.join(', ')}`),
    ];
  }
  const who = event.event === 'step' ? `${event.router}: ${event.step}` : 'delivery';
  const [only] = event.details;
  return event.details.length === 1 && only !== undefined && !/[\r\n]/.test(only)
    ? [`${who} ${event.outcome}: ${only}`]
    : [`${who} ${event.outcome}`, ...event.details];
}
