import {
  bool,
  compareValues,
  FilterError,
  inSet,
  int,
  masked,
  matches,
  sameValue,
  unknown,
  type Value,
  word,
} from './values.ts';

/** Applies an operator to two values; undefined if the result is unknown, an error where BIRD raises one. */
export function applied(operator: string, left: Value, right: Value): Value | undefined {
  if (operator === '=') return bool(sameValue(left, right));
  if (operator === '!=') return bool(!sameValue(left, right));
  if (operator === '~') return bool(matches(left, right));
  if (operator === '!~') return bool(!matches(left, right));
  if (/^[-+*/]$/.test(operator)) return arithmetic(operator, left, right);
  const order = compareValues(left, right);
  if (Number.isNaN(order)) return undefined;
  if (operator === '<') return bool(order < 0);
  if (operator === '<=') return bool(order <= 0);
  return bool(operator === '>' ? order > 0 : order >= 0);
}

/** A property of a value, such as `len`; undefined if it has none of that name. */
export function propertyOf(of: Value, name: string): Value | undefined {
  if (of.type === 'unknown') return unknown(of.why);
  if (of.type === 'net') {
    if (name === 'len') return int(of.value.length);
    if (name === 'type') return word(of.value.family === 'ipv4' ? 'NET_IP4' : 'NET_IP6');
    if (name === 'ip') {
      const { family, value, text } = of.value;
      return { type: 'ip', value: { family, value, text: text.replace(/\/.*/, '') } };
    }
  }
  if (of.type === 'ip' && name === 'is_v4') return bool(of.value.family === 'ipv4');
  if (of.type === 'path') {
    if (name === 'len') return int(of.value.length);
    if (name === 'first') return int(of.value[0] ?? 0);
    if (name === 'last' || name === 'last_nonaggregated') return int(of.value.at(-1) ?? 0);
    if (name === 'empty') return { type: 'path', value: [] };
  }
  if (of.type === 'communities') {
    if (name === 'len') return int(of.value.length);
    if (name === 'empty') return { ...of, value: [] };
  }
  if (of.type === 'tuple' && of.value.length === 2) {
    if (name === 'asn') return int(of.value[0] ?? 0);
    if (name === 'data') return int(of.value[1] ?? 0);
  }
  return undefined;
}

/** What a method makes of a value, such as `prepend`; undefined if it has none of that name for these arguments. */
export function methodOf(of: Value, name: string, args: readonly Value[]): Value | undefined {
  const [first] = args;
  const doubt = [of, ...args].find((one) => one.type === 'unknown');
  // Changing it keeps its type; querying it does not.
  if (doubt?.type === 'unknown')
    return of.type === 'unknown' && /^(prepend|add|delete|filter)$/.test(name) ? of : unknown(doubt.why);
  if (first === undefined) return propertyOf(of, name);
  if (of.type === 'ip' && name === 'mask' && first.type === 'int')
    return { type: 'ip', value: masked(of.value, first.value) };
  if (of.type === 'path' && name === 'prepend' && first.type === 'int')
    return { type: 'path', value: [first.value, ...of.value] };
  const isTaken = (one: Value): boolean =>
    first.type === 'set' ? inSet(one, first.value) : sameValue(one, first);
  if (of.type === 'path' && (name === 'delete' || name === 'filter')) {
    return { type: 'path', value: of.value.filter((one) => isTaken(int(one)) === (name === 'filter')) };
  }
  if (of.type === 'communities') {
    const kept = (wanted: boolean) =>
      of.value.filter((one) => isTaken({ type: 'tuple', value: one }) === wanted);
    if (name === 'delete') return { ...of, value: kept(false) };
    if (name === 'filter') return { ...of, value: kept(true) };
    if (name === 'add' && first.type === 'tuple') return { ...of, value: [...kept(false), first.value] };
  }
  return undefined;
}

/** An error where BIRD wants a bool and gets something else. */
export const asBool = (value: Value): boolean => {
  if (value.type === 'bool') return value.value;
  throw new FilterError('not a bool');
};

function arithmetic(operator: string, left: Value, right: Value): Value {
  if (left.type !== 'int' || right.type !== 'int') throw new FilterError('not a number');
  const [a, b] = [left.value, right.value];
  if (operator === '+') return int(a + b);
  if (operator === '-') return int(a - b);
  if (operator === '*') return int(Number(BigInt.asUintN(32, BigInt(a) * BigInt(b))));
  if (b === 0) throw new FilterError('division by zero');
  return int(Math.floor(a / b));
}
