import {
  type Compared,
  type Comparison,
  concerns,
  type Detail,
  type Note,
  noteText,
} from '../adopt/index.ts';
import { printable } from '../topology/fault.ts';
import { NOENCAP } from '../topology/own-command.ts';
import { counted } from './terminal.ts';

/** What rendering changes in the running network, for people: the cluster, then router by router. */
export function comparisonText(
  notes: readonly Note[],
  { compared, todo }: Comparison,
  width: number,
): string[] {
  const places = [...new Set(compared.map(({ where }) => where))];
  const shown = new Set(compared.map(({ what }) => what));
  const left = notes.filter(({ what }) => !shown.has(what));
  return [
    ...places.flatMap((where, index) => {
      const here = compared.filter((one) => one.where === where);
      return [...(index === 0 ? [] : ['']), where, ...alike(here).flatMap(comparedText)];
    }),
    ...(left.length === 0 ? [] : ['', 'left out', ...left.map((one) => `  ${noteText(one)}`)]),
    ...(todo.length === 0 ? [] : ['', 'to do by hand', ...todo.map((one) => `  - ${one}`)]),
  ]
    .map(printable)
    .flatMap((line) => wrapped(line, width));
}

/** What was not adopted, and why: for a refusal, the most likely reason. */
export const notesText = (notes: readonly Note[], width: number): string[] =>
  ['not taken', ...notes.map((one) => `  ${noteText(one)}`)]
    .map(printable)
    .flatMap((line) => wrapped(line, width));

/** Items with the same message, grouped. */
function alike(compared: readonly Compared[]): Compared[] {
  const groups = new Map<string, Compared[]>();
  for (const one of compared) {
    const explained = one.details.map(({ field, before, after, because }) => [field, before, after, because]);
    const key = JSON.stringify([one.change, explained]);
    groups.set(key, [...(groups.get(key) ?? []), one]);
  }
  return [...groups.values()].map((group) => ({
    ...(group[0] as Compared),
    what: group.map(({ what }) => what).join(', '),
  }));
}

function comparedText({ change, what, details }: Compared): string[] {
  const [only] = details;
  if (details.length === 1 && only?.field === '')
    return [`  ${change.padEnd(8)}  ${what}`, `            ${why(only)}`];
  // Each rule is explained once.
  const groups = new Map<string, Detail[]>();
  for (const one of details) {
    const key = one.because === undefined ? JSON.stringify(one) : `${one.because.id} ${one.because.message}`;
    groups.set(key, [...(groups.get(key) ?? []), one]);
  }
  return [
    `  ${change.padEnd(8)}  ${what}`,
    ...[...groups.values()].map((group) => {
      const fields = group.map(fieldText);
      // What noencap leaves out is named, all of it.
      const shown = group[0]?.because?.id === 'left-alone' ? fields.join(', ') : someOf(fields);
      return `            ${shown}: ${why(group[0])}`;
    }),
  ];
}

/** Enough to see what it is about; --json has all. */
const SHOWN = 4;

const someOf = (fields: readonly string[]): string =>
  fields.length <= SHOWN + 1
    ? fields.join(', ')
    : `${fields.slice(0, SHOWN).join(', ')} and ${fields.length - SHOWN} more`;

/** Wrapped between words, with continuation lines aligned with the text. */
function wrapped(line: string, width: number): string[] {
  const indent = /^ {2}[a-z]+ {2,}|^ *(- )?/.exec(line)?.[0].length ?? 0;
  const lines: string[] = [];
  let left = line;
  while (left.length > width) {
    const at = left.lastIndexOf(' ', width);
    if (at <= indent) break;
    lines.push(left.slice(0, at));
    left = ' '.repeat(indent) + left.slice(at + 1);
  }
  return [...lines, left];
}

const UNEXPLAINED = 'NOT EXPLAINED: look at it before you apply anything';

const why = (detail: Detail | undefined): string =>
  detail?.because === undefined ? UNEXPLAINED : `${detail.because.message} (${detail.because.id})`;

function fieldText({ field, before, after }: Detail): string {
  if (before === undefined && after === undefined) return field;
  if (before === after) return `${field} ${before}`;
  return before === undefined ? `${field} ${after}` : `${field} ${before} -> ${after ?? 'not set'}`;
}

/** The result, and the next step. */
export function adoptedText(comparison: Comparison, out: string | undefined): string {
  const { unexplained, interrupted } = concerns(comparison);
  const unknown = comparison.compared.filter(({ change }) => change === 'unknown');
  const worries = [
    ...(unknown.length === 0
      ? []
      : [`unknown: ${unknown.map(({ where, what }) => `${what} (${where})`).join('; ')}`]),
    ...(unexplained === 0 ? [] : [`${counted(unexplained, 'difference')} not explained`]),
    ...(interrupted === 0 ? [] : [`${counted(interrupted, 'part')} would reset or be removed`]),
  ];
  const verdict =
    worries.length === 0
      ? 'Every difference is explained: no session resets, calico-node does not restart.'
      : `${worries.join(', ')}.`;
  const next =
    out === undefined
      ? ''
      : ` ${out} is written: review the guesses, then run ${NOENCAP} synth${out === 'topology.yaml' ? '' : ` -t ${out}`}.`;
  return `${verdict}${next}`;
}
