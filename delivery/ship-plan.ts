import {
  type Fabric,
  FELT_CHANGES,
  reasonText,
  type SessionChange,
  type SessionReason,
} from '../fabric/index.ts';
import { printable } from '../topology/fault.ts';
import type { Placed, Rollout } from './rollout.ts';

/** The result of `ship --plan`: what would be delivered to which router, in which order, and its effect. Plain data, for `--json` too. */
export interface ShipPlan {
  readonly network: string;
  readonly maxParallel: number;
  /** The risks that the operator accepts: whoever approves the delivery must see them. */
  readonly accepted: Accepted;
  readonly waves: readonly PlannedWave[];
  /** Asked for, but not delivered to. */
  readonly skipped: readonly Placed[];
}

/** What would otherwise stop a delivery. */
export interface Accepted {
  /** Files that were edited on the routers become noencap's. */
  readonly drift: boolean;
  /** Sessions and protocols that may be down afterwards. */
  readonly excused: readonly string[];
}

export interface PlannedWave {
  readonly routers: readonly PlannedRouter[];
}

export interface PlannedRouter {
  readonly router: string;
  /** Why it is in this wave. */
  readonly reason: string;
  /** Null if the router's current files are unknown. */
  readonly files: readonly PlannedFile[] | null;
  /** What changes about its delivery besides files: the machine, its host keys, the folder there. */
  readonly delivery: readonly string[];
  /** Why its machine will refuse the delivery. */
  readonly refused: PlannedRefusal | null;
  /** Its sessions that do not simply stay up; null without a forecast. */
  readonly sessions: readonly Forecast[] | null;
}

export interface PlannedRefusal {
  readonly message: string;
  readonly fix: string;
}

/** A file below the router's folder, and how many lines are added and removed. */
export interface PlannedFile {
  readonly path: string;
  readonly added: number;
  readonly removed: number;
}

/** What the change does to a session. */
export interface Forecast {
  readonly id: string;
  readonly change: SessionChange;
  readonly reasons: readonly SessionReason[];
}

export interface ShipPlanInput {
  readonly fabric: Fabric;
  /** The state before: a session that goes away is in no other fabric. */
  readonly before: Fabric | undefined;
  readonly rollout: Rollout;
  readonly maxParallel: number;
  readonly accepted: Accepted;
  /** By router. */
  readonly files: ReadonlyMap<string, readonly PlannedFile[]>;
  readonly delivery: ReadonlyMap<string, readonly string[]>;
  readonly refused: ReadonlyMap<string, PlannedRefusal>;
  readonly forecast: readonly Forecast[] | undefined;
}

/** Puts together what is known. A session between two routers is listed with both. */
export function shipPlan(input: ShipPlanInput): ShipPlan {
  const { fabric, before, rollout, maxParallel, accepted, files, delivery, refused, forecast } = input;
  const sessionsOf = forecast === undefined ? undefined : bySpeaker([fabric, before], forecast);
  return {
    network: fabric.name,
    maxParallel,
    accepted,
    waves: rollout.waves.map((wave) => ({
      routers: wave.map(({ router, reason }) => ({
        router,
        reason,
        files: files.get(router) ?? null,
        delivery: delivery.get(router) ?? [],
        refused: refused.get(router) ?? null,
        sessions: sessionsOf === undefined ? null : (sessionsOf.get(router) ?? []),
      })),
    })),
    skipped: rollout.left,
  };
}

function bySpeaker(
  fabrics: readonly (Fabric | undefined)[],
  forecast: readonly Forecast[],
): ReadonlyMap<string, readonly Forecast[]> {
  const speakers = new Map(
    fabrics.flatMap((fabric) =>
      (fabric?.sessions ?? []).map(({ id, ends }) => [id, ends.map(({ speaker }) => speaker)] as const),
    ),
  );
  const forecastsOf = new Map<string, Forecast[]>();
  for (const { id, change, reasons } of forecast) {
    if (change === 'kept') continue;
    for (const speaker of speakers.get(id) ?? []) {
      const ofSpeaker = forecastsOf.get(speaker) ?? [];
      ofSpeaker.push({ id, change, reasons });
      forecastsOf.set(speaker, ofSpeaker);
    }
  }
  return forecastsOf;
}

/** Nobody reads more lines of one kind than this; the JSON has all of them. */
const MOST = 12;

/** The plan for people, without colours and without a line end. */
export function shipPlanText(plan: ShipPlan): string {
  const routers = plan.waves.flatMap((wave) => wave.routers);
  const head =
    routers.length === 0
      ? 'nothing to deliver'
      : `${counted(routers.length, 'router')} in ${counted(plan.waves.length, 'wave')}, at most ${plan.maxParallel} at a time`;
  return [
    printable(`${plan.network}: ${head}`),
    ...acceptedLines(plan.accepted),
    ...plan.waves.flatMap((wave, index) => ['', `wave ${index + 1}`, ...wave.routers.flatMap(routerLines)]),
    ...(plan.skipped.length === 0 ? [] : ['', 'not delivered to']),
    ...plan.skipped.map(({ router, reason }) => printable(`  ${router}: ${reason}`)),
    ...(plan.waves.length > 1
      ? [
          '',
          'After the first wave, each router begins as soon as an earlier one is confirmed and makes room; the first failure stops the delivery.',
        ]
      : []),
  ].join('\n');
}

function acceptedLines({ drift, excused }: Accepted): string[] {
  const lines = [
    ...(drift ? ['--accept-drift: files that were edited on these routers are replaced'] : []),
    ...excused.map((name) => `--excuse ${name}: it may be down afterwards`),
  ];
  return lines.length === 0
    ? []
    : ['', 'accepted beforehand', ...lines.map((line) => printable(`  ${line}`))];
}

function routerLines({ router, reason, files, delivery, refused, sessions }: PlannedRouter): string[] {
  // A different machine has different files.
  const none =
    files?.length !== 0
      ? []
      : [delivery.length === 0 ? 'no file changes: BIRD is not reconfigured' : 'no file changes'];
  return [
    `  ${router}: ${reason}`,
    ...[
      ...(refused === null ? [] : [`${refused.message}. ${refused.fix}`]),
      ...delivery.map((one) => `delivered ${one}`),
      ...none,
      ...(files === null ? ['its current files are unknown'] : some(files.map(fileText))),
      ...(sessions === null ? [] : FELT_CHANGES.flatMap((fate) => some(fateTexts(sessions, fate)))),
    ].map((line) => `    ${line}`),
  ].map(printable);
}

const fileText = ({ path, added, removed }: PlannedFile): string => `${path} +${added} -${removed}`;

const fateTexts = (sessions: readonly Forecast[], fate: Forecast['change']): string[] =>
  sessions
    .filter(({ change }) => change === fate)
    .map(
      ({ id, reasons }) =>
        `${fate} ${id}${reasons.length === 0 ? '' : ` (${reasons.map(reasonText).join('; ')})`}`,
    );

const some = (lines: readonly string[]): string[] =>
  lines.length > MOST ? [...lines.slice(0, MOST), `and ${lines.length - MOST} more`] : [...lines];

const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;
