import { printable } from '../topology/foreign.ts';
import type { Verdict } from '../verify/index.ts';
import { counted, type Terminal } from './terminal.ts';

/** Verdicts for people, machine by machine: differences first, then what is unknown; of what is as promised the number. */
export function verdictsText(
  network: string,
  verdicts: readonly Verdict[],
  { colour }: Pick<Terminal, 'colour'>,
): string {
  const machines = [...new Set(verdicts.map(machineOf))];
  const lines = machines.flatMap((machine) => {
    const own = verdicts.filter((one) => machineOf(one) === machine);
    const wrong = own.filter(({ is }) => is === 'different');
    const unknown = grouped(own.filter(({ is }) => is === 'unknown'));
    const fine = own.filter(({ is }) => is === 'as-promised');
    return [
      colour.bold(printable(machine)),
      ...wrong.flatMap((one) => verdictLines(one, colour.red('differs'))),
      ...unknown.flatMap(({ first, more }) => verdictLines(first, colour.yellow('unknown'), more)),
      ...(fine.length === 0 ? [] : [`  ${colour.green('as promised')}: ${kindsOf(fine)}`]),
    ];
  });
  const of = (is: Verdict['is']) => verdicts.filter((one) => one.is === is).length;
  return [
    ...lines,
    '',
    `${network}: ${of('as-promised')} as promised, ${of('different')} ${of('different') === 1 ? 'differs' : 'differ'}, ${of('unknown')} unknown.`,
  ].join('\n');
}

const machineOf = ({ about }: Verdict): string => about.machine ?? about.name;

/** Of one machine, what is unknown for one reason is told once. */
function grouped(verdicts: readonly Verdict[]): { first: Verdict; more: number }[] {
  const groups = new Map<string, Verdict[]>();
  for (const one of verdicts) {
    const reason = one.cause?.message ?? '';
    groups.set(reason, [...(groups.get(reason) ?? []), one]);
  }
  return [...groups.values()].flatMap((all) => {
    const [first] = all;
    return first === undefined ? [] : [{ first, more: all.length - 1 }];
  });
}

function verdictLines(one: Verdict, word: string, more = 0): string[] {
  const { about, expected, found, cause, next } = one;
  const subject = about.machine === undefined ? '' : `${about.kind} ${about.name}`;
  const facts = [
    ...(expected === undefined ? [] : [`expected ${expected}`]),
    ...(found === undefined ? [] : [`found ${found}`]),
  ].join(', ');
  const head = [subject, facts].filter((text) => text !== '').join(': ');
  const rest = more === 0 ? '' : ` (and ${more} more for this reason)`;
  return [
    `  ${word}${head === '' ? '' : ` ${printable(head)}`}${rest}`,
    ...(cause === undefined
      ? []
      : [
          `    ${one.is === 'unknown' ? 'because' : 'likely'}: ${printable(cause.message)}`,
          ...cause.evidence.map((line) => `      ${printable(line)}`),
        ]),
    ...(next === undefined ? [] : [`    next: ${printable(next)}`]),
  ];
}

/** `12 sessions, 4 files`. */
function kindsOf(verdicts: readonly Verdict[]): string {
  const counts = new Map<string, number>();
  for (const { kind } of verdicts) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return [...counts].map(([kind, count]) => NOUNS[kind]?.(count) ?? counted(count, kind)).join(', ');
}

const NOUNS: Readonly<Record<string, (count: number) => string>> = {
  routes: (count) => `routes of ${counted(count, 'session')}`,
  files: () => 'files',
  configuration: () => 'configuration',
  sysctl: (count) => counted(count, 'kernel setting'),
};
