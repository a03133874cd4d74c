import { lstatSync } from 'node:fs';
import { join, relative, resolve, sep } from 'node:path';
import { Unreadable } from '../machine/index.ts';
import { BusyError, Unchanged } from '../repository/write-dist.ts';
import { printable } from '../topology/fault.ts';
import { shellWord } from '../topology/shell-word.ts';
import type { Refusal } from './refusal.ts';

/** What the file system or another run refused; undefined for what is a bug of ours. */
export function environmentFault(error: unknown): Refusal | undefined {
  if (error instanceof BusyError)
    return { code: 'busy', message: error.message, fix: 'Try again when it has ended.' };
  if (error instanceof Unreadable)
    return { code: 'file', message: `${error.path} ${error.message}`, fix: 'Put another file there.' };
  // Only where it is known: of others, as a journal on a full disk, somebody may be half-way through a delivery.
  if (error instanceof Unchanged) {
    const why = environmentFault(error.cause);
    return why && { ...why, fix: `${why.fix} Nothing was changed.` };
  }
  const { code, syscall, path, dest } = error as NodeJS.ErrnoException & { dest?: string };
  if (!(error instanceof Error) || code === undefined || syscall === undefined) return undefined;
  const place = dest ?? path ?? 'the working folder';
  const [reason, fix] = REASONS[code] ?? [`the system says ${code}`, 'Run it again when that is fixed.'];
  return {
    code: 'file',
    message: `${place} cannot be written or read: ${reason}`,
    fix: `${fix}${ofAnother(place, code)}`,
  };
}

/** Below the working folder: what else a user may not write, he should not be told to take. */
function ofAnother(place: string, code: string): string {
  const me = process.getuid?.();
  if (me === undefined || !['EACCES', 'EPERM'].includes(code)) return '';
  const inside = relative('.', resolve(place)).split(sep);
  if (inside[0] === '..' || inside[0] === '') return '';
  const paths = inside.map((_, index) => join(...inside.slice(0, index + 1)));
  const foreign = paths.find((path) => lstatSync(path, { throwIfNoEntry: false })?.uid !== me);
  const owner = foreign === undefined ? undefined : lstatSync(foreign, { throwIfNoEntry: false })?.uid;
  if (owner === undefined) return '';
  const who = owner === 0 ? 'root' : `user ${owner}`;
  return ` ${printable(foreign ?? '')} belongs to ${who}; take it back: sudo chown -hR ${me}:${process.getgid?.() ?? me} ${shellQuoted(foreign ?? '')}.`;
}

const shellQuoted = (path: string): string =>
  /^[A-Za-z0-9_./-]+$/.test(path) ? `./${path}` : shellWord(`./${path}`);

const OWNER: readonly [reason: string, fix: string] = [
  'permission denied',
  'Run it as the user who owns the folder.',
];

const REASONS: Readonly<Record<string, readonly [reason: string, fix: string]>> = {
  EACCES: OWNER,
  EPERM: OWNER,
  EROFS: ['the file system is read-only', 'Name a folder on another with --out.'],
  ENOSPC: ['the disk is full', 'Free some space and run it again.'],
  EDQUOT: ['the quota is exceeded', 'Free some space and run it again.'],
  EBUSY: ['it is a mount point', 'Name a folder below it with --out.'],
  ENOTDIR: ['part of the path is not a folder', 'Name another with --out.'],
  ENOENT: ['part of the path does not exist', 'Create it, or name another.'],
};
