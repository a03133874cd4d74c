import { type Analysis, type Failing, type FailureReport, failureReports } from '../analysis/index.ts';

/** A failure that breaks something only before or only after a change. */
export interface FailureChange extends Failing {
  /** Of how many ordered pairs of nodes packets get lost. */
  readonly lost: readonly [before: number, after: number];
}

export interface FailureChanges {
  /** Pairs that are there before and after lose packets by it now, and did not. */
  readonly fatal: readonly FailureChange[];
  /** It can still happen, and no pair loses packets by it any more. */
  readonly survived: readonly FailureChange[];
}

/** What single failures do before and after a change. */
export function failureChanges(before: Analysis, after: Analysis): FailureChanges {
  const [were, are] = [nodeNames(before), nodeNames(after)];
  // The same nodes stand for others on both sides, and none that comes for one that was there: so names can be compared.
  const classes = (name: string) =>
    `${were.has(name)} ${are.has(name)} ${classIn(before, name)} ${classIn(after, name)}`;
  const [reports, later] = [before, after].map(({ fabric }) => failureReports(fabric, 1, classes));
  const lostBefore = new Map(reports?.map((one) => [nameOf(one), one.lost]));
  const isOld = (name: string) => were.has(name) && are.has(name);
  const both = (later ?? []).map((report) => {
    const [failed] = report.failed as [Failing];
    const [was, is] = [lostBefore.get(nameOf(report)), report.lost];
    const feltByOld = report.changes.some(
      ({ becomes, from, to }) => becomes !== 'worse' && isOld(from) && isOld(to),
    );
    return { ...failed, was, is, feltByOld };
  });
  return {
    fatal: both
      .filter(({ was = 0, feltByOld }) => was === 0 && feltByOld)
      .map(({ kind, name, is }) => ({ kind, name, lost: [0, is] })),
    survived: both
      .filter(({ was = 0, is }) => was > 0 && is === 0)
      .map(({ kind, name, was = 0 }) => ({ kind, name, lost: [was, 0] })),
  };
}

const nodeNames = ({ fabric }: Analysis): ReadonlySet<string> =>
  new Set(fabric.nodes.map(({ name }) => name));
const classIn = ({ standIn }: Analysis, name: string): string => standIn(name, name)[0];
const nameOf = ({ failed: [one] }: FailureReport): string => `${one?.kind} ${one?.name}`;
