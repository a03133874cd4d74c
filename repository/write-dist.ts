import {
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join, posix, resolve } from 'node:path';
import { bornAt } from '../machine/index.ts';
import {
  compareDist,
  type DistChange,
  isScript,
  neighbours,
  type RenderedFiles,
  readRendered,
  withManifest,
} from './dist.ts';

/** The result, and the path of the old tree if it contains what this user may not remove. */
export type Written = DistChange & { readonly left?: string };

/**
 * Puts the rendered tree in place of the old one in whole: it is built beside it and moved in with two renames, so that an
 * interrupted run leaves the old tree, or the new one. Files that noencap did not write come along, and folders keep their
 * modes. Writes nothing if nothing changed, or if `foreign` files are in the way: the caller refuses those. Throws what
 * the file system reports, with the old tree in its place, as `Unchanged`.
 */
export function writeDist(out: string, files: RenderedFiles): Written {
  const target = existsSync(out) ? realpathSync(out) : resolve(out);
  return asOwner([resolve(out), target, dirname(target)], () => {
    const { staged, old } = neighbours(target);
    let unlock = () => {};
    let change: DistChange;
    try {
      makeFolder(dirname(target));
      unlock = lock(target);
      recover(target, old);
      change = compareDist(target, files);
      const isSame = change.added.length + change.changed.length + change.removed.length === 0;
      if (change.foreign.length > 0 || isSame) return change;
      stage(target, staged, files, change);
      if (existsSync(target)) renameSync(target, old);
      renameSync(staged, target);
    } catch (error) {
      if (!existsSync(target) && existsSync(old)) renameSync(old, target);
      tryRemove(staged);
      throw error instanceof BusyError ? error : new Unchanged(error);
    } finally {
      unlock();
    }
    // From here on the new tree is in place, whatever happens to the old one.
    const left = cleared(target, old);
    return { ...change, ...(left && { left }) };
  });
}

/** The output folder is unchanged; the reason is its cause. */
export class Unchanged extends Error {
  constructor(cause: unknown) {
    super(`nothing was changed: ${cause}`, { cause });
  }
}

/**
 * Root writes into a user's folder as that user: the user could neither change nor remove root's files, and by swapping a
 * folder for a link could make root write anywhere.
 */
function asOwner<Result>(places: readonly string[], action: () => Result): Result {
  if (process.geteuid?.() !== 0) return action();
  // Also for a link: a user must not choose where root writes.
  const at = places.find((path) => existsSync(path)) ?? '/';
  const { uid, gid } = lstatSync(at);
  if (uid === 0) return action();
  const group = process.getegid?.() ?? 0;
  process.setegid?.(gid);
  process.seteuid?.(uid);
  try {
    return action();
  } finally {
    process.seteuid?.(0);
    process.setegid?.(group);
  }
}

function stage(target: string, staged: string, files: RenderedFiles, change: DistChange): void {
  mkdirSync(staged);
  const kept = new Set(change.unchanged);
  // Rewritten files are not brought along from the old tree: an existing link in their place would be written through.
  const gone = new Set([...change.removed, ...change.changed, ...change.added]);
  const needed = new Set([...files.keys()].flatMap(foldersOf));
  if (existsSync(target)) bringAlong(target, staged, (path) => !gone.has(path), needed);
  const folders = new Set<string>();
  for (const [path, text] of withManifest(files)) {
    if (kept.has(path)) continue;
    const folder = dirname(join(staged, path));
    if (!folders.has(folder)) mkdirSync(folder, { recursive: true });
    folders.add(folder);
    writeFileSync(join(staged, path), text, { mode: isScript(text) ? 0o755 : 0o644, flag: 'wx' });
  }
}

/** One run at a time: two would move each other's trees. The lock of a run that has ended does not count. */
function lock(target: string): () => void {
  const { locked } = neighbours(target);
  const mine = `${process.pid} ${bornAt(`/proc/${process.pid}`) ?? ''}\n`;
  const take = () => writeFileSync(locked, mine, { flag: 'wx' });
  const isThere = (error: unknown) => (error as NodeJS.ErrnoException).code === 'EEXIST';
  try {
    take();
  } catch (error) {
    if (!isThere(error)) throw error;
    const holder = holderOf(locked);
    if (holder.isRunning) throw new BusyError(target, `process ${holder.pid}`);
    // If two find a dead lock, the second would remove the new lock of the first: only one at a time may remove it.
    const removing = `${locked}-removing`;
    try {
      writeFileSync(removing, mine, { flag: 'wx' });
    } catch (taken) {
      if (!isThere(taken)) throw taken;
      throw new BusyError(target, `if there is none, remove ${removing}`);
    }
    try {
      const { isRunning, pid } = holderOf(locked);
      if (isRunning) throw new BusyError(target, `process ${pid}`);
      rmSync(locked, { force: true });
      take();
    } catch (taken) {
      throw isThere(taken) ? new BusyError(target, 'which came first') : taken;
    } finally {
      rmSync(removing, { force: true });
    }
  }
  return () => rmSync(locked, { force: true });
}

