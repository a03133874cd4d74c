import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join, posix } from 'node:path';

/** Path below the output folder, with `/`, to the text of the file. */
export type RenderedFiles = ReadonlyMap<string, string>;

/** How a rendered tree differs from the one on disk. Paths are sorted. */
export interface DistChange {
  readonly added: readonly string[];
  readonly changed: readonly string[];
  /** Rendered by an earlier run and no longer. */
  readonly removed: readonly string[];
  readonly unchanged: readonly string[];
  /** Would be written, but stand there with other content and were not written by noencap. */
  readonly foreign: readonly string[];
}

/** Lists what noencap wrote, in the form `sha256sum --check` reads; only what it names is ever removed. */
export const MANIFEST = 'MANIFEST.sha256';

/** Compares without touching anything. A folder that does not exist yet counts as empty. */
export function compareDist(out: string, files: RenderedFiles): DistChange {
  const tree = existingTree(out);
  const owned = readManifest(out);
  const change = { added: [], changed: [], removed: [], unchanged: [], foreign: [] } as Record<
    keyof DistChange,
    string[]
  >;
  for (const [path, text] of withManifest(files)) {
    if (tree.get(path) !== 'file') {
      change[isBlocked(tree, path, owned) ? 'foreign' : 'added'].push(path);
      continue;
    }
    const found = readRendered(join(out, path));
    if (found?.text === text && found.executable === isScript(text)) change.unchanged.push(path);
    else change[owned.has(path) || path === MANIFEST ? 'changed' : 'foreign'].push(path);
  }
  for (const path of owned) {
    if (!files.has(path) && path !== MANIFEST && tree.has(path)) change.removed.push(path);
  }
  for (const list of Object.values(change)) list.sort();
  return change;
}

/**
 * Puts the rendered tree in place of the old one in whole: it is built beside it and moved in with two renames, so
 * that an interrupted run leaves the old tree, or the new one. Files that noencap did not write come along.
 * Writes nothing if nothing changed, or if `foreign` files are in the way: the caller refuses those.
 */
export function writeDist(out: string, files: RenderedFiles): DistChange {
  const target = existsSync(out) ? realpathSync(out) : out;
  const { staged, old } = neighbours(target);
  recover(target, old);
  const change = compareDist(target, files);
  if (change.foreign.length > 0) return change;
  if (change.added.length + change.changed.length + change.removed.length === 0) return change;

  mkdirSync(staged, { recursive: true });
  try {
    const kept = new Set(change.unchanged);
    const gone = new Set([...change.removed, ...change.changed]);
    if (existsSync(target)) bringAlong(target, staged, (path) => !gone.has(path));
    const folders = new Set<string>();
    for (const [path, text] of withManifest(files)) {
      if (kept.has(path)) continue;
      const folder = dirname(join(staged, path));
      if (!folders.has(folder)) mkdirSync(folder, { recursive: true });
      folders.add(folder);
      writeFileSync(join(staged, path), text, { mode: isScript(text) ? 0o755 : 0o644 });
    }
    if (existsSync(target)) renameSync(target, old);
    renameSync(staged, target);
  } catch (error) {
    recover(target, old);
    rmSync(staged, { recursive: true, force: true });
    throw error;
  }
  rmSync(old, { recursive: true, force: true });
  return change;
}

/** The old text of a file for a diff; empty if there is none. */
export const currentText = (out: string, path: string): string => readRendered(join(out, path))?.text ?? '';

function withManifest(files: RenderedFiles): Map<string, string> {
  const lines = [...files]
    .map(([path, text]) => `${createHash('sha256').update(text).digest('hex')}  ${path}\n`)
    .sort((a, b) => (a.slice(66) < b.slice(66) ? -1 : 1));
  return new Map([...files, [MANIFEST, lines.join('')]]);
}

