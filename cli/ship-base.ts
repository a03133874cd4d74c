import { createHash } from 'node:crypto';
import { relative, resolve } from 'node:path';
import { type Base, driftFrom, type Inspection } from '../delivery/index.ts';
import type { Fabric } from '../fabric/index.ts';
import { readBase } from '../repository/base-state.ts';
import { commitOf, fileAt, filesAt, git } from '../repository/git.ts';
import { drainedFiles } from '../routers/index.ts';
import { routerFolders } from './ship-deliveries.ts';

/** In place of a revision: the routers' state is unknown, so all that need it get a delivery. */
export const NO_BASE = 'none';

interface Where {
  readonly topology: string;
  readonly out: string;
  /** A git revision or a folder; undefined or `none`: to be found. */
  readonly base: string | undefined;
}

/**
 * The state of the repository that the routers run: the given one, or the youngest of this branch whose files for them they have.
 * Undefined where they have no such files; nothing is taken on trust.
 */
export async function baseThatRuns(
  where: Where,
  fabric: Fabric,
  head: ReadonlyMap<string, string>,
  inspections: ReadonlyMap<string, Inspection>,
): Promise<Base | undefined> {
  const { base } = where;
  const candidates = base === undefined || base === NO_BASE ? history(where) : [base];
  const now = hashesByRouter(head);
  const areRun = (files: ReadonlyMap<string, string>, then?: Fabric): boolean => {
    const hashes = hashesByRouter(files);
    return [...inspections].every(([router, one]) => {
      // What it runs meanwhile follows from the topology, which is read last.
      if (one.drained !== undefined) {
        return then === undefined || [then, fabric].some((state) => runsDrained(one, state, router));
      }
      return [hashes, now].some((all) => runs(one, all.get(router) ?? new Map()));
    });
  };
  for (const name of candidates) {
    const commit = commitOf(name);
    if (commit !== undefined && !areRun(routersAt(commit, where, head))) continue;
    const state = await readBase({ ...where, base: name }, head);
    if ('message' in state || state.topology === undefined || 'fault' in state.topology) return undefined;
    const { fabric: then } = state.topology;
    if (commit === undefined && !areRun(state.files ?? new Map(), then)) return undefined;
    if (commit !== undefined && !areRun(routersAt(commit, where, head), then)) continue;
    return { name: commit?.slice(0, 7) ?? name, fabric: then };
  }
  return undefined;
}

/** No routers run older commits; each one costs a call to git. */
const MOST = 50;

/** The youngest commit of this branch whose files of a router are those of a manifest (path to sha256); undefined if none has them. */
export function commitsDelivered(
  where: Where,
  head: ReadonlyMap<string, string>,
): (router: string, manifest: ReadonlyMap<string, string>) => string | undefined {
  let commits: readonly string[] | undefined;
  const known = new Map<string, Map<string, Map<string, string>>>();
  const at = (commit: string) => {
    const hashes = known.get(commit) ?? hashesByRouter(routersAt(commit, where, head));
    known.set(commit, hashes);
    return hashes;
  };
  return (router, manifest) => {
    commits ??= history(where);
    const wanted = [...manifest].filter(([path]) => OURS.test(path));
    return commits.find((commit) => {
      const files = at(commit).get(router);
      return files?.size === wanted.length && wanted.every(([path, hash]) => files.get(path) === hash);
    });
  };
}

/** From the youngest on, those of this branch in which a router's files changed. */
const history = ({ out }: Where): string[] =>
  git('log', '--first-parent', `-n${MOST}`, '--format=%H', '--', `${pathInCommit(out)}/routers`)
    ?.split('\n')
    .filter((line) => line !== '') ?? [];

/** The routers' files of a commit, by their path below the output folder. */
function routersAt(
  commit: string,
  { out }: Where,
  head: ReadonlyMap<string, string>,
): ReadonlyMap<string, string> {
  const folder = 'routers/';
  const headFiles = new Map([...head].map(([path, text]) => [path.slice(folder.length), text]));
  const files = filesAt(commit, `${pathInCommit(out)}/routers`, headFiles) ?? new Map<string, string>();
  return new Map([...files].map(([path, text]) => [`${folder}${path}`, text]));
}

const pathInCommit = (out: string): string => relative('.', resolve(out));

/** What BIRD reads of a router's folder; a password is not in git. */
const OURS = /^(k3s\/|bird\.conf$)/;

/** By router: path below its folder to sha256, of what BIRD reads. */
const hashesByRouter = (files: ReadonlyMap<string, string>): Map<string, Map<string, string>> =>
  new Map([...routerFolders(files)].map(([router, routerFiles]) => [router, hashesOf(routerFiles)]));

const hashesOf = (files: ReadonlyMap<string, string>): Map<string, string> =>
  new Map([...files].flatMap(([path, text]) => (OURS.test(path) ? [[path, sha256(text)]] : [])));

/** Whether a router has these files; one that never got any has none. */
const runs = (inspection: Inspection, wanted: ReadonlyMap<string, string>): boolean =>
  wanted.size === 0
    ? inspection.live === undefined
    : driftFrom(inspection, wanted).every(({ path }) => !OURS.test(path));

function runsDrained(inspection: Inspection, fabric: Fabric, name: string): boolean {
  const router = fabric.routers.find((one) => one.name === name && !one.planned);
  if (router === undefined || inspection.drained === undefined) return false;
  return runs(inspection, hashesOf(drainedFiles(fabric, router, inspection.drained)));
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** The text that was shipped, by its hash: of the working tree, or of the last commits in which the file changed. */
export function shippedText(
  { out }: Where,
  head: ReadonlyMap<string, string>,
  path: string,
  hash: string,
): string | undefined {
  const now = head.get(path);
  if (now !== undefined && sha256(now) === hash) return now;
  const file = `${pathInCommit(out)}/${path}`;
  const commits = git('log', `-n${MOST}`, '--format=%H', '--', file)?.split('\n') ?? [];
  for (const commit of commits) {
    const text = commit === '' ? undefined : fileAt(commit, file)?.toString('utf8');
    if (text !== undefined && sha256(text) === hash) return text;
  }
  return undefined;
}
