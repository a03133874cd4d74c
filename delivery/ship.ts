import { setMaxListeners } from 'node:events';
import type { Fabric } from '../fabric/index.ts';
import { change, judged } from './change-router.ts';
import type { Delivery } from './delivery.ts';
import { type CALM, HAD_CALM, type Judge, judge } from './gate.ts';
import type { Inspection } from './inspection.ts';
import type { JournalEvent, Result } from './journal.ts';
import { isRotated } from './password.ts';
import { type Drifted, discard, type Looked, look, prepare, type Ready } from './prepare-router.ts';
import { joining, rollout } from './rollout.ts';

/** All routers of a delivery, and by what it is judged. */
export interface Shipment {
  readonly fabric: Fabric;
  /** Every one is looked at before any is touched. */
  readonly deliveries: readonly Delivery[];
  /** Whose turn it is. `earlier`: it must have the change already. `later`: it is looked at, and not touched. */
  readonly turn: (router: string) => 'earlier' | 'now' | 'later';
  /** What the routers run, by what their files are; undefined where nobody knows. */
  readonly base: (found: ReadonlyMap<string, Inspection>) => Base | undefined;
  /** What the operator takes upon himself: ids of sessions, names of protocols. */
  readonly excused: ReadonlySet<string>;
  readonly maxParallel: number;
  /** End with the look. */
  readonly lookOnly: boolean;
  readonly record: (event: Unstamped) => void;
  readonly stop: AbortSignal;
}

/** What was delivered before. */
export interface Base {
  /** A git revision. */
  readonly name: string;
  readonly fabric: Fabric;
}

/** An event without its time: only who writes it down knows that. */
export type Unstamped = JournalEvent extends infer E ? (E extends unknown ? Omit<E, 'at'> : never) : never;

export interface Shipped {
  readonly outcome: 'delivered' | 'unwell' | 'stopped';
  /** In the order of the deliveries. */
  readonly results: readonly Result[];
  /** By router: what is not as it was shipped, where that is why it was refused. */
  readonly drift: ReadonlyMap<string, readonly Drifted[]>;
}

/**
 * Delivers to all routers: looks at each, prepares each, and only then changes what runs, in the order of the waves. The first failure ends it; what
 * was not begun by then stays as it was. Run again, it goes on where it was stopped: the routers know what they have.
 */
export async function ship(shipment: Shipment): Promise<Shipped> {
  const { deliveries, record, stop } = shipment;
  // Every router that waits listens to it.
  setMaxListeners(0, stop);
  const notes: Notes = { results: new Map(), drift: new Map() };
  try {
    await run(shipment, notes);
  } finally {
    await Promise.all(deliveries.map(({ remote }) => remote.end()));
  }
  const results = deliveries.map(
    ({ router }): Result => notes.results.get(router) ?? { router, outcome: 'untouched', says: null },
  );
  const isWhole = results.every(({ outcome }) => ['unchanged', 'shipped', 'ready'].includes(outcome));
  const outcome = !isWhole ? 'stopped' : results.some(({ says }) => says !== null) ? 'unwell' : 'delivered';
  record({ event: 'ended', outcome, routers: results });
  return { outcome, results, drift: notes.drift };
}

interface Notes {
  readonly results: Map<string, Result>;
  readonly drift: Map<string, readonly Drifted[]>;
}

const note = ({ results }: Notes, router: string, outcome: Result['outcome'], says: string | null = null) =>
  void results.set(router, { router, outcome, says });

async function run(shipment: Shipment, notes: Notes): Promise<void> {
  const { deliveries, turn, maxParallel, lookOnly } = shipment;
  const looked = new Map(
    await inParallel(deliveries, maxParallel, async (one) => [one, await look(one)] as const),
  );
  const wanted: Delivery[] = [];
  for (const [delivery, seen] of looked) {
    const { router } = delivery;
    if ('failed' in seen) {
      note(notes, router, seen.verdict, seen.failed.says);
      notes.drift.set(router, seen.drift);
    } else if (seen.verdict === 'unchanged' || lookOnly || turn(router) === 'later') {
      note(notes, router, seen.verdict);
    } else if (turn(router) === 'earlier') {
      note(notes, router, 'refused', 'it is of an earlier wave, and has not got the change');
    } else wanted.push(delivery);
  }
  if (lookOnly || [...notes.results.values()].some(({ says }) => says !== null)) return;
  const readies = await prepareAll(shipment, wanted, notes);
  if (readies !== undefined) await changeAll(shipment, looked, readies, notes);
}

/** Undefined if one of them could not be prepared: then none is. */
async function prepareAll(
  { maxParallel, stop }: Shipment,
  wanted: readonly Delivery[],
  notes: Notes,
): Promise<Map<Delivery, Ready> | undefined> {
  const readies = new Map<Delivery, Ready>();
  let isRefused = false;
  await inParallel(wanted, maxParallel, async (delivery) => {
    if (isRefused || stop.aborted) return;
    const prepared = await prepare(delivery);
    if (prepared.outcome === 'ready') readies.set(delivery, prepared.ready);
    else note(notes, delivery.router, prepared.outcome, 'says' in prepared ? prepared.says : null);
    isRefused ||= 'says' in prepared;
  });
  if (!isRefused && !stop.aborted) return readies;
  await discardAll(readies);
  return undefined;
}

const discardAll = (readies: ReadonlyMap<Delivery, Ready>) =>
  Promise.all([...readies].map(([delivery, ready]) => discard(delivery, ready)));

