import type { Failure } from './answer.ts';
import { type Drift, driftFrom, type Inspection } from './inspection.ts';
import type { Release } from './release.ts';

/** What a look at a router says of delivering a release to it. */
export type Preflight =
  | { readonly verdict: 'unchanged' }
  /** `adopt`: what is live is not what was shipped last, and its owner lets it go. */
  | { readonly verdict: 'ready'; readonly adopt: boolean }
  /** `drift`: what is not as it was shipped, where that is why. */
  | { readonly verdict: 'refused'; readonly failed: Failure; readonly drift: readonly Drift[] };

/** Room for a release, its copy for BIRD, and the answers of the script: three times its size and a MiB. */
const roomFor = ({ files }: Release): number =>
  Math.ceil((3 * files.reduce((sum, { bytes }) => sum + bytes.length, 0)) / 1024) + 1024;

/** Whether the release may be delivered. Nothing is touched for it, so that all routers can be asked before any is changed. */
export function preflight(found: Inspection, release: Release, acceptDrift: boolean): Preflight {
  const refusal = [otherBird, busy, broken, room]
    .map((rule) => rule(found, release))
    .find((message) => message !== undefined);
  const drift = driftOf(found, release);
  if (refusal !== undefined) return refused(refusal, drift);
  if (drift.length === 0) {
    return isLive(found, release)
      ? { verdict: 'unchanged' }
      : { verdict: 'ready', adopt: found.live === undefined };
  }
  if (acceptDrift) return { verdict: 'ready', adopt: true };
  const some =
    drift
      .slice(0, MOST)
      .map(({ path, is }) => `${path} ${is}`)
      .join(', ') + (drift.length > MOST ? ` and ${drift.length - MOST} more` : '');
  return refused(
    found.live === undefined
      ? `nothing was shipped here yet, and there are other files: ${some}. To let noencap have the folder, ship with --accept-drift; what is there is kept`
      : `files are not as they were shipped: ${some}. Put what is right into the topology, then ship with --accept-drift; what is there is kept`,
    drift,
  );
}

/** More names than these nobody reads. */
const MOST = 5;

const refused = (message: string, drift: readonly Drift[] = []): Preflight => ({
  verdict: 'refused',
  failed: { kind: 'refused', message },
  drift,
});

type Rule = (found: Inspection, release: Release) => string | undefined;

/** BIRD 1.6 has another syntax and no timed commit; what comes after 3 nobody knows. */
const otherBird: Rule = ({ birdVersion }) =>
  /^[23]\./.test(birdVersion) ? undefined : `it runs BIRD ${birdVersion}, and BIRD 2 or 3 is needed`;

const busy: Rule = ({ holder, pending, settled }) => {
  if (holder !== undefined) return `${holder} is delivering to it`;
  if (pending !== undefined) {
    return `a change waits for its confirmation, and is undone in ${Math.ceil(pending)} s. Confirm it or wait`;
  }
  return settled ? undefined : 'BIRD is being reconfigured. Wait until it is done';
};

const broken: Rule = ({ liveError, absoluteIncludes: [absolute] }) => {
  if (liveError !== undefined)
    return `BIRD would not take its live files at a restart: ${liveError.replace(/^8002 /, '')}`;
  if (absolute === undefined) return undefined;
  return `${absolute.place} includes ${absolute.path}, so that a staged copy would read the live files. Include it by a relative path`;
};

const room: Rule = ({ writable, diskKb, inodes }, release) => {
  if (!writable) return 'its configuration folder cannot be written to';
  const needed = roomFor(release);
  if (diskKb < needed) return `its disk has ${diskKb} KiB left, and ${needed} are needed`;
  const files = 3 * release.files.length + 20;
  return inodes !== undefined && inodes < files
    ? `its disk has ${inodes} inodes left, and ${files} are needed`
    : undefined;
};

/** Path to sha256 of what should be live: what was shipped last, or the release itself where nothing was. */
export const filesWanted = ({ live }: Inspection, { files }: Release): ReadonlyMap<string, string> =>
  live?.manifest ?? new Map(files.map(({ path, sha256 }) => [path, sha256]));

function driftOf(found: Inspection, release: Release): Drift[] {
  return [
    ...driftFrom(found, filesWanted(found, release)),
    ...found.odd.map((path): Drift => ({ path, is: 'added' })),
  ];
}

/** The same release, and BIRD runs it: from the live files, or since it was confirmed. */
const isLive = ({ live, state, running }: Inspection, { hash }: Release): boolean =>
  live?.hash === hash && state?.what === 'shipped' && (running === undefined || running === hash);
