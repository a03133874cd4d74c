import { lstatSync, realpathSync, type Stats } from 'node:fs';
import { dirname, sep } from 'node:path';

/** A program that nobody but this user, or root, can have put there or changed: by the path that no link leads astray. */
export interface OwnProgram {
  readonly path: string;
}

/**
 * Looks at whose a program is before it is run, and whose the folders are that it lies in: who can change one of these can put another one in
 * its place. Folders from `trusted` on upwards are not looked at, which is where noencap itself lies.
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
  // In a sticky folder, as /tmp is, nobody replaces what another user has there.
  if (found.isDirectory() && (mode & 0o1000) !== 0) return undefined;
  // Debian gives each user a group of the same number, and his files to it.
  const isOpen = (mode & 0o002) !== 0 || ((mode & 0o020) !== 0 && group !== owner);
  const bits = (mode & 0o7777).toString(8).padStart(4, '0');
  return isOpen ? `can be written by other users (mode ${bits})` : undefined;
}
