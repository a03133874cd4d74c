import { changeText, type Drift, objectName, ownerText, routerText } from '../drift/index.ts';
import { drainedText } from '../fabric/index.ts';
import { printable } from '../topology/foreign.ts';
import { fieldLinesOf, fileLinesOf, section } from './review-text.ts';
import { counted, type Terminal } from './terminal.ts';

/** Drift for people, as `diff` shows a change: from git to what is there. */
export function driftText(drift: Drift, { colour }: Pick<Terminal, 'colour'>): string {
  const { objects, routers, drained = [], unknown } = drift;
  const signs = {
    missing: colour.red('-'),
    changed: colour.yellow('~'),
    'not-applied': colour.yellow('~'),
    'by-hand': colour.green('+'),
  };
  const next = (command: string | undefined) =>
    command === undefined ? [] : [`    next: ${printable(command)}`];
  const cluster = objects.flatMap((object) => {
    // One person, one line.
    const isSaid = (by: (typeof object.fields)[number]['by']) =>
      by === undefined || (by.manager === object.by?.manager && by.at === object.by?.at);
    return [
      `${signs[object.change]} ${colour.bold(printable(objectName(object)))} ${printable(changeText(object))}`,
      ...object.fields.flatMap((field) => {
        const note =
          field.by === undefined || isSaid(field.by) ? '' : `  (${printable(ownerText(field.by))})`;
        return fieldLinesOf(field, colour, colour.dim(note));
      }),
      ...next(object.next),
    ];
  });
  const files = routers.flatMap((one) => [
    `${colour.bold(printable(one.router))}: ${printable(routerText(one))}`,
    ...one.files.flatMap((file) =>
      fileLinesOf(file, `routers/${one.router}/`, colour).map((line) => `  ${line}`),
    ),
    ...next(one.next),
  ]);
  const unread = unknown.flatMap(({ about, message, evidence, next: command }) => [
    `${colour.yellow(printable(about.name))}: ${printable(message)}`,
    ...evidence.map((line) => `    ${printable(line)}`),
    ...next(command),
  ]);
  const lines = [
    ...section('cluster', cluster, colour),
    ...section('routers', files, colour),
    ...section(
      'drained',
      drained.map((one) => `${colour.bold(printable(one.router))}: ${printable(drainedText(one))}`),
      colour,
    ),
    ...section('unknown', unread, colour),
    '',
    driftSummary(drift),
  ];
  return lines.slice(lines[0] === '' ? 1 : 0).join('\n');
}

/** `home: 2 objects and 1 router differ from git; 31 objects and 2 routers are as in git; 1 is unknown.` */
export function driftSummary({ network, objects, routers, unknown, same }: Drift): string {
  const counts = (some: number, others: number) =>
    [
      ...(some === 0 ? [] : [counted(some, 'object')]),
      ...(others === 0 ? [] : [counted(others, 'router')]),
    ].join(' and ');
  const names = new Set(routers.map(({ router }) => router));
  const differ = objects.length + names.size;
  const none = unknown.length === 0 ? 'no drift' : 'no drift in what could be read';
  const fine = same.objects + same.routers;
  return `${printable(network)}: ${[
    differ === 0
      ? none
      : `${counts(objects.length, names.size)} ${differ === 1 ? 'differs' : 'differ'} from git`,
    ...(fine === 0 ? [] : [`${counts(same.objects, same.routers)} ${fine === 1 ? 'is' : 'are'} as in git`]),
    ...(unknown.length === 0 ? [] : [`${unknown.length} unknown`]),
  ].join('; ')}.`;
}
