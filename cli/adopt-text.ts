import { type Compared, type Comparison, concerns, type Detail, type Note } from '../adopt/index.ts';
import { printable } from '../topology/fault.ts';
import { counted } from './terminal.ts';

/** What the rendered network changes of today's, for people: the cluster, then router by router. */
export function comparisonText(notes: readonly Note[], { compared, todo }: Comparison): string[] {
  const places = [...new Set(compared.map(({ where }) => where))];
  const said = new Set(compared.map(({ what }) => what));
  const left = notes.filter(({ what }) => !said.has(what));
  return [
    ...places.flatMap((where, index) => {
      const own = compared.filter((one) => one.where === where);
      return [...(index === 0 ? [] : ['']), where, ...alike(own).flatMap(comparedText)];
    }),
    ...(left.length === 0 ? [] : ['', 'left out', ...left.map(({ what, says }) => `  ${what}: ${says}`)]),
    ...(todo.length === 0 ? [] : ['', 'to do by hand', ...todo.map((one) => `  - ${one}`)]),
  ].map(printable);
}

/** Things of which the same is to be said, together. */
function alike(compared: readonly Compared[]): Compared[] {
  const groups = new Map<string, Compared[]>();
  for (const one of compared) {
    const says = one.details.map(({ field, before, after, because }) => [field, before, after, because]);
    const key = JSON.stringify([one.became, says]);
    groups.set(key, [...(groups.get(key) ?? []), one]);
  }
  return [...groups.values()].map((group) => ({
    ...(group[0] as Compared),
    what: group.map(({ what }) => what).join(', '),
  }));
}

function comparedText({ became, what, details }: Compared): string[] {
  const [only] = details;
  if (details.length === 1 && only?.field === '')
    return [`  ${became.padEnd(8)}  ${what}`, `            ${why(only)}`];
  // What one rule explains is said once.
  const groups = new Map<string, Detail[]>();
  for (const one of details) {
    const key = one.because === undefined ? JSON.stringify(one) : `${one.because.id} ${one.because.says}`;
    groups.set(key, [...(groups.get(key) ?? []), one]);
  }
  return [
    `  ${became.padEnd(8)}  ${what}`,
    ...[...groups.values()].map(
      (group) => `            ${group.map(fieldText).join(', ')}: ${why(group[0])}`,
    ),
  ];
}

const UNEXPLAINED = 'NOT EXPLAINED: look at it before you apply anything';

const why = (detail: Detail | undefined): string =>
  detail?.because === undefined ? UNEXPLAINED : `${detail.because.says} (${detail.because.id})`;

function fieldText({ field, before, after }: Detail): string {
  if (before === undefined && after === undefined) return field;
  if (before === after) return `${field} ${before}`;
  return before === undefined ? `${field} ${after}` : `${field} ${before} -> ${after ?? 'not set'}`;
}

/** What it comes to, and what is next. */
export function adoptedText(comparison: Comparison, out: string | undefined): string {
  const { unexplained, interrupted } = concerns(comparison);
  const worries = [
    ...(unexplained === 0 ? [] : [`${counted(unexplained, 'difference')} not explained`]),
    ...(interrupted === 0 ? [] : [`${counted(interrupted, 'session')} would reset or go`]),
  ];
  const verdict =
    worries.length === 0
      ? 'Every difference is explained: no session resets, calico-node does not restart.'
      : `${worries.join(', ')}.`;
  const next =
    out === undefined
      ? ''
      : ` ${out} is written: read what was guessed, then bin/noencap synth${out === 'topology.yaml' ? '' : ` -t ${out}`}.`;
  return `${verdict}${next}`;
}
