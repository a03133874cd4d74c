import type { Finding } from '../analysis/index.ts';
import type { Change } from '../repository/changes.ts';
import { printable } from '../topology/foreign.ts';
import { NOENCAP } from '../topology/own-command.ts';
import { shellWord } from '../topology/shell-word.ts';
import type { ClusterLook, RouterSummary, Summary, Tally, Verdict } from '../verify/index.ts';
import { visible } from './colour.ts';
import { columns } from './columns.ts';
import type { LastDelivery } from './status-delivery.ts';
import { counted, type Terminal } from './terminal.ts';
import { fitted } from './wrapped.ts';

/** All that one screen shows. */
export interface StatusView extends Summary {
  readonly network: string;
  /** Undefined if it was not asked for. */
  readonly cluster: Pick<ClusterLook, 'context' | 'server'> | undefined;
  /** Of every router that was read; undefined if nothing was ever delivered to it. */
  readonly deliveries: ReadonlyMap<string, LastDelivery | undefined>;
  /** What differs or is unknown. */
  readonly wrong: readonly Verdict[];
  readonly asPromised: number;
  readonly findings: readonly Finding[];
  /** Undefined if git does not say. */
  readonly changes: readonly Change[] | undefined;
  readonly uncommitted: boolean;
  readonly topology: string;
}

/** Columns of the narrowest screen that people look at at night. */
const WIDTH = 80;

/** The screen: what there is, what differs and what is unknown with the next command for each, what changed last. */
export function statusText(view: StatusView, { colour }: Pick<Terminal, 'colour'>): string {
  const { bold } = colour;
  const differs = view.wrong.filter(({ is }) => is === 'different');
  const unknown = view.wrong.filter(({ is }) => is === 'unknown');
  const errors = view.findings.filter(({ severity }) => severity === 'error');
  return [
    headline(view, differs, unknown, errors, colour),
    '',
    ...table(['region', 'routers', 'nodes Ready'], view.regions, isWholeRegion, (one) =>
      regionRow(one, colour),
    ),
    '',
    ...table(['router', 'sessions up', 'delivered', ''], view.routers, isWholeRouter, (one) =>
      routerRow(view, one, colour),
    ),
    ...part(bold('differs'), reasons(differs, colour.red, DIFFERENCES)),
    ...part(bold('unknown'), reasons(unknown, colour.yellow, UNKNOWNS)),
    ...part(bold('check'), checkLines(view.findings, errors, colour)),
    ...part(bold(printable(view.topology)), changeLines(view)),
  ]
    .map((line) => line.trimEnd())
    .join('\n');
}

function headline(
  { network, asPromised, wrong }: StatusView,
  differs: readonly Verdict[],
  unknown: readonly Verdict[],
  errors: readonly Finding[],
  { bold, red, yellow, green }: Terminal['colour'],
): string {
  const paint =
    differs.length + errors.length > 0
      ? red
      : unknown.length > 0 || (wrong.length === 0 && asPromised === 0)
        ? yellow
        : green;
  const all = `${differs.length} ${differs.length === 1 ? 'differs' : 'differ'}, ${unknown.length} unknown, ${asPromised} as promised${errors.length === 0 ? '' : `, ${counted(errors.length, 'error')} of check`}`;
  return `${bold(printable(network))}: ${paint(all)}`;
}

/** Of more regions or routers than these, the ones that are as they should be are only counted. */
const MOST_ROWS = 12;

