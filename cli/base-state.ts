import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, posix, relative, resolve } from 'node:path';
import { buildFabric, type Fabric } from '../fabric/index.ts';
import { formatFault, type Source } from '../topology/index.ts';
import { READ_WHOLE, readRendered } from './dist.ts';
import { readTopology } from './read-topology.ts';

/** The state of the repository that another one is compared with. */
export interface BaseState {
  /** How the user called it, or what it was found to be. */
  readonly name: string;
  /** Undefined for a folder. */
  readonly commit: string | undefined;
  /** Undefined where it has no topology yet. */
  readonly topology: { readonly fabric: Fabric; readonly source: Source } | undefined;
  /** What stands in its output folder for cluster, routers and nodes; undefined where there is none. */
  readonly files: ReadonlyMap<string, string> | undefined;
}

export interface NoBase {
  readonly says: string;
  readonly mend: string;
}

export interface BaseOptions {
  readonly topology: string;
  readonly out: string;
  /** A git revision or a folder; undefined: where this branch left the main branch. */
  readonly base: string | undefined;
}

/**
 * Reads the base from git or from a folder. Git's version is laid out in a temporary folder, because a topology in TypeScript
 * may import what stands beside it; nothing of the repository is touched.
 */
export function readBase({ topology, out, base }: BaseOptions): BaseState | NoBase {
  if (git('--version') === undefined) {
    return { says: 'git is not installed', mend: 'Install it: apt-get install git' };
  }
  const at = base === undefined ? mergeBase() : commitOf(base);
  if (typeof at === 'object') return at;
  if (at === undefined && base !== undefined && isFolder(base)) {
    return stateIn(base, { topology, out }, { name: base, commit: undefined });
  }
  if (at === undefined) {
    return {
      says: `${JSON.stringify(base)} is neither a git revision nor a folder`,
      mend: 'Name another with --base.',
    };
  }
  const laidOut = mkdtempSync(join(tmpdir(), 'noencap-base-'));
  try {
    const failed = layOut(at, laidOut);
    if (failed !== undefined) return failed;
    const here = git('rev-parse', '--show-prefix') ?? '';
    const name = base ?? `the merge base with ${mainBranch() ?? 'the main branch'}`;
    return stateIn(join(laidOut, 'tree', here), { topology, out }, { name, commit: at });
  } finally {
    rmSync(laidOut, { recursive: true, force: true });
  }
}

const isFolder = (path: string): boolean => existsSync(path) && statSync(path).isDirectory();

/** What git prints, without its last line feed; undefined if it refuses. */
function git(...args: readonly string[]): string | undefined {
  const { status, stdout } = spawnSync('git', args, { encoding: 'utf8' });
  return status === 0 ? stdout.replace(/\n$/, '') : undefined;
}

const commitOf = (revision: string): string | undefined =>
  git('rev-parse', '--verify', '--quiet', '--end-of-options', `${revision}^{commit}`);

/** In a pull request's workflow the branch that it is to be merged into; else the remote's main branch, else one of our own. */
function mainBranch(): string | undefined {
  const { GITHUB_BASE_REF: target } = process.env;
  const candidates = [
    ...(target === undefined || target === '' ? [] : [`origin/${target}`]),
    'origin/HEAD',
    'origin/main',
    'origin/master',
    'main',
    'master',
  ];
  return candidates.find((name) => commitOf(name) !== undefined);
}

function mergeBase(): string | NoBase {
  if (git('rev-parse', '--git-dir') === undefined) {
    return { says: 'this is no git repository', mend: 'Name what to compare with: --base FOLDER.' };
  }
  const main = mainBranch();
  if (main === undefined) {
    return { says: 'no main branch was found', mend: 'Name what to compare with: --base REVISION.' };
  }
  const found = git('merge-base', 'HEAD', main);
  return (
    found ?? {
      says: `git knows no commit that HEAD and ${main} have in common`,
      mend: 'Fetch the whole history (git fetch --unshallow; in a workflow fetch-depth: 0), or name a revision with --base.',
    }
  );
}

/** By an index of its own: neither the work tree nor git's index is touched, and no attribute leaves a file out. */
function layOut(commit: string, folder: string): NoBase | undefined {
  const env = { ...process.env, GIT_INDEX_FILE: join(folder, 'index') };
  const cwd = git('rev-parse', '--show-toplevel') ?? '.';
  for (const args of [
    ['read-tree', commit],
    ['checkout-index', '--all', '--force', `--prefix=${join(folder, 'tree')}/`],
  ]) {
    const { status, stderr } = spawnSync('git', args, { cwd, env, encoding: 'utf8' });
    if (status !== 0) {
      const why = stderr.trim().split('\n')[0] ?? '';
      return {
        says: `git cannot lay out ${commit}: ${why}`,
        mend: 'Mend that, or name a folder with --base.',
      };
    }
  }
  return undefined;
}

/** `folder` stands for the working folder: the topology and the output folder are where they are here. */
function stateIn(
  folder: string,
  { topology, out }: { readonly topology: string; readonly out: string },
  called: Pick<BaseState, 'name' | 'commit'>,
): BaseState | NoBase {
  const there = (path: string) => join(folder, relative('.', resolve(path)));
  const files = existsSync(there(out)) ? filesBelow(there(out)) : undefined;
  if (!existsSync(there(topology))) return { ...called, topology: undefined, files };
  const loaded = readTopology(there(topology), topology);
  if (loaded.ok) {
    const { source } = loaded;
    return { ...called, topology: { fabric: buildFabric(loaded.topology), source }, files };
  }
  const [first] = loaded.faults;
  const fault = first === undefined ? '' : formatFault(first, loaded.source);
  return {
    says: `the topology of ${called.name} has faults: ${fault}`,
    mend: 'Name another revision with --base.',
  };
}

/** Links are not followed. */
function filesBelow(folder: string): ReadonlyMap<string, string> {
  const found: [string, string][] = [];
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const path = relative(folder, join(entry.parentPath, entry.name)).split('\\').join('/');
    const text = READ_WHOLE.test(path) ? readRendered(join(folder, path))?.text : undefined;
    if (text !== undefined) found.push([posix.normalize(path), text]);
  }
  return new Map(found.sort(([a], [b]) => (a < b ? -1 : 1)));
}
