import {
  type Analysis,
  alikeIn,
  type Failing,
  type FailureReport,
  failureReports,
  sharedFailureReports,
} from '../analysis/index.ts';
import type { Fabric } from '../fabric/index.ts';

/** A failure that breaks something only before or only after a change. */
export interface FailureChange extends Failing {
  /** Of how many ordered pairs of nodes packets get lost. */
  readonly lost: readonly [before: number, after: number];
}

export interface FailureChanges {
  /** How many sessions there are, if they are too many for the failure of each to be tried. */
  readonly untried: number | undefined;
  /** Pairs that are there before and after lose packets by it now, and did not. */
  readonly fatal: readonly FailureChange[];
  /** It can still happen, and no pair loses packets by it any more. */
  readonly survived: readonly FailureChange[];
}

/** Above so many sessions trying each takes longer than all the rest of a review. */
const MOST_SESSIONS = 2000;

/** What single failures do before and after a change. Both must have been analysed with `comparable`, so that names mean the same. */
export function failureChanges(before: Analysis, after: Analysis): FailureChanges {
  const [were, are] = [nodeNames(before.fabric), nodeNames(after.fabric)];
  const sessions = Math.max(...[before, after].map(({ network }) => network.links.length / 2));
  const reports = (analysis: Analysis) =>
    sessions > MOST_SESSIONS ? sharedFailureReports(analysis) : failureReports(analysis, 1);
  const lostBefore = new Map(reports(before).map((one) => [nameOf(one), one.lost]));
  const isOld = (name: string) => were.has(name) && are.has(name);
  const both = reports(after).map((report) => {
    const [failed] = report.failed as [Failing];
    const [was, is] = [lostBefore.get(nameOf(report)), report.lost];
    const feltByOld = report.changes.some(
      ({ becomes, from, to }) => becomes !== 'worse' && isOld(from) && isOld(to),
    );
    return { ...failed, was, is, feltByOld };
  });
  return {
    untried: sessions > MOST_SESSIONS ? sessions : undefined,
    fatal: both
      .filter(({ was = 0, feltByOld }) => was === 0 && feltByOld)
      .map(({ kind, name, is }) => ({ kind, name, lost: [0, is] })),
    survived: both
      .filter(({ was = 0, is }) => was > 0 && is === 0)
      .map(({ kind, name, was = 0 }) => ({ kind, name, lost: [was, 0] })),
  };
}

/**
 * What tells nodes apart when two fabrics are compared: in both the same nodes stand for the same others, and none that comes for
 * one that was there.
 */
export function comparable(before: Fabric, after: Fabric): (node: string) => string {
  const [were, are] = [nodeNames(before), nodeNames(after)];
  const [alikeBefore, alikeAfter] = [alikeIn(before), alikeIn(after)];
  return (name) => `${were.has(name) ? alikeBefore(name) : '-'} ${are.has(name) ? alikeAfter(name) : '-'}`;
}

const nodeNames = ({ nodes }: Fabric): ReadonlySet<string> => new Set(nodes.map(({ name }) => name));
const nameOf = ({ failed: [one] }: FailureReport): string => `${one?.kind} ${one?.name}`;