/** A row for each, the name in the first column cut to what the others leave of the screen. */
function table<T>(
  header: readonly string[],
  all: readonly T[],
  isWhole: (one: T) => boolean,
  rowOf: (one: T) => readonly string[],
): string[] {
  const wrong = all.filter((one) => !isWhole(one));
  const shown = all.length <= MOST_ROWS ? all : wrong.slice(0, MOST_ROWS);
  const rows = [header, ...shown.map(rowOf)];
  const others = header.slice(1).map((_, at) => Math.max(...rows.map((row) => visible(row[at + 1] ?? ''))));
  const room = Math.max(WIDTH - others.reduce((sum, width) => sum + width + 2, 0), 8);
  const hidden = all.length - shown.length;
  const broken = all.length <= MOST_ROWS ? 0 : wrong.length - shown.length;
  return [
    ...columns(rows.map(([name = '', ...rest]) => [shortened(name, room), ...rest])),
    ...(hidden === 0 ? [] : [hiddenText(hidden, broken)]),
  ];
}

const hiddenText = (hidden: number, broken: number): string =>
  broken === 0
    ? `and ${hidden} more, as they should be`
    : broken === hidden
      ? `and ${hidden} more, not as they should be either`
      : `and ${hidden} more, ${broken} of them not as they should be`;

const isWholeRegion = ({ nodes }: Summary['regions'][number]): boolean => nodes.up === nodes.expected;

const isWholeRouter = ({ planned, sessions, differ, unread }: RouterSummary): boolean =>
  planned || (unread === undefined && differ === 0 && sessions.up === sessions.expected);

const regionRow = (
  { name, routers, nodes }: Summary['regions'][number],
  colour: Terminal['colour'],
): string[] => [printable(name), shortened(routers.join(' '), 30), tallyText(nodes, colour)];

function routerRow({ deliveries }: StatusView, router: RouterSummary, colour: Terminal['colour']): string[] {
  const { name, planned, sessions, unread, differ } = router;
  if (planned) return [printable(name), 'planned', '', ''];
  if (unread !== undefined) return [printable(name), colour.yellow('unknown'), '', ''];
  const delivery = deliveries.get(name);
  return [
    printable(name),
    tallyText(sessions, colour),
    delivery === undefined ? (deliveries.has(name) ? 'never' : '') : deliveryText(delivery),
    differ === 0 ? '' : colour.red(`${differ} ${differ === 1 ? 'differs' : 'differ'}`),
  ];
}

const deliveryText = ({ commit = 'another commit', ago, drainedSince }: LastDelivery): string =>
  drainedSince !== undefined
    ? `drained since ${drainedSince.slice(0, 16).replace('T', ' ')}Z`
    : ago === undefined
      ? commit
      : `${commit}, ${agoText(ago)} ago`;

/** In the largest unit that fits twice. */
export function agoText(seconds: number): string {
  const [unit, length] = UNITS.find(([, one]) => seconds >= 2 * one) ?? ['s', 1];
  return `${Math.floor(seconds / length)} ${unit}`;
}

const UNITS: readonly (readonly [string, number])[] = [
  ['days', 86_400],
  ['h', 3600],
  ['min', 60],
];

/** `3 of 4`, `2 of 4, 1 unknown`. */
function tallyText({ expected, up, unknown }: Tally, { red, yellow, green }: Terminal['colour']): string {
  if (expected === 0) return 'none expected';
  if (unknown === expected) return yellow(`unknown, of ${expected}`);
  const text = `${up} of ${expected}${unknown === 0 ? '' : `, ${unknown} unknown`}`;
  return (up + unknown < expected ? red : unknown > 0 ? yellow : green)(text);
}

/** Names may be long, and columns stand side by side. */
const shortened = (text: string, most: number): string => {
  const shown = printable(text);
  return shown.length <= most ? shown : `${shown.slice(0, most - 1)}…`;
};

const part = (title: string, lines: readonly string[]): string[] =>
  lines.length === 0 ? [] : ['', title, ...lines];

/** Of more than these nobody reads the rest tonight: `verify` has them all. */
const DIFFERENCES = 8;
const UNKNOWNS = 4;

