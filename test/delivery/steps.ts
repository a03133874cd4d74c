import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { Outcome } from '../../delivery/answer.ts';
import type { Inspection } from '../../delivery/inspection.ts';
import { type Release, releaseOf } from '../../delivery/release.ts';
import * as router from '../../delivery/router.ts';
import type { Line, Remote } from '../../delivery/ssh/remote.ts';
import { waited } from '../waited.ts';
import { type Bird, local, mainFile, type Surroundings, session, startBird } from './bird.ts';

/** Seconds: the longest time limit for BIRD, for changes that any machine confirms or undoes long before that. */
export const NO_HURRY = 3600;

/** A release whose one session has this name. */
export const release = (name: string): Release =>
  releaseOf(
    new Map([
      ['k3s/ibgp.conf', session(name)],
      ['sysctl.d/90-noencap.conf', 'net.ipv4.ip_forward = 1\n'],
    ]),
  );

/** The result of a step; throws its failure. */
export function done<T>(outcome: Outcome<T>): T {
  if (outcome.failed !== undefined) throw new Error(`${outcome.failed.kind}: ${outcome.failed.message}`);
  return outcome.done;
}

/** The steps on one router, with its lock held: over the lock's session, or `by` another line. */
export interface Steps {
  readonly bird: Bird;
  readonly lock: router.Lock;
  readonly look: () => Promise<Inspection>;
  readonly adopt: (by?: Line) => Promise<Outcome<string>>;
  readonly stage: (what: Release, by?: Line) => Promise<Outcome<string>>;
  readonly check: (what: Release, by?: Line) => ReturnType<typeof router.check>;
  readonly apply: (what: Release, seconds?: number, by?: Line) => ReturnType<typeof router.apply>;
  readonly confirm: (what: Release, by?: Line) => Promise<Outcome<string>>;
  readonly undo: (by?: Line) => Promise<Outcome<string>>;
  readonly settle: (by?: Line) => ReturnType<typeof router.settle>;
  readonly discard: (by?: Line) => Promise<Outcome<string>>;
  /** A whole delivery. */
  readonly ship: (what: Release) => Promise<void>;
  /** The session that the live file has. */
  readonly onDisk: () => string | undefined;
  readonly state: () => string | undefined;
  /** What noencap has on the router, except the lock. */
  readonly inventory: () => string[];
}

export function stepsOn(
  bird: Bird,
  lock: router.Lock,
  remote: Remote,
  settings: router.RouterSettings = bird.settings,
): Steps {
  const own = join(bird.config, '.noencap');
  const text = (path: string) =>
    existsSync(join(bird.config, path)) ? readFileSync(join(bird.config, path), 'utf8') : undefined;
  const steps: Steps = {
    bird,
    lock,
    look: async () => done(await router.inspect(remote, settings)),
    adopt: (by: Line = lock) => router.adopt(by, settings, lock),
    stage: (what, by: Line = lock) => router.stage(by, settings, lock, what),
    check: (what, by: Line = lock) => router.check(by, settings, lock, what.hash),
    apply: (what, seconds = NO_HURRY, by: Line = lock) =>
      router.apply(by, settings, lock, what.hash, seconds),
    confirm: (what, by: Line = lock) => router.confirm(by, settings, lock, what.hash),
    undo: (by: Line = lock) => router.undo(by, settings, lock),
    settle: (by: Line = lock) => router.settle(by, settings, lock),
    discard: (by: Line = lock) => router.discard(by, settings, lock),
    ship: async (what) => {
      done(await steps.stage(what));
      done(await steps.check(what));
      done(await steps.apply(what));
      done(await steps.confirm(what));
    },
    onDisk: () => /protocol bgp (\S+)/.exec(text('k3s/ibgp.conf') ?? '')?.[1],
    state: () => text('.noencap/state')?.trim(),
    inventory: () =>
      readdirSync(own, { recursive: true, encoding: 'utf8' })
        // The session's own files go with it.
        .filter((path) => !/^(lock$|busy\.|staged\/)/.test(path))
        .map((path) => {
          try {
            return `${path} -> ${readlinkSync(join(own, path))}`;
          } catch {
            return path;
          }
        })
        .sort(),
  };
  return steps;
}

/** A router whose k3s folder was written by hand, with the session `theirs`. */
export const theirs = (around?: Surroundings, include?: string): Bird =>
  startBird(
    (folder) => ({ 'bird.conf': mainFile(folder, include), 'k3s/ibgp.conf': session('theirs') }),
    around,
  );

/** The same, adopted: the files are noencap's. */
export async function adopted(bird = theirs(), remote: Remote = local()): Promise<Steps> {
  const steps = stepsOn(bird, done(await router.hold(remote, bird.settings, 'test')), remote);
  done(await steps.adopt());
  return steps;
}

/** What holds after every fault, once settled: BIRD runs what it would read at a restart, and nothing is pending. */
export async function agree(steps: Steps): Promise<void> {
  const found = await steps.look();
  expect({
    runs: steps.bird.sessions(),
    pending: found.pending,
    state: found.state,
    liveError: found.liveError,
    left: steps.inventory().filter((path) => /incoming|tree|probe|staged|new|link\.|replaced/.test(path)),
  }).toEqual({
    runs: [steps.onDisk()],
    pending: undefined,
    state: { what: 'shipped', hash: found.live?.hash },
    liveError: undefined,
    left: [],
  });
}

/** Waits until the router runs this verb. */
export const atWork = (bird: Bird, verb: string): Promise<void> =>
  waited(`${verb} is at work`, () =>
    readdirSync(join(bird.config, '.noencap')).some((name) => name.startsWith(`busy.${verb}`)),
  );
