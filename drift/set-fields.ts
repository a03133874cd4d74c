import { isMap, isOrdered, joined, namesOf, ownValue } from '../review/fields.ts';

/**
 * Of a live value only what git sets: what the API server and operators fill in besides is no drift. In a list that git sets, every item
 * counts: one more is drift.
 */
export function setByGit(kind: string, path: string, git: unknown, live: unknown): unknown {
  if (isMap(git) && isMap(live)) {
    return Object.fromEntries(
      Object.keys(git).flatMap((key): [string, unknown][] => {
        const [ours, theirs] = [ownValue(git, key), ownValue(live, key)];
        // Go leaves empty maps and lists out.
        if (theirs === undefined && isEmpty(ours)) return [[key, ours]];
        return Object.hasOwn(live, key) ? [[key, setByGit(kind, joined(path, key), ours, theirs)]] : [];
      }),
    );
  }
  if (Array.isArray(git) && Array.isArray(live)) return itemsSetByGit(kind, path, git, live);
  return live;
}

const isEmpty = (value: unknown): boolean =>
  (Array.isArray(value) && value.length === 0) || (isMap(value) && Object.keys(value).length === 0);

function itemsSetByGit(
  kind: string,
  path: string,
  git: readonly unknown[],
  live: readonly unknown[],
): unknown[] {
  if (isOrdered(kind, path)) return live.map((item, at) => setByGit(kind, `${path}[]`, git[at], item));
  const ours = namesOf(path, git);
  const theirs = namesOf(path, live);
  // An operator may have given a name to what git does not name.
  if (ours !== undefined && theirs !== undefined && [...ours.keys()].some((name) => theirs.has(name))) {
    return [...theirs].map(([name, item]) => setByGit(kind, `${path}[${name}]`, ours.get(name), item));
  }
  const left = [...git];
  return live.map((item) => {
    const shown = left.map((one) => setByGit(kind, `${path}[]`, one, item));
    const at = left.findIndex(
      (one, index) => JSON.stringify(sorted(one)) === JSON.stringify(sorted(shown[index])),
    );
    if (at >= 0) return left.splice(at, 1)[0];
    return left.length === 1 && live.length === git.length ? shown[0] : item;
  });
}

/** With its keys in one order, to be compared as text. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isMap(value)) return value;
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map((key) => [key, sorted(ownValue(value, key))]),
  );
}
