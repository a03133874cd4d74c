import { FELT_CHANGES, reasonText } from '../fabric/index.ts';
import type { Review } from '../review/index.ts';
import { byHandText, factsText, objectText, placeText, verdict } from '../review/index.ts';
import { printable } from '../topology/fault.ts';
import type { Terminal } from './terminal.ts';
import { hanging, wrapped } from './wrapped.ts';

type Colour = Terminal['colour'];

/** A review for a terminal of this width: consequences first, then the changes themselves. */
export function reviewText(review: Review, colour: Colour, width: number): string {
  const headline = verdict(review);
  const head = `${colour.bold(printable(review.network))}: from ${stateText(review.base)} to ${stateText(review.head)}`;
  const paint = {
    nothing: colour.bold,
    hitless: colour.green,
    risky: colour.yellow,
    felt: colour.yellow,
    dangerous: colour.red,
  };
  const lines = [
    ...wrapped(head, '', width),
    ...wrapped(
      `${colour.bold(paint[headline.outcome](headline.word))} ${factsText(headline)}`.trimEnd(),
      '  ',
      width,
    ),
    ...dangerLines(review, colour, width),
    ...section('sessions', fittedLines(sessionLines(review, colour), width), colour),
    ...section('packets', fittedLines(trafficLines(review, colour), width), colour),
    ...section('failures', fittedLines(failureLines(review, colour), width), colour),
    ...section('findings', fittedLines(findingLines(review, colour), width), colour),
    ...section(
      'delivery',
      headline.outcome === 'nothing' ? [] : wrapped(review.order.message, '', width - 2),
      colour,
    ),
    ...section('by hand', byHandLines(review, width), colour),
    ...section('rehearsed', fittedLines(rehearsalLines(review), width), colour),
    ...section('network', partLines(review, colour), colour),
    ...section('cluster', objectLines(review, colour), colour),
    ...section('routers', fileLines(review, 'routers/', colour), colour),
    ...section('nodes', fileLines(review, 'nodes/', colour), colour),
    ...section(
      'notes',
      review.notes.flatMap((note) => wrapped(printable(note), '', width - 2)),
      colour,
    ),
  ];
  return lines.join('\n');
}

const stateText = ({ name, commit }: Review['base']): string =>
  `${printable(name)}${commit === null ? '' : ` (${commit.slice(0, 10)})`}`;

export const section = (title: string, lines: readonly string[], colour: Colour): string[] =>
  lines.length === 0 ? [] : ['', colour.bold(title), ...lines.map((line) => `  ${line}`.trimEnd())];

/** The lines of a section, which stand two columns in. */
const fittedLines = (lines: readonly string[], width: number): string[] =>
  lines.flatMap((line) => hanging(line, width - 2, '    '));

function dangerLines({ dangers, accepted }: Review, colour: Colour, width: number): string[] {
  return dangers.flatMap(({ severity, message, fix }) => {
    const word =
      severity === 'error' ? colour.red(accepted ? 'accepted' : 'danger') : colour.yellow('warning');
    return [
      '',
      ...hanging(`${colour.bold(word)}  ${printable(message)}.`, width, '  '),
      ...wrapped(printable(fix), '  ', width),
    ];
  });
}

/** More lines of one kind than anybody reads; `--json` has them all. */
const MOST = 12;

function some<T>(items: readonly T[], line: (item: T) => string, most = MOST): string[] {
  const shown = items.slice(0, most).map(line);
  return items.length > most ? [...shown, `and ${items.length - most} more`] : shown;
}

function sessionLines({ sessions, interruptions, pairs }: Review, colour: Colour): string[] {
  if (sessions.changed.length === 0) return [];
  const paint = { reset: colour.red, gone: colour.yellow, new: colour.green, reloaded: colour.cyan };
  const lines = FELT_CHANGES.flatMap((change) => {
    const ofChange = sessions.changed.filter((one) => one.change === change);
    const word = paint[change](change.padEnd(9));
    return some(ofChange, ({ id, reasons }) => {
      const why =
        reasons.length === 0 ? '' : colour.dim(`  ${printable(reasons.map(reasonText).join('; '))}`);
      return `${word} ${printable(id)}${why}`;
    });
  });
  return [
    ...lines,
    `${'kept'.padEnd(9)} ${sessions.kept}`,
    ...interruptions.map(
      ({ speaker, sessions: count, lost }) =>
        `while ${printable(speaker)} resets ${count === 1 ? 'one' : count}: ${lost === 0 ? 'every pair of nodes stays reachable' : colour.red(`${lost} of ${pairs} pairs of nodes are unreachable`)}`,
    ),
  ];
}

function trafficLines({ traffic, moved }: Review, colour: Colour): string[] {
  const bad = ['lost', 'partly lost', 'too narrow'];
  const lines = some(traffic, ({ from, to, family, pairs, change, hops, mtu }) => {
    const word = bad.includes(change) ? colour.red(change) : change;
    const more = pairs === 1 ? '' : `, ${pairs} pairs like it`;
    return `${printable(from)} to ${printable(to)} (${family === 'ipv4' ? 'IPv4' : 'IPv6'}${more}): ${word}, ${[
      fromTo('hops', hops),
      fromTo('MTU', mtu),
    ]
      .filter((text) => text !== '')
      .join(', ')}`;
  });
  if (moved === 0) return lines;
  const who = `${moved} ${moved === 1 ? 'pair of nodes' : 'pairs of nodes'}`;
  return [...lines, `while OSPF converges: ${colour.yellow(`${who} may lose packets for a second`)}`];
}

