import type { Ran } from './ssh/remote.ts';

/**
 * Why a router did not do what it was asked to: `refused`, with the reason and the fix; `misused` (our own fault); `lacking`
 * something; `garbled` (the answer is not the script's); or `lost`: what it has done is unknown.
 */
export interface ScriptFailure {
  readonly kind: 'refused' | 'misused' | 'lacking' | 'garbled' | 'lost';
  readonly message: string;
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
    const message = short(ran.stderr.trim()) || `${verb} ended with ${ran.code} and no message`;
    return { failed: { kind: KINDS.get(ran.code) ?? 'lost', message } };
  }
  const lines = readLines(ran.stdout);
  if (!ran.stdout.endsWith('\n') || lines.at(-1)?.key !== 'end') {
    return {
      failed: { kind: 'garbled', message: `the answer to ${verb} is cut off after line ${lines.length}` },
    };
  }
  return { done: lines.slice(0, -1) };
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
export const notUnderstood = (error: unknown): string =>
  `noencap failed on what this router says (${error instanceof Error ? error.message : String(error)})`;

/** An answer with content that the protocol does not allow. */
export const garbled = (verb: string, line: AnswerLine | undefined, wanted: string): ScriptFailure => ({
  kind: 'garbled',
  message:
    line === undefined
      ? `the answer to ${verb} has no ${wanted}`
      : `the answer to ${verb}, line ${line.number}: "${shown(line)}" is not ${wanted}`,
});

/** A salt stays secret, even a truncated one. */
const shown = ({ key, value }: AnswerLine): string =>
  key === 'salt' ? key : short(`${key} ${value}`.trim(), 200);

/** Nobody reads more than this, and everything that a report says about a router should be read. */
export const short = (text: string, most = 4000): string =>
  text.length > most ? `${text.slice(0, most)}... (${text.length} characters)` : text;
