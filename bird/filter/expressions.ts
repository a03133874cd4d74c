import { parseAddress, parsePrefix } from '../../topology/address.ts';
import type { Token } from '../parser.ts';
import type { Expression, Lengths, MaskItem, SetElement } from './ast.ts';
import { type FilterWords, NotUnderstood } from './words.ts';

/** In BIRD `&&` and `||` have the same precedence and associate to the left (conf/confbase.Y). */
const RANKS: readonly (readonly string[])[] = [
  ['&&', '||'],
  ['=', '!=', '<', '<=', '>', '>=', '~', '!~'],
  ['+', '-'],
  ['*', '/'],
];

/** Parses expressions of BIRD's filter language. `call`: what may precede `=` in a command. */
export function parseExpressions(words: FilterWords): {
  readonly expression: (only?: 'call') => Expression;
  readonly setElement: () => SetElement;
} {
  const expression = (only?: 'call'): Expression => (only === 'call' ? unary() : ranked(0));

  const ranked = (rank: number): Expression => {
    const operators = RANKS[rank];
    if (operators === undefined) return unary();
    let left = ranked(rank + 1);
    for (;;) {
      const at = words.here();
      const operator = operators.find((sign) => words.is(sign));
      if (operator === undefined) return left;
      words.next();
      left = { kind: 'binary', operator, left, right: ranked(rank + 1), at };
      // Comparisons do not chain.
      if (rank === 1) return left;
    }
  };

  const unary = (): Expression => {
    const at = words.here();
    return words.take('!') ? { kind: 'not', of: unary(), at } : dotted(primary());
  };

  const dotted = (found: Expression): Expression => {
    const at = words.here();
    if (at.kind !== 'plain' || !/^\.[A-Za-z_]/.test(at.text)) return found;
    words.next();
    const name = at.text.slice(1);
    return dotted(
      words.is('(')
        ? { kind: 'method', of: found, name, args: args(), at }
        : { kind: 'property', of: found, name, at },
    );
  };

  const args = (): Expression[] => {
    words.expect('(');
    const found: Expression[] = [];
    if (!words.is(')')) {
      do found.push(expression());
      while (words.take(','));
    }
    words.expect(')');
    return found;
  };

  const primary = (): Expression => {
    const at = words.next();
    if (at.kind === 'string') return { kind: 'string', text: at.text };
    if (at.kind === 'symbol') return named(at);
    switch (at.text) {
      case '(':
        return parenthesized(at);
      case '[':
        return set();
      case '[=':
        return mask();
      case '+':
        return empty('+');
      case '-':
        return empty('-');
      case 'defined': {
        words.expect('(');
        const of = expression();
        words.expect(')');
        return { kind: 'defined', of };
      }
      default:
        return literal(at) ?? named(at);
    }
  };

  const named = (at: Token): Expression => {
    if (!/^[A-Za-z_]/.test(at.text) && at.kind !== 'symbol') throw new NotUnderstood(at);
    return words.is('(')
      ? { kind: 'call', name: at.text, args: args(), at }
      : { kind: 'name', name: at.text, at };
  };

  const parenthesized = (at: Token): Expression => {
    const parts = [expression()];
    while (words.take(',')) parts.push(expression());
    words.expect(')');
    const [only] = parts;
    return parts.length === 1 && only !== undefined ? only : { kind: 'tuple', parts, at };
  };

  /** `+empty+` is a path, `-empty-` a list of communities, `--empty--` of extended ones, `---empty---` of large ones. */
  const empty = (sign: '+' | '-'): Expression => {
    let signs = 1;
    while (words.take(sign)) signs += 1;
    words.expect('empty');
    words.expect(sign);
    while (words.take(sign));
    return { kind: 'empty', of: sign === '+' ? 'path' : signs === 1 ? 'pair' : signs === 2 ? 'ec' : 'lc' };
  };

  const set = (): Expression => {
    const elements = [setElement()];
    while (words.take(',')) elements.push(setElement());
    words.expect(']');
    return { kind: 'set', elements };
  };

  const setElement = (): SetElement => {
    const at = words.here();
    if (words.is('(')) {
      const parts = pattern();
      if (words.take('..')) return tupleRange(parts, pattern(), at);
      return { kind: 'pattern', parts, at };
    }
    // A sign after a prefix is a length, not a sum.
    const parsed = parsePrefix(at.kind === 'plain' ? at.text : '');
    if (parsed.ok) {
      words.next();
      return { kind: 'prefix', prefix: parsed.prefix, lengths: lengths() };
    }
    const low = ranked(2);
    return { kind: 'range', low, high: words.take('..') ? ranked(2) : low };
  };

  type Parts = ([Expression, Expression] | undefined)[];

  const tupleRange = (low: Parts, high: Parts, at: Token): SetElement => {
    const exact = (parts: Parts): Expression => ({
      kind: 'tuple',
      parts: parts.map((part) => {
        if (part === undefined || part[0] !== part[1]) throw new NotUnderstood(at);
        return part[0];
      }),
      at,
    });
    return { kind: 'range', low: exact(low), high: exact(high) };
  };

  const pattern = (): Parts => {
    words.expect('(');
    const parts: Parts = [];
    do {
      if (words.take('*')) parts.push(undefined);
      else {
        const low = ranked(2);
        parts.push([low, words.take('..') ? ranked(2) : low]);
      }
    } while (words.take(','));
    words.expect(')');
    return parts;
  };

  const lengths = (): Lengths => {
    if (words.take('+')) return '+';
    if (words.take('-')) return '-';
    if (!words.take('{')) return '=';
    const low = expression();
    words.expect(',');
    const high = expression();
    words.expect('}');
    return [low, high];
  };

  const mask = (): Expression => {
    const items: MaskItem[] = [];
    while (!words.take('=]')) {
      if (words.take('*')) items.push('*');
      else if (words.take('?')) items.push('?');
      else {
        const low = primary();
        items.push([low, words.take('..') ? primary() : low]);
      }
    }
    return { kind: 'mask', items };
  };

  return { expression, setElement };
}

const BOOLEANS: Readonly<Record<string, boolean>> = {
  true: true,
  on: true,
  yes: true,
  false: false,
  off: false,
  no: false,
};

function literal(at: Token): Expression | undefined {
  const { text } = at;
  if (Object.hasOwn(BOOLEANS, text)) return { kind: 'boolean', value: BOOLEANS[text] === true };
  if (/^(\d+|0x[0-9A-Fa-f]+)$/.test(text)) return { kind: 'number', value: Number(text) };
  const parsed = parsePrefix(text);
  if (parsed.ok) return { kind: 'prefix', prefix: parsed.prefix };
  const address = parseAddress(text);
  return address && { kind: 'address', address };
}