function fromTo(name: string, [before, after]: readonly [number | null, number | null]): string {
  if (before === after) return before === null ? '' : `${name} ${before}`;
  return `${name} ${before ?? 'none'} -> ${after ?? 'none'}`;
}

function failureLines({ failures }: Review, colour: Colour): string[] {
  const pairs = (count: number) => `${count} ${count === 1 ? 'pair' : 'pairs'}`;
  return [
    ...some(
      failures.fatal,
      ({ kind, name, lost }) =>
        `${colour.red('fatal now')}  ${kind} ${printable(name)}: ${pairs(lost[1])} of nodes lose packets without it`,
    ),
    ...some(
      failures.worse,
      ({ kind, name, lost }) =>
        `${colour.red('worse now')}  ${kind} ${printable(name)}: ${pairs(lost[1])} of nodes lose packets without it, not ${lost[0]}`,
    ),
    ...some(
      failures.survived,
      ({ kind, name, lost }) =>
        `${colour.green('survived')}   ${kind} ${printable(name)}: ${pairs(lost[0])} of nodes lost packets without it`,
    ),
  ];
}

function findingLines({ findings }: Review, colour: Colour): string[] {
  const line =
    (word: string) =>
    ({ code, severity, message, place }: Review['findings']['fixed'][number]) =>
      `${word} ${severity} ${code}  ${printable(message)} ${colour.dim(printable(placeText(place)))}`;
  return [
    ...some(findings.introduced, line(colour.red('new  '))),
    ...some(findings.reopened, line(colour.red('open again'))),
    ...some(findings.fixed, line(colour.green('fixed'))),
  ];
}

function byHandLines({ byHand }: Review, width: number): string[] {
  return byHand.flatMap((step, index) =>
    hanging(printable(`${index + 1}. ${byHandText(step)}`), width - 2, '   '),
  );
}

function rehearsalLines({ rehearsal }: Review): string[] {
  if (rehearsal === null) return [];
  const { sent, lost, gap, worst, reset, failures } = rehearsal;
  return [
    `${lost} of ${sent} packets lost${lost === 0 ? '' : `, up to ${gap} ms in a row`}; ${reset.length === 0 ? 'no session' : `${reset.length} ${reset.length === 1 ? 'session' : 'sessions'}`} reset`,
    ...some(
      worst,
      (pair) =>
        `${printable(pair.from)} to ${printable(pair.to)}: ${pair.lost} of ${pair.sent} lost, ${pair.gap} ms in a row`,
    ),
    ...failures.map((text) => `failed: ${printable(text)}`),
  ];
}

function partLines({ fabric }: Review, colour: Colour): string[] {
  return fabric.flatMap(({ kind, name, change, details }) => [
    `${sign(change, colour)} ${kind} ${printable(name)}`,
    ...details.map((text) => `    ${printable(text)}`),
  ]);
}

function sign(change: string, colour: Colour): string {
  if (change === 'added') return colour.green('+');
  if (change === 'removed' || change === 'deleted') return colour.red('-');
  return colour.yellow('~');
}

function objectLines({ objects }: Review, colour: Colour): string[] {
  return objects.flatMap(({ id, change, before, fields }) => {
    const name = printable(objectText({ ...id, namespace: id.namespace ?? undefined }));
    const how =
      change === 'recreated'
        ? ' (must be deleted and recreated)'
        : change === 'replaced'
          ? ` (in place of ${printable(before ?? '')})`
          : '';
    return [
      `${sign(change, colour)} ${name}${how}`,
      ...fields.flatMap((field) => fieldLinesOf(field, colour)),
    ];
  });
}

/** One changed field, with `note` behind its path. */
export const fieldLinesOf = (
  { path, before, after }: Review['objects'][number]['fields'][number],
  colour: Colour,
  note = '',
): string[] => [
  `    ${printable(path)}${note}`,
  ...(before === undefined ? [] : [colour.red(`      - ${value(before)}`)]),
  ...(after === undefined ? [] : [colour.green(`      + ${value(after)}`)]),
];

const value = (one: unknown): string => printable(typeof one === 'string' ? one : JSON.stringify(one));

function fileLines({ files }: Review, folder: string, colour: Colour): string[] {
  return files
    .filter(({ path }) => path.startsWith(folder))
    .flatMap((file) => fileLinesOf(file, folder, colour));
}

/** One changed file; additions and removals are shown by name. */
export function fileLinesOf(
  { path, change, added, removed, hunks }: Review['files'][number],
  folder: string,
  colour: Colour,
): string[] {
  const title = `${sign(change, colour)} ${printable(path.slice(folder.length))}  ${colour.dim(`+${added} -${removed}`)}`;
  if (change !== 'changed') return [title];
  return [title, ...hunks.flatMap((hunk) => hunk.split('\n').map((line) => `    ${hunkLine(line, colour)}`))];
}

function hunkLine(line: string, colour: Colour): string {
  const text = printable(line);
  if (line.startsWith('@@')) return colour.cyan(text);
  if (line.startsWith('+')) return colour.green(text);
  return line.startsWith('-') ? colour.red(text) : text;
}
