import fc from 'fast-check';
import { type Analysis, analyse, forecast, relays, trip } from '../../analysis/index.ts';
import { usualWaves } from '../../delivery/rollout.ts';
import { type Fabric, igpPaths, newNames, withNames } from '../../fabric/index.ts';
import { findPrograms, type Rehearsal, type Ride, rehearse } from '../../lab/index.ts';
import { render } from '../../repository/render.ts';
import { wholeIn } from '../../review/class-pairs.ts';
import { comparable } from '../../review/failures.ts';
import { firstToGet, NO_TRUST_FILES, type Review, review, type State } from '../../review/index.ts';
import { movedWays } from '../../review/moved-ways.ts';
import { trafficChanges } from '../../review/traffic.ts';
import { routerFiles } from '../../routers/index.ts';
import type { TopologyInput } from '../../topology/index.ts';
import { redundantNetwork, visitedNetwork } from '../analysis/redundant-network.ts';
import { fabricOf } from '../fabric-of.ts';
import { arbitraryChange, type Edited } from './random-changes.ts';

/** A network, and the change that somebody makes. */
export interface Trial {
  readonly base: TopologyInput;
  readonly head: TopologyInput;
  readonly edits: readonly Edited[];
}

/**
 * Healthy networks: in a lab that never reaches the expected state, each look would wait until its time is up. More nodes
 * make a lab slower, but show nothing more.
 */
const arbitraryTrial = (): fc.Arbitrary<Trial> =>
  arbitraryChange(
    fc
      .oneof({ weight: 3, arbitrary: redundantNetwork() }, { weight: 1, arbitrary: visitedNetwork() })
      .filter(({ nodes, routers }) => Object.keys({ ...nodes, ...routers }).length <= 14),
  );

/** The first trials of a seed. */
export const trialsOf = (seed: number, runs: number): Trial[] =>
  fc.sample(arbitraryTrial(), { seed, numRuns: runs });

/** Milliseconds: see test/lifecycle. */
const BLIP = 200;

/** The forecast for a trial, and the result. */
export interface Held {
  /** All differences between the rehearsal and the forecast of `noencap diff`. */
  readonly differs: readonly string[];
  /** Pairs of nodes that may lose packets while sessions are down according to the forecast, and those that did. */
  readonly felt: { readonly foretold: number; readonly seen: number };
}

/** Makes the change in a lab. */
export async function held({ base, head }: Trial): Promise<Held> {
  const programs = findPrograms('.');
  if ('message' in programs) throw new Error(`${programs.message}. ${programs.fix}`);
  const [before, after] = [state(base), state(head)];
  const told = review(before, after, { accepted: false, rehearsal: null, notes: [] });
  const first = firstToGet(before.fabric, after.fabric);
  const result = await rehearse({
    base: before.fabric,
    fabric: after.fabric,
    first,
    waves: usualWaves,
    expects: (fabric) => forecast(fabric, [], []),
    routerFiles,
    programs,
  });
  if ('message' in result) throw new Error(`${result.message}. ${result.fix}`);
  const names = newNames(before.fabric, after.fabric);
  const renamed = (name: string): string => names.get(name) ?? name;
  const earlier = withNames(before.fabric, names);
  const split = comparable(earlier, after.fabric);
  const [then, now] = [analyse(earlier, [], split), analyse(after.fabric, [], split)];
  const [was, is] = [wholeIn(then), wholeIn(now)];
  const pairs = result.pairs.map((one) => ({ ...one, from: renamed(one.from), to: renamed(one.to) }));
  const lossy = pairs.filter(({ from, to, gap }) => was(from, to) && is(from, to) && gap > BLIP);
  const mayLose = losingWay(told, then, now);
  return {
    differs: [
      ...sessionDifferences(told, result.sessions, losingPath(told, earlier)),
      ...lossDifferences(
        told,
        lossy.filter((pair) => !mayLose(pair)),
      ),
      ...pairs
        .filter((pair) => was(pair.from, pair.to) && pair.lost + pair.unsure === 0 && isLost(told, pair))
        .map(({ from, to }) => `${from} to ${to} is said to be lost, and loses no packet`),
      ...endDifferences(told, result),
    ],
    felt: { foretold: mostFelt(told), seen: lossy.length },
  };
}

/** The maximum number of pairs that may lose packets during the change. */
const mostFelt = ({ interruptions, order: { first, lost } }: Review): number =>
  interruptions.reduce((sum, one) => sum + one.lost, 0) +
  (first === 'apart' ? Math.min(lost.routersFirst, lost.clusterFirst) : 0);

/**
 * The forecast is a maximum: that many may lose packets, none must. The lab's packets make a round trip, so one that is lost on the way
 * counts for two pairs.
 */
