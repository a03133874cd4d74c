/** How much of a review its text holds: `full` everything, `summary` what it does and no more. */
export type Tier = 'full' | 'short' | 'list' | 'summary';

/** What a tier allows. What is longer is left out whole, and counted. */
export interface Bounds {
  readonly tier: Tier;
  /** Characters of a name, and of a sentence. */
  readonly name: number;
  readonly sentence: number;
  /** Entries of a list, rows of a table. */
  readonly items: number;
  /** Characters of the hunks of one file, and of the fields of one object; `names`: that it changes, and no more. */
  readonly resource: number | 'names';
  /** Characters of the drawing. */
  readonly drawing: number;
  /** What is omitted, in words for the reader. */
  readonly leftOut: string | undefined;
}

/** From the largest to the one that always fits. */
export const TIERS: readonly [Bounds, Bounds, Bounds, Bounds] = [
  {
    tier: 'full',
    name: Number.POSITIVE_INFINITY,
    sentence: Number.POSITIVE_INFINITY,
    items: Number.POSITIVE_INFINITY,
    resource: Number.POSITIVE_INFINITY,
    drawing: 50_000,
    leftOut: undefined,
  },
  {
    tier: 'short',
    name: 200,
    sentence: 600,
    items: 60,
    resource: 1200,
    drawing: 16_000,
    leftOut: 'only the first changes of objects and files and the first entries of long lists are shown',
  },
  {
    tier: 'list',
    name: 120,
    sentence: 400,
    items: 20,
    resource: 'names',
    drawing: 8000,
    leftOut: 'objects and files are only named, and only the first entries of long lists are shown',
  },
  {
    tier: 'summary',
    name: 60,
    sentence: 200,
    items: 5,
    resource: 'names',
    drawing: 0,
    leftOut: 'only the consequences are shown, without objects, files, diagram and lists',
  },
];
