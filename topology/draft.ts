import type { IpAddress, Prefix } from './address.ts';
import type { Path } from './model.ts';
import type { TopologyFile } from './schema.ts';

/**
 * What could be read of a file, with or without faults: rules look at everything that was understood and skip
 * the rest. A field absent here was either omitted or has its own fault: `faulty` says which.
 */
export interface Draft {
  readonly file: Drafted<TopologyFile>;
  /** Whether the value at the path, or a value that contains it, already has a fault. */
  faulty(...path: Path): boolean;
  /** The value as it was written, before defaults and parsing. */
  written(path: Path): unknown;
}

/** A value any part of which may be missing. Addresses and prefixes are complete or absent. */
export type Drafted<T> = T extends string | number | boolean | bigint | IpAddress | Prefix | undefined
  ? T
  : T extends readonly (infer U)[]
    ? readonly (Drafted<U> | undefined)[]
    : { readonly [K in keyof T]?: Drafted<T[K]> };

export function draft(file: Drafted<TopologyFile>, written: unknown, faults: readonly Path[]): Draft {
  const faultyPaths = new Set(faults.map(pathKey));
  return {
    file,
    faulty: (...path) =>
      faultyPaths.size > 0 &&
      Array.from({ length: path.length + 1 }, (_, length) => pathKey(path.slice(0, length))).some((key) =>
        faultyPaths.has(key),
      ),
    written: (path) =>
      path.reduce<unknown>(
        (value, part) =>
          typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[part] : undefined,
        written,
      ),
  };
}

const pathKey = (path: Path): string => JSON.stringify(path);

/** The readable entries, by name. Unreadable ones still exist: see the record's keys. */
export function entries<T>(
  record: { readonly [name: string]: T | undefined } | undefined,
): (readonly [string, T])[] {
  return Object.entries(record ?? {}).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, value] as const],
  );
}

/** Whether the record has an entry of that name, readable or not. */
export const has = (record: object | undefined, name: string): boolean =>
  record !== undefined && Object.hasOwn(record, name);

/**
 * Path of one value among several: below its family in a pair, below its index in a list, otherwise
 * the path of the value itself.
 */
export function partPath({ written }: Pick<Draft, 'written'>, path: Path, part: string | number): Path {
  const value = written(path);
  const holds = typeof value === 'object' && value !== null && Object.hasOwn(value, part);
  return holds ? [...path, part] : path;
}
