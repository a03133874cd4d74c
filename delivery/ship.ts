import { setMaxListeners } from 'node:events';
import type { Drained, Fabric } from '../fabric/index.ts';
import { notUnderstood } from './answer.ts';
import { type Base, changeAll } from './change-all.ts';
import type { Delivery } from './delivery.ts';
import { asFault, faultText, type RouterFault } from './fault.ts';
import { notFollowed } from './gate/cluster-first.ts';
import { problemsToday } from './gate/gate.ts';
import type { Inspection } from './inspection.ts';
import type { Result, Unstamped } from './journal.ts';
import { inParallel } from './limited.ts';
import {
  type Drifted,
  discardAll,
  type Looked,
  look,
  type Prepared,
  prepare,
  type Ready,
} from './prepare-router.ts';

/** All routers of a delivery, and what it is judged against. */
export interface Shipment {
  readonly fabric: Fabric;
  /** Every router is checked before any is touched. */
  readonly deliveries: readonly Delivery[];
  /** Whether it is a router's turn. `earlier`: it must already have the change. `later`: it is checked, but not touched. */
  readonly turn: (router: string) => 'earlier' | 'now' | 'later';
  /** What the routers run, identified by their files; undefined if unknown. */
  readonly base: (
    inspections: ReadonlyMap<string, Inspection>,
  ) => Promise<Base | undefined> | Base | undefined;
  /** Whether the cluster must have the change before the routers. */
  readonly isClusterFirst: (base: Base) => boolean;
  /** What the operator accepts the risk for: ids of sessions, names of protocols. */
  readonly excused: ReadonlySet<string>;
  readonly maxParallel: number;
  /** Stop after the check. */
  readonly lookOnly: boolean;
  readonly record: (event: Unstamped) => void;
  readonly stop: AbortSignal;
}

export interface Shipped {
  readonly outcome: 'delivered' | 'unhealthy' | 'stopped';
  /** In the order of the deliveries. */
  readonly results: readonly Result[];
  /** By router: what differs from what was shipped, if that is why it was refused. */
  readonly drift: ReadonlyMap<string, readonly Drifted[]>;
  /** By router: since when it was drained when the delivery began. */
  readonly drained: ReadonlyMap<string, Drained>;
}

/**
 * Delivers to all routers: checks each, prepares each, and only then changes what runs, in the order of the waves. The first failure ends it;
 * routers that have not begun by then stay as they were. Run again, it continues where it stopped: the routers know what they have.
 */
export async function ship(shipment: Shipment): Promise<Shipped> {
  const { deliveries, record, stop } = shipment;
  // Every waiting router listens to it.
  setMaxListeners(0, stop);
  const notes: Notes = { results: new Map(), drift: new Map(), drained: new Map() };
  try {
    await run(shipment, notes);
  } finally {
    await Promise.all(deliveries.map(({ remote }) => remote.end()));
  }
  const results = deliveries.map(
    ({ router }): Result => notes.results.get(router) ?? { router, outcome: 'untouched', fault: null },
  );
  const isWhole = results.every(({ outcome }) => ['unchanged', 'shipped', 'ready'].includes(outcome));
  const outcome = !isWhole
    ? 'stopped'
    : results.some(({ fault }) => fault !== null)
      ? 'unhealthy'
      : 'delivered';
  record({ event: 'ended', outcome, routers: results });
  return { outcome, results, drift: notes.drift, drained: notes.drained };
}

const NOT_YET: RouterFault = {
  code: 'order',
  message: 'it is in an earlier wave, but does not have the change',
  fix: 'Ship that wave first.',
};

interface Notes {
  readonly results: Map<string, Result>;
  readonly drift: Map<string, readonly Drifted[]>;
  readonly drained: Map<string, Drained>;
}

const note = (
  { results }: Notes,
  router: string,
  outcome: Result['outcome'],
  fault: RouterFault | null = null,
) => void results.set(router, { router, outcome, fault });

