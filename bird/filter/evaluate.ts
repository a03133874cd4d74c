import { addressBits, type Prefix } from '../../topology/address.ts';
import { placeText, type Token } from '../parser.ts';
import type { Expression, MaskItem, SetElement } from './ast.ts';
import { DYNAMIC, EMPTY, exampleOf, OF_EVERY_ROUTE } from './attributes.ts';
import type { Library } from './library.ts';
import { applied, asBool, methodOf, propertyOf } from './operations.ts';
import {
  areOrdered,
  bool,
  EXTENDED,
  FilterError,
  inSet,
  int,
  overlapping,
  type PrefixPattern,
  type Range,
  unknown,
  type Value,
  VOID,
  word,
} from './values.ts';

/** Evaluation context: a route, the variables of a function, and what can be called. */
export interface Scope {
  readonly state: { readonly net: Prefix; readonly attribute: (name: string) => Value | undefined };
  readonly library: Library;
  readonly variable: (name: string) => Value | undefined;
  readonly call: (name: string, args: readonly Value[], at: Token) => Value;
  /** The error to throw if the outcome is unknown. */
  readonly undecided: (at: Token | undefined) => unknown;
  /** Which branch to take if a condition is unknown. */
  readonly decide: (why: string) => boolean;
}

export interface Evaluator {
  readonly evaluate: (expression: Expression) => Value;
  readonly isTrue: (condition: Expression) => boolean;
  /** Whether a value is one of the labels of a `case`. */
  readonly isIn: (value: Value, labels: readonly SetElement[]) => boolean;
}

const ENUMERATION = /^(RTS|SCOPE|RTD|ORIGIN|NET|RTC|ROA)_[A-Z0-9_]+$/;

