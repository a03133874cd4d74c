import { createHash } from 'node:crypto';
import { readdirSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import type { ClusterFile, Given, RouterFolder } from '../adopt/index.ts';
import { kubectl } from '../live/kubectl.ts';
import { runningObjects } from '../live/running-objects.ts';
import { readAtMost, whyUnreadable } from '../machine/index.ts';
import { git } from '../repository/git.ts';
import { LARGEST_MANIFEST } from '../repository/vendored.ts';
import { repositoryURL } from '../topology/external.ts';
import { LARGEST_TOPOLOGY } from '../topology/index.ts';
import type { Refusal } from './refusal.ts';

export interface AdoptOptions {
  readonly cluster: readonly string[];
  readonly live: boolean;
  /** `NAME=FOLDER` each. */
  readonly router: readonly string[];
  readonly known?: string | undefined;
  readonly operatorManifest?: string | undefined;
  /** Undefined: the topology goes to stdout, and what is said of it to stderr. */
  readonly out?: string | undefined;
  readonly force: boolean;
}

/** Today's network as the options name it; `manifest` is the operator's, as a path on this machine. */
export async function readInput(
  options: AdoptOptions,
): Promise<{ readonly given: Given; readonly manifest: string | undefined } | Refusal> {
  const cluster = await readCluster(options);
  if ('message' in cluster) return cluster;
  const rest = readRest(options);
  if ('message' in rest) return rest;
  const { manifest, ...given } = rest;
  return { given: { ...given, cluster: cluster.files, repoURL: originOf() }, manifest };
}

async function readCluster(
  options: AdoptOptions,
): Promise<{ readonly files: readonly ClusterFile[] } | Refusal> {
  if (!options.live) {
    const files = options.cluster.map((file) => fileOf(file));
    const refused = files.find((one) => 'message' in one);
    if (refused !== undefined && 'message' in refused) return refused;
    return { files: files.flatMap((one) => ('bytes' in one ? [one] : [])) };
  }
  const running = await runningObjects(kubectl);
  if (!running.ok) return { code: 'cluster-environment', message: running.message, fix: running.fix };
  const encoder = new TextEncoder();
  return {
    files: running.printed.map(({ args, json }) => ({
      file: `kubectl ${args.join(' ')}`,
      bytes: encoder.encode(json),
    })),
  };
}

function readRest(options: AdoptOptions) {
  const known = options.known === undefined ? undefined : fileOf(options.known, LARGEST_TOPOLOGY);
  if (known !== undefined && 'message' in known) return known;
  const routers: RouterFolder[] = [];
  for (const one of options.router) {
    const at = one.indexOf('=');
    const files = filesBelow(one.slice(at + 1));
    if ('message' in files) return files;
    routers.push({ name: one.slice(0, at), files: files.files });
  }
  const { operatorManifest: manifest } = options;
  const bytes = manifest === undefined ? undefined : fileOf(manifest, LARGEST_MANIFEST);
  if (bytes !== undefined && 'message' in bytes) return bytes;
  const operatorManifest =
    manifest === undefined || bytes === undefined
      ? undefined
      : {
          path: relative(dirname(options.out ?? 'topology.yaml'), manifest),
          sha256: createHash('sha256').update(bytes.bytes).digest('hex'),
        };
  return { known, routers, operatorManifest, manifest };
}

/** A copy of /etc/bird is small; what is not is another folder. */
const MOST_FILES = 20_000;
const LARGEST_FILE = 4 * 1024 * 1024;

/** Files below a folder, links followed; what a delivery keeps for itself is left out. */
function filesBelow(folder: string): { readonly files: ReadonlyMap<string, Uint8Array> } | Refusal {
  const files = new Map<string, Uint8Array>();
  const walk = (below: string, depth: number): void => {
    for (const name of readdirSync(join(folder, below)).sort()) {
      const path = join(below, name);
      if (name.startsWith('.') || files.size > MOST_FILES) continue;
      const found = statSync(join(folder, path), { throwIfNoEntry: false });
      if (found?.isDirectory() === true && depth < 6) walk(path, depth + 1);
      else if (found?.isFile() === true && found.size <= LARGEST_FILE)
        files.set(path, readAtMost(join(folder, path), LARGEST_FILE));
    }
  };
  try {
    walk('', 0);
  } catch (error) {
    return unreadable((error as NodeJS.ErrnoException).path ?? folder, error);
  }
  return files.size > MOST_FILES
    ? {
        code: 'file',
        message: `${folder} holds too many files to be a copy of /etc/bird`,
        fix: 'Name another.',
      }
    : { files };
}

/** The repository of the folder, as a guess; none where its URL holds credentials or a topology could not have it. */
function originOf(): string | undefined {
  const origin = git('remote', 'get-url', 'origin');
  return origin !== undefined && repositoryURL.safeParse(origin).success ? origin : undefined;
}

const SYSTEM: Readonly<Record<string, string>> = {
  ENOENT: 'does not exist',
  EISDIR: 'is a folder',
  ENOTDIR: 'is not a folder',
  EACCES: 'is not readable by this user',
};

const unreadable = (path: string, error: unknown): Refusal => ({
  code: 'file',
  message: `${path} ${SYSTEM[(error as NodeJS.ErrnoException).code ?? ''] ?? whyUnreadable(error)}`,
  fix: 'Name another.',
});

/** A cluster of 10,000 nodes with all that kubectl prints of them. */
const LARGEST_OBJECTS = 256 * 1024 * 1024;

function fileOf(file: string, most = LARGEST_OBJECTS): ClusterFile | Refusal {
  try {
    return { file, bytes: readAtMost(file, most) };
  } catch (error) {
    return unreadable(file, error);
  }
}
