import type { Finding } from '../analysis/index.ts';

/** What a change makes of what check finds. A finding is the same as long as it has its id and its place. */
export interface FindingChanges {
  readonly introduced: readonly Finding[];
  readonly fixed: readonly Finding[];
  /** Accepted before and open now, with nothing else about it changed. */
  readonly reopened: readonly Finding[];
}

/**
 * Suppressed findings count for nothing: one that is suppressed now is not introduced, and suppressing one fixes nothing. A machine
 * has the findings that it had under another name.
 */
export function findingChanges(
  before: readonly Finding[],
  after: readonly Finding[],
  names: ReadonlyMap<string, string> = new Map(),
): FindingChanges {
  const placeThen = ({ id, path }: Finding): string => {
    const isMachine = path[0] === 'routers' || path[0] === 'nodes';
    const now = path.map((step, index) =>
      isMachine && index === 1 ? (names.get(String(step)) ?? step) : step,
    );
    return JSON.stringify([id, now]);
  };
  const [were, are] = [byPlace(before, placeThen), byPlace(after, placeOf)];
  const isOpen = (one: Finding) => one.suppressed === undefined;
  return {
    introduced: after.filter((one) => isOpen(one) && !were.has(placeOf(one))),
    fixed: before.filter((one) => isOpen(one) && !are.has(placeThen(one))),
    reopened: after.filter((one) => {
      const earlier = were.get(placeOf(one));
      return isOpen(one) && earlier !== undefined && !isOpen(earlier);
    }),
  };
}

const placeOf = ({ id, path }: Finding): string => JSON.stringify([id, path]);

const byPlace = (
  findings: readonly Finding[],
  place: (finding: Finding) => string,
): ReadonlyMap<string, Finding> => new Map(findings.map((one) => [place(one), one]));