/** BIRD 2's expressions over values, some of which may be unknown. */
export function evaluator(scope: Scope): Evaluator {
  const { library, undecided, decide } = scope;

  const decided = (value: Value | undefined, at: Token): Value => {
    if (value === undefined) throw undecided(at);
    return value;
  };

  const named = (name: string, at: Token): Value => {
    const variable = scope.variable(name);
    if (variable !== undefined) return variable;
    const constant = library.constants.get(name);
    if (constant !== undefined) return evaluate(constant);
    if (name === 'net') return { type: 'net', value: scope.state.net };
    if (ENUMERATION.test(name)) return word(name);
    if (name === 'rt' || name === 'ro') return { type: 'int', value: EXTENDED[name] };
    const found = scope.state.attribute(name) ?? (OF_EVERY_ROUTE.test(name) ? unknown(name) : undefined);
    if (found?.type === 'unknown') {
      const like = exampleOf(name);
      return like === undefined ? found : { ...found, like };
    }
    if (found !== undefined) return found;
    if (DYNAMIC.test(name) || library.attributes.has(name)) return VOID;
    throw undecided(at);
  };

  const filled = (name: string, value: Value): Value => {
    const empty = EMPTY[name];
    if (empty === undefined) return value;
    return value.type === 'void' ? empty : value.type === 'unknown' ? { ...value, present: true } : value;
  };

  const evaluate = (one: Expression): Value => {
    switch (one.kind) {
      case 'number':
        return int(one.value);
      case 'boolean':
        return bool(one.value);
      case 'string':
        return { type: 'string', value: one.text };
      case 'address':
        return { type: 'ip', value: one.address };
      case 'prefix':
        return { type: 'net', value: one.prefix };
      case 'name':
        return filled(one.name, named(one.name, one.at));
      case 'property':
        return decided(propertyOf(evaluate(one.of), one.name), one.at);
      case 'method':
        return decided(methodOf(evaluate(one.of), one.name, one.args.map(evaluate)), one.at);
      case 'call':
        // No file contains RPKI's answers.
        if (one.name === 'roa_check') return unknown(placeText(one.at));
        return called(one.name, one.args.map(evaluate), one.at);
      case 'defined':
        return isDefined(one.of);
      case 'not': {
        const of = evaluate(one.of);
        if (of.type === 'unknown') return of;
        return bool(!asBool(of));
      }
      case 'binary':
        return binary(one);
      case 'tuple':
        return tuple(one.parts);
      case 'set':
        return setOf(one.elements);
      case 'mask': {
        return { type: 'mask', value: one.items.map(maskItem) };
      }
      case 'empty':
        return one.of === 'path'
          ? { type: 'path', value: [] }
          : { type: 'communities', of: one.of, value: [] };
    }
  };

  const maskItem = (item: MaskItem): Extract<Value, { type: 'mask' }>['value'][number] => {
    if (typeof item === 'string') return item;
    const [low, high] = item;
    const set = low === high ? evaluate(low) : undefined;
    return set?.type === 'set' ? set.value : [numberOf(low), numberOf(high)];
  };

  const numberOf = (one: Expression, at?: Token): number => {
    const value = evaluate(one);
    if (value.type === 'int') return value.value;
    throw undecided('at' in one ? one.at : at);
  };

  const isDefined = (of: Expression): Value => {
    const value = of.kind === 'name' ? named(of.name, of.at) : evaluate(of);
    if (value.type !== 'unknown') return bool(value.type !== 'void');
    return value.present ? bool(true) : value;
  };

  const isTrue = (condition: Expression): boolean => {
    const value = evaluate(condition);
    return value.type === 'unknown' ? decide(value.why) : asBool(value);
  };

  const binary = (one: Extract<Expression, { kind: 'binary' }>): Value => {
    const { operator } = one;
    if (operator === '&&' || operator === '||') {
      if (isTrue(one.left) !== (operator === '&&')) return bool(operator === '||');
      const right = evaluate(one.right);
      return right.type === 'unknown' ? right : bool(asBool(right));
    }
    const [left, right] = [evaluate(one.left), evaluate(one.right)];
    const doubt = [left, right].find((value) => value.type === 'unknown');
    if (doubt?.type === 'unknown') {
      const [a, b] = [left, right].map((value) => (value.type === 'unknown' ? value.like : value));
      // If it is an error for any value of these types, it is one here.
      if (a !== undefined && b !== undefined) applied(operator, a, b);
      // For these, an attribute that the route may lack is an error.
      if (!doubt.present && /~|^[-+*/]$/.test(operator) && decide(doubt.why))
        throw new FilterError(doubt.why);
      return doubt;
    }
    return decided(applied(operator, left, right), one.at);
  };

  const tuple = (parts: readonly Expression[]): Value => {
    const values = parts.map(evaluate);
    const doubt = values.find(({ type }) => type !== 'int');
    if (doubt?.type === 'unknown') return doubt;
    if (doubt !== undefined) throw new FilterError('not a number');
    return { type: 'tuple', value: values.map((value) => (value.type === 'int' ? value.value : 0)) };
  };

  const setOf = (elements: readonly SetElement[]): Value => {
    const prefixes: PrefixPattern[] = [];
    const ranges: Range[] = [];
    for (const one of elements) {
      if (one.kind === 'prefix') prefixes.push(patternOf(one));
      else if (one.kind === 'range') {
        const [low, high] = [evaluate(one.low), evaluate(one.high)];
        const doubt = [low, high].find((value) => value.type === 'unknown');
        if (doubt !== undefined) return doubt;
        if (low.type === 'enum' && high.type === 'enum' && !isRange(low.value, high.value))
          return unknown('a range of words');
        if (low.type === 'net') prefixes.push(patternOf({ prefix: low.value, lengths: '=' }));
        else ranges.push({ kind: 'range', low, high });
      } else {
        ranges.push({
          kind: 'pattern',
          parts: one.parts.map((part) =>
            part === undefined
              ? ([0, 0xffffffff] as const)
              : ([numberOf(part[0], one.at), numberOf(part[1], one.at)] as const),
          ),
        });
      }
    }
    if (prefixes.length > 0) return { type: 'prefixes', value: prefixes };
    // BIRD builds a search tree from a set; in one with overlapping elements it finds any of them.
    return overlapping(ranges) ? unknown('a set whose elements overlap') : { type: 'set', value: ranges };
  };

  const patternOf = ({
    prefix,
    lengths,
  }: Pick<Extract<SetElement, { kind: 'prefix' }>, 'prefix' | 'lengths'>) => {
    const bits = addressBits(prefix.family);
    if (lengths === '=') return { prefix, shortest: prefix.length, longest: prefix.length };
    if (lengths === '+') return { prefix, shortest: prefix.length, longest: bits };
    if (lengths === '-') return { prefix, shortest: 0, longest: prefix.length };
    const [shortest, longest] = lengths.map((one) => numberOf(one));
    return { prefix, shortest: shortest ?? 0, longest: longest ?? bits };
  };

  const isIn = (value: Value, labels: readonly SetElement[]): boolean => {
    const set = setOf(labels);
    const doubt = [value, set].find((one) => one.type === 'unknown');
    if (doubt?.type === 'unknown') return decide(doubt.why);
    if (set.type !== 'set') throw new FilterError('not a set');
    return inSet(value, set.value);
  };

  const called = (name: string, args: readonly Value[], at: Token): Value => {
    const [of = VOID, ...more] = args;
    if (/^(prepend|add|delete|filter)$/.test(name) && !library.routines.has(name)) {
      return decided(methodOf(of, name, more), at);
    }
    return scope.call(name, args, at);
  };

  return { evaluate, isTrue, isIn };
}

const isRange = (low: string, high: string): boolean => low === high || areOrdered(low, high);
