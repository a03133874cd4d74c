import type { Fault } from './fault.ts';
import { fault } from './fault.ts';
import type { Path } from './model.ts';

/** As in YAML: a topology is nine levels deep, and shared parts must not expand without limit. */
const DEEPEST = 64;
const MOST_VALUES = 2_000_000;

export interface Plain {
  readonly value: unknown;
  readonly faults: readonly Fault[];
}

/**
 * A copy of the TypeScript value, as YAML could have expressed it. No user code runs afterwards: no getter, no
 * prototype. What YAML cannot express is refused, not guessed.
 */
export function plain(given: unknown): Plain {
  const faults: Fault[] = [];
  const open = new Set<object>();
  let values = 0;

  const refuse = (path: Path, message: string, fix: string): null => {
    faults.push(fault('not-plain', path, message, fix));
    return null;
  };

  const copy = (value: unknown, path: Path): unknown => {
    values += 1;
    if (values > MOST_VALUES) {
      if (values === MOST_VALUES + 1) refuse([], 'contains more than two million values', 'Share less.');
      return null;
    }
    if (typeof value === 'string' || typeof value === 'boolean' || value === null) return value;
    if (typeof value === 'number') {
      if (Number.isFinite(value)) return value;
      return refuse(path, `is ${value}`, 'Give a finite number.');
    }
    if (value === undefined) return refuse(path, 'is undefined', 'Omit the key, or give it a value.');
    if (typeof value !== 'object') {
      return refuse(
        path,
        `is a ${typeof value}`,
        'Use text, numbers, true or false, lists and plain objects.',
      );
    }
    if (open.has(value)) return refuse(path, 'contains itself', 'Give data without cycles.');
    if (path.length > DEEPEST)
      return refuse(
        path.slice(0, 1),
        'is nested deeper than any topology',
        'Check that this is the topology.',
      );
    open.add(value);
    const copied = Array.isArray(value) ? copyList(value, path) : copyObject(value, path);
    open.delete(value);
    return copied;
  };

  const copyList = (list: readonly unknown[], path: Path): unknown[] =>
    Array.from({ length: Math.min(list.length, MOST_VALUES) }, (_, index) =>
      copy(list[index], [...path, index]),
    );

  const copyObject = (object: object, path: Path): unknown => {
    const prototype = Object.getPrototypeOf(object);
    if (prototype !== null && Object.getPrototypeOf(prototype) !== null) {
      const name = prototype.constructor?.name;
      return refuse(
        path,
        `is ${typeof name === 'string' && name !== '' ? `an instance of ${name}` : 'not a plain object'}`,
        'Give a plain object, or text.',
      );
    }
    const copied: Record<string, unknown> = Object.create(null);
    for (const [key, property] of Object.entries(Object.getOwnPropertyDescriptors(object))) {
      if (key === '__proto__') refuse(path, 'has the key __proto__', 'Use a name.');
      else if (!('value' in property))
        refuse([...path, key], 'is computed by a getter', 'Give the value itself.');
      else if (property.enumerable) copied[key] = copy(property.value, [...path, key]);
    }
    if (Object.getOwnPropertySymbols(object).length > 0) {
      refuse(path, 'has a symbol for a key', 'Use text for keys.');
    }
    return copied;
  };

  return { value: copy(given, []), faults };
}
