import { type Finding, grouped } from '../analysis/index.ts';

/** What a change makes of what check finds. A finding is the same as long as it has its id and its place, and is no graver. */
export interface FindingChanges {
  readonly introduced: readonly Finding[];
  readonly fixed: readonly Finding[];
  /** Suppressed before and open now, otherwise unchanged. */
  readonly reopened: readonly Finding[];
  /** Errors and warnings that are suppressed now, and were open or absent before. */
  readonly silenced: readonly Finding[];
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
  const isOpen = (one: Finding) => one.suppressed === undefined;
  const { pairs, fixed } = matched(before, after, placeThen);
  const open = pairs.filter(({ is }) => isOpen(is));
  return {
    introduced: open
      .filter(({ was, is }) => was === undefined || (isOpen(was) && isGraver(is, was)))
      .map(({ is }) => is),
    fixed: fixed.filter(isOpen),
    silenced: pairs
      .filter(({ was, is }) => !isOpen(is) && is.severity !== 'info' && (was === undefined || isOpen(was)))
      .map(({ is }) => is),
    reopened: open.filter(({ was }) => was !== undefined && !isOpen(was)).map(({ is }) => is),
  };
}

/** Each finding with the one that it was. Of several at one place those that say the same are the same, then one stands for another. */
function matched(
  before: readonly Finding[],
  after: readonly Finding[],
  placeThen: (finding: Finding) => string,
): { pairs: { was: Finding | undefined; is: Finding }[]; fixed: Finding[] } {
  const left = new Set(before);
  const earlier = new Map<Finding, Finding>();
  for (const textOf of [({ message: text }: Finding) => text, () => '']) {
    const candidates = grouped([...left], (one) => `${placeThen(one)} ${textOf(one)}`);
    for (const one of after) {
      const was = earlier.has(one) ? undefined : candidates.get(`${placeOf(one)} ${textOf(one)}`)?.shift();
      if (was === undefined) continue;
      earlier.set(one, was);
      left.delete(was);
    }
  }
  return {
    pairs: after.map((is) => ({ was: earlier.get(is), is })),
    fixed: before.filter((one) => left.has(one)),
  };
}

const isGraver = (one: Finding, other: Finding): boolean =>
  GRAVITY.indexOf(one.severity) > GRAVITY.indexOf(other.severity);

const GRAVITY: readonly Finding['severity'][] = ['info', 'warning', 'error'];

const placeOf = ({ id, path }: Finding): string => JSON.stringify([id, path]);
