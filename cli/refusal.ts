import { pathText, printable } from '../topology/fault.ts';
import { jsonText } from '../topology/foreign.ts';
import type { Source, Fault as TopologyFault } from '../topology/index.ts';
import type { CommandName, Fault, RefusalCode, Refused } from './documents/index.ts';
import { EXIT, type ExitCode } from './exit.ts';
import type { Terminal } from './terminal.ts';
import { fitted } from './wrapped.ts';

/** Why a command does nothing, and the fix. */
export interface Refusal {
  readonly code: RefusalCode;
  /** Without its full stop. */
  readonly message: string;
  readonly fix: string;
  readonly place?: Fault['place'];
  /** Lines between the message and the fix. */
  readonly details?: readonly string[];
}

/** Reports it, on stderr or as the document; what the caller returns. */
export function refuse(refusal: Refusal, terminal: Terminal, exit: ExitCode = EXIT.badInput): ExitCode {
  terminal.complain(refusalText(refusal, terminal));
  printFaults([faultOf(refusal)], terminal);
  return exit;
}

/** Details are lines of other programs, and stay as they are. */
export const refusalText = (
  { message, details = [], fix }: Refusal,
  { prose }: Pick<Terminal, 'prose'>,
): string =>
  [
    fitted(sentence(message), prose.err),
    ...details.map((line) => `  ${printable(line)}`),
    fitted(fix, prose.err),
  ].join('\n');

/** The fault of a document: of what is refused with more than a refusal has, no more than this. */
export const faultOf = ({ code, message, fix, place, details }: Refusal): Fault => ({
  code,
  message: sentence(message),
  fix,
  place,
  details,
});

const sentence = (message: string): string => (/[.?!]$/.test(message) ? message : `${message}.`);

/** The document of a refusal, if one is asked for. */
export function printFaults(
  faults: readonly Fault[],
  terminal: Pick<Terminal, 'json' | 'command' | 'print'>,
  more: Pick<Refused, 'faultCount' | 'notes'> = {},
): void {
  if (terminal.json) terminal.print(refusalDocument(terminal.command, faults, more));
}

export const refusalDocument = (
  command: CommandName,
  faults: readonly Fault[],
  more: Pick<Refused, 'faultCount' | 'notes'> = {},
): string => `${jsonText({ version: 1, command, ok: false, faults, ...more })}\n`;

/** Of a file with more faults, most have one cause: a document, a log or a runner's memory has an end. */
export const MOST_IN_DOCUMENT = 1000;

/** The document of a topology with faults; with their number, where it does not carry all. */
export function printTopologyFaults(
  faults: readonly TopologyFault[],
  source: Source,
  terminal: Terminal,
): void {
  printFaults(
    faults.slice(0, MOST_IN_DOCUMENT).map(({ code, message, fix, at, path }) => {
      const about = pathText(path);
      // The message has no subject: in text, it follows the place.
      return {
        code,
        message: `${about || source.file}: ${message}`,
        fix,
        place: placeIn(source.file, at, about),
      };
    }),
    terminal,
    faults.length > MOST_IN_DOCUMENT ? { faultCount: faults.length } : {},
  );
}

/** A place as documents have it. */
export const placeIn = (
  file: string,
  at: { readonly line: number; readonly column: number } | undefined,
  path: string,
): NonNullable<Fault['place']> => ({
  file,
  ...(at === undefined ? {} : { line: at.line, column: at.column }),
  ...(path === '' ? {} : { path }),
});
