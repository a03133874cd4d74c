import type { BirdStatement, Token } from '../parser.ts';

/** Syntax of BIRD that is not understood; a running configuration has no other faults. */
export class NotUnderstood extends Error {
  readonly at: Token;
  constructor(at: Token) {
    super(`not understood: ${at.text}`);
    this.at = at;
  }
}

/** The tokens of a filter, in order. */
export interface FilterWords {
  readonly here: () => Token;
  readonly next: () => Token;
  readonly atEnd: () => boolean;
  /** Whether the next token is this sign or keyword. */
  readonly is: (text: string, ahead?: number) => boolean;
  /** Consumes the token if it is this one. */
  readonly take: (text: string) => boolean;
  readonly expect: (text: string) => void;
  readonly mark: () => number;
  readonly at: (mark: number) => Token;
  /** Skips to the end of the block, past nested blocks. */
  readonly skipTo: (isEnd: () => boolean) => void;
  /** Whether an arm of `case` starts here: labels, and a colon before any semicolon. */
  readonly isLabel: () => boolean;
}

/** Flattens statements to their tokens: a filter also depends on semicolons and braces. */
export function wordsOf(body: readonly BirdStatement[]): FilterWords {
  const tokens = flat(body);
  const last = tokens.at(-1) as Token;
  let next = 0;
  const here = (): Token => tokens[next] ?? last;
  const is = (text: string, ahead = 0): boolean => {
    const token = tokens[next + ahead];
    return token?.kind === 'plain' && token.text === text;
  };
  const take = (text: string): boolean => {
    if (!is(text)) return false;
    next += 1;
    return true;
  };
  return {
    here,
    is,
    take,
    next: () => {
      const token = here();
      if (next >= tokens.length) throw new NotUnderstood(token);
      next += 1;
      return token;
    },
    atEnd: () => next >= tokens.length,
    expect: (text) => {
      if (!take(text)) throw new NotUnderstood(here());
    },
    mark: () => next,
    at: (mark) => tokens[mark] ?? last,
    skipTo: (isEnd) => {
      let depth = 0;
      while (next < tokens.length && (depth > 0 || !isEnd())) {
        if (is('{')) depth += 1;
        if (is('}')) depth -= 1;
        next += 1;
      }
    },
    isLabel: () => {
      if (is('else') && is(':', 1)) return true;
      for (let ahead = 0; next + ahead < tokens.length; ahead += 1) {
        if (is(':', ahead)) return ahead > 0;
        if ([';', '{', '}', 'if', '='].some((sign) => is(sign, ahead))) return false;
      }
      return false;
    },
  };
}

function flat(body: readonly BirdStatement[]): Token[] {
  return body.flatMap(({ words, body: inner }) => {
    const own = words.flatMap(split);
    const near = words.at(-1) ?? inner?.flatMap((one) => one.words).at(0);
    if (near === undefined) return [];
    const sign = (text: string): Token => ({ ...near, kind: 'plain', text });
    return inner === undefined ? [...own, sign(';')] : [...own, sign('{'), ...flat(inner), sign('}')];
  });
}

/**
 * A token as the filter language splits it: `bgp_path.len` is an attribute and its property, `1..3` a range, and the colon after
 * a label of `case` is not part of an IPv6 address.
 */
function split(token: Token): Token[] {
  if (token.kind !== 'plain') return [token];
  const { text } = token;
  const pieces = /^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*:?$/.test(text)
    ? text.split(/(?=[.:])/)
    : /^(\.[A-Za-z_][A-Za-z0-9_]*)+$/.test(text)
      ? text.split(/(?=\.)/)
      : ((
          /^([0-9A-Za-z_]+)(\.\.)([0-9A-Za-z_]+)?(:)?$/.exec(text) ??
          /^(\d+(?:\.\d+){3})(\.\.)(\d+(?:\.\d+){3})?(:)?$/.exec(text) ??
          /^(\.\.)([0-9.A-Za-z_]+)(:)?$/.exec(text) ??
          /^([0-9.]+)(:)$/.exec(text)
        )?.slice(1) ?? [text]);
  return pieces.filter((one) => one !== undefined && one !== '').map((one) => ({ ...token, text: one }));
}
