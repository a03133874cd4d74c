import { structuredPatch } from 'diff';
import type { Review } from '../document.ts';
import { counted, number } from '../numbers.ts';
import type { Fold } from './lists.ts';
import { code, fence } from './text.ts';
import type { Bounds } from './tiers.ts';

type ObjectChange = Review['objects'][number];
type Field = ObjectChange['fields'][number];
type FileChange = Review['files'][number];

/** What is delivered: objects of the cluster with their fields, files of routers and nodes with their hunks. */
export function resourceFolds({ objects, files }: Review, bounds: Bounds): Fold[] {
  const below = (folder: string) => files.filter(({ path }) => path.startsWith(folder));
  const others = files.filter(({ path }) => !/^(routers|nodes)\//.test(path));
  return [
    { title: 'Cluster objects', count: number(objects.length), blocks: objectBlocks(objects, bounds) },
    fileFold('Routers', below('routers/'), bounds),
    fileFold('Nodes', below('nodes/'), bounds),
    fileFold('Other files', others, bounds),
  ].filter(({ count }) => count !== '0');
}

const fileFold = (title: string, files: readonly FileChange[], bounds: Bounds): Fold => ({
  title,
  count: files.length === 0 ? '0' : `${counted(files.length, 'file')}, ${lineCounts(files)}`,
  blocks: fileBlocks(files, bounds),
});

const lineCounts = (files: readonly { readonly added: number; readonly removed: number }[]): string =>
  `+${number(files.reduce((sum, { added }) => sum + added, 0))} −${number(files.reduce((sum, { removed }) => sum + removed, 0))}`;

/** Rendered lazily, so that the caller may stop early. */
function* objectBlocks(objects: readonly ObjectChange[], bounds: Bounds): Generator<string> {
  const isWhole = ({ fields }: ObjectChange) => fields.length === 0 || bounds.resource === 'names';
  const whole = objects.filter(isWhole);
  if (whole.length > 0) yield whole.map((one) => `- ${fate(one, bounds)}${fieldCount(one)}`).join('\n');
  if (bounds.resource === 'names') return;
  for (const one of objects.filter((object) => !isWhole(object))) {
    yield `${fate(one, bounds)}:`;
    const fitting = firstOf(one.fields, fieldLines, bounds.resource);
    if (fitting.length > 0) yield fence('diff', fitting.flat());
    const left = one.fields.length - fitting.length;
    if (left > 0) yield `${counted(left, fitting.length === 0 ? 'field' : 'more field')} not shown here.`;
  }
}

const fieldCount = ({ fields }: ObjectChange): string =>
  fields.length === 0 ? '' : `, ${counted(fields.length, 'field')}`;

function fate({ id, change, before }: ObjectChange, bounds: Bounds): string {
  const name = code(`${id.kind} ${id.namespace === null ? '' : `${id.namespace}/`}${id.name}`, bounds.name);
  if (change === 'recreated') return `${name} must be deleted and recreated`;
  if (change === 'replaced') return `${name} replaces ${code(before ?? '', bounds.name)}`;
  return `${name} ${change}`;
}

/** The changes from the first on that fit together. None is ever cut, and what comes after is not rendered. */
export function firstOf<T>(
  changes: readonly T[],
  render: (change: T) => readonly string[],
  longest: number,
): string[][] {
  let room = longest;
  const fitting: string[][] = [];
  for (const change of changes) {
    const lines = [...render(change)];
    room -= lines.reduce((sum, line) => sum + line.length + 1, 0);
    if (room < 0) break;
    fitting.push(lines);
  }
  return fitting;
}

/** `- spec.holdTime: 15`, `+ spec.holdTime: 20`; of texts of several lines, the lines. */
export function fieldLines({ path, before, after }: Field): string[] {
  const name = oneLine(path === '' ? '(entire object)' : path);
  if (typeof before === 'string' && typeof after === 'string' && /\n/.test(before + after)) {
    return [`  ${name}:`, ...textLines(before, after)];
  }
  const line = (mark: string, value: Field['before']): string[] =>
    value === undefined
      ? []
      : typeof value === 'string' && value.includes('\n')
        ? [`${mark} ${name}:`, ...value.split('\n').map((one) => `${mark}   ${one}`)]
        : [`${mark} ${name}: ${JSON.stringify(value)}`];
  return [...line('-', before), ...line('+', after)];
}

/** Beyond that many lines, or that many of them different, comparing takes longer than it helps. */
const MOST_LINES = 1000;
const MOST_EDITS = 100;

function textLines(before: string, after: string): string[] {
  const [linesBefore, linesAfter] = [before.split('\n'), after.split('\n')];
  const patch =
    linesBefore.length + linesAfter.length > MOST_LINES
      ? undefined
      : structuredPatch('', '', before, after, undefined, undefined, {
          context: 2,
          maxEditLength: MOST_EDITS,
        });
  if (patch === undefined)
    return [...linesBefore.map((one) => `-   ${one}`), ...linesAfter.map((one) => `+   ${one}`)];
  return patch.hunks.flatMap(({ lines }, index) => [
    ...(index === 0 ? [] : ['    ...']),
    ...lines.map((one) => `${one.slice(0, 1)}   ${one.slice(1)}`),
  ]);
}

const oneLine = (text: string): string => text.replaceAll('\n', '\\n');

export function* fileBlocks(files: readonly FileChange[], bounds: Bounds): Generator<string> {
  const line = ({ path, change, added, removed }: FileChange): string =>
    `${code(path, bounds.name)} ${change}, ${lineCounts([{ added, removed }])}`;
  if (bounds.resource === 'names') {
    yield files.map((file) => `- ${line(file)}`).join('\n');
    return;
  }
  for (const file of files) {
    yield `${line(file)}${file.hunks.length === 0 ? '' : ':'}`;
    const fitting = firstOf(file.hunks, (hunk) => [hunk], bounds.resource);
    if (fitting.length > 0) yield fence('diff', fitting.flat());
    const left = file.hunks.length - fitting.length;
    if (left > 0) yield `${counted(left, fitting.length === 0 ? 'hunk' : 'more hunk')} not shown here.`;
  }
}
