import {
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  linkSync,
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
import {
  compareDist,
  type DistChange,
  isScript,
  neighbours,
  type RenderedFiles,
  readRendered,
  withManifest,
} from './dist.ts';

/**
 * Puts the rendered tree in place of the old one in whole: it is built beside it and moved in with two renames, so that an
 * interrupted run leaves the old tree, or the new one. Files that noencap did not write come along, and folders keep their
 * modes. Writes nothing if nothing changed, or if `foreign` files are in the way: the caller refuses those. Throws what
 * the file system says, with the old tree in its place.
 */
export function writeDist(out: string, files: RenderedFiles): DistChange {
  const target = existsSync(out) ? realpathSync(out) : resolve(out);
  const { staged, old } = neighbours(target);
  makeFolder(dirname(target));
  const unlock = lock(target);
  try {
    recover(target, old);
    const change = compareDist(target, files);
    if (change.foreign.length > 0) return change;
    if (change.added.length + change.changed.length + change.removed.length === 0) return change;
    stage(target, staged, files, change);
    if (existsSync(target)) renameSync(target, old);
    renameSync(staged, target);
    rmSync(old, { recursive: true, force: true });
    return change;
  } catch (error) {
    recover(target, old);
    rmSync(staged, { recursive: true, force: true });
    throw error;
  } finally {
    unlock();
  }
}

function stage(target: string, staged: string, files: RenderedFiles, change: DistChange): void {
  mkdirSync(staged);
  const kept = new Set(change.unchanged);
  // What is written anew is no part of the old tree any more: a link that stands there would be written through.
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

/** One run at a time: two would move each other's trees. The lock of a run that is no longer there counts for nothing. */
function lock(target: string): () => void {
  const { locked } = neighbours(target);
  for (let attempt = 0; ; attempt++) {
    try {
      writeFileSync(locked, `${process.pid}\n`, { flag: 'wx' });
      return () => rmSync(locked, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      const pid = Number(readRendered(locked)?.text);
      if (attempt > 0 || isRunning(pid)) throw new BusyError(target, pid);
      rmSync(locked, { force: true });
    }
  }
}

/** Another run is writing the same folder. */
export class BusyError extends Error {
  constructor(target: string, pid: number) {
    super(`Another run of noencap (process ${pid}) is writing ${target}. Try again when it has ended.`);
  }
}

/** An earlier run was killed between its two renames, or while it staged: back to the old tree, no leftovers. */
function recover(target: string, old: string): void {
  if (existsSync(old)) {
    if (existsSync(target)) rmSync(old, { recursive: true, force: true });
    else renameSync(old, target);
  }
  const folder = dirname(target);
  const prefix = `.${basename(target)}.noencap-new-`;
  for (const name of readdirSync(folder).filter((entry) => entry.startsWith(prefix))) {
    const pid = Number(name.slice(prefix.length));
    if (pid !== process.pid && !isRunning(pid)) rmSync(join(folder, name), { recursive: true, force: true });
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

/** `a/b/c` stands in `a` and `a/b`. */
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
      // A folder that held nothing but what is gone goes too.
      const emptied = readdirSync(join(to, path)).length === 0 && readdirSync(join(from, path)).length > 0;
      if (emptied && !needed.has(path)) rmSync(join(to, path), { recursive: true });
    } else if (stays(path)) {
      if (entry.isSymbolicLink()) symlinkSync(readlinkSync(join(from, path)), join(to, path));
      else link(join(from, path), join(to, path));
    }
  }
  likeBefore(join(from, below), join(to, below));
}

/** A folder's mode and owner are the user's: they come along. */
function likeBefore(from: string, to: string): void {
  const { mode, uid, gid } = statSync(from);
  try {
    chownSync(to, uid, gid);
  } catch {
    // Only root gives files away; what another user's folder held is this user's then, as with any other program.
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

/** Folder by folder: node's own recursive mkdir never ends where a file system has no place for new ones (/proc). */
function makeFolder(folder: string): void {
  if (existsSync(folder)) return;
  makeFolder(dirname(folder));
  mkdirSync(folder);
}
