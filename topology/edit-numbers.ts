import { isScalar, parseDocument } from 'yaml';
import type { Path } from './model.ts';

/** A number to put in place of another. */
export interface NumberEdit {
  readonly path: Path;
  readonly value: number;
}

export type Edited =
  | { readonly text: string }
  /** Where no number of its own stands: nothing, a word, or what an anchor shares with another place. */
  | { readonly notThere: Path };

/** The text with other numbers in these places; every other character, comments among them, stays as it is. */
export function withNumbers(text: string, edits: readonly NumberEdit[]): Edited {
  const document = parseDocument(text, { logLevel: 'silent' });
  const wanted = structuredClone(document.toJS() as unknown);
  const cuts: { readonly start: number; readonly end: number; readonly value: number }[] = [];
  for (const { path, value } of edits) {
    const node = document.getIn(path, true);
    const range = isScalar(node) && typeof node.value === 'number' ? node.range : undefined;
    if (!range || !set(wanted, path, value)) return { notThere: path };
    cuts.push({ start: range[0], end: range[1], value });
  }
  let edited = text;
  for (const { start, end, value } of cuts.sort((a, b) => b.start - a.start))
    edited = `${edited.slice(0, start)}${value}${edited.slice(end)}`;
  const reread = parseDocument(edited, { logLevel: 'silent' }).toJS() as unknown;
  // Where a place shares its number with another one, that has changed too.
  const [first] = edits;
  return JSON.stringify(reread) === JSON.stringify(wanted) || first === undefined
    ? { text: edited }
    : { notThere: first.path };
}

function set(value: unknown, path: Path, number: number): boolean {
  const [key, ...rest] = path;
  if (typeof value !== 'object' || value === null || key === undefined) return false;
  const map = value as Record<string | number, unknown>;
  if (rest.length > 0) return set(map[key], rest, number);
  map[key] = number;
  return true;
}
