import type { z } from 'zod';
import type { Drafted } from './draft.ts';
import type { Fault } from './fault.ts';
import { fault } from './fault.ts';
import type { Path } from './model.ts';
import type { TopologyFile } from './schema.ts';
import { topologyFile } from './schema.ts';
import {
  KINDS,
  type Kind,
  kindOfValue,
  mergeKey,
  mismatch,
  missingKey,
  sizeFault,
  unknownKey,
  wrongChoice,
} from './shape-faults.ts';
import { suggester } from './suggest.ts';

export interface Shaped {
  /** Everything of the right shape, with defaults filled in. */
  readonly file: Drafted<TopologyFile>;
  readonly faults: readonly Fault[];
  /** Paths of values that are missing from `file` because they are invalid. */
  readonly faulty: readonly Path[];
}

/**
 * Validates plain values against the schema, field by field: a fault in one place hides nothing in another. A file
 * without faults is parsed once; only otherwise is each part checked on its own.
 */
export function shape(value: unknown): Shaped {
  const parsed = topologyFile.safeParse(value);
  if (parsed.success) return { file: parsed.data, faults: [], faulty: [] };
  const reading: Reading = { faults: [], faulty: [] };
  const file = (read(topologyFile, value, [], reading) ?? {}) as Drafted<TopologyFile>;
  return { file, ...reading };
}

interface Reading {
  readonly faults: Fault[];
  readonly faulty: Path[];
}

/** The kinds of schema that this format uses; no others are handled. */
type Schema = z.core.$ZodTypes;

function read(given: z.core.$ZodType, value: unknown, path: Path, reading: Reading): unknown {
  const parsed = (given as z.ZodType).safeParse(value);
  if (parsed.success) return parsed.data;
  const schema = unwrapped(given);
  const def = schema._zod.def;
  if (def.type === 'object' && isMap(value)) return readMap(def.shape, value, path, reading);
  if (def.type === 'record' && isMap(value)) return readRecord(def, value, path, reading);
  if (def.type === 'array' && Array.isArray(value)) {
    const items = value.map((item, index) => read(def.element, item, [...path, index], reading));
    const size = sizeFault(parsed.error.issues, value, path);
    if (size !== undefined) {
      reading.faults.push(size);
      reading.faulty.push(path);
    }
    return items;
  }
  // A field of several parts has no meaning if any part is wrong.
  reading.faulty.push(path);
  explain(given, value, path, reading);
  return undefined;
}

function readMap(
  fields: z.core.$ZodShape,
  value: Readonly<Record<string, unknown>>,
  path: Path,
  reading: Reading,
): Record<string, unknown> {
  const meant = new Set<string>();
  const suggest = suggester(Object.keys(fields).filter((key) => !Object.hasOwn(value, key)));
  for (const key of Object.keys(value)) {
    if (Object.hasOwn(fields, key)) continue;
    const suggestion = suggest(key);
    if (suggestion !== undefined) meant.add(suggestion);
    reading.faults.push(unknownKey([...path, key], key, suggestion, Object.keys(fields)));
  }
  const result: Record<string, unknown> = {};
  for (const [key, field] of Object.entries(fields)) {
    const inner = [...path, key];
    if (value[key] !== undefined) {
      result[key] = read(field, value[key], inner, reading);
      continue;
    }
    const absent = (field as z.ZodType).safeParse(undefined);
    if (absent.success) result[key] = absent.data;
    // A misspelt key is one fault, not also a missing key; and a merge would have supplied the keys.
    if (meant.has(key) || Object.hasOwn(value, '<<')) reading.faulty.push(inner);
    else if (!absent.success) {
      reading.faulty.push(inner);
      reading.faults.push(missingKey(path, key, describe(field)));
    }
  }
  return result;
}

function readRecord(
  { keyType, valueType }: { keyType: z.core.$ZodType; valueType: z.core.$ZodType },
  value: Readonly<Record<string, unknown>>,
  path: Path,
  reading: Reading,
): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  for (const [key, item] of Object.entries(value)) {
    const inner = [...path, key];
    if (key === '<<') {
      reading.faults.push(mergeKey(inner));
      continue;
    }
    const name = (keyType as z.ZodType).safeParse(key);
    // An entry with a bad name still exists: references to it are not at fault.
    for (const issue of name.error?.issues ?? []) {
      const own = ownFault(issue, inner);
      if (own !== undefined) reading.faults.push({ ...own, part: 'key' });
    }
    result[key] = read(valueType, item, inner, reading);
  }
  return result;
}