async function run(shipment: Shipment, notes: Notes): Promise<void> {
  const { fabric, deliveries, turn, maxParallel, lookOnly, stop } = shipment;
  const looked = new Map(
    await inParallel(deliveries, maxParallel, async (one) => [one, await lookAt(one)] as const),
  );
  const wanted: Delivery[] = [];
  for (const [delivery, inspected] of looked) {
    const { router } = delivery;
    if (inspected !== undefined && 'inspection' in inspected && inspected.inspection.drained !== undefined) {
      notes.drained.set(router, inspected.inspection.drained);
    }
    if (inspected === undefined) note(notes, router, 'untouched');
    else if ('failed' in inspected) {
      note(notes, router, inspected.verdict, asFault(inspected.failed));
      notes.drift.set(router, inspected.drift);
    } else if (lookOnly) {
      note(notes, router, inspected.verdict, healthProblem(fabric, router, inspected.inspection));
    } else if (inspected.verdict === 'unchanged' || turn(router) === 'later') {
      note(notes, router, inspected.verdict);
    } else if (turn(router) === 'earlier') {
      note(notes, router, 'refused', NOT_YET);
    } else wanted.push(delivery);
  }
  if (lookOnly || stop.aborted || [...notes.results.values()].some(({ fault }) => fault !== null)) return;
  const readies = await prepareAll(shipment, wanted, notes);
  if (readies === undefined || readies.size === 0) return;
  const inspections = [...looked].flatMap(([{ router }, inspected]) =>
    inspected !== undefined && 'inspection' in inspected ? [[router, inspected.inspection] as const] : [],
  );
  const unchanged = [...looked]
    .filter(([, inspected]) => inspected?.verdict === 'unchanged')
    .map(([{ router }]) => router);
  const fleet = { ...shipment, base: await shipment.base(new Map(inspections)), unchanged };
  if (isTooEarly(shipment, fleet.base, readies, notes)) {
    await discardAll(readies);
    return;
  }
  await changeAll(fleet, readies, (router, outcome, fault) => note(notes, router, outcome, fault));
}

/** A delivery may be the fix for this, so it does not stop one; a check that finds it reports a problem. */
function healthProblem(fabric: Fabric, router: string, { protocols }: Inspection): RouterFault | null {
  const problems = problemsToday(fabric, router, protocols);
  if (problems.length === 0) return null;
  const more = problems.length > MOST ? [`and ${problems.length - MOST} more sessions`] : [];
  return {
    code: 'unresolved',
    message: [...problems.slice(0, MOST), ...more].join('\n'),
    fix: 'Let protocol direct and the IGP fill the table of these sessions.',
  };
}

/** Nobody reads more sessions than this; most likely all have one cause. */
const MOST = 10;

/** Undefined if the result is no longer wanted. A router whose answer makes noencap fail is refused, and affects no other. */
async function lookAt(delivery: Delivery): Promise<Looked | undefined> {
  if (delivery.stop.aborted) return undefined;
  try {
    const inspected = await look(delivery);
    return delivery.stop.aborted && 'failed' in inspected ? undefined : inspected;
  } catch (error) {
    const failed = notUnderstood(error);
    delivery.report('inspect', 'failed', [faultText(failed)]);
    return { verdict: 'refused', failed, drift: [] };
  }
}

/** A GitOps engine cannot be asked from here. Whether it has synced shows in the sessions that the change takes away from nodes. */
function isTooEarly(
  { fabric, excused, isClusterFirst }: Shipment,
  base: Base | undefined,
  readies: ReadonlyMap<Delivery, Ready>,
  notes: Notes,
): boolean {
  if (base === undefined || !isClusterFirst(base)) return false;
  const early = [...readies].flatMap(([{ router }, { before }]) => {
    const up = notFollowed(base.fabric, fabric, router, before.protocols).filter((id) => !excused.has(id));
    return up.length === 0 ? [] : [{ router, up }];
  });
  for (const { router, up } of early) {
    const message = `the cluster must have this change first, but does not: ${up.join(', ')} ${up.length === 1 ? 'is' : 'are'} Established`;
    const fix = `Ship again when the engine has synced, or accept the risk: ${up.map((id) => `--excuse ${id}`).join(' ')}`;
    note(notes, router, 'refused', { code: 'order', message, fix });
  }
  return early.length > 0;
}

/** Undefined if one of them could not be prepared: then none stays prepared. */
async function prepareAll(
  { maxParallel, stop }: Shipment,
  wanted: readonly Delivery[],
  notes: Notes,
): Promise<Map<Delivery, Ready> | undefined> {
  const readies = new Map<Delivery, Ready>();
  let isRefused = false;
  await inParallel(wanted, maxParallel, async (delivery) => {
    if (isRefused || stop.aborted) return;
    const prepared = await prepare(delivery).catch(
      (error: unknown): Prepared => ({ outcome: 'refused', fault: asFault(notUnderstood(error)) }),
    );
    if (prepared.outcome === 'ready') readies.set(delivery, prepared.ready);
    else if (stop.aborted) note(notes, delivery.router, 'untouched');
    else note(notes, delivery.router, prepared.outcome, 'fault' in prepared ? prepared.fault : null);
    isRefused ||= 'fault' in prepared;
  });
  if (!isRefused && !stop.aborted) return readies;
  await discardAll(readies);
  return undefined;
}
