import { existsSync, lstatSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { runProgram } from '../machine/index.ts';
import { shellWord } from '../topology/shell-word.ts';
import type { RenderedFiles } from './dist.ts';
import { makeFolder, writeDist } from './write-dist.ts';

/** Where a new repository may go. */
export interface Ground {
  readonly folder: string;
  /** `new`: there is no such folder; `empty`: there is; `cloned`: it holds a .git without any commit, and nothing else. */
  readonly state: 'new' | 'empty' | 'cloned';
  /** Everything is put together there first, on the same file system. */
  readonly staged: string;
  /** The uppermost folder that is made for it. */
  readonly made: string;
}

/** Why none goes there, and the fix. */
export interface NoGround {
  readonly message: string;
  readonly fix: string;
}

const STAGED = '.noencap-new';

/** Looks at the folder, and touches nothing. */
export function groundAt(folder: string): Ground | NoGround {
  const target = resolve(folder);
  const found = lstatSync(target, { throwIfNoEntry: false });
  if (found === undefined) {
    const staged = join(dirname(target), `.${basename(target)}${STAGED}`);
    return existsSync(staged)
      ? leftOf(staged)
      : { folder: target, state: 'new', staged, made: uppermostMissing(staged) };
  }
  if (!found.isDirectory())
    return { message: `${folder} is there, and is no folder`, fix: 'Name another folder.' };
  const entries = readdirSync(target);
  if (entries.includes(STAGED)) return leftOf(join(target, STAGED));
  const others = entries.filter((name) => name !== '.git').sort();
  if (others.length > 0) {
    const some = others.slice(0, 3).join(', ');
    return {
      message: `${folder} is not empty: it holds ${some}${others.length > 3 ? `, and ${others.length - 3} more` : ''}`,
      fix: 'Name a folder that does not exist yet, or is empty.',
    };
  }
  const staged = join(target, STAGED);
  if (entries.length === 0) return { folder: target, state: 'empty', staged, made: staged };
  if (
    gitIn(target, 'rev-parse', '--git-dir').status !== 0 ||
    gitIn(target, 'rev-parse', '-q', '--verify', 'HEAD').status === 0
  ) {
    return {
      message: `${folder} has a .git that is no clone of an empty repository`,
      fix: 'Name another folder, or check out what it holds.',
    };
  }
  return { folder: target, state: 'cloned', staged, made: staged };
}

const uppermostMissing = (path: string): string =>
  existsSync(dirname(path)) ? path : uppermostMissing(dirname(path));

const leftOf = (staged: string): NoGround => ({
  message: `${staged} is left of a run that was killed, or is that of one at work`,
  fix: `Remove it: rm -r ${shellWord(staged)}`,
});

/** Path below the repository to the content of the file. */
export type StartFiles = ReadonlyMap<string, string | Uint8Array>;

/** Writes everything beside its place. */
export function stage(ground: Ground, files: StartFiles, dist: RenderedFiles): void {
  makeFolder(dirname(ground.staged));
  mkdirSync(ground.staged);
  for (const [path, text] of files) {
    const file = join(ground.staged, path);
    makeFolder(dirname(file));
    writeFileSync(file, text, { flag: 'wx' });
  }
  writeDist(join(ground.staged, 'dist'), dist);
}

/** Puts what is staged in its place: with one rename where there was nothing. */
export function settle({ folder, state, staged }: Ground): void {
  if (state === 'new') {
    renameSync(staged, folder);
    return;
  }
  const moved: string[] = [];
  try {
    for (const name of readdirSync(staged).sort()) {
      renameSync(join(staged, name), join(folder, name));
      moved.push(name);
    }
  } catch (error) {
    for (const name of moved) renameSync(join(folder, name), join(staged, name));
    throw error;
  }
  rmSync(staged, { recursive: true });
}

/** Leaves nothing of what was staged. */
export const abandon = ({ made }: Ground): void => rmSync(made, { recursive: true, force: true });

/** What git made of it. */
export type Committed =
  | { readonly is: 'committed' }
  /** All files are in the index, and git would not commit them. */
  | { readonly is: 'staged'; readonly why: string }
  | { readonly is: 'without git'; readonly why: string };

/** A repository of its own, whatever it lies in, with one commit on main, by the user. */
export function commitAll(folder: string, message: string): Committed {
  const started = gitIn(folder, 'init', '-q', '-b', 'main');
  if (started.status !== 0) return { is: 'without git', why: lastLine(started) };
  // A clone of an empty repository begins with the branch that its server, or the user, calls the main one.
  gitIn(folder, 'symbolic-ref', 'HEAD', 'refs/heads/main');
  // What the user's own ignore file leaves out elsewhere, dist for one, belongs to this repository.
  const ours = readdirSync(folder).filter(
    (name) => !['.git', 'node_modules', '.cache', STAGED].includes(name),
  );
  const added = gitIn(folder, 'add', '--force', '--', ...ours.sort());
  if (added.status !== 0) return { is: 'without git', why: lastLine(added) };
  // Git makes up an address from the name of the machine, if it may.
  const who = gitIn(folder, '-c', 'user.useConfigOnly=true', 'var', 'GIT_COMMITTER_IDENT');
  const author = gitIn(folder, '-c', 'user.useConfigOnly=true', 'var', 'GIT_AUTHOR_IDENT');
  if (who.status !== 0 || author.status !== 0)
    return { is: 'staged', why: 'git does not know who you are (user.name and user.email)' };
  const committed = gitIn(folder, 'commit', '-q', '-m', message);
  return committed.status === 0
    ? { is: 'committed' }
    : { is: 'staged', why: `git would not commit: ${lastLine(committed)}` };
}

/** The URL of the remote that a clone came from. */
export const originIn = (folder: string): string | undefined => {
  const { status, stdout } = gitIn(folder, 'remote', 'get-url', 'origin');
  return status === 0 ? stdout.trim() : undefined;
};

interface GitRun {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** In that folder and no other: a hook that runs noencap has its own repository in the environment. */
function gitIn(folder: string, ...args: readonly string[]): GitRun {
  const env = Object.fromEntries(
    Object.entries(process.env).filter(
      ([name]) => !/^GIT_(DIR|WORK_TREE|INDEX_FILE|PREFIX|OBJECT_DIRECTORY)$/.test(name),
    ),
  );
  const { status, stdout, stderr, error } = runProgram('git', args, {
    cwd: folder,
    env: { ...env, LC_ALL: 'C' },
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 300_000,
    killSignal: 'SIGKILL',
  });
  return { status, stdout, stderr: error === undefined ? stderr : 'git is not installed' };
}

const lastLine = ({ stderr, stdout }: GitRun): string =>
  (stderr.trim() || stdout.trim() || 'it does not say why').split('\n').at(-1) ?? '';