async function changeAll(
  shipment: Shipment,
  looked: ReadonlyMap<Delivery, Looked>,
  left: Map<Delivery, Ready>,
  notes: Notes,
): Promise<void> {
  const { fabric, excused, maxParallel, record, stop } = shipment;
  if (left.size === 0) return;
  const byName = new Map([...left.keys()].map((delivery) => [delivery.router, delivery]));
  const { waves } = rollout(fabric, [...byName.keys()], maxParallel);
  const base = shipment.base(
    new Map([...looked].flatMap(([{ router }, seen]) => ('found' in seen ? [[router, seen.found]] : []))),
  );
  const names = waves.map((wave) => wave.map(({ router }) => router));
  record({ event: 'planned', network: fabric.name, base: base?.name ?? null, waves: names });
  const undelivered = new Set(fabric.routers.map(({ name }) => name));
  for (const [{ router }, { verdict }] of looked) if (verdict === 'unchanged') undelivered.delete(router);
  const rotated = new Set(
    [...left].filter(([, { before, release }]) => isRotated(before, release)).map(([{ router }]) => router),
  );
  const judgeOf = (router: string, calm?: typeof CALM) =>
    judge(
      {
        router,
        fabric,
        before: base?.fabric,
        undelivered: new Set(undelivered),
        excused,
        isRotated: rotated.has(router),
      },
      calm,
    );
  const joins = joining(fabric, maxParallel);
  let hasFailed = false;
  /** Those that are to be looked at once more. */
  const open = new Map<string, { delivery: Delivery; ready: Ready; beside: ReadonlySet<string> }>();
  const looks: Promise<void>[] = [];
  const lookInTurn = places(maxParallel);
  /** At those beside which nobody is at work any more: they have all that they can expect. */
  const lookAgain = () => {
    if (hasFailed || stop.aborted) return;
    for (const [router, { delivery, ready, beside }] of open) {
      if ([...beside].some((one) => atWork.has(one))) continue;
      open.delete(router);
      looks.push(lookInTurn(() => lastLook(delivery, ready, judgeOf(router, HAD_CALM), notes)));
    }
  };
  /** Who is being changed, and with whom at the same time. */
  const atWork = new Map<string, Set<string>>();
  const running = new Set<Promise<void>>();
  const begin = async (router: string) => {
    const beside = new Set([router, ...atWork.keys()]);
    for (const other of atWork.values()) other.add(router);
    atWork.set(router, beside);
    const delivery = known(byName, router);
    const ready = known(left, delivery);
    left.delete(delivery);
    const changed = await change(delivery, ready, judgeOf(router));
    note(notes, router, changed.outcome, 'says' in changed ? changed.says : null);
    atWork.delete(router);
    if (changed.outcome !== 'shipped') {
      hasFailed = true;
      return;
    }
    undelivered.delete(router);
    // Who is changed at the same time cannot expect anything of it; who begins later does.
    if (changed.warnings.some(({ about }) => isAmong(fabric, about, beside)))
      open.set(router, { delivery, ready, beside });
    lookAgain();
  };
  // A wave's last ones are judged while the next wave's first ones begin: nobody waits for a place that is free.
  for (const [index, router] of names.flat().entries()) {
    const isFree = () => (index <= 1 ? atWork.size === 0 : joins([...atWork.keys()], router));
    while (!hasFailed && !stop.aborted && !isFree()) await Promise.race(running);
    if (hasFailed || stop.aborted) break;
    const work: Promise<void> = begin(router).finally(() => running.delete(work));
    running.add(work);
  }
  await Promise.all(running);
  await Promise.all(looks);
  await discardAll(left);
}

const isAmong = ({ sessions }: Fabric, id: string, routers: ReadonlySet<string>): boolean =>
  sessions.some((one) => one.id === id && one.ends.every(({ speaker }) => routers.has(speaker)));

function known<K, V>(map: ReadonlyMap<K, V>, key: K): V {
  const value = map.get(key);
  if (value === undefined) throw new Error(`${key} is not prepared`);
  return value;
}

/** What was excused because the other end had not got the change is not any more: all have it. It is confirmed, so this only tells. */
async function lastLook(delivery: Delivery, { before }: Ready, judging: Judge, notes: Notes): Promise<void> {
  const { router, timeout, report } = delivery;
  report('verify', 'started');
  const end = await judged(delivery, before, judging, performance.now() + timeout * 1000);
  if ('wrong' in end) {
    report('verify', 'failed', end.wrong);
    note(notes, router, 'shipped', end.wrong.join('; '));
  } else {
    report(
      'verify',
      'done',
      end.warnings.map(({ says }) => says),
    );
  }
}

/** At most so many at a time; the results in the order of the items. */
function inParallel<T, R>(items: readonly T[], most: number, work: (item: T) => Promise<R>): Promise<R[]> {
  const inTurn = places(most);
  return Promise.all(items.map((item) => inTurn(() => work(item))));
}

/** So many places for work; who finds none waits for one, the first who came first. */
function places(most: number): <R>(work: () => Promise<R>) => Promise<R> {
  let free = Math.max(1, most);
  const waiting: (() => void)[] = [];
  return async (work) => {
    if (free > 0) free -= 1;
    else await new Promise<void>((go) => waiting.push(go));
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next === undefined) free += 1;
      else next();
    }
  };
}
