import {
  type Analysis,
  alikeIn,
  type Failing,
  type FailureReport,
  failureReports,
  grouped,
  sharedFailureReports,
} from '../analysis/index.ts';
import type { Fabric } from '../fabric/index.ts';
import { type Whole, wholeIn } from './class-pairs.ts';

/** A failure with more or less impact after a change than before. */
export interface FailureChange extends Failing {
  /** Of how many ordered pairs of nodes that are there, and whole, before and after packets get lost. */
  readonly lost: readonly [before: number, after: number];
}

export interface FailureChanges {
  /** How many sessions there are, if they are too many for the failure of each to be tried. */
  readonly untried: number | undefined;
  /** It loses packets now, and did not before. */
  readonly fatal: readonly FailureChange[];
  /** It makes more pairs lose packets than before. */
  readonly worse: readonly FailureChange[];
  /** It can still happen, but no pair loses packets by it any more. */
  readonly survived: readonly FailureChange[];
}

/** With more sessions, trying each takes longer than the rest of the review. */
const MOST_SESSIONS = 2000;

/** What single failures do before and after a change. Both must have been analysed with `comparable`, so that names mean the same. */
export function failureChanges(before: Analysis, after: Analysis): FailureChanges {
  const [nodesBefore, nodesAfter] = [nodeNames(before.fabric), nodeNames(after.fabric)];
  const sessions = Math.max(...[before, after].map(({ network }) => network.links.length / 2));
  const reports = (analysis: Analysis) =>
    sessions > MOST_SESSIONS ? sharedFailureReports(analysis) : failureReports(analysis, 1);
  const [wasWhole, isWhole] = [wholeIn(before), wholeIn(after)];
  // A failure takes nothing from a pair that is already lost.
  const counts = (from: string, to: string) =>
    [from, to].every((name) => nodesBefore.has(name) && nodesAfter.has(name)) &&
    wasWhole(from, to) &&
    isWhole(from, to);
  const [losses, lossesNow] = [before, after].map((analysis) =>
    reports(analysis).map((report) => ({
      failed: report.failed[0] as Failing,
      lost: lostOf(report, counts),
    })),
  ) as [Loss[], Loss[]];
  const replaced = inPlaceOf(losses, lossesNow);
  const lostBefore = new Map(losses.map(({ failed, lost }) => [nameOf(failed), lost]));
  const both = lossesNow.map(({ failed, lost: is }) => {
    const was = lostBefore.get(nameOf(failed));
    return {
      ...failed,
      isOld: was !== undefined,
      lost: [was ?? replaced.get(nameOf(failed)) ?? 0, is] as const,
    };
  });
  return {
    untried: sessions > MOST_SESSIONS ? sessions : undefined,
    fatal: changes(both, ([was, is]) => was === 0 && is > 0),
    worse: changes(both, ([was, is]) => was > 0 && is > was),
    survived: changes(
      both.filter((one) => one.isOld),
      ([was, is]) => was > 0 && is === 0,
    ),
  };
}

const changes = (
  all: readonly FailureChange[],
  isSo: (lost: FailureChange['lost']) => boolean,
): FailureChange[] =>
  all.filter(({ lost }) => isSo(lost)).map(({ kind, name, lost }) => ({ kind, name, lost }));

interface Loss {
  readonly failed: Failing;
  readonly lost: number;
}

/** Ordered pairs of nodes; of several blocks or families of one node each counts once. */
function lostOf({ changes: all }: FailureReport, counts: Whole): number {
  const lost = new Map(
    all
      .filter(({ becomes, from, to }) => becomes !== 'worse' && counts(from, to))
      .map(({ from, to, pairs }) => [`${from} ${to}`, pairs]),
  );
  return [...lost.values()].reduce((sum, pairs) => sum + pairs, 0);
}

/** Of what comes what it takes the place of loses: a machine of another name is no failure more. The gravest for the gravest. */
function inPlaceOf(before: readonly Loss[], after: readonly Loss[]): ReadonlyMap<string, number> {
  const without = (all: readonly Loss[], others: readonly Loss[]) => {
    const names = new Set(others.map(({ failed }) => nameOf(failed)));
    const onlyHere = all.filter(({ failed }) => !names.has(nameOf(failed))).sort((a, b) => b.lost - a.lost);
    return grouped(onlyHere, ({ failed }) => failed.kind);
  };
  const [gone, come] = [without(before, after), without(after, before)];
  return new Map(
    [...come].flatMap(([kind, losses]) =>
      losses.map(({ failed }, index) => [nameOf(failed), gone.get(kind)?.[index]?.lost ?? 0] as const),
    ),
  );
}

/**
 * What tells nodes apart when two fabrics are compared: in both the same nodes stand for the same others, and none that comes for
 * one that was there.
 */
export function comparable(before: Fabric, after: Fabric): (node: string) => string {
  const [nodesBefore, nodesAfter] = [nodeNames(before), nodeNames(after)];
  const [alikeBefore, alikeAfter] = [alikeIn(before), alikeIn(after)];
  return (name) =>
    `${nodesBefore.has(name) ? alikeBefore(name) : '-'} ${nodesAfter.has(name) ? alikeAfter(name) : '-'}`;
}

const nodeNames = ({ nodes }: Fabric): ReadonlySet<string> => new Set(nodes.map(({ name }) => name));
const nameOf = ({ kind, name }: Failing): string => `${kind} ${name}`;
