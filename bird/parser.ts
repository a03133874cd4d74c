import { decode } from '../topology/encoding.ts';
import { fromFault, type Problem, problem } from '../topology/problem.ts';
import type { Place } from '../topology/source.ts';
import { type TextSource, yamlSource } from '../topology/source.ts';

/** A token of BIRD's language, with its place. Keywords, numbers, addresses and operators are all `plain`. */
export interface Token {
  readonly kind: 'plain' | 'string' | 'symbol';
  readonly text: string;
  readonly source: TextSource;
  readonly start: number;
  readonly end: number;
}

/** Tokens up to a semicolon, or up to and including a block. The contents of a filter have the same form. */
export interface BirdStatement {
  readonly words: readonly Token[];
  readonly body: readonly BirdStatement[] | undefined;
}

export type BirdReading =
  | { readonly ok: true; readonly statements: readonly BirdStatement[] }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** Whether one of a router's files is for BIRD: those for the kernel and for systemd also end in .conf. */
export const isBirdFile = (path: string): boolean =>
  path.endsWith('.conf') && !/(^|\/)(sysctl\.d|systemd)\//.test(path);

const LARGEST = 4 * 1024 * 1024;

/** The place of a token, for messages. */
export const placeOf = ({ source, start, end }: Token): Place => source.place(start, end);

/** The same as text, for something that is not understood. */
export function placeText(at: Token): string {
  const { line, column } = placeOf(at);
  return `${at.source.file}:${line}:${column}: ${at.text}`;
}

/** The tokens as BIRD would read them, separated by single spaces. */
export const wordsText = (words: readonly Token[]): string =>
  words.map(({ kind, text }) => (kind === 'string' ? `"${text}"` : text)).join(' ');

/** A statement with its contents on one line: equal text means equal meaning. */
export const statementText = ({ words, body }: BirdStatement): string =>
  body === undefined
    ? wordsText(words)
    : `${wordsText(words)} { ${body.map((one) => `${statementText(one)};`).join(' ')} }`.trimStart();

/**
 * The statements of one BIRD 2 file. Covers not the whole language, but its form: strings, comments,
 * sets in brackets and blocks; anything else is refused at its place.
 */
export function readBird(file: string, bytes: Uint8Array): BirdReading {
  if (bytes.length > LARGEST) {
    const fix = 'Check that this is a BIRD configuration.';
    const message = 'is larger than the limit of 4 MiB';
    return { ok: false, problems: [problem(yamlSource(file, '', undefined), undefined, message, fix)] };
  }
  const decoded = decode(file, bytes);
  const source = yamlSource(file, decoded.text, undefined);
  const faults = decoded.faults.map((fault) => fromFault(fault, source));
  if (faults.length > 0) return { ok: false, problems: faults };
  const tokens = tokensOf(decoded.text, source);
  if ('message' in tokens) return { ok: false, problems: [tokens] };
  return parse(tokens, source, decoded.text.length);
}

/** A set in brackets is one token to the parser: its braces are lengths, not blocks. */
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
    'no BIRD 2 token starts like this',
    'Check with bird -p whether BIRD itself reads the file.',
  );
}

const DEEPEST = 32;

/** Options with a list of words in braces. */
const LISTS = /^(log|debug|mrtdump|timeformat)$/;

function parse(tokens: readonly Token[], source: TextSource, end: number): BirdReading {
  const problems: Problem[] = [];
  let next = 0;

  const complain = (token: Token | undefined, message: string, fix: string): void => {
    const at = token === undefined ? source.place(Math.max(0, end - 1), end) : placeOf(token);
    if (problems.length === 0) problems.push(problem(source, at, message, fix));
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
        // `log syslog { warning, error };`: words, not statements.
        words.push(token);
        while (next < tokens.length && words.at(-1)?.text !== '}') words.push(tokens[next++] as Token);
      } else if (sign === '{') {
        statements.push({ words, body: block(token, depth + 1) });
        words = [];
      } else if (sign === '}') {
        if (opened === undefined) complain(token, 'this brace closes nothing', 'Remove it.');
        else if (words.length > 0) complain(words[0], 'the semicolon is missing', 'End it with ";".');
        return statements;
      } else {
        words.push(token);
      }
    }
    if (opened !== undefined) complain(opened, 'this block never ends', 'Close it with "}".');
    else if (words.length > 0) complain(words[0], 'the semicolon is missing', 'End it with ";".');
    return statements;
  };

  const statements = block(undefined, 0);
  return problems.length > 0 ? { ok: false, problems } : { ok: true, statements };
}
