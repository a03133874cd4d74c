import type { BirdStatement, Token } from '../../bird/parser.ts';

/** What a BIRD filter does, step by step, with the functions that it calls expanded. */
export type Step =
  | { readonly kind: 'accept' | 'reject' }
  | { readonly kind: 'set'; readonly name: string; readonly value: Expression }
  | {
      readonly kind: 'if';
      readonly condition: Expression;
      readonly steps: readonly Step[];
      readonly otherwise: readonly Step[];
    };

/** `value`: a literal word, or a set in brackets. A chain of one logical operator is one operation. */
export type Expression =
  | { readonly kind: 'value'; readonly text: string }
  | { readonly kind: 'operation'; readonly operator: string; readonly operands: readonly Expression[] };

export interface BirdFunction {
  readonly parameters: readonly string[];
  readonly body: readonly BirdStatement[];
}

/** The functions of a configuration by name. */
export function functionsIn(statements: readonly BirdStatement[]): ReadonlyMap<string, BirdFunction> {
  return new Map(
    statements
      .filter(({ words }) => words[0]?.text === 'function')
      .map(({ words, body }) => {
        // Parameters are pairs of a type and a name.
        const inside = words.slice(3, -1).filter(({ text }) => text !== ',');
        const parameters = inside.filter((_, index) => index % 2 === 1).map(({ text }) => text);
        return [words[1]?.text ?? '', { parameters, body: body ?? [] }];
      }),
  );
}

type Bound = ReadonlyMap<string, Expression>;

/** The steps of a filter's body. */
export function stepsOf(
  statements: readonly BirdStatement[],
  functions: ReadonlyMap<string, BirdFunction>,
  bound: Bound = new Map(),
): Step[] {
  const steps: Step[] = [];
  for (const { words, body } of statements) {
    const [first, second] = words;
    if (first?.text === 'else') {
      const last = steps.at(-1);
      if (last?.kind !== 'if') throw new Error('else without if');
      steps[steps.length - 1] = { ...last, otherwise: stepsOf(body ?? [], functions, bound) };
    } else if (first?.text === 'if') {
      const then = words.findIndex(({ text }) => text === 'then');
      const inner = body ?? [{ words: words.slice(then + 1), body: undefined }];
      const condition = expression(words.slice(1, then), bound);
      const inside = stepsOf(inner, functions, bound);
      if (condition.kind === 'value' && condition.text === 'true') steps.push(...inside);
      else if (condition.kind === 'value' && condition.text === 'false') continue;
      else steps.push({ kind: 'if', condition, steps: inside, otherwise: [] });
    } else if (second?.text === '(') {
      steps.push(...called(words, functions, bound));
    } else if (second?.text === '=') {
      steps.push({ kind: 'set', name: first?.text ?? '', value: expression(words.slice(2), bound) });
    } else if (words.length === 1 && (first?.text === 'accept' || first?.text === 'reject')) {
      steps.push({ kind: first.text });
    } else {
      throw new Error(`no step of a filter that is known here: ${words.map(({ text }) => text).join(' ')}`);
    }
  }
  return steps;
}

function called(words: readonly Token[], functions: ReadonlyMap<string, BirdFunction>, bound: Bound): Step[] {
  const name = words[0]?.text ?? '';
  const one = functions.get(name);
  if (one === undefined) throw new Error(`no function is called ${name}`);
  const given = words.slice(2, -1).filter(({ text }) => text !== ',');
  const own = one.parameters.map((parameter, index) => {
    return [parameter, expression(given.slice(index, index + 1), bound)] as const;
  });
  return stepsOf(one.body, functions, new Map(own));
}

const LOGICAL = new Set(['&&', '||']);
const COMPARISONS = new Set(['=', '!=', '~', '!~', '<', '>', '<=', '>=']);
const SUMS = new Set(['+', '-']);

function expression(words: readonly Token[], bound: Bound): Expression {
  let next = 0;
  const peek = () => (words[next]?.kind === 'plain' ? words[next]?.text : undefined);
  const chain = (operators: ReadonlySet<string>, operand: () => Expression) => (): Expression => {
    let left = operand();
    for (let operator = peek(); operator !== undefined && operators.has(operator); operator = peek()) {
      next += 1;
      left = joined(operator, left, operand());
    }
    return left;
  };
  const primary = (): Expression => {
    const word = words[next++];
    if (word === undefined) throw new Error('an expression ends too early');
    if (word.text === '!') return { kind: 'operation', operator: '!', operands: [primary()] };
    if (word.text === '(') {
      const inside = logical();
      next += 1;
      return inside;
    }
    if (word.text === 'defined') return { kind: 'operation', operator: 'defined', operands: [primary()] };
    if (word.text === '[') {
      const start = next;
      while (words[next]?.text !== ']') next += 1;
      const text = words
        .slice(start, next++)
        .map(({ text }) => text)
        .join('');
      return { kind: 'value', text: `[${text}]` };
    }
    return (
      bound.get(word.text) ?? { kind: 'value', text: word.kind === 'string' ? `"${word.text}"` : word.text }
    );
  };
  const logical = chain(LOGICAL, chain(COMPARISONS, chain(SUMS, primary)));
  const whole = logical();
  if (next !== words.length) throw new Error(`this is not understood: ${words[next]?.text}`);
  return whole;
}

/** `a && (b && c)` is the same as `(a && b) && c`. */
function joined(operator: string, left: Expression, right: Expression): Expression {
  const flat = (one: Expression): readonly Expression[] =>
    one.kind === 'operation' && one.operator === operator && LOGICAL.has(operator) ? one.operands : [one];
  return { kind: 'operation', operator, operands: [...flat(left), ...flat(right)] };
}

/** The steps as lines: two filters with the same lines do the same. */
export function linesOf(steps: readonly Step[], indent = ''): string[] {
  return steps.flatMap((step): string[] => {
    if (step.kind === 'set') return [`${indent}${step.name} = ${textOf(step.value)}`];
    if (step.kind !== 'if') return [`${indent}${step.kind}`];
    const inside = [`${indent}if ${textOf(step.condition)}`, ...linesOf(step.steps, `${indent}  `)];
    return step.otherwise.length === 0
      ? inside
      : [...inside, `${indent}else`, ...linesOf(step.otherwise, `${indent}  `)];
  });
}

export function textOf(one: Expression): string {
  if (one.kind === 'value') return one.text;
  const inside = one.operands.map((operand) =>
    operand.kind === 'operation' && operand.operator !== 'defined' ? `(${textOf(operand)})` : textOf(operand),
  );
  if (one.operator === 'defined') return `defined(${inside[0]})`;
  return one.operator === '!' ? `!${inside[0]}` : inside.join(` ${one.operator} `);
}