/** Another run is writing the same folder. */
export class BusyError extends Error {
  constructor(target: string, who: string) {
    super(`Another run of noencap (${who}) is writing ${target}`);
  }
}

function holderOf(locked: string): { readonly pid: number; readonly isRunning: boolean } {
  const [pid, born = ''] = (readRendered(locked)?.text ?? '').trim().split(' ');
  const isSame = born === '' || bornAt(`/proc/${Number(pid)}`) === born;
  return { pid: Number(pid), isRunning: isRunning(Number(pid)) && isSame };
}

/** An earlier run was killed between its two renames, or while it staged: back to the old tree, no leftovers. */
function recover(target: string, old: string): void {
  if (existsSync(old) && !existsSync(target)) renameSync(old, target);
  cleared(target, old);
  const folder = dirname(target);
  const prefix = `.${basename(target)}.noencap-new-`;
  for (const name of readdirSync(folder).filter((entry) => entry.startsWith(prefix))) {
    const pid = Number(name.slice(prefix.length));
    if (pid !== process.pid && !isRunning(pid)) tryRemove(join(folder, name));
  }
}

/** Removes the old tree. Root's files in it may have to stay: then it is moved out of the way, and its new path returned. */
function cleared(target: string, old: string): string | undefined {
  if (!existsSync(old) || tryRemove(old)) return undefined;
  const { left } = neighbours(target);
  if (!tryRemove(left)) return old;
  renameSync(old, left);
  return left;
}

/** False if it still exists. */
function tryRemove(path: string): boolean {
  try {
    rmSync(path, { recursive: true, force: true });
    return true;
  } catch {
    return false;
  }
}

function isRunning(pid: number): boolean {
  if (!(pid > 0)) return false;
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** `a/b/c` is in `a` and `a/b`. */
const foldersOf = (path: string): string[] =>
  path
    .split('/')
    .slice(0, -1)
    .map((_, index, parts) => parts.slice(0, index + 1).join('/'));

/** Links what stays into the staged tree: same inode, same time, no copy. Empty folders of the user's stay too. */
function bringAlong(
  from: string,
  to: string,
  stays: (path: string) => boolean,
  needed: ReadonlySet<string>,
  below = '',
): void {
  const entries = readdirSync(join(from, below), { withFileTypes: true });
  for (const entry of entries) {
    const path = posix.join(below, entry.name);
    if (entry.isDirectory()) {
      mkdirSync(join(to, path));
      bringAlong(from, to, stays, needed, path);
      // A folder that contained only removed files is removed, too.
      const emptied = readdirSync(join(to, path)).length === 0 && readdirSync(join(from, path)).length > 0;
      if (emptied && !needed.has(path)) rmSync(join(to, path), { recursive: true });
    } else if (stays(path)) {
      if (entry.isSymbolicLink()) symlinkSync(readlinkSync(join(from, path)), join(to, path));
      else link(join(from, path), join(to, path));
    }
  }
  likeBefore(join(from, below), join(to, below));
}

/** A folder's mode and owner belong to the user: they are kept. */
function likeBefore(from: string, to: string): void {
  const { mode, uid, gid } = statSync(from);
  try {
    chownSync(to, uid, gid);
  } catch {
    // Only root can give files away; files from another user's folder then belong to this user, as with any program.
  }
  chmodSync(to, mode & 0o7777);
}

function link(from: string, to: string): void {
  try {
    linkSync(from, to);
  } catch {
    // Some file systems have no hard links.
    copyFileSync(from, to);
  }
}

/** Folder by folder: node's own recursive mkdir never ends if a file system allows no new folders (/proc). */
export function makeFolder(folder: string): void {
  if (existsSync(folder)) return;
  makeFolder(dirname(folder));
  mkdirSync(folder);
}
