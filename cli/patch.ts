import { createTwoFilesPatch } from 'diff';
import { printable } from '../topology/fault.ts';

/** Past this many changed lines a line-by-line diff costs more than it tells (diff is quadratic in edits). */
const MAX_EDITS = 2000;

/** The unified diff of a text file; undefined where there is none before, or after. Nothing in it controls a terminal or a runner. */
export function patch(path: string, before: string | undefined, after: string | undefined): string {
  const from = before === undefined ? '/dev/null' : `a/${path}`;
  const to = after === undefined ? '/dev/null' : `b/${path}`;
  const made = createTwoFilesPatch(from, to, before ?? '', after ?? '', '', '', {
    maxEditLength: MAX_EDITS,
    headerOptions: { includeIndex: false, includeUnderline: false, includeFileHeaders: true },
  });
  const shown = made ?? `--- ${from}\n+++ ${to}\n(more than ${MAX_EDITS} lines differ)\n`;
  return shown.split('\n').map(printable).join('\n');
}
