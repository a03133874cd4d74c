/** GitHub's expressions, as far as our workflows use them: enough to determine what a run would do for a given event. */
export type Expression =
  | { readonly kind: 'literal'; readonly value: Value }
  | { readonly kind: 'path'; readonly path: readonly string[] }
  | { readonly kind: 'call'; readonly name: string; readonly args: readonly Expression[] }
  | { readonly kind: 'not'; readonly of: Expression }
  | {
      readonly kind: 'binary';
      readonly operator: string;
      readonly left: Expression;
      readonly right: Expression;
    };

export type Value = string | number | boolean | null | readonly unknown[] | object;

/** The contexts of a run: `github`, `needs`, `steps`, `runner`; and its status, for the status functions. */
export interface Context {
  readonly values: Readonly<Record<string, unknown>>;
  readonly status?: 'success' | 'failure' | 'cancelled' | 'skipped';
}

const TOKEN = /\s*(?:('(?:[^']|'')*')|(\d+(?:\.\d+)?)|([A-Za-z_][\w-]*)|(&&|\|\||==|!=|[!().,]))/y;

const CONSTANTS: ReadonlyMap<string, Value> = new Map<string, Value>([
  ['true', true],
  ['false', false],
  ['null', null],
]);

/** Parses the text between `${{` and `}}`. Throws on anything unknown rather than guess what a guard means. */
export function parse(text: string): Expression {
  const tokens: string[] = [];
  TOKEN.lastIndex = 0;
  while (text.slice(TOKEN.lastIndex).trim() !== '') {
    const at = TOKEN.lastIndex;
    const match = TOKEN.exec(text);
    if (match === null) throw new Error(`not an expression from here: ${text.slice(at)}`);
    tokens.push(match[0].trim());
  }
  let next = 0;
  const take = (token: string): boolean => {
    if (tokens[next] !== token) return false;
    next += 1;
    return true;
  };
  const demand = (token: string): void => {
    if (!take(token)) throw new Error(`${token} is missing in: ${text}`);
  };
  const chain = (operators: readonly string[], operand: () => Expression) => (): Expression => {
    let left = operand();
    for (;;) {
      const operator = operators.find(take);
      if (operator === undefined) return left;
      left = { kind: 'binary', operator, left, right: operand() };
    }
  };
  const unary = (): Expression => (take('!') ? { kind: 'not', of: unary() } : primary());
  const or = chain(['||'], chain(['&&'], chain(['==', '!='], unary)));
  const primary = (): Expression => {
    const token = tokens[next] ?? '';
    next += 1;
    if (token === '(') {
      const inner = or();
      demand(')');
      return inner;
    }
    if (token.startsWith("'")) return { kind: 'literal', value: token.slice(1, -1).replaceAll("''", "'") };
    if (/^\d/.test(token)) return { kind: 'literal', value: Number(token) };
    if (CONSTANTS.has(token)) return { kind: 'literal', value: CONSTANTS.get(token) ?? null };
    if (!/^[A-Za-z_]/.test(token)) throw new Error(`not an expression: ${text}`);
    if (take('(')) return { kind: 'call', name: token, args: args() };
    return { kind: 'path', path: [token, ...steps()] };
  };
  const args = (): Expression[] => {
    const found: Expression[] = [];
    while (!take(')')) {
      if (found.length > 0) demand(',');
      found.push(or());
    }
    return found;
  };
  const steps = (): string[] => {
    const found: string[] = [];
    while (take('.')) {
      found.push(tokens[next] ?? '');
      next += 1;
    }
    return found;
  };
  const parsed = or();
  if (next < tokens.length) throw new Error(`something follows the expression: ${text}`);
  return parsed;
}

/** Every expression in a text: what is between `${{` and `}}`. */
export const expressionsIn = (text: string): string[] =>
  [...text.matchAll(/\$\{\{(.*?)\}\}/gs)].map(([, inner = '']) => inner);

/** The text with its expressions replaced by their values. */
export const interpolate = (text: string, context: Context): string =>
  text.replace(/\$\{\{(.*?)\}\}/gs, (_, inner) => asText(evaluate(parse(inner), context)));

/** Whether an `if` lets its job or step run. Without a status function the run must have succeeded so far. */
export function holds(condition: string | undefined, context: Context): boolean {
  const parsed = parse(condition?.trim().replace(/^\$\{\{(.*)\}\}$/s, '$1') ?? 'success()');
  return (
    (asksStatus(parsed) || (context.status ?? 'success') === 'success') && truthy(evaluate(parsed, context))
  );
}

/** The value, by GitHub's rules: `&&` and `||` return an operand, strings compare case-insensitively. */
export function evaluate(expression: Expression, context: Context): Value {
  switch (expression.kind) {
    case 'literal':
      return expression.value;
    case 'path':
      return lookUp(context.values, expression.path);
    case 'not':
      return !truthy(evaluate(expression.of, context));
    case 'call':
      return call(
        expression.name,
        expression.args.map((arg) => evaluate(arg, context)),
        context,
      );
    case 'binary': {
      const left = evaluate(expression.left, context);
      if (expression.operator === '&&') return truthy(left) ? evaluate(expression.right, context) : left;
      if (expression.operator === '||') return truthy(left) ? left : evaluate(expression.right, context);
      return same(left, evaluate(expression.right, context)) === (expression.operator === '==');
    }
  }
}

const STATUS = ['success', 'failure', 'cancelled', 'always'];

function call(name: string, args: readonly Value[], { status = 'success' }: Context): Value {
  if (name === 'always') return true;
  if (STATUS.includes(name)) return status === name;
  const [first = null, second = null] = args;
  if (name === 'fromJSON') return JSON.parse(asText(first));
  if (name === 'contains') {
    if (Array.isArray(first)) return first.some((item) => same(item, second));
    return asText(first).toLowerCase().includes(asText(second).toLowerCase());
  }
  throw new Error(`no workflow of ours has used ${name}() before`);
}

const asksStatus = (expression: Expression): boolean => {
  if (expression.kind === 'not') return asksStatus(expression.of);
  if (expression.kind === 'binary') return asksStatus(expression.left) || asksStatus(expression.right);
  return expression.kind === 'call' && (STATUS.includes(expression.name) || expression.args.some(asksStatus));
};

/** A missing value is null, and so is any property of it. */
const lookUp = (values: unknown, path: readonly string[]): Value =>
  path.reduce<unknown>(
    (value, step) => (value as Record<string, unknown> | null)?.[step] ?? null,
    values,
  ) as Value;

const truthy = (value: Value): boolean => value !== null && value !== false && value !== '' && value !== 0;
const asText = (value: Value): string => (value === null ? '' : String(value));

function same(left: Value, right: Value): boolean {
  if (typeof left === 'string' && typeof right === 'string')
    return left.toLowerCase() === right.toLowerCase();
  return typeof left === typeof right ? left === right : asNumber(left) === asNumber(right);
}

const asNumber = (value: Value): number =>
  value === null ? 0 : typeof value === 'object' ? Number.NaN : Number(value);