/** The paths an earlier run wrote. A manifest may come from a pull request: a path that leaves the folder is no path. */
function readManifest(out: string): ReadonlySet<string> {
  const text = readRendered(join(out, MANIFEST))?.text ?? '';
  const paths = text.split('\n').flatMap((line) => /^[0-9a-f]{64} {2}(.+)$/.exec(line)?.[1] ?? []);
  return new Set(paths.filter(staysInside));
}

const staysInside = (path: string): boolean =>
  path !== '' &&
  !posix.isAbsolute(path) &&
  posix.normalize(path) === path &&
  path.split('/').every((part) => part !== '..' && part !== '.' && part !== '');

function readRendered(file: string): { text: string; executable: boolean } | undefined {
  try {
    const info = lstatSync(file);
    if (!info.isFile()) return undefined;
    return { text: readFileSync(file, 'utf8'), executable: (info.mode & 0o100) !== 0 };
  } catch {
    return undefined;
  }
}

/** What stands below the folder: one listing costs far less than asking for each path. Links are not followed. */
function existingTree(out: string): ReadonlyMap<string, 'file' | 'folder' | 'other'> {
  const tree = new Map<string, 'file' | 'folder' | 'other'>();
  const list = (below: string): void => {
    for (const entry of readdirSync(join(out, below), { withFileTypes: true })) {
      const path = posix.join(below, entry.name);
      tree.set(path, entry.isFile() ? 'file' : entry.isDirectory() ? 'folder' : 'other');
      if (entry.isDirectory()) list(path);
    }
  };
  if (existsSync(out)) list('');
  return tree;
}

/** Something else than a file stands at the path, or a foreign file where one of its folders must be. */
function isBlocked(tree: ReturnType<typeof existingTree>, path: string, owned: ReadonlySet<string>): boolean {
  const parts = path.split('/');
  return parts.some((_, index) => {
    const at = parts.slice(0, index + 1).join('/');
    const found = tree.get(at);
    if (found === undefined || owned.has(at)) return false;
    return index === parts.length - 1 || found !== 'folder';
  });
}

const isScript = (text: string): boolean => text.startsWith('#!');

function neighbours(target: string): { staged: string; old: string } {
  const prefix = join(dirname(target), `.${basename(target)}.noencap-`);
  return { staged: `${prefix}new-${process.pid}`, old: `${prefix}old` };
}

/** An earlier run was killed between its two renames, or while it staged: back to the old tree, no leftovers. */
function recover(target: string, old: string): void {
  if (existsSync(old)) {
    if (existsSync(target)) rmSync(old, { recursive: true, force: true });
    else renameSync(old, target);
  }
  const folder = dirname(target);
  const prefix = `.${basename(target)}.noencap-new-`;
  if (!existsSync(folder)) return;
  for (const name of readdirSync(folder).filter((entry) => entry.startsWith(prefix))) {
    const pid = Number(name.slice(prefix.length));
    if (pid !== process.pid && !isRunning(pid)) rmSync(join(folder, name), { recursive: true, force: true });
  }
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Links what stays into the staged tree: same inode, same time, no copy. Empty folders of the user's stay too. */
function bringAlong(from: string, to: string, stays: (path: string) => boolean, below = ''): void {
  for (const entry of readdirSync(join(from, below), { withFileTypes: true })) {
    const path = posix.join(below, entry.name);
    if (entry.isDirectory()) {
      const before = readdirSync(join(from, path)).length;
      bringAlong(from, to, stays, path);
      if (before === 0) mkdirSync(join(to, path), { recursive: true });
    } else if (stays(path)) {
      mkdirSync(join(to, below), { recursive: true });
      if (entry.isSymbolicLink()) symlinkSync(readlinkSync(join(from, path)), join(to, path));
      else link(join(from, path), join(to, path));
    }
  }
}

function link(from: string, to: string): void {
  try {
    linkSync(from, to);
  } catch {
    // Some file systems have no hard links.
    copyFileSync(from, to);
  }
}

/** What stands at `out`, for the one error it can cause before anything is rendered. */
export function outIsUsable(out: string): boolean {
  return !existsSync(out) || statSync(out).isDirectory();
}
