import { lstatSync, realpathSync, type Stats } from 'node:fs';
import { dirname, sep } from 'node:path';

/** A program that only this user or root can have put there or changed, by its resolved path. */
export interface OwnProgram {
  readonly path: string;
}

/**
 * Checks the owner of a program and of the folders above it before it is run: whoever can change one of these can replace the program.
 * Folders from `trusted` upwards, where noencap itself is, are not checked.
 */
export function ownProgram(
  file: string,
  trusted: string,
  uid = process.getuid?.() ?? 0,
): OwnProgram | { readonly foreign: string } {
  const path = realpathSync(file);
  const top = realpathSync(trusted);
  for (let part = path; part !== top; part = dirname(part)) {
    const why = foreign(lstatSync(part), uid);
    if (why !== undefined) return { foreign: `${part} ${why}` };
    if (part === sep) break;
  }
  return { path };
}

function foreign(found: Stats, uid: number): string | undefined {
  const { uid: owner, gid: group, mode } = found;
  if (owner !== uid && owner !== 0) return `belongs to another user (${owner})`;
  // In a sticky folder, such as /tmp, nobody can replace another user's files.
  if (found.isDirectory() && (mode & 0o1000) !== 0) return undefined;
  // Debian gives each user a group with the same ID, which owns the user's files.
  const isOpen = (mode & 0o002) !== 0 || ((mode & 0o020) !== 0 && group !== owner);
  const bits = (mode & 0o7777).toString(8).padStart(4, '0');
  return isOpen ? `can be written by other users (mode ${bits})` : undefined;
}