/** For each reason one line, the likely cause, and the command to run. */
function reasons(verdicts: readonly Verdict[], paint: (text: string) => string, most: number): string[] {
  const groups = new Map<string, Verdict[]>();
  for (const one of verdicts) {
    const key =
      one.is === 'unknown'
        ? // The same for several machines, each named in its own.
          (one.cause?.message ?? one.kind).replaceAll(machineOf(one), '…')
        : `${machineOf(one)} ${one.kind} ${one.cause?.message ?? ''}`;
    const same = groups.get(key);
    if (same === undefined) groups.set(key, [one]);
    else same.push(one);
  }
  const all = [...groups.values()];
  const hidden = all.slice(most).reduce((sum, group) => sum + group.length, 0);
  return [
    ...all.slice(0, most).flatMap((group) => reason(group, paint)),
    ...(hidden === 0 ? [] : [`  and ${hidden} more`, next(`${NOENCAP} verify`)]),
  ];
}

function reason(group: readonly Verdict[], paint: (text: string) => string): string[] {
  const [one] = group;
  if (one === undefined) return [];
  const { is, found, expected, cause, next: command } = one;
  const machines = [...new Set(group.map(machineOf))];
  const more = group.length === 1 ? '' : ` (${group.length})`;
  if (is === 'unknown') {
    const who =
      machines.length <= 3
        ? machines.join(', ')
        : `${machines.slice(0, 2).join(', ')} and ${machines.length - 2} more`;
    return [...prose(`${who}: ${cause?.message ?? one.kind}${more}`, paint), ...nextOf(command)];
  }
  const about = one.about.machine === undefined ? '' : ` ${one.about.kind} ${one.about.name}`;
  const facts = [found ?? 'it differs', ...(expected === undefined ? [] : [`expected ${expected}`])].join(
    ', ',
  );
  return [
    ...prose(`${machineOf(one)}${about}: ${facts}${more}`, paint),
    ...(cause === undefined ? [] : prose(`  likely: ${cause.message}`, (text) => text)),
    ...nextOf(command),
  ];
}

const word = (path: string): string => (/^[A-Za-z0-9_./-]+$/.test(path) ? path : shellWord(path));

const machineOf = ({ about }: Verdict): string => about.machine ?? about.name;

const nextOf = (command: string | undefined): string[] => (command === undefined ? [] : [next(command)]);

/** In one line, however long: it is there to be copied. */
const next = (command: string): string => `    next: ${printable(command)}`;

const prose = (text: string, paint: (text: string) => string): string[] =>
  fitted(`  ${printable(text)}`, WIDTH)
    .split('\n')
    .map((line) => paint(line.trimEnd()));

function checkLines(
  findings: readonly Finding[],
  errors: readonly Finding[],
  { red }: Terminal['colour'],
): string[] {
  if (findings.length === 0) return [];
  const of = (severity: Finding['severity']) => findings.filter((one) => one.severity === severity).length;
  const counts = [
    counted(errors.length, 'error'),
    counted(of('warning'), 'warning'),
    counted(of('info'), 'note'),
  ];
  return [
    ...errors.slice(0, UNKNOWNS).flatMap(({ id, message }) => prose(`${id} ${message}`, red)),
    `  ${counts.join(', ')} about the network as it is planned`,
    next(`${NOENCAP} check`),
  ];
}

function changeLines({ changes, uncommitted, topology }: StatusView): string[] {
  const lines = (changes ?? []).map(({ commit, at, subject }) => {
    const line = `  ${commit} ${at.slice(0, 16).replace('T', ' ')}Z ${printable(subject)}`;
    return line.length <= WIDTH ? line : `${line.slice(0, WIDTH - 1)}…`;
  });
  const [last] = changes ?? [];
  return [
    ...(changes === undefined ? ['  git does not say what changed'] : []),
    ...(uncommitted ? ['  changed since the last commit', next(`git diff -- ${word(topology)}`)] : []),
    ...lines,
    ...(last === undefined ? [] : [next(`git show ${last.commit} -- ${word(topology)}`)]),
  ];
}
