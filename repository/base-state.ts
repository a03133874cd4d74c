import { existsSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { smallestPodMtu } from '../analysis/index.ts';
import { buildFabric, type Fabric } from '../fabric/index.ts';
import type { TrustFiles } from '../review/index.ts';
import { formatFault, type Loaded, loadTopology, type Source } from '../topology/index.ts';
import { READ_WHOLE, readRendered } from './dist.ts';
import { commitOf, fileAt, filesAt, git, layOut } from './git.ts';
import { isModule, readTopology } from './read-topology.ts';
import { readIfThere, trustFiles } from './trust-files.ts';

/** The state of the repository that another one is compared with. */
export interface BaseState {
  /** Its name as given by the user or as found. */
  readonly name: string;
  /** Undefined for a folder. */
  readonly commit: string | undefined;
  /** Undefined if it has none yet; its first fault if it has some. */
  readonly topology:
    | { readonly fabric: Fabric; readonly source: Source }
    | { readonly fault: string }
    | undefined;
  /** The content of its output folder for cluster, routers and nodes; undefined if there is none. */
  readonly files: ReadonlyMap<string, string> | undefined;
  readonly trust: TrustFiles;
}

export interface NoBase {
  readonly message: string;
  readonly fix: string;
}

export interface BaseOptions {
  readonly topology: string;
  readonly out: string;
  /** A git revision or a folder; undefined: where this branch left the main branch. */
  readonly base: string | undefined;
}

/** Reads the base from git or from a folder. `currentFiles`: files of the output folder as they are now, which need not be read again. */
export async function readBase(
  options: BaseOptions,
  currentFiles: ReadonlyMap<string, string> = new Map(),
): Promise<BaseState | NoBase> {
  const { base } = options;
  if (git('--version') === undefined) {
    return { message: 'git is not installed', fix: 'Install it: apt-get install git' };
  }
  if (base === undefined) {
    const found = mergeBase();
    return 'message' in found
      ? found
      : stateAt(found.commit, `the merge base with ${found.main}`, options, currentFiles);
  }
  const commit = commitOf(base);
  if (commit !== undefined) return stateAt(commit, base, options, currentFiles);
  if (existsSync(base) && statSync(base).isDirectory()) return stateIn(base, options);
  return {
    message: `${JSON.stringify(base)} is neither a git revision nor a folder`,
    fix: 'Name another with --base.',
  };
}

/** In a pull request's workflow its target branch; else the remote's main branch, else a local one. */
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

function mergeBase(): { readonly commit: string; readonly main: string } | NoBase {
  if (git('rev-parse', '--git-dir') === undefined) {
    return { message: 'this is not a git repository', fix: 'Name what to compare with: --base FOLDER.' };
  }
  const main = mainBranch();
  if (main === undefined) {
    return { message: 'no main branch was found', fix: 'Name what to compare with: --base REVISION.' };
  }
  const commit = git('merge-base', 'HEAD', main);
  if (commit !== undefined) return { commit, main };
  return {
    message: `HEAD and ${main} have no common commit here`,
    fix: 'Fetch the whole history (git fetch --unshallow; in a workflow fetch-depth: 0), or name a revision with --base.',
  };
}

async function stateAt(
  commit: string,
  name: string,
  { topology, out }: BaseOptions,
  currentFiles: ReadonlyMap<string, string>,
): Promise<BaseState | NoBase> {
  const path = relative('.', resolve(topology));
  const bytes = fileAt(commit, path);
  const files = filesAt(commit, relative('.', resolve(out)), currentFiles);
  const read = files && new Map([...files].filter(([file]) => READ_WHOLE.test(file)));
  const trust = trustFiles(topology, (file) => fileAt(commit, relative('.', resolve(file))));
  if (bytes === undefined) return { name, commit, topology: undefined, files: read, trust };
  const loaded = isModule(topology)
    ? await moduleAt(commit, path, topology)
    : loadTopology({ file: topology, bytes });
  return 'message' in loaded ? loaded : stateOf(loaded, { name, commit, files: read, trust });
}

/** A topology in TypeScript may import anything beside it: the whole commit is checked out in a temporary folder. */
async function moduleAt(commit: string, path: string, name: string): Promise<Loaded | NoBase> {
  const folder = mkdtempSync(join(tmpdir(), 'noencap-base-'));
  try {
    const why = layOut(commit, folder);
    if (why !== undefined) {
      return {
        message: `git cannot check out ${commit}: ${why}`,
        fix: 'Fix that, or name a folder with --base.',
      };
    }
    return await readTopology(join(folder, 'tree', git('rev-parse', '--show-prefix') ?? '', path), name);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** `folder` replaces the working folder: topology and output folder have the same relative paths. */
async function stateIn(folder: string, { topology, out }: BaseOptions): Promise<BaseState | NoBase> {
  const there = (path: string) => join(folder, relative('.', resolve(path)));
  const trust = trustFiles(topology, (file) => readIfThere(there(file)));
  const called = { name: folder, commit: undefined, trust };
  const files = existsSync(there(out)) ? filesBelow(there(out)) : undefined;
  if (!existsSync(there(topology))) return { ...called, topology: undefined, files };
  return stateOf(await readTopology(there(topology), topology), { ...called, files });
}

function stateOf(loaded: Loaded, state: Omit<BaseState, 'topology'>): BaseState {
  if (loaded.ok) {
    return {
      ...state,
      topology: { fabric: buildFabric(loaded.topology, smallestPodMtu), source: loaded.source },
    };
  }
  const [first] = loaded.faults;
  const [fault = ''] = first === undefined ? [] : formatFault(first, loaded.source).split('\n');
  return { ...state, topology: { fault } };
}

/** Links are not followed. */
function filesBelow(folder: string): ReadonlyMap<string, string> {
  const found: [string, string][] = [];
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const path = relative(folder, join(entry.parentPath, entry.name));
    const text = READ_WHOLE.test(path) ? readRendered(join(folder, path))?.text : undefined;
    if (text !== undefined) found.push([path, text]);
  }
  return new Map(found.sort(([a], [b]) => (a < b ? -1 : 1)));
}
