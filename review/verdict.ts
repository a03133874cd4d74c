import type { Review } from './document.ts';

/** The change in one sentence each: what packets feel of it, and what it consists of. */
export interface Verdict {
  readonly word: 'Nothing changes' | 'Hitless' | 'Felt' | 'Dangerous' | 'Dangerous, and accepted';
  /** `1 node added`, `3 sessions new`. */
  readonly counts: readonly string[];
}

export function verdict(review: Review): Verdict {
  return {
    word: wordOf(review),
    counts: [...partCounts(review), ...sessionCounts(review), ...fileCounts(review)],
  };
}

function wordOf({ outcome, accepted }: Review): Verdict['word'] {
  if (outcome === 'nothing') return 'Nothing changes';
  if (outcome === 'dangerous') return accepted ? 'Dangerous, and accepted' : 'Dangerous';
  return outcome === 'hitless' ? 'Hitless' : 'Felt';
}

/** Parts that somebody counts; settings and reflectors show in what follows from them. */
const COUNTED = ['region', 'router', 'node', 'host', 'segment'] as const;

function partCounts({ fabric }: Review): string[] {
  return (['added', 'removed', 'changed'] as const).flatMap((became) =>
    COUNTED.flatMap((kind) => {
      const found = fabric.filter((part) => part.kind === kind && part.became === became).length;
      return found === 0 ? [] : [`${plural(found, kind)} ${became}`];
    }),
  );
}

function sessionCounts({ sessions: { changed } }: Review): string[] {
  if (changed.length === 0) return [];
  const count = (became: string) => changed.filter((one) => one.became === became).length;
  const all = (['reset', 'gone', 'new', 'reloaded'] as const).map(
    (became) => [became, count(became)] as const,
  );
  const told = all.filter(([became, found]) => found > 0 || became === 'reset');
  return told.map(([became, found]) => `${found === 0 ? 'no session' : plural(found, 'session')} ${became}`);
}

function fileCounts({ objects, files }: Review): string[] {
  const [routers, nodes] = ['routers/', 'nodes/'].map(
    (folder) => files.filter(({ path }) => path.startsWith(folder)).length,
  );
  return [
    ...(objects.length === 0 ? [] : [plural(objects.length, 'object')]),
    ...(routers ? [plural(routers, 'router file')] : []),
    ...(nodes ? [plural(nodes, 'node file')] : []),
  ];
}

const plural = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;
