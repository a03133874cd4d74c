import type { IpAddress, Prefix } from '../topology/address.ts';

/** A BIRD configuration file, which `print` turns into text. Statements keep their order. */
export type Statement =
  | { readonly kind: 'comment'; readonly text: string }
  | { readonly kind: 'gap' }
  | { readonly kind: 'option'; readonly words: readonly Word[] }
  | {
      readonly kind: 'block';
      readonly words: readonly Word[];
      readonly body: readonly Statement[];
      readonly end: '' | ';';
    }
  | IfStatement;

interface IfStatement {
  readonly kind: 'if';
  readonly condition: Condition;
  readonly then: readonly Statement[];
  readonly otherwise?: Statement;
}

/** One token. Strings of a topology enter a configuration only as one of the quoted kinds. */
export type Word =
  | string
  | number
  | { readonly word: 'symbol'; readonly name: string }
  | { readonly word: 'string'; readonly text: string }
  | { readonly word: 'address'; readonly address: IpAddress }
  | { readonly word: 'prefix'; readonly prefix: Prefix };

/** The conditions of our filters, and no others: each prints in the form that BIRD evaluates as intended. */
export type Condition =
  | { readonly test: 'not'; readonly of: Condition }
  | { readonly test: 'any' | 'all'; readonly of: readonly Condition[] }
  /** Function call. */
  | { readonly test: 'call'; readonly name: string }
  /** `net ~ [ 10.0.0.0/16{26,26} ]`: a prefix against a prefix set, with brackets. */
  | { readonly test: 'net'; readonly within: Prefix; readonly lengths: readonly [number, number] }
  /**
   * `bgp_next_hop ~ 10.0.0.0/24`: an address against one prefix, without brackets. With brackets `bird -p` accepts it,
   * but the daemon then rejects every route with `~ applied on unknown type pair`.
   */
  | { readonly test: 'nextHop'; readonly on: Prefix }
  | { readonly test: 'nextHopIs'; readonly address: IpAddress }
  /** The same for `gw`, the route's immediate gateway; `0.0.0.0` or `::` if there is none. */
  | { readonly test: 'gateway'; readonly on: Prefix }
  | { readonly test: 'gatewayIsNot'; readonly address: IpAddress }
  /** The preference that the import filter set. */
  | { readonly test: 'preferenceIs'; readonly value: number }
  /** The path is neither empty nor made of this AS only: the field report's guard. */
  | { readonly test: 'foreignPath'; readonly asNumber: number };

export const comment = (text: string): Statement => ({ kind: 'comment', text });
export const gap: Statement = { kind: 'gap' };
export const option = (...words: Word[]): Statement => ({ kind: 'option', words });
export const block = (words: readonly Word[], body: readonly Statement[], end: '' | ';' = ''): Statement => ({
  kind: 'block',
  words,
  body,
  end,
});
export const when = (condition: Condition, ...then: Statement[]): IfStatement => ({
  kind: 'if',
  condition,
  then,
});
export const choose = (condition: Condition, then: Statement, otherwise: Statement): Statement => ({
  ...when(condition, then),
  otherwise,
});
export const accept = option('accept');
export const reject = option('reject');

export const symbol = (name: string): Word => ({ word: 'symbol', name });
export const string = (text: string): Word => ({ word: 'string', text });
export const address = (value: IpAddress): Word => ({ word: 'address', address: value });
export const prefix = (value: Prefix): Word => ({ word: 'prefix', prefix: value });

/** The text of a file, with a final newline. Throws on a value that BIRD cannot express: a bug of the caller. */
export function print(statements: readonly Statement[]): string {
  return `${statements.flatMap((one) => lines(one)).join('\n')}\n`;
}

const INDENT = '  ';

function lines(statement: Statement): string[] {
  switch (statement.kind) {
    case 'comment':
      return statement.text.split('\n').map((line) => `# ${line}`.trimEnd());
    case 'gap':
      return [''];
    case 'option':
      return [`${words(statement.words)};`];
    case 'block':
      return [`${words(statement.words)} {`, ...inside(statement.body), `}${statement.end}`];
    case 'if':
      return ifLines(statement);
  }
}

function ifLines({ condition: test, then, otherwise }: IfStatement): string[] {
  const [only, ...more] = then;
  const isShort = only !== undefined && more.length === 0 && only.kind === 'option';
  const head = isShort
    ? [`if ${condition(test)} then ${lines(only).join(' ')}`]
    : [`if ${condition(test)} then {`, ...inside(then), '}'];
  return otherwise === undefined ? head : [...head, `else ${lines(otherwise).join(' ')}`];
}

const inside = (body: readonly Statement[]): string[] =>
  body.flatMap((one) => lines(one)).map((line) => (line === '' ? '' : INDENT + line));

const words = (list: readonly Word[]): string => list.map(word).join(' ');

function word(one: Word): string {
  if (typeof one === 'number') return String(one);
  if (typeof one === 'string') return one;
  switch (one.word) {
    case 'symbol':
      return quotedSymbol(one.name);
    case 'string':
      return quotedString(one.text);
    case 'address':
      return one.address.text;
    case 'prefix':
      return one.prefix.text;
  }
}

/** BIRD 2.0.12's lexer: a symbol has at most 64 characters; in single quotes it may contain these. */
function quotedSymbol(name: string): string {
  if (!/^[A-Za-z0-9_.:-]{1,64}$/.test(name)) throw new Error(`not a BIRD symbol: ${JSON.stringify(name)}`);
  return `'${name}'`;
}

/** BIRD strings have no escapes: the text between the quotes is literal. */
function quotedString(text: string): string {
  if (!/^[\x20\x21\x23-\x7e]+$/.test(text)) throw new Error(`not a BIRD string: ${JSON.stringify(text)}`);
  return `"${text}"`;
}

function condition(one: Condition): string {
  switch (one.test) {
    case 'not':
      return `!(${condition(one.of)})`;
    case 'any':
      return one.of.map(grouped).join(' || ');
    case 'all':
      return one.of.map(grouped).join(' && ');
    case 'call':
      return `${one.name}()`;
    case 'net':
      return `net ~ [ ${one.within.text}{${one.lengths[0]},${one.lengths[1]}} ]`;
    case 'nextHop':
      return `bgp_next_hop ~ ${one.on.text}`;
    case 'nextHopIs':
      return `bgp_next_hop = ${one.address.text}`;
    case 'gateway':
      return `gw ~ ${one.on.text}`;
    case 'gatewayIsNot':
      return `gw != ${one.address.text}`;
    case 'preferenceIs':
      return `preference = ${one.value}`;
    case 'foreignPath':
      return `bgp_path.len > 0 && !(bgp_path ~ [= ${one.asNumber} =])`;
  }
}

const grouped = (one: Condition): string =>
  (one.test === 'any' || one.test === 'all') && one.of.length > 1 ? `(${condition(one)})` : condition(one);
