import { overall, type Subject, type Verdict } from './verdict.ts';

/** What became of one thing between two looks. */
export interface Changed {
  readonly about: Subject;
  /** What is wrong with it now that was not before, or not known to be; empty if it came right, or is no longer there. */
  readonly now: readonly Verdict[];
  /** Nothing is said of it any more: a session that nobody expects, an object by hand. */
  readonly isGone: boolean;
}

/** The things of which something else is wrong than before, in the order of the later look; then those that are gone. */
export function changesBetween(before: readonly Verdict[], after: readonly Verdict[]): Changed[] {
  const [was, is] = [bySubject(before), bySubject(after)];
  const changed = [...is.values()].flatMap((now): Changed[] => {
    const [first] = now;
    if (first === undefined) return [];
    const then = was.get(subjectKey(first)) ?? [];
    const known = new Set(then.map(wrongKey));
    const appeared = now.filter((one) => one.is !== 'as-promised' && !known.has(wrongKey(one)));
    const cameRight = overall(now) === 'as-promised' && then.length > 0 && overall(then) !== 'as-promised';
    return appeared.length > 0 || cameRight ? [{ about: first.about, now: appeared, isGone: false }] : [];
  });
  const gone = [...was].flatMap(([key, then]): Changed[] => {
    const [first] = then;
    const isNews = first !== undefined && !is.has(key) && overall(then) !== 'as-promised';
    return isNews ? [{ about: first.about, now: [], isGone: true }] : [];
  });
  return [...changed, ...gone];
}

function bySubject(verdicts: readonly Verdict[]): Map<string, Verdict[]> {
  const found = new Map<string, Verdict[]>();
  for (const one of verdicts) {
    const key = subjectKey(one);
    const own = found.get(key);
    if (own === undefined) found.set(key, [one]);
    else own.push(one);
  }
  return found;
}

const subjectKey = ({ about: { kind, name, machine = '' } }: Verdict): string =>
  JSON.stringify([kind, name, machine]);

/** Not what was found: a countdown or a number of restarts differs with every look. */
const wrongKey = ({ is, kind }: Verdict): string => `${is} ${kind}`;
