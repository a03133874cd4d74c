import { decode } from '../topology/encoding.ts';
import { fromFault, type Problem, problem } from '../topology/problem.ts';
import type { Place } from '../topology/source.ts';
import { type TextSource, yamlSource } from '../topology/source.ts';

/** A word of BIRD's language where it stands. Keywords, numbers, addresses and operators are all `plain`. */
export interface Token {
  readonly kind: 'plain' | 'string' | 'symbol';
  readonly text: string;
  readonly source: TextSource;
  readonly start: number;
  readonly end: number;
}

/** Words up to a semicolon, or up to a block and with it. What is inside a filter has the same form. */
export interface BirdStatement {
  readonly words: readonly Token[];
  readonly body: readonly BirdStatement[] | undefined;
}

export type BirdReading =
  | { readonly ok: true; readonly statements: readonly BirdStatement[] }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** Whether one of a router's files is for BIRD: those of sysctl.d end in .conf, too. */
export const isBirdFile = (path: string): boolean =>
  path.endsWith('.conf') && !/(^|\/)sysctl\.d\//.test(path);

const LARGEST = 4 * 1024 * 1024;

/** Where a token stands, for messages. */
export const placeOf = ({ source, start, end }: Token): Place => source.place(start, end);

/** The same as text: where something is that is not understood. */
export function placeText(at: Token): string {
  const { line, column } = placeOf(at);
  return `${at.source.file}:${line}:${column}: ${at.text}`;
}

/** The words as BIRD would read them, with one space between two. */
export const wordsText = (words: readonly Token[]): string =>
  words.map(({ kind, text }) => (kind === 'string' ? `"${text}"` : text)).join(' ');

/** A statement on one line, with all that is in it: two that have the same text mean the same. */
export const statementText = ({ words, body }: BirdStatement): string =>
  body === undefined
    ? wordsText(words)
    : `${wordsText(words)} { ${body.map((one) => `${statementText(one)};`).join(' ')} }`.trimStart();

/**
 * The statements of one file of BIRD 2. Not all of its language is understood here, but its form is: strings, comments,
 * sets in brackets and blocks; whatever is not of that form is refused at its place.
 */
export function readBird(file: string, bytes: Uint8Array): BirdReading {
  if (bytes.length > LARGEST) {
    const mend = 'Check that this is a configuration of BIRD.';
    const says = 'has more than the 4 MiB that are read';
    return { ok: false, problems: [problem(yamlSource(file, '', undefined), undefined, says, mend)] };
  }
  const decoded = decode(file, bytes);
  const source = yamlSource(file, decoded.text, undefined);
  const faults = decoded.faults.map((fault) => fromFault(fault, source));
  if (faults.length > 0) return { ok: false, problems: faults };
  const tokens = tokensOf(decoded.text, source);
  if ('message' in tokens) return { ok: false, problems: [tokens] };
  return parse(tokens, source, decoded.text.length);
}

/** A set in brackets is one word to the parser: its braces are lengths, not blocks. */
const TOKEN = new RegExp(
  [
    String.raw`(?<space>[\s]+|#[^\n]*|/\*[\s\S]*?\*/)`,
    String.raw`"(?<string>[^"\n]*)"`,
    "'(?<symbol>[A-Za-z0-9_.:-]+)'",
    String.raw`(?<plain>[A-Za-z0-9_.:]+(?:/[0-9]+)?|&&|\|\||!=|<=|>=|!~|->|\.\.|\[=|=\]|/(?!\*)|[-+*=<>!~?,()[\]@%]|[{};])`,
  ].join('|'),
  'y',
);

function tokensOf(text: string, source: TextSource): Token[] | Problem {
  const tokens: Token[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.length) {
    const start = TOKEN.lastIndex;
    const match = TOKEN.exec(text);
    if (match === null) return strange(text, start, source);
    const { string, symbol, plain } = match.groups ?? {};
    const end = TOKEN.lastIndex;
    if (string !== undefined) tokens.push({ kind: 'string', text: string, source, start, end });
    else if (symbol !== undefined) tokens.push({ kind: 'symbol', text: symbol, source, start, end });
    else if (plain !== undefined) tokens.push({ kind: 'plain', text: plain, source, start, end });
  }
  return tokens;
}

function strange(text: string, start: number, source: TextSource): Problem {
  const at = source.place(start, start + 1);
  if (text.startsWith('/*', start)) {
    return problem(source, at, 'this comment never ends', 'End it with */.');
  }
  if (text[start] === '"') {
    return problem(source, at, 'this string does not end on its line', 'End it with ".');
  }
  return problem(
    source,
    at,
    'no word of the language of BIRD 2 begins like this',
    'Say with bird -p whether BIRD itself reads the file.',
  );
}

const DEEPEST = 32;

/** Options whose braces hold a list of words. */
const LISTS = /^(log|debug|mrtdump|timeformat)$/;

function parse(tokens: readonly Token[], source: TextSource, end: number): BirdReading {
  const problems: Problem[] = [];
  let next = 0;

  const complain = (token: Token | undefined, says: string, mend: string): void => {
    const at = token === undefined ? source.place(Math.max(0, end - 1), end) : placeOf(token);
    if (problems.length === 0) problems.push(problem(source, at, says, mend));
  };

  const block = (opened: Token | undefined, depth: number): BirdStatement[] => {
    const statements: BirdStatement[] = [];
    if (depth > DEEPEST) {
      complain(opened, 'blocks are nested deeper than in any configuration', 'Check that this is the file.');
      return statements;
    }
    let words: Token[] = [];
    let brackets = 0;
    while (next < tokens.length && problems.length === 0) {
      const token = tokens[next] as Token;
      next += 1;
      const sign = token.kind === 'plain' ? token.text : '';
      if (sign === '[' || sign === '[=' || sign === '(') brackets += 1;
      if (sign === ']' || sign === '=]' || sign === ')') brackets -= 1;
      if (brackets > 0) {
        words.push(token);
      } else if (sign === ';') {
        if (words.length > 0) statements.push({ words, body: undefined });
        words = [];
      } else if (sign === '{' && LISTS.test(words[0]?.text ?? '')) {
        // `log syslog { warning, error };`: words, and no statements.
        words.push(token);
        while (next < tokens.length && words.at(-1)?.text !== '}') words.push(tokens[next++] as Token);
      } else if (sign === '{') {
        statements.push({ words, body: block(token, depth + 1) });
        words = [];
      } else if (sign === '}') {
        if (opened === undefined) complain(token, 'nothing is open that this could close', 'Remove it.');
        else if (words.length > 0) complain(words[0], 'this has no semicolon', 'End it with ";".');
        return statements;
      } else {
        words.push(token);
      }
    }
    if (opened !== undefined) complain(opened, 'this block never ends', 'Close it with "}".');
    else if (words.length > 0) complain(words[0], 'this has no semicolon', 'End it with ";".');
    return statements;
  };

  const statements = block(undefined, 0);
  return problems.length > 0 ? { ok: false, problems } : { ok: true, statements };
}
