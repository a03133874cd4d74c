import { parse } from 'yaml';
import { editedText } from './edit.ts';
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
  let now = text;
  for (const edit of edits) {
    const edited = isNumberAt(now, edit.path) ? editedText(now, [edit]) : undefined;
    if (edited === undefined || 'cannot' in edited) return { notThere: edit.path };
    now = edited.text;
  }
  return { text: now };
}

const isNumberAt = (text: string, path: Path): boolean =>
  typeof path.reduce<unknown>(
    (value, key) =>
      typeof value === 'object' && value !== null && Object.hasOwn(value, key)
        ? (value as Readonly<Record<string | number, unknown>>)[key]
        : undefined,
    parse(text, { logLevel: 'silent' }),
  ) === 'number';
