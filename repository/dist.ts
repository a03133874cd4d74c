import { createHash } from 'node:crypto';
import { existsSync, lstatSync, readdirSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, join, posix, relative, resolve } from 'node:path';
import { readAtMost, Unreadable } from '../machine/index.ts';

/** Path below the output folder, with `/`, to the text of the file. */
export type RenderedFiles = ReadonlyMap<string, string>;

/** How a rendered tree differs from the one on disk. Paths are sorted. */
export interface DistChange {
  readonly added: readonly string[];
  readonly changed: readonly string[];
  /** Rendered by an earlier run, but no longer. */
  readonly removed: readonly string[];
  readonly unchanged: readonly string[];
  /** Would be written, but exist with other content and were not written by noencap. */
  readonly foreign: readonly string[];
  /**
   * Not written by noencap. Left alone, but reported: routers, nodes and engines read whole folders, and git's and the engines' own
   * files (.gitattributes, kustomization.yaml, .argocd-source.yaml) affect all others.
   */
  readonly stray: readonly string[];
}

/** Lists what noencap wrote, in the form `sha256sum --check` reads; only what it names is ever removed. */
export const MANIFEST = 'MANIFEST.sha256';

/** Folders of the output whose readers use every file in them. */
export const READ_WHOLE = /^(cluster|gitops|routers|nodes)\//;

/** Compares without touching anything. A folder that does not exist yet counts as empty. */
export function compareDist(out: string, files: RenderedFiles): DistChange {
  // If a run was killed between its two renames, the old tree exists under its other name.
  const { old } = neighbours(out);
  const folder = !existsSync(out) && existsSync(old) ? old : out;
  const tree = existingTree(folder);
  const owned = readManifest(folder);
  const change = { added: [], changed: [], removed: [], unchanged: [], foreign: [], stray: [] } as Record<
    keyof DistChange,
    string[]
  >;
  const rendered = withManifest(files);
  for (const [path, text] of rendered) change[stateOf(folder, path, text, tree, owned)].push(path);
  for (const [path, kind] of tree) {
    if (rendered.has(path) || kind === 'folder') continue;
    // A file that was edited since it was rendered belongs to the editor.
    const hash = owned.get(path);
    if (hash !== undefined && sha256(readRendered(join(folder, path))?.text ?? '') === hash) {
      change.removed.push(path);
    } else change.stray.push(path);
  }
  for (const list of Object.values(change)) list.sort();
  return change;
}

function stateOf(
  folder: string,
  path: string,
  text: string,
  tree: Tree,
  owned: ReadonlyMap<string, string>,
): 'added' | 'changed' | 'unchanged' | 'foreign' {
  const found = tree.get(path);
  if (isBlocked(tree, path, owned)) return 'foreign';
  if (found === undefined) return 'added';
  const file = readRendered(join(folder, path));
  if (file?.text === text && file.executable === isScript(text)) return 'unchanged';
  return owned.has(path) || path === MANIFEST ? 'changed' : 'foreign';
}

/** The old text of a file for a diff; empty if there is none. */
export const currentText = (out: string, path: string): string => readRendered(join(out, path))?.text ?? '';

export function withManifest(files: RenderedFiles): Map<string, string> {
  const lines = [...files]
    .map(([path, text]) => `${sha256(text)}  ${path}\n`)
    .sort((a, b) => (a.slice(66) < b.slice(66) ? -1 : 1));
  return new Map([...files, [MANIFEST, lines.join('')]]);
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/**
 * The paths an earlier run wrote, with the hash of what it wrote. A manifest may come from a pull request: a path that
 * leaves the folder is ignored.
 */
function readManifest(out: string): ReadonlyMap<string, string> {
  const text = readRendered(join(out, MANIFEST))?.text ?? '';
  return new Map(
    text.split('\n').flatMap((line): [string, string][] => {
      const [, hash = '', path = ''] = /^([0-9a-f]{64}) {2}(.+)$/.exec(line) ?? [];
      return staysInside(path) ? [[path, hash]] : [];
    }),
  );
}

const staysInside = (path: string): boolean =>
  path !== '' &&
  !posix.isAbsolute(path) &&
  posix.normalize(path) === path &&
  path.split('/').every((part) => part !== '..' && part !== '.' && part !== '');

export function readRendered(file: string): { text: string; executable: boolean } | undefined {
  try {
    const info = lstatSync(file);
    if (!info.isFile()) return undefined;
    const text = readAtMost(file, LARGEST_RENDERED).toString('utf8');
    return { text, executable: (info.mode & 0o100) !== 0 };
  } catch (error) {
    // Treated as missing, it would be omitted from a diff or a delivery.
    if (error instanceof Unreadable) throw error;
    return undefined;
  }
}

/** The largest, the label Jobs of 10,000 nodes, has 30 MiB. */
const LARGEST_RENDERED = 256 * 1024 * 1024;

type Tree = ReadonlyMap<string, 'file' | 'folder' | 'other'>;

/** Everything below the folder: one listing costs far less than asking for each path. Links are not followed. */
function existingTree(out: string): Tree {
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

/** Whether a folder is where a file must be, or a non-folder where one of its folders must be. */
function isBlocked(tree: Tree, path: string, owned: ReadonlyMap<string, string>): boolean {
  const parts = path.split('/');
  return parts.some((_, index) => {
    const at = parts.slice(0, index + 1).join('/');
    const found = tree.get(at);
    if (found === undefined) return false;
    if (index === parts.length - 1) return found === 'folder' || (found === 'other' && !owned.has(at));
    return found !== 'folder' && !(found === 'file' && owned.has(at));
  });
}

export const isScript = (text: string): boolean => text.startsWith('#!');

export function neighbours(target: string): Record<'staged' | 'old' | 'left' | 'locked', string> {
  const prefix = join(dirname(target), `.${basename(target)}.noencap-`);
  return {
    staged: `${prefix}new-${process.pid}`,
    old: `${prefix}old`,
    left: `${prefix}left-${process.pid}`,
    locked: `${prefix}lock`,
  };
}

/** Why nothing can be written to `out`, checked before anything is rendered. */
export function outRefusal(out: string): { readonly message: string; readonly fix: string } | undefined {
  if (out === '') return { message: 'The output folder has no name', fix: 'Name one with --out.' };
  if (existsSync(out) && !statSync(out).isDirectory()) {
    return {
      message: `${out} is not a folder`,
      fix: 'Move it away, or name another folder with --out. Nothing was written.',
    };
  }
  // It is replaced as a whole: a shell inside it would be left in the old one.
  const inside = relative(existsSync(out) ? realpathSync(out) : resolve(out), process.cwd());
  return inside === '' || !inside.startsWith('..')
    ? {
        message: `${out} is, or holds, the working folder`,
        fix: 'Name a folder below it with --out. Nothing was written.',
      }
    : undefined;
}
