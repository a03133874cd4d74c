import { createHash } from 'node:crypto';
import { join, relative, resolve } from 'node:path';
import { filesAt, git } from '../repository/git.ts';
import type { RouterLook } from '../verify/index.ts';

/** What a router was delivered last. */
export interface LastDelivery {
  readonly router: string;
  /** The youngest commit that renders it; undefined if none of the last ones does. */
  readonly commit: string | undefined;
  /** Seconds, by the router's own clock. */
  readonly ago: number | undefined;
  /** Since when traffic is led around it: it has files of its own until that ends. */
  readonly drainedSince: string | undefined;
}

/** Nobody looks further back; each commit costs two calls of git. */
const MOST = 20;

/** Of every router that was read; undefined if nothing was ever delivered to it. */
export function lastDeliveries(
  looks: readonly RouterLook[],
  rendered: ReadonlyMap<string, ReadonlyMap<string, string>>,
  out: string,
): ReadonlyMap<string, LastDelivery | undefined> {
  return new Map(
    looks.flatMap(({ router, read }): [string, LastDelivery | undefined][] => {
      if (read === undefined) return [];
      const { delivery, drained } = read;
      if (delivery === undefined) return [[router, undefined]];
      if (drained !== undefined)
        return [[router, { router, commit: undefined, ago: undefined, drainedSince: drained.since }]];
      const files = rendered.get(router) ?? new Map<string, string>();
      const commit = commitOf(delivery.manifest, join(out, 'routers', router), files);
      return [[router, { router, commit, ago: delivery.ago, drainedSince: undefined }]];
    }),
  );
}

/** The youngest commit whose files BIRD would read as they were delivered. */
function commitOf(
  delivered: ReadonlyMap<string, string>,
  folder: string,
  now: ReadonlyMap<string, string>,
): string | undefined {
  const path = relative('.', resolve(folder));
  const log = git('log', '--first-parent', `-n${MOST}`, '--format=%h', '--', path) ?? '';
  const commits = log.split('\n').filter((line) => line !== '');
  return commits.find((commit) => {
    const files = filesAt(commit, path, now);
    return files !== undefined && files.size > 0 && isSame(delivered, files);
  });
}

/** What BIRD reads of a router's folder; the rest is applied by hand, and a password is not in git. */
const OURS = /^(k3s\/|bird\.conf$)/;

function isSame(delivered: ReadonlyMap<string, string>, files: ReadonlyMap<string, string>): boolean {
  const own = [...files].filter(([path]) => OURS.test(path));
  const theirs = [...delivered.keys()].filter((path) => OURS.test(path));
  return own.length === theirs.length && own.every(([path, text]) => delivered.get(path) === sha256(text));
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
