import { relative, resolve } from 'node:path';
import { format } from 'node:util';
import pc from 'picocolors';
import { harmless } from '../topology/foreign.ts';
import { type Colour, colours, painted } from './colour.ts';
import type { CommandName } from './documents/index.ts';

/**
 * How one run speaks: set up once from the global options, passed to every command. Whatever is written, terminal and runner obey
 * nothing of it but noencap's own colours.
 */
export interface Terminal {
  /** For people; nothing with `--quiet` or `--json`. */
  say(text: string): void;
  /** What was found; nothing with `--json`, where the document carries it. */
  report(text: string): void;
  /** The result itself, on stdout: a diff, the JSON document. */
  print(text: string): void;
  /** Faults and refusals, on stderr; nothing with `--json`, where the document carries them. */
  complain(text: string): void;
  /** The whole screen anew, where there is one. */
  redraw(text: string): void;
  /** What of stdout can be drawn on; undefined if it is no terminal, or nobody looks at it. */
  readonly screen: { readonly rows: number; readonly columns: number } | undefined;
  /** A GitHub Actions workflow command, where one is understood. */
  annotate(annotation: Annotation): void;
  readonly json: boolean;
  /** What runs, as its document calls it. */
  readonly command: CommandName;
  /** Progress may be drawn on stderr: it is a terminal, and nobody asked for silence. */
  readonly live: boolean;
  /** Columns of stdout; of what is no terminal, as many as a log shows well. */
  readonly width: number;
  /** Columns that prose is fitted into, on stdout and on stderr: of what is no terminal without limit, since programs read lines. */
  readonly prose: { readonly out: number; readonly err: number };
  readonly colour: Colour;
}

export interface Annotation {
  readonly level: 'error' | 'warning' | 'notice';
  readonly file: string;
  readonly line?: number | undefined;
  readonly column?: number | undefined;
  readonly endColumn?: number | undefined;
  readonly title: string;
  readonly message: string;
}

export interface TerminalOptions {
  readonly command: CommandName;
  readonly json: boolean;
  readonly quiet: boolean;
  readonly color: boolean;
}

/** Reads NO_COLOR and GITHUB_ACTIONS; everything else comes from the options. */
export function terminal(options: TerminalOptions): Terminal {
  const silent = options.json || options.quiet;
  const colour = colours(
    options.color && !options.json && pc.isColorSupported && process.stdout.isTTY === true,
  );
  return {
    json: options.json,
    command: options.command,
    live: !silent && process.stderr.isTTY === true && process.env.CI === undefined,
    width: process.stdout.isTTY === true ? Math.max(process.stdout.columns, NARROWEST) : 120,
    prose: { out: columnsOf(process.stdout), err: columnsOf(process.stderr) },
    colour,
    say: (text) => void (silent || toStdout(`${text}\n`)),
    report: (text) => void (options.json || toStdout(`${text}\n`)),
    print: (text) => toStdout(text.endsWith('\n') ? text : `${text}\n`),
    complain: (text) => void (options.json || toStderr(`${text}\n`)),
    // Home, every line up to its end, and what is below: nothing flickers, and nothing needs to be put back.
    redraw: (text) => {
      const lines = text.split('\n').map((line) => `${painted(line, harmless)}\u001b[K`);
      process.stdout.write(`\u001b[H${lines.join('\n')}\n\u001b[J`);
    },
    get screen() {
      const { isTTY, rows, columns } = process.stdout;
      const canDraw =
        isTTY === true && rows > 0 && process.env.CI === undefined && process.env.TERM !== 'dumb';
      return canDraw && !silent
        ? { rows: Math.max(rows - 1, 5), columns: Math.max(columns, NARROWEST) }
        : undefined;
    },
    annotate: (annotation) => {
      // On stderr, where the runner reads commands as well: with --json stdout is one document and nothing else.
      if (process.env.GITHUB_ACTIONS === 'true') process.stderr.write(`${workflowCommand(annotation)}\n`);
    },
  };
}

/** A narrower terminal would have one word in a line. */
const NARROWEST = 40;

const columnsOf = ({ isTTY, columns }: NodeJS.WriteStream): number =>
  isTTY === true && columns > 0 ? Math.max(columns, NARROWEST) : Number.POSITIVE_INFINITY;

/** Columns of a help text: Commander's own 80 where there is no terminal. */
export const helpColumns = (): number => (process.stdout.isTTY === true ? columnsOf(process.stdout) : 80);

/** All that noencap writes goes through these two, with one exception: the commands that it gives the runner itself. */
export function toStdout(text: string): void {
  isStdoutUsed = true;
  process.stdout.write(painted(text, harmless));
}
export const toStderr = (text: string): void => void process.stderr.write(painted(text, harmless));

let isStdoutUsed = false;

/** With --json stdout is one document: whether it is still to come. */
export const isStdoutEmpty = (): boolean => !isStdoutUsed;

/** What others print, a topology that is a module or a package: stdout is one document with --json, and nothing else. */
export function consoleToStderr(): void {
  const say = (...values: unknown[]) => toStderr(`${format(...values)}\n`);
  Object.assign(console, { log: say, info: say, debug: say, warn: say, error: say });
}

/** `1 file`, `2 files`. */
export const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;

/**
 * `::error file=...,line=...::message`. A message or name from a pull request must not be able to start a command of
 * its own: GitHub decodes %25, %0D, %0A, and in properties %3A and %2C as well.
 */
export function workflowCommand(annotation: Annotation): string {
  const properties = [
    ['file', inRepository(annotation.file)],
    ['line', annotation.line],
    ['col', annotation.column],
    ['endColumn', annotation.endColumn],
    ['title', annotation.title],
  ].flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${property(String(value))}`]));
  return `::${annotation.level} ${properties.join(',')}::${data(annotation.message)}`;
}

/** GitHub shows a finding in the pull request only if its file is named from the top of the repository. */
export function inRepository(file: string): string {
  const { GITHUB_WORKSPACE: workspace } = process.env;
  return workspace === undefined ? file : relative(workspace, resolve(file));
}

const data = (text: string): string =>
  harmless(text).replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');

const property = (text: string): string => data(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
