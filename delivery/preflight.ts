import type { ScriptFailure } from './answer.ts';
import type { RouterFault } from './fault.ts';
import { type Drift, driftFrom, type Inspection } from './inspection.ts';
import type { Release } from './release.ts';

/** Whether a release can be delivered to a router, from a look at it. */
export type Preflight =
  | { readonly verdict: 'unchanged' }
  /** `adopt`: the live files are not what was shipped last, and their owner hands them over. */
  | { readonly verdict: 'ready'; readonly adopt: boolean }
  /** `drift`: what differs from what was shipped, if that is the reason. */
  | { readonly verdict: 'refused'; readonly failed: ScriptFailure; readonly drift: readonly Drift[] };

/** Space for a release, its copy for BIRD, and the script's answers: three times its size plus one MiB. */
const roomFor = ({ files }: Release): number =>
  Math.ceil((3 * files.reduce((sum, { bytes }) => sum + bytes.length, 0)) / 1024) + 1024;

/** Whether the release may be delivered. Changes nothing, so that all routers can be asked before any is changed. */
export function preflight(inspection: Inspection, release: Release, acceptDrift: boolean): Preflight {
  const refusal = [otherBird, busy, broken, room]
    .map((rule) => rule(inspection, release))
    .find((fault) => fault !== undefined);
  const drift = driftOf(inspection, release);
  if (refusal !== undefined) return refused(refusal, drift);
  if (drift.length === 0) {
    return isLive(inspection, release)
      ? { verdict: 'unchanged' }
      : { verdict: 'ready', adopt: inspection.live === undefined };
  }
  if (acceptDrift) return { verdict: 'ready', adopt: true };
  const some =
    drift
      .slice(0, MOST)
      .map(({ path, is }) => `${path} ${is}`)
      .join(', ') + (drift.length > MOST ? ` and ${drift.length - MOST} more` : '');
  const [message, fix] =
    inspection.live === undefined
      ? [
          `nothing was shipped here yet, but there are other files: ${some}`,
          'To hand the folder over to noencap, ship with --accept-drift; a copy of the files is kept.',
        ]
      : [
          `files differ from what was shipped: ${some}`,
          'Put what is right into the topology, then ship with --accept-drift; a copy of the files is kept.',
        ];
  return refused({ code: 'drift', message, fix }, drift);
}

/** Nobody reads more names than this. */
const MOST = 5;

const refused = (fault: RouterFault, drift: readonly Drift[] = []): Preflight => ({
  verdict: 'refused',
  failed: { kind: 'refused', ...fault },
  drift,
});

type Rule = (inspection: Inspection, release: Release) => RouterFault | undefined;

/** BIRD 1.6 has a different syntax and no timed commit; what comes after 3 is unknown. */
const otherBird: Rule = ({ birdVersion }) =>
  /^[23]\./.test(birdVersion)
    ? undefined
    : {
        code: 'bird',
        message: `it runs BIRD ${birdVersion}, but BIRD 2 or 3 is required`,
        fix: 'Upgrade BIRD on the router.',
      };

const busy: Rule = ({ holder, pending, settled }) => {
  if (holder !== undefined) {
    return { code: 'lock', message: `${holder} is delivering to it`, fix: 'Wait until that delivery ends.' };
  }
  if (pending !== undefined) {
    const message = `a change awaits confirmation and is undone in ${Math.ceil(pending)} s`;
    return { code: 'state', message, fix: 'Confirm it or wait.' };
  }
  if (settled) return undefined;
  return { code: 'bird', message: 'BIRD is being reconfigured', fix: 'Wait until it is done.' };
};

const broken: Rule = ({ liveError, absoluteIncludes: [absolute] }) => {
  if (liveError !== undefined) {
    const message = `BIRD would reject its live files at a restart: ${liveError.replace(/^8002 /, '')}`;
    return { code: 'configuration', message, fix: 'Fix them on the router, and run birdc configure.' };
  }
  if (absolute === undefined) return undefined;
  const message = `${absolute.place} includes ${absolute.path}, so a staged copy would read the live files`;
  return { code: 'main-file', message, fix: 'Include it by a relative path.' };
};

const room: Rule = ({ writable, diskKb, inodes }, release) => {
  if (!writable) {
    const message = 'its configuration folder is not writable';
    return { code: 'rights', message, fix: 'Let the account that noencap logs in as write there.' };
  }
  const [needed, files] = [roomFor(release), 3 * release.files.length + 20];
  const full = (message: string): RouterFault => ({ code: 'folder', message, fix: 'Make room there.' });
  if (diskKb < needed) return full(`its disk has ${diskKb} KiB left, but ${needed} are needed`);
  if (inodes === undefined || inodes >= files) return undefined;
  return full(`its disk has ${inodes} inodes left, but ${files} are needed`);
};

/** Path to sha256 of what should be live: what was shipped last, or the release itself if nothing was. */
export const filesWanted = ({ live }: Inspection, { files }: Release): ReadonlyMap<string, string> =>
  live?.manifest ?? new Map(files.map(({ path, sha256 }) => [path, sha256]));

function driftOf(inspection: Inspection, release: Release): Drift[] {
  return [
    ...driftFrom(inspection, filesWanted(inspection, release)),
    ...inspection.odd.map((path): Drift => ({ path, is: 'added' })),
  ];
}

/** Whether this release is live and BIRD runs it: from the live files, or since it was confirmed. */
const isLive = ({ live, state, running }: Inspection, { hash }: Release): boolean =>
  live?.hash === hash && state?.what === 'shipped' && (running === undefined || running === hash);
