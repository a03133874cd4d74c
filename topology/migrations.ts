import { type Fault, fault } from './fault.ts';

/** The version of topology.yaml that the schema describes. A change that an older file does not survive raises it, with a migration. */
export const CURRENT_VERSION = 1;

type Plain = Readonly<Record<string, unknown>>;

/** Makes of a file of version `from` one of the next, without touching what it is given. */
export interface Migration {
  readonly from: number;
  readonly migrate: (file: Plain) => Plain;
}

/** One for each version before the current one, in their order. A file is migrated whenever it is read; nothing rewrites it. */
export const MIGRATIONS: readonly Migration[] = [];

/** A file as the current version has it, or why there is none: it may hold anything. */
export type Migrated = { readonly value: unknown } | { readonly newer: Fault };

/** What has no version that is known, older or newer, is left to the schema. */
export function migrated(
  value: unknown,
  migrations: readonly Migration[] = MIGRATIONS,
  current = CURRENT_VERSION,
): Migrated {
  const version = versionOf(value);
  if (version === undefined) return { value };
  if (version > current) {
    const message = `is ${version}, and this noencap reads ${current === 1 ? 'version 1 only' : `versions 1 to ${current}`}`;
    const fix = 'Update noencap (docs/upgrade-noencap.md), or restore the file that this one reads.';
    return { newer: fault('version-newer', ['version'], message, fix) };
  }
  const migration = migrations.find(({ from }) => from === version);
  if (migration === undefined) return { value };
  return migrated({ ...migration.migrate(value as Plain), version: version + 1 }, migrations, current);
}

function versionOf(value: unknown): number | undefined {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, 'version')) return undefined;
  const { version } = value as { version: unknown };
  return typeof version === 'number' && Number.isInteger(version) && version > 0 ? version : undefined;
}
