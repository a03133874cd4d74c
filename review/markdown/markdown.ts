import { NOENCAP } from '../../topology/own-command.ts';
import type { Review } from '../document.ts';
import { number } from '../numbers.ts';
import { consequences } from './consequences.ts';
import { type Fold, listFolds } from './lists.ts';
import { drawing } from './mermaid.ts';
import { resourceFolds } from './resources.ts';
import { code, fence, link, prose } from './text.ts';
import { type Bounds, TIERS, type Tier } from './tiers.ts';
import { dangerAlerts, verdictLine } from './verdict.ts';

export type { Tier };

/** Characters that GitHub takes as a comment, a marker before the text among them. */
export const COMMENT_LIMIT = 65_536;

/** Bytes that GitHub takes as the summary of a step. */
export const SUMMARY_LIMIT = 1_048_576;

export interface MarkdownOptions {
  /** How long the text may be; 32 Ki characters, or 64 KiB, are always enough. */
  readonly limit: number;
  /** Characters are UTF-16 code units: never fewer than what anybody else calls a character. */
  readonly unit: 'characters' | 'bytes';
  /** Where the whole of it is, if it is somewhere. */
  readonly details: string | undefined;
}

/**
 * A review as GitHub's markdown: the verdict, what must not be overlooked, what the change does, and in folds what it consists
 * of. It is the largest of four texts that fits, each whole: nothing is cut off, and what is left out is counted. Whatever stands
 * in the review, nothing in the text mentions, links or formats but what is written here.
 */
export function reviewMarkdown(review: Review, options: MarkdownOptions): { text: string; tier: Tier } {
  const [full, short, list, summary] = TIERS;
  for (const bounds of [full, short, list]) {
    const text = withinLimit(blocks(review, within(bounds, options.limit), options), options);
    if (text !== undefined) return { text, tier: bounds.tier };
  }
  return { text: joined([...blocks(review, summary, options)]), tier: summary.tier };
}

/** A name that alone is longer than the limit need not be longer than that to be too long. */
const within = (bounds: Bounds, limit: number): Bounds => ({
  ...bounds,
  name: Math.min(bounds.name, limit + 1),
  sentence: Math.min(bounds.sentence, limit + 1),
});

/** Undefined as soon as it is too long: the rest is not even rendered. */
function withinLimit(all: Iterable<string>, { limit, unit }: MarkdownOptions): string | undefined {
  const taken: string[] = [];
  let size = END.length - BETWEEN.length;
  for (const block of all) {
    size += BETWEEN.length + (unit === 'bytes' ? Buffer.byteLength(block) : block.length);
    if (size > limit) return undefined;
    taken.push(block);
  }
  return joined(taken);
}

const BETWEEN = '\n\n';
const END = '\n';

const joined = (all: readonly string[]): string => all.join(BETWEEN) + END;

function* blocks(review: Review, bounds: Bounds, { details }: MarkdownOptions): Generator<string> {
  yield verdictLine(review);
  if (bounds.leftOut !== undefined) yield leftOut(bounds.leftOut, details);
  yield* dangerAlerts(review, bounds);
  const table = consequences(review, bounds);
  if (table !== undefined) yield table;
  yield* drawn(review, bounds);
  if (bounds.tier !== 'summary') {
    for (const fold of [...listFolds(review, bounds), ...resourceFolds(review, bounds)]) yield* folded(fold);
  }
  yield* notes(review, bounds);
  yield footer(review, bounds);
}

function leftOut(what: string, details: string | undefined): string {
  const whole = details === undefined ? undefined : link('Full review', details);
  return `Shortened: ${what}. ${whole ?? `\`${NOENCAP} diff\` shows all of it`}.`;
}

function* drawn({ picture }: Review, { drawing: limit }: Bounds): Generator<string> {
  if (limit === 0) return;
  const result = drawing(picture, limit);
  if (result === undefined) return;
  if (result === 'too large') {
    yield 'The network is too large to draw here.';
    return;
  }
  yield fence('mermaid', result.lines);
  const legend = result.legend.map((one) => `${one.slice(0, 1).toUpperCase()}${one.slice(1)}.`).join(' ');
  const rest = result.isPart ? ' Unchanged parts are not drawn.' : '';
  if (legend !== '') yield `<sub>${legend}${rest}</sub>`;
}

function* folded({ title, count, blocks: content }: Fold): Generator<string> {
  yield `<details>\n<summary>${title}: ${count}</summary>`;
  yield* content;
  yield '</details>';
}

function* notes({ notes: all }: Review, bounds: Bounds): Generator<string> {
  if (all.length === 0) return;
  const left = all.length - bounds.items;
  yield [
    '**Notes**',
    '',
    ...all.slice(0, bounds.items).map((note) => `- ${prose(note, bounds.sentence)}`),
    ...(left > 0 ? [`- and ${number(left)} more`] : []),
  ].join('\n');
}

function footer({ network, base, head }: Review, bounds: Bounds): string {
  const state = ({ name, commit }: Review['base']): string =>
    commit === null
      ? code(name, bounds.name)
      : `${code(name, bounds.name)} at ${code(commit.slice(0, 7), 7)}`;
  return `<sub>noencap diff of ${code(network, bounds.name)}: ${state(base)} … ${state(head)}</sub>`;
}