/** Faults of a value that cannot be split further, each at its path. */
function explain(
  given: z.core.$ZodType,
  value: unknown,
  path: Path,
  reading: Reading,
  about = describe(given),
  others: readonly string[] = [],
): void {
  const schema = unwrapped(given);
  const def = schema._zod.def;
  switch (def.type) {
    case 'pipe': {
      const before = reading.faults.length;
      if (!(def.in as z.ZodType).safeParse(value).success) {
        explain(def.in, value, path, reading, about);
      }
      if (reading.faults.length > before) return;
      const { error } = (schema as unknown as z.ZodType).safeParse(value);
      for (const issue of error?.issues ?? []) {
        const own = ownFault(issue, path);
        if (own !== undefined) reading.faults.push(own);
      }
      return;
    }
    case 'union': {
      const option = def.options.find((candidate) => kindOf(candidate) === kindOfValue(value));
      if (option === undefined) reading.faults.push(mismatch(path, value, kinds(given), about));
      else {
        const others = def.options.filter((candidate) => candidate !== option).flatMap(kinds);
        explain(option, value, path, reading, undefined, others);
      }
      return;
    }
    case 'object':
    case 'record':
    case 'array':
      if ((def.type === 'array') === Array.isArray(value) && isContainer(value)) {
        read(given, value, path, reading);
        return;
      }
      break;
    case 'tuple':
      if (Array.isArray(value)) {
        const { error } = (schema as unknown as z.ZodType).safeParse(value);
        const size = sizeFault(error?.issues ?? [], value, path);
        if (size !== undefined) reading.faults.push(size);
        else {
          for (const [index, item] of def.items.entries()) {
            read(item, value[index], [...path, index], reading);
          }
        }
        return;
      }
      break;
    case 'enum':
      if (typeof value === 'string') {
        reading.faults.push(wrongChoice(path, value, Object.values(def.entries).map(String), others));
        return;
      }
      break;
    case 'literal':
      if (kindOf(schema) === kindOfValue(value)) {
        reading.faults.push(wrongChoice(path, value as string | number, def.values.map(String), others));
        return;
      }
      break;
  }
  reading.faults.push(mismatch(path, value, kinds(given), about));
}

/** A fault worded by the field's own schema: see `complainTo` in fields.ts. */
function ownFault(issue: z.core.$ZodIssue, path: Path): Fault | undefined {
  if (issue.code !== 'custom') return undefined;
  const { fault: code, fix } = issue.params as { fault: Fault['code']; fix: string };
  return fault(
    code,
    [...path, ...issue.path.map((part) => (typeof part === 'number' ? part : String(part)))],
    issue.message,
    fix,
  );
}

/** The kinds of value that a schema accepts, in our words. */
function kinds(given: z.core.$ZodType): string[] {
  const def = unwrapped(given)._zod.def;
  if (def.type === 'union') return [...new Set(def.options.flatMap(kinds))];
  if (def.type === 'enum') return Object.values(def.entries).map((entry) => `"${entry}"`);
  if (def.type === 'literal')
    return def.values.map((one) => (typeof one === 'string' ? `"${one}"` : String(one)));
  return [KINDS[kindOf(given)]];
}

function kindOf(given: z.core.$ZodType): Kind {
  const def = unwrapped(given)._zod.def;
  switch (def.type) {
    case 'pipe':
      return kindOf(def.in);
    case 'string':
    case 'enum':
      return 'text';
    case 'literal':
      return typeof def.values[0] === 'number' ? 'number' : 'text';
    case 'number':
      return 'number';
    case 'boolean':
      return 'boolean';
    case 'array':
    case 'tuple':
      return 'list';
    case 'object':
    case 'record':
      return 'map';
    default:
      return 'nothing';
  }
}

const isContainer = (value: unknown): boolean => typeof value === 'object' && value !== null;

const isMap = (value: unknown): value is Readonly<Record<string, unknown>> =>
  isContainer(value) && !Array.isArray(value);

/** The schema below defaults and `optional`. */
function unwrapped(given: z.core.$ZodType): Schema {
  let schema = given as Schema;
  while (
    schema._zod.def.type === 'optional' ||
    schema._zod.def.type === 'prefault' ||
    schema._zod.def.type === 'default'
  ) {
    schema = schema._zod.def.innerType as Schema;
  }
  return schema;
}

function describe(given: z.core.$ZodType): string | undefined {
  const own = (given as z.ZodType).description;
  const def = (given as Schema)._zod.def;
  return own ?? ('innerType' in def ? describe(def.innerType) : undefined);
}
