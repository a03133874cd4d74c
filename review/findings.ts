import type { Finding } from '../analysis/index.ts';

/** What a change makes of what check finds. A finding is the same as long as it has its id and its place. */
export interface FindingChanges {
  readonly introduced: readonly Finding[];
  readonly fixed: readonly Finding[];
  /** Accepted before and open now, with nothing else about it changed. */
  readonly reopened: readonly Finding[];
}

/** Suppressed findings count for nothing: one that is suppressed now is not introduced, and suppressing one fixes nothing. */
export function findingChanges(before: readonly Finding[], after: readonly Finding[]): FindingChanges {
  const [were, are] = [byPlace(before), byPlace(after)];
  const isOpen = (one: Finding) => one.suppressed === undefined;
  return {
    introduced: after.filter((one) => isOpen(one) && !were.has(placeOf(one))),
    fixed: before.filter((one) => isOpen(one) && !are.has(placeOf(one))),
    reopened: after.filter((one) => {
      const earlier = were.get(placeOf(one));
      return isOpen(one) && earlier !== undefined && !isOpen(earlier);
    }),
  };
}

const placeOf = ({ id, path }: Finding): string => JSON.stringify([id, path]);

const byPlace = (findings: readonly Finding[]): ReadonlyMap<string, Finding> =>
  new Map(findings.map((one) => [placeOf(one), one]));
