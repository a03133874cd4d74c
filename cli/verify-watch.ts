import { setTimeout as pause } from 'node:timers/promises';
import { printable } from '../topology/foreign.ts';
import { type Changed, changesBetween, overall, type Subject, type Verdict } from '../verify/index.ts';
import { visible } from './colour.ts';
import { columns } from './columns.ts';
import { counted, type Terminal } from './terminal.ts';
import { allOf, machineOf, type Verdicts, verdictsText } from './verify-text.ts';
import { fitted } from './wrapped.ts';

/** Seconds between the end of a look and the next one. */
const PAUSE = 5;

/**
 * Looks again and again until it is interrupted: a table on a terminal, elsewhere a line for whatever changed. Returns the last whole look;
 * undefined if there was none.
 */
export async function watched(
  network: string,
  look: () => Promise<Verdicts>,
  stop: AbortSignal,
  terminal: Terminal,
): Promise<Verdicts | undefined> {
  let last: Verdicts | undefined;
  for (let looks = 1; ; looks += 1) {
    const seen = await look();
    // What an interrupt left unread says nothing of the network.
    if (stop.aborted) return last;
    const time = new Date().toISOString().replace(/\.\d+Z$/, 'Z');
    const { screen } = terminal;
    if (screen !== undefined)
      terminal.redraw(tableText(network, seen, { looks, time, ...screen }, terminal.colour));
    else if (last === undefined) terminal.report(verdictsText(network, seen, terminal));
    else
      for (const line of changeLines(changesBetween(allOf(last), allOf(seen)), time)) terminal.report(line);
    last = seen;
    await pause(PAUSE * 1000, undefined, { signal: stop }).catch(() => {});
    if (stop.aborted) return last;
  }
}

export interface Drawing {
  readonly looks: number;
  readonly time: string;
  readonly rows: number;
  readonly columns: number;
}

/** A row for each machine, and below what differs or is unknown, as far as there are rows. */
export function tableText(
  network: string,
  { routers, cluster }: Verdicts,
  { looks, time, rows, columns: width }: Drawing,
  { bold, red, yellow, green }: Terminal['colour'],
): string {
  const own = (machine: string) => routers.filter((one) => machineOf(one) === machine);
  const parts: [string, readonly Verdict[]][] = [
    ...[...new Set(routers.map(machineOf))].map((machine): [string, readonly Verdict[]] => [
      machine,
      own(machine),
    ]),
    ...(cluster === undefined ? [] : [['cluster', cluster.verdicts] as [string, readonly Verdict[]]]),
  ];
  const row = ([name, verdicts]: [string, readonly Verdict[]]): string[] => {
    const of = (is: Verdict['is']) => verdicts.filter((one) => one.is === is).length;
    const [differ, unknown] = [of('different'), of('unknown')];
    return [
      printable(name),
      green(String(of('as-promised'))),
      differ === 0 ? '0' : red(String(differ)),
      unknown === 0 ? '0' : yellow(String(unknown)),
    ];
  };
  const all = [...routers, ...(cluster?.verdicts ?? [])];
  const wrong = [
    ...all.filter(({ is }) => is === 'different').map((one) => ({ one, more: 0 })),
    ...oncePerReason(all.filter(({ is }) => is === 'unknown')),
  ];
  // What is wrong must be on the screen: of many machines the ones where nothing is are only counted.
  const isTooMany = parts.length > rows / 2;
  const shown = isTooMany ? parts.filter(([, verdicts]) => overall(verdicts) !== 'as-promised') : parts;
  const hidden = parts.length - shown.length;
  const lines = [
    `${bold(printable(network))}  ${counted(looks, 'look')}, the last at ${time}; Ctrl-C ends`,
    '',
    ...columns([['', 'as promised', 'differ', 'unknown'], ...shown.slice(0, rows / 2).map(row)]),
    ...(shown.length > rows / 2
      ? [`and ${Math.ceil(shown.length - rows / 2)} more where something is wrong`]
      : []),
    ...(hidden === 0 ? [] : [`and ${hidden} more, all as promised`]),
    '',
    ...wrong.flatMap(({ one, more }) => {
      const paint = one.is === 'different' ? red : yellow;
      const next = one.next === undefined ? [] : [`  next: ${printable(one.next)}`];
      return [
        ...fitted(`${verdictText(one)}${moreText(more)}`, width)
          .split('\n')
          .map(paint),
        ...next,
      ];
    }),
  ];
  return upTo(rows, lines, width).join('\n');
}

