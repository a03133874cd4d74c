import type { Document, Node as YamlNode } from 'yaml';
import { isAlias, isMap, isPair, isScalar, isSeq } from 'yaml';
import type { Path } from './model.ts';

/** A range on one line. Lines and columns count from 1, columns in code points; `endColumn` is the first one after. */
export interface Place {
  readonly line: number;
  readonly column: number;
  readonly endColumn: number;
}

/** The file that a topology came from, so that messages can point into it. */
export interface Source {
  readonly file: string;
  /** The place of the value at the path, or of its key. Undefined if the file has no such path or no text. */
  locate(path: Path, what?: 'key' | 'value'): Place | undefined;
  /** A line without its end; empty past the last one. */
  line(number: number): string;
}

/** A source with a document. Indexes are built on the first lookup: most files need none. */
export function yamlSource(file: string, text: string, document: Document | undefined): TextSource {
  const lines = lazy(() => text.split(LINE_END));
  const starts = lazy(() => lineStarts(text));
  const children = new WeakMap<object, ReadonlyMap<string | number, Entry>>();

  const astralOf = new Map<number, readonly number[]>();
  const astralIn = (line: number, content: string): readonly number[] => {
    const offsets = astralOf.get(line) ?? offsetsOfAstral(content);
    astralOf.set(line, offsets);
    return offsets;
  };

  const place = (start: number, end: number): Place => {
    const line = lineOf(starts(), start);
    const content = lines()[line] ?? '';
    const lineStart = starts()[line] ?? 0;
    const astral = astralIn(line, content);
    const columnOf = (offset: number) => columnAt(content, astral, offset - lineStart);
    const column = columnOf(start);
    return { line: line + 1, column, endColumn: Math.max(column + 1, columnOf(end)) };
  };

  const entriesOf = (node: YamlNode): ReadonlyMap<string | number, Entry> => {
    const cached = children.get(node);
    if (cached !== undefined) return cached;
    const entries = new Map<string | number, Entry>();
    if (isMap(node)) {
      for (const pair of node.items) {
        // The first of several equal keys counts, as in reading.
        if (isScalar(pair.key) && !entries.has(keyText(pair.key)))
          entries.set(keyText(pair.key), { key: pair.key, value: pair.value as YamlNode | null });
      }
    } else if (isSeq(node)) {
      for (const [index, item] of node.items.entries()) {
        if (!isPair(item)) entries.set(index, { key: undefined, value: item as YamlNode });
      }
    }
    children.set(node, entries);
    return entries;
  };

  const resolve = (node: YamlNode | null | undefined): YamlNode | null | undefined =>
    document !== undefined && isAlias(node) ? node.resolve(document) : node;

  return {
    file,
    place,
    line: (number) => lines()[number - 1] ?? '',
    locate(path, what = 'value') {
      let at: Entry = { key: undefined, value: document?.contents as YamlNode | null };
      for (const part of path) {
        const node = resolve(at.value);
        const next = node === null || node === undefined ? undefined : entriesOf(node).get(part);
        if (next === undefined) return undefined;
        at = next;
      }
      const range = rangeOf(what === 'key' ? at.key : at.value) ?? rangeOf(at.key);
      return range === undefined ? undefined : place(...range);
    },
  };
}

/** A source of values that were never text. */
export const valueSource = (file: string): Source => ({
  file,
  locate: () => undefined,
  line: () => '',
});

/** For faults in the text itself, which have offsets instead of paths. */
export interface TextSource extends Source {
  place(start: number, end: number): Place;
}

interface Entry {
  readonly key: YamlNode | undefined;
  readonly value: YamlNode | null | undefined;
}

/** A key as written in the file: `1e3` is a name like any other. */
export const keyText = (key: { source?: string | undefined; value: unknown }): string =>
  typeof key.value === 'string' ? key.value : (key.source ?? String(key.value));

/** Only the start of a block collection, which spans many lines. Empty values have an empty range. */
function rangeOf(node: YamlNode | null | undefined): [number, number] | undefined {
  const range = node?.range;
  if (range === undefined || range === null || range[0] === range[1]) return undefined;
  return [range[0], range[1]];
}

const LINE_END = /\r\n|[\r\n]/;

/** Offsets at which lines start. */
function lineStarts(text: string): number[] {
  return [0, ...Array.from(text.matchAll(/\r\n|[\r\n]/g), (match) => match.index + match[0].length)];
}

/** Index of the line that contains the offset: the last one that starts at or before it. */
function lineOf(starts: readonly number[], offset: number): number {
  let [low, high] = [0, starts.length - 1];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if ((starts[middle] ?? 0) <= offset) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** Positions of two-unit characters in a line. */
const offsetsOfAstral = (line: string): readonly number[] =>
  Array.from(line.matchAll(/[\ud800-\udbff][\udc00-\udfff]/g), ({ index }) => index);

/** A column in code points. The whole file may be one line with a fault at each value, so nothing is counted twice. */
function columnAt(line: string, astral: readonly number[], offset: number): number {
  const inLine = Math.max(0, Math.min(offset, line.length));
  let [low, high] = [0, astral.length];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if ((astral[middle] ?? 0) + 1 < inLine) low = middle + 1;
    else high = middle;
  }
  return inLine - low + 1;
}

function lazy<T extends object>(make: () => T): () => T {
  let made: T | undefined;
  return () => {
    made ??= make();
    return made;
  };
}
