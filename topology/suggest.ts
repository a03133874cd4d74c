/** Finds the name that was probably meant. */
export type Suggest = (written: string) => string | undefined;

/** Budget of comparisons per list of candidates: a file with thousands of wrong names needs no hints. */
const MOST_COMPARISONS = 2_000_000;

/**
 * The candidate closest to what was written, by single-character edits and swaps of neighbours; none if more than
 * a third of the word would have to change. Letter case is ignored.
 */
export function suggester(candidates: Iterable<string>): Suggest {
  const names = [...new Set(candidates)];
  const exact = new Map(names.map((name) => [name.toLowerCase(), name]));
  let comparisons = 0;
  return (written) => {
    const word = written.toLowerCase();
    const same = exact.get(word);
    if (same !== undefined) return same;
    if (word.length > 80) return undefined;
    let best: string | undefined;
    let least = Math.max(1, Math.floor(word.length / 3)) + 1;
    for (const name of names) {
      if (Math.abs(name.length - word.length) >= least) continue;
      comparisons += 1;
      if (comparisons > MOST_COMPARISONS) return undefined;
      const distance = editDistance(word, name.toLowerCase(), least);
      // A one-letter name is one edit from every other: no hint.
      if (distance < least && distance < Math.max(word.length, name.length)) {
        [best, least] = [name, distance];
      }
    }
    return best;
  };
}

/** `Did you mean "gateway"?`, or the fallback sentence if nothing is close. */
export function didYouMean(suggestion: string | undefined, otherwise: string): string {
  return suggestion === undefined ? otherwise : `Did you mean "${suggestion}"?`;
}

/** A list in prose: `a, b or c`; long lists are cut. */
export function listed(names: Iterable<string>, last: 'and' | 'or'): string {
  const all = [...names];
  if (all.length > 12) return `${all.slice(0, 10).join(', ')} and ${all.length - 10} more`;
  if (all.length < 2) return all.join('');
  return `${all.slice(0, -1).join(', ')} ${last} ${all.at(-1)}`;
}

/** Damerau's distance (optimal string alignment); gives up at `limit`. */
function editDistance(a: string, b: string, limit: number): number {
  let before: number[] = [];
  let above = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const same = a[row - 1] === b[column - 1];
      const swapped = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      current[column] = Math.min(
        (above[column] ?? 0) + 1,
        (current[column - 1] ?? 0) + 1,
        (above[column - 1] ?? 0) + (same ? 0 : 1),
        swapped ? (before[column - 2] ?? 0) + 1 : limit,
      );
    }
    if (Math.min(...current) >= limit) return limit;
    [before, above] = [above, current];
  }
  return above[b.length] ?? limit;
}