/** As many lines as fit, one that the terminal breaks counted as often as it breaks it. */
function upTo(rows: number, lines: readonly string[], width: number): readonly string[] {
  const takes = (line: string) => Math.max(1, Math.ceil(visible(line) / width));
  let left = rows - lines.reduce((sum, line) => sum + takes(line), 0);
  if (left >= 0) return lines;
  const shown = [...lines];
  // One row is for saying so.
  while (left < 1) left += takes(shown.pop() ?? '');
  return [...shown, `and ${counted(lines.length - shown.length, 'more line')}`];
}

/** What is unknown of one machine for one reason, once. */
function oncePerReason(verdicts: readonly Verdict[]): { readonly one: Verdict; readonly more: number }[] {
  const groups = new Map<string, Verdict[]>();
  for (const one of verdicts) add(groups, JSON.stringify([machineOf(one), one.cause?.message]), one);
  return [...groups.values()].flatMap(([one, ...others]) =>
    one === undefined ? [] : [{ one, more: others.length }],
  );
}

function add<T>(groups: Map<string, T[]>, key: string, one: T): void {
  const same = groups.get(key);
  if (same === undefined) groups.set(key, [one]);
  else same.push(one);
}

const moreText = (more: number): string => (more === 0 ? '' : ` (and ${more} more for this reason)`);

/** A line for each change; what is unknown of one machine for one reason, and what came right there, once. */
export function changeLines(changes: readonly Changed[], time: string): string[] {
  const appeared = changes.flatMap(({ now }) => now);
  const over = new Map<string, Changed[]>();
  for (const one of changes)
    if (one.now.length === 0)
      add(over, JSON.stringify([one.about.machine ?? one.about.name, one.isGone]), one);
  const lines = [
    ...appeared.filter(({ is }) => is === 'different').map((one) => changeText(one)),
    ...oncePerReason(appeared.filter(({ is }) => is === 'unknown')).map(
      ({ one, more }) => `${changeText(one)}${moreText(more)}`,
    ),
    ...[...over.values()].flatMap(([first, ...others]) => {
      if (first === undefined) return [];
      const more = others.length === 0 ? '' : ` (and ${others.length} more there)`;
      return [
        `${subjectText(first.about)}: ${first.isGone ? 'no longer there' : 'as promised again'}${more}`,
      ];
    }),
  ];
  return lines.map((line) => `${time} ${line}`);
}

const changeText = (one: Verdict): string =>
  `${verdictText(one)}${one.next === undefined ? '' : `; next: ${printable(one.next)}`}`;

function verdictText(one: Verdict): string {
  const { about, is, expected, found, cause } = one;
  const facts = [
    ...(expected === undefined ? [] : [`expected ${expected}`]),
    ...(found === undefined ? [] : [`found ${found}`]),
    ...(cause === undefined ? [] : [`${is === 'unknown' ? 'because' : 'likely'} ${cause.message}`]),
  ];
  const word = is === 'unknown' ? 'unknown' : 'differs';
  return `${subjectText(about)}: ${word}${facts.length === 0 ? '' : `, ${printable(facts.join(', '))}`}`;
}

const subjectText = ({ kind, name, machine }: Subject): string =>
  printable(machine === undefined ? `${kind} ${name}` : `${machine} ${kind} ${name}`);

/** Of the last whole look; with none nothing is known. */
export const overallOf = (seen: Verdicts | undefined): Verdict['is'] =>
  seen === undefined ? 'unknown' : overall(allOf(seen));