function lossDifferences(told: Review, lossy: readonly Ride[]): string[] {
  const most = 2 * mostFelt(told);
  if (lossy.length <= most) return [];
  return lossy.map(
    ({ from, to, gap }) =>
      `${from} to ${to} loses packets for ${gap} ms: ${lossy.length} pairs do, and ${most} are foretold at most`,
  );
}

/** The parts of the underlay that the forecast has down for some time: routers that go or restart, segments that lose OSPF's designated router. */
function outOfOspf({ dangers }: Review): { routers: ReadonlySet<string>; segments: ReadonlySet<string> } {
  const named = (pattern: RegExp) =>
    new Set(dangers.flatMap(({ message }) => pattern.exec(message)?.[1] ?? []));
  return {
    routers: named(/^(\S+) (?:is removed|gets other table names).* until OSPF finds another/),
    segments: named(/ segment (\S+), and may be OSPF's designated router/),
  };
}

/** Pairs that may lose packets until OSPF has found another path, in either direction: the lab's packets make a round trip. */
function losingWay(told: Review, was: Analysis, is: Analysis): (pair: Pick<Ride, 'from' | 'to'>) => boolean {
  const { routers, segments } = outOfOspf(told);
  const alike = (from: string, to: string) => [was, is].flatMap((one) => one.standIn(from, to)).join(' ');
  const moved = new Set(movedWays(was, is, trafficChanges(was, is)).map(({ from, to }) => alike(from, to)));
  const crosses = (from: string, to: string) =>
    was.fabric.pods.families.some(
      (family) =>
        [...relays(was, from, to, family)].some((router) => routers.has(router)) ||
        (trip(was, from, to, family)?.links ?? []).some((link) => segments.has(link.split(' ')[1] ?? '')),
    );
  const isOne = (from: string, to: string) => moved.has(alike(from, to)) || crosses(from, to);
  return ({ from, to }) => isOne(from, to) || isOne(to, from);
}

/** Sessions whose packets cross the parts that are down for some time: they may end, but need not. */
function losingPath(told: Review, base: Fabric): (id: string) => boolean {
  const { routers, segments } = outOfOspf(told);
  const pathsTo = igpPaths(base);
  const ends = new Map(base.sessions.map((one) => [one.id, one]));
  return (id) => {
    const session = ends.get(id);
    if (session === undefined) return false;
    const [a, b] = session.ends.map(({ speaker }) => speaker) as [string, string];
    const open = [a];
    for (const at of open) {
      for (const { to, segment } of at === b ? [] : pathsTo(b, session.transport).firstHopsFrom(at)) {
        if (segments.has(segment) || (to !== b && routers.has(to))) return true;
        if (!open.includes(to)) open.push(to);
      }
    }
    return false;
  };
}

const isLost = ({ traffic }: Review, { from, to }: Ride): boolean =>
  traffic.some((one) => one.change === 'lost' && one.from === from && one.to === to);

/** What must hold in the end state holds, unless the forecast says that it does not; and the history leaves no trace. */
function endDifferences(told: Review, { differences, failures }: Rehearsal): string[] {
  const isForetold =
    told.findings.introduced.some(({ severity }) => severity === 'error') ||
    told.traffic.some(({ change }) => ['lost', 'partly lost', 'too narrow'].includes(change));
  return [...differences, ...(isForetold ? [] : failures.map(({ message }) => message))];
}

/** Sessions without a forecast stay as they are. */
function sessionDifferences(
  told: Review,
  seen: readonly { readonly id: string; readonly change: string }[],
  losesPath: (id: string) => boolean,
): string[] {
  const { changed } = told.sessions;
  const expected = new Map(changed.map(({ id, change }) => [id, change === 'reloaded' ? 'kept' : change]));
  const known = new Set(seen.map(({ id }) => id));
  // For packets the effect of a removed router is known; for sessions across it only that they may end.
  const mayEnd = (id: string, change: string, foretold: string) =>
    change === 'reset' && foretold === 'kept' && losesPath(id);
  return [
    ...seen
      .map(({ id, change }) => ({ id, change, foretold: expected.get(id) ?? 'kept' }))
      .filter((one) => one.change !== one.foretold && !mayEnd(one.id, one.change, one.foretold))
      .map((one) => `${one.id} is ${one.change}, not ${one.foretold}`),
    ...changed
      .filter(({ id }) => !known.has(id))
      .map(({ id, change }) => `${id} is said to be ${change}, and is none that the lab has`),
  ];
}

function state(topology: TopologyInput): State {
  const fabric = fabricOf(topology);
  const { files } = render(fabric, undefined);
  return { name: '', commit: undefined, fabric, files, trust: NO_TRUST_FILES, placeOf: () => ({}) };
}
