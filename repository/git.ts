import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { runProgram } from '../machine/index.ts';

/** The limit of git's output: all files of a network of 10,000 nodes. A partial clone asks another machine, which may never answer. */
const BOUNDS = { maxBuffer: 2 ** 30, timeout: 300_000, killSignal: 'SIGKILL' } as const;

/** The output of git without its last line feed; undefined if git fails or is missing. */
export function git(...args: readonly string[]): string | undefined {
  const { status, stdout } = runProgram('git', args, { ...BOUNDS, encoding: 'utf8' });
  return status === 0 ? stdout.replace(/\n$/, '') : undefined;
}

export const commitOf = (revision: string): string | undefined =>
  git('rev-parse', '--verify', '--quiet', '--end-of-options', `${revision}^{commit}`);

/** The bytes of one file of a commit, by its path relative to the working folder; undefined if there is none. */
export function fileAt(commit: string, path: string): Buffer | undefined {
  const { status, stdout } = runProgram('git', ['cat-file', 'blob', `${commit}:./${path}`], {
    ...BOUNDS,
  });
  return status === 0 ? stdout : undefined;
}

/**
 * The files of a commit below a folder, by their path below it; links are omitted. Only files that differ from `currentFiles` are read: most
 * do not.
 */
export function filesAt(
  commit: string,
  folder: string,
  currentFiles: ReadonlyMap<string, string>,
): ReadonlyMap<string, string> | undefined {
  const listed = git('ls-tree', '-r', '-z', '--full-tree', `${commit}:./${folder}`);
  if (listed === undefined) return undefined;
  const entries = listed.split('\0').flatMap((line): [path: string, object: string][] => {
    const [, mode = '', object = '', path = ''] = /^(\d+) blob ([0-9a-f]+)\t([\s\S]+)$/.exec(line) ?? [];
    return mode.startsWith('100') ? [[path, object]] : [];
  });
  const texts = new Map<string, string>();
  for (const [path, object] of entries) {
    const text = currentFiles.get(path);
    if (text !== undefined && objectName(text, object.length) === object) texts.set(object, text);
  }
  const unknown = entries.map(([, object]) => object).filter((object) => !texts.has(object));
  for (const [object, text] of blobs([...new Set(unknown)])) texts.set(object, text);
  return new Map(
    entries.map(([path, object]): [string, string] => [path, texts.get(object) ?? '']).sort(byPath),
  );
}

const byPath = ([a]: [string, string], [b]: [string, string]): number => (a < b ? -1 : 1);

/** Git's name for a file with this content: a hash of 40 hex digits is SHA-1, one of 64 SHA-256. */
const objectName = (text: string, digits: number): string =>
  createHash(digits === 64 ? 'sha256' : 'sha1')
    .update(`blob ${Buffer.byteLength(text)}\0`)
    .update(text)
    .digest('hex');

/** From `cat-file --batch`: `NAME blob SIZE`, the bytes, a line feed. */
function blobs(objects: readonly string[]): [string, string][] {
  if (objects.length === 0) return [];
  const { stdout } = runProgram('git', ['cat-file', '--batch'], {
    input: `${objects.join('\n')}\n`,
    ...BOUNDS,
  });
  let at = 0;
  return objects.map((object): [string, string] => {
    const end = stdout.indexOf('\n', at);
    const size = Number(stdout.toString('latin1', at, end).split(' ')[2]);
    if (!Number.isInteger(size)) throw new Error(`git has no object ${object}`);
    at = end + 1 + size + 1;
    return [object, stdout.toString('utf8', end + 1, end + 1 + size)];
  });
}

/**
 * Writes all files of a commit below `folder`/tree; returns the reason if it cannot. Uses its own index: neither the work tree nor git's
 * index is touched, and no attribute omits a file.
 */
export function layOut(commit: string, folder: string): string | undefined {
  const env = { ...process.env, GIT_INDEX_FILE: join(folder, 'index') };
  const cwd = git('rev-parse', '--show-toplevel') ?? '.';
  for (const args of [
    ['read-tree', commit],
    ['checkout-index', '--all', '--force', `--prefix=${join(folder, 'tree')}/`],
  ]) {
    const { status, stderr } = runProgram('git', args, { ...BOUNDS, cwd, env, encoding: 'utf8' });
    if (status !== 0) return stderr.trim().split('\n')[0] ?? '';
  }
  return undefined;
}
