import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { scratchProject } from '../cli/run.ts';

/** A repository as on GitHub: `main`, a branch, and the merge commit of a pull request between them. */
export interface Repository {
  readonly folder: string;
  readonly base: string;
  readonly head: string;
  readonly merge: string;
}

/** The name of the tests' pull request. */
export const PULL = { number: 7, branch: 'change' } as const;

/** Creates one: `main` contains this project, and the pull request is what `change` does to it. */
export function repositoryWith(change: (folder: string) => void): Repository {
  const folder = scratchProject();
  git(folder, 'init', '-q', '-b', 'main');
  ignoreLinks(folder);
  // GitHub serves any commit that is asked for.
  git(folder, 'config', 'uploadpack.allowAnySHA1InWant', 'true');
  const base = commit(folder, 'What runs');
  git(folder, 'checkout', '-q', '-b', PULL.branch);
  change(folder);
  const head = commit(folder, 'What shall run');
  git(folder, 'checkout', '-q', '--detach', 'main');
  git(folder, ...AUTHOR, 'merge', '-q', '--no-ff', '-m', 'Merge', PULL.branch);
  const merge = git(folder, 'rev-parse', 'HEAD');
  git(folder, 'update-ref', `refs/pull/${PULL.number}/merge`, merge);
  git(folder, 'checkout', '-q', 'main');
  return { folder, base, head, merge };
}

/** Merges it: `main` becomes what `change` was. */
export const advance = ({ folder, head }: Repository): void =>
  void git(folder, 'reset', '-q', '--hard', head);

/** Adds a commit to `main`. */
export function push(repository: Repository, change: (folder: string) => void): string {
  change(repository.folder);
  return commit(repository.folder, 'More');
}

/** Does what actions/checkout does: all branches and tags with their history if asked for, else only the one commit. */
export function checkOut(repository: Repository, ref: string, depth: unknown, workspace: string): void {
  const url = `file://${repository.folder}`;
  const branches = depth === 0 ? ['+refs/heads/*:refs/remotes/origin/*', '+refs/tags/*:refs/tags/*'] : [];
  git(workspace, 'init', '-q', '-b', 'main');
  ignoreLinks(workspace);
  git(workspace, 'remote', 'add', 'origin', url);
  git(workspace, 'fetch', '-q', ...(depth === 0 ? [] : ['--depth', '1']), 'origin', ref, ...branches);
  git(workspace, 'checkout', '-q', '--detach', 'FETCH_HEAD');
  // BIRD 1.6.8 was fetched when the tests were set up. Once is enough.
  if (!existsSync('.cache/bird1')) return;
  mkdirSync(join(workspace, '.cache'));
  symlinkSync(resolve('.cache/bird1'), join(workspace, '.cache/bird1'));
}

/** Our patterns end in a slash, and so do not match links. */
const ignoreLinks = (folder: string): void =>
  writeFileSync(join(folder, '.git/info/exclude'), 'node_modules\n.cache\n');

const AUTHOR = [
  '-c',
  'user.name=Somebody',
  '-c',
  'user.email=somebody@example.org',
  '-c',
  'commit.gpgSign=false',
];

function commit(folder: string, message: string): string {
  git(folder, 'add', '-A');
  git(folder, ...AUTHOR, 'commit', '-q', '-m', message);
  return git(folder, 'rev-parse', 'HEAD');
}

const git = (folder: string, ...args: readonly string[]): string =>
  execFileSync('git', args, { cwd: folder, encoding: 'utf8' }).trim();
