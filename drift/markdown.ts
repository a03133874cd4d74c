import { drainedText } from '../fabric/index.ts';
import { fieldLines, fileBlocks, firstOf } from '../review/markdown/resources.ts';
import { code, fence, link, prose } from '../review/markdown/text.ts';
import { type Bounds, TIERS, type Tier } from '../review/markdown/tiers.ts';
import { counted, number } from '../review/numbers.ts';
import { NOENCAP } from '../topology/own-command.ts';
import type { Drift, ObjectDrift, RouterDrift } from './document.ts';
import { changeText, objectName, ownerText, routerText } from './words.ts';

export interface IssueOptions {
  /** UTF-16 code units, never fewer than what GitHub counts. */
  readonly limit: number;
  /** The run that looked, if there is one. */
  readonly details: string | undefined;
}

/** What the issue must be: see `keepIssue`. */
export const issueState = ({ objects, routers, unknown }: Drift): 'drift' | 'unknown' | 'none' =>
  objects.length + routers.length > 0 ? 'drift' : unknown.length > 0 ? 'unknown' : 'none';

/** The same as long as the issue lives; a name is only in it as far as markdown and mentions have no use for it. */
export function issueTitle({ network }: Drift): string {
  const isPlain = /^[A-Za-z0-9][A-Za-z0-9 ._-]{0,60}$/.test(network);
  return `Drift: production differs from git${isPlain ? ` (${network})` : ''}`;
}

/**
 * Drift as GitHub's markdown: what differs and who made it so, then the differences in folds. It is the largest of four texts that fits, each
 * whole: what is left out is counted. Whatever production says, nothing in the text mentions, links or formats but what is written here.
 */
export function issueText(
  drift: Drift,
  options: IssueOptions,
): { readonly text: string; readonly tier: Tier } {
  const { limit } = options;
  for (const bounds of TIERS) {
    const name = Math.min(bounds.name, limit + 1);
    const sentence = Math.min(bounds.sentence, limit + 1);
    const text = [...blocks(drift, { ...bounds, name, sentence }, options)].join('\n\n');
    if (text.length <= limit || bounds.tier === 'summary') return { text, tier: bounds.tier };
  }
  throw new Error('there is no tier');
}

function* blocks(drift: Drift, bounds: Bounds, { details }: IssueOptions): Generator<string> {
  const { objects, routers, unknown } = drift;
  yield `**${headline(drift)}**`;
  if (bounds.leftOut !== undefined) {
    const shown = bounds.tier === 'summary' ? 'only the first entries are shown' : bounds.leftOut;
    yield `Shortened: ${shown}. \`${NOENCAP} drift\` shows all of it.`;
  }
  if (unknown.length > 0) {
    const left = unknown.length - bounds.items;
    yield [
      '> [!WARNING]',
      '> Not everything could be read, so nobody knows whether the rest is as in git:',
      ...unknown
        .slice(0, bounds.items)
        .map(
          ({ about, message }) => `> - ${code(about.name, bounds.name)}: ${prose(message, bounds.sentence)}`,
        ),
      ...(left > 0 ? [`> - And ${number(left)} more.`] : []),
    ].join('\n');
  }
  yield* listed('Cluster', objects, bounds, (one) => objectLine(one, bounds));
  yield* listed('Routers', routers, bounds, (one) => routerLine(one, bounds));
  yield* listed(
    'Drained, which is no drift',
    drift.drained ?? [],
    bounds,
    (one) => `${code(one.router, bounds.name)}: ${prose(drainedText(one), bounds.sentence)}`,
  );
  if (bounds.resource !== 'names') {
    yield* folded('Objects in detail', objects, (object) => objectBlocks(object, bounds));
    yield* folded('Files in detail', routers, ({ files }) => fileBlocks(files, bounds));
  }
  if (objects.length + routers.length > 0)
    yield `Put what is right into the topology, and undo what is wrong by syncing or shipping. The command behind each shows more.`;
  const run = details === undefined ? undefined : link('last look', details);
  const at = drift.commit === null ? '' : ` at ${code(drift.commit.slice(0, 7), 7)}`;
  yield `<sub>noencap drift of ${code(drift.network, bounds.name)}${at}${run === undefined ? '' : `, ${run}`}. This text is renewed at each look, and the issue closed once production is as in git and all of it could be read. Write into comments.</sub>`;
}

function headline({ objects, routers, unknown }: Drift): string {
  const names = new Set(routers.map(({ router }) => router)).size;
  const parts = [
    ...(objects.length === 0 ? [] : [counted(objects.length, 'object')]),
    ...(names === 0 ? [] : [counted(names, 'router')]),
  ];
  if (parts.length > 0)
    return `${parts.join(' and ')} ${objects.length + names === 1 ? 'differs' : 'differ'} from git.`;
  return unknown.length > 0
    ? 'No drift in what could be read.'
    : 'Production is as in git: everything could be read, and nothing differs any more.';
}

function* listed<T>(
  title: string,
  all: readonly T[],
  bounds: Bounds,
  line: (one: T) => string,
): Generator<string> {
  if (all.length === 0) return;
  const left = all.length - bounds.items;
  yield [
    `**${title}**`,
    '',
    ...all.slice(0, bounds.items).map((one) => `- ${line(one)}`),
    ...(left > 0 ? [`- And ${number(left)} more.`] : []),
  ].join('\n');
}

function objectLine(object: ObjectDrift, { name, sentence }: Bounds): string {
  const next = object.next === undefined ? '' : `. Next: ${code(object.next, sentence)}`;
  return `${code(objectName(object), name)} ${prose(changeText(object), sentence)}${next}`;
}

function routerLine(one: RouterDrift, { name, sentence }: Bounds): string {
  const files = counted(one.files.length, 'file');
  return `${code(one.router, name)}, ${files}: ${prose(routerText(one), sentence)}. Next: ${code(one.next, sentence)}`;
}

function* folded<T>(
  title: string,
  all: readonly T[],
  inner: (one: T) => Iterable<string>,
): Generator<string> {
  const content = all.flatMap((one) => [...inner(one)]);
  if (content.length === 0) return;
  yield `<details>\n<summary>${title}: ${number(all.length)}</summary>`;
  yield* content;
  yield '</details>';
}

/** From git to the cluster. */
function* objectBlocks(object: ObjectDrift, bounds: Bounds): Generator<string> {
  const { fields } = object;
  if (fields.length === 0 || bounds.resource === 'names') return;
  yield `${code(objectName(object), bounds.name)}:`;
  const fitting = firstOf(fields, fieldLines, bounds.resource);
  if (fitting.length > 0) yield fence('diff', fitting.flat());
  const left = fields.length - fitting.length;
  if (left > 0) yield `${counted(left, fitting.length === 0 ? 'field' : 'more field')} not shown here.`;
  const writers = fields.flatMap(({ by }) => (by === undefined ? [] : [ownerText(by)]));
  const others = [...new Set(writers)].filter(
    (text) => object.by === undefined || text !== ownerText(object.by),
  );
  if (others.length > 0) {
    const shown = others.slice(0, 3).map((text) => prose(text, bounds.sentence));
    yield `${shown.join('; ')}${others.length > 3 ? `; and ${number(others.length - 3)} more` : ''}.`;
  }
}
