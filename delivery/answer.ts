import { type RouterFault, SCRIPT_FAULTS } from './fault.ts';
import type { Ran } from './ssh/remote.ts';

/**
 * Why a router did not do what it was asked to: `refused`; `misused` (our own fault); `lacking` something; `garbled` (the answer is not
 * the script's); or `lost`: what it has done is unknown.
 */
export interface ScriptFailure extends RouterFault {
  readonly kind: 'refused' | 'misused' | 'lacking' | 'garbled' | 'lost';
}

export type Outcome<T> =
  | { readonly done: T; readonly failed?: never }
  | { readonly failed: ScriptFailure; readonly done?: never };

/** One line of an answer, `key value`, and its number. */
export interface AnswerLine {
  readonly number: number;
  readonly key: string;
  readonly value: string;
}

const KINDS = new Map<number, ScriptFailure['kind']>([
  [1, 'refused'],
  [2, 'misused'],
  [3, 'lacking'],
]);

/** The lines of an answer without its `end`, which an answer that was cut off lacks. */
export function linesOf(verb: string, ran: Ran): Outcome<readonly AnswerLine[]> {
  if (ran.code !== 0) {
    return { failed: { kind: KINDS.get(ran.code) ?? 'lost', ...faultOf(verb, ran) } };
  }
  const lines = readLines(ran.stdout);
  if (!ran.stdout.endsWith('\n') || lines.at(-1)?.key !== 'end') {
    return { failed: notOurs(`the answer to ${verb} is cut off after line ${lines.length}`) };
  }
  return { done: lines.slice(0, -1) };
}

/** What the connection, or the script itself, says of a command that failed. Anything else on that machine just prints some text. */
export function faultOf(verb: string, { code, stdout, stderr, fault }: Ran): RouterFault {
  if (fault !== undefined) return { code: 'ssh', ...fault };
  const lines = readLines(stdout);
  const [about, message, fix] = ['code', 'message', 'fix'].map(
    (key) => lines.findLast((line) => line.key === key)?.value ?? '',
  );
  const scriptFault = SCRIPT_FAULTS.find((one) => one === about);
  if (scriptFault !== undefined && message && fix)
    return { code: scriptFault, message: short(message), fix: short(fix) };
  const words = short(stderr.trim()) || `${verb} ended with ${code} and no message`;
  // The script ends with 1, 2 or 3: whatever else ended it was not the script.
  return KINDS.has(code)
    ? {
        code: 'answer',
        message: words,
        fix: 'Check what the account runs there: noencap expects its own script.',
      }
    : { code: 'ssh', message: words, fix: 'Check whether the router is up, and run it again.' };
}

/** The lines of an answer, complete or not. Each is a separate string: a slice would keep the whole answer in memory. */
export function readLines(stdout: string): AnswerLine[] {
  const bytes = Buffer.from(stdout);
  const lines: AnswerLine[] = [];
  for (let start = 0, end = bytes.indexOf(10); end !== -1; start = end + 1, end = bytes.indexOf(10, start)) {
    const text = bytes.toString('utf8', start, end);
    const space = text.indexOf(' ');
    const [key, value] = space === -1 ? [text, ''] : [text.slice(0, space), text.slice(space + 1)];
    lines.push({ number: lines.length + 1, key, value });
  }
  return lines;
}

/** A router's answer may make noencap itself fail: that is reported for this router, and affects no other. */
export const notUnderstood = (error: unknown): ScriptFailure => ({
  ...notOurs(
    `noencap failed on what this router says (${error instanceof Error ? error.message : String(error)})`,
  ),
  fix: 'This is a bug of noencap: report it with the journal of this delivery.',
});

const notOurs = (message: string): ScriptFailure => ({
  kind: 'garbled',
  code: 'answer',
  message,
  fix: 'Check what the account runs there: its shell must print nothing of its own.',
});

/** An answer with content that the protocol does not allow. */
export const garbled = (verb: string, line: AnswerLine | undefined, wanted: string): ScriptFailure =>
  notOurs(
    line === undefined
      ? `the answer to ${verb} has no ${wanted}`
      : `the answer to ${verb}, line ${line.number}: "${shown(line)}" is not ${wanted}`,
  );

/** A salt stays secret, even a truncated one. */
const shown = ({ key, value }: AnswerLine): string =>
  key === 'salt' ? key : short(`${key} ${value}`.trim(), 200);

/** Nobody reads more than this, and everything that a report says about a router should be read. */
export const short = (text: string, most = 4000): string =>
  text.length > most ? `${text.slice(0, most)}... (${text.length} characters)` : text;
