import { closeSync, constants, fstatSync, lstatSync, mkdirSync, openSync, type Stats } from 'node:fs';
import { tmpdir } from 'node:os';
import { isAbsolute, join } from 'node:path';

/** A folder that only this user can have created, read or changed. */
export interface OwnFolder {
  /** The path as the user knows it. */
  readonly path: string;
  /** A file in it, through the open folder instead of its path: changes to the path in between have no effect. */
  at(name: string): string;
}

/** Why a folder is not used, and the fix. */
export interface NotOwn {
  readonly message: string;
  readonly fix: string;
}

/**
 * The folder for what must outlive this process: created if missing, refused if somebody else could have put something into it.
 * If others may write beside it, as in /tmp, one of them may have been first.
 */
export function ownFolder(uid = process.getuid?.() ?? 0): OwnFolder | NotOwn {
  const path = pathFor(uid);
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'EEXIST')
      return { message: `${path} cannot be created (${code})`, fix: `Create it: mkdir -m 700 ${path}` };
  }
  let folder: number;
  try {
    folder = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  } catch (error) {
    const found = lstatSync(path, { throwIfNoEntry: false });
    const isFolder = found?.isDirectory() === true;
    const { code } = error as NodeJS.ErrnoException;
    const why = isFolder ? foreign(found, uid) : 'is a link, or not a folder';
    return refused(path, why ?? `cannot be opened (${code})`, uid);
  }
  // Checked on the open folder, not on what the path points to by now.
  const why = foreign(fstatSync(folder), uid);
  if (why === undefined) return { path, at: (name) => `/proc/self/fd/${folder}/${name}` };
  closeSync(folder);
  return refused(path, why, uid);
}

function foreign({ uid: owner, mode }: Stats, uid: number): string | undefined {
  if (owner !== uid) return `belongs to another user (${owner})`;
  const bits = (mode & 0o7777).toString(8).padStart(4, '0');
  return (mode & 0o077) === 0 ? undefined : `is open to other users (mode ${bits})`;
}

const refused = (path: string, why: string, uid: number): NotOwn => ({
  message: `${path} ${why}: its records of running labs cannot be trusted`,
  fix: `Check its content, then remove it: ${uid === 0 ? '' : 'sudo '}rm -r ${path}`,
});

/** Root never uses the folder of a user who became root, which XDG_RUNTIME_DIR may still name. */
function pathFor(uid: number): string {
  if (uid === 0) return isClosed('/run', 0) ? '/run/noencap' : join(tmpdir(), 'noencap-0');
  const { XDG_RUNTIME_DIR: runtime = '' } = process.env;
  const hasOne = isAbsolute(runtime) && isClosed(runtime, uid);
  return hasOne ? join(runtime, 'noencap') : join(tmpdir(), `noencap-${uid}`);
}

/** Only this user can create something in it. */
function isClosed(folder: string, uid: number): boolean {
  const found = lstatSync(folder, { throwIfNoEntry: false });
  return found?.isDirectory() === true && found.uid === uid && (found.mode & 0o022) === 0;
}
