import {
  driftFrom,
  type Inspection,
  inParallel,
  inspect,
  type Line,
  look,
  notPinned,
  type RouterSettings,
  type RouterView,
  releaseFor,
  routerScript,
  type SshTarget,
  sshRemote,
} from '../../delivery/index.ts';
import type { Drained } from '../../fabric/index.ts';
import type { Prefix } from '../../topology/address.ts';
import type { FileDifference, PodRoutes, RouterFacts, RouterLook, Unread } from '../../verify/index.ts';
import { kernelRoutes } from './kernel-routes.ts';

/** A router to look at, and what git has for it. */
export interface ToLookAt {
  readonly router: string;
  readonly target: SshTarget;
  readonly settings: RouterSettings;
  /** Path below its folder in dist to text. */
  readonly files: ReadonlyMap<string, string>;
  /** What it has instead while it is drained. */
  readonly drainedFiles: (drained: Drained) => ReadonlyMap<string, string>;
  /** The kernel settings among them. */
  readonly sysctls: ReadonlyMap<string, string>;
  /** The pods' pools. */
  readonly pools: readonly Prefix[];
}

/** Each costs an ssh process here and a script there. */
export const AT_A_TIME = 10;

/** One look at each, over the account and the script of `ship`, in their order. Changes nothing, and takes no lock. */
export const lookAtRouters = (routers: readonly ToLookAt[], stop: AbortSignal): Promise<RouterLook[]> =>
  inParallel(routers, AT_A_TIME, (one) =>
    guarded(
      stop,
      () => lookAt(one, stop),
      (why) => unread(one, why),
    ),
  );

/** What one router says affects no other. */
export async function guarded<T>(
  stop: AbortSignal,
  look: () => Promise<T>,
  unread: (why: Unread) => T,
): Promise<T> {
  if (stop.aborted) return unread(NOT_LOOKED);
  try {
    return await look();
  } catch (error) {
    const message = `noencap failed on what this router says (${error instanceof Error ? error.message : error})`;
    return unread({ message, fix: 'This is a bug of noencap: report it.' });
  }
}

const NOT_LOOKED: Unread = { message: 'it was interrupted before this router', fix: 'Run it again.' };

const unread = ({ router }: Pick<ToLookAt, 'router'>, { message, fix }: Unread): RouterLook => ({
  router,
  read: undefined,
  unread: { message, fix },
});

async function lookAt(one: ToLookAt, stop: AbortSignal): Promise<RouterLook> {
  const untrusted = await notPinned(one.target);
  if (untrusted !== undefined) return unread(one, untrusted);
  const remote = sshRemote(one.target, { script: routerScript });
  try {
    return await lookOver(remote, one, stop);
  } finally {
    await remote.end();
  }
}

/** One look, over whatever runs the script there. */
export async function lookOver(
  line: Line,
  one: Omit<ToLookAt, 'target'>,
  stop?: AbortSignal,
): Promise<RouterLook> {
  const { done, failed } = await inspect(line, one.settings, [...one.sysctls.keys()], stop);
  if (failed !== undefined) return unread(one, failed);
  // Another machine than the one that is meant: what it says is about something else.
  if (done.stranger !== undefined) return unread(one, done.stranger);
  const asked = Date.now() / 1000;
  const seen = await look(line, one.settings, one.pools, stop);
  const answered = Date.now() / 1000;
  const facts = factsOf(one, done);
  const read = {
    ...facts,
    ...(seen.done === undefined
      ? { noPods: seen.failed }
      : {
          pods: podRoutes(seen.done),
          delivery: facts.delivery && { ...facts.delivery, ago: agoIn(seen.done) },
          clock: { ahead: seen.done.clock - (asked + answered) / 2, unsure: (answered - asked) / 2 + 1 },
        }),
  };
  return { router: one.router, read, unread: undefined };
}

/** A clock that was set back since tells nothing. */
const agoIn = ({ clock, shipped }: RouterView): number | undefined =>
  shipped === undefined || shipped > clock ? undefined : clock - shipped;

const podRoutes = ({ kernel, clock: _, shipped: __, ...view }: RouterView): PodRoutes => ({
  ...view,
  kernel: view.noKernel === undefined ? kernelRoutes(kernel) : undefined,
});

export function factsOf(
  {
    settings,
    files,
    drainedFiles,
    sysctls,
  }: Pick<ToLookAt, 'settings' | 'files' | 'drainedFiles' | 'sysctls'>,
  seen: Inspection,
): RouterFacts {
  const contents = seen.drained === undefined ? files : drainedFiles(seen.drained);
  const rendered = releaseFor(contents)({ salt: undefined });
  const inGit = new Map(rendered.files.map(({ path, sha256 }) => [path, sha256]));
  const odd = seen.odd.map((path): FileDifference => ({ path, is: 'added' }));
  const { state, live } = seen;
  return {
    birdVersion: seen.birdVersion,
    filesError: seen.liveError,
    holder: seen.holder,
    pending: seen.pending,
    settled: seen.settled,
    cutOff: state === undefined || state.what === 'shipped' ? undefined : state.what,
    runs: seen.running,
    onDisk: live?.hash,
    delivery: live && { manifest: live.manifest, ago: undefined },
    drained: seen.drained,
    notAsInGit: [
      // The password is not in git: whether it is as it was delivered, the manifest on the router says.
      ...driftFrom(seen, inGit).filter(({ path }) => path !== settings.secret),
      ...odd,
    ],
    notAsDelivered: live === undefined ? undefined : [...driftFrom(seen, live.manifest), ...odd],
    protocols: seen.protocols,
    clock: undefined,
    pods: undefined,
    noPods: undefined,
    sysctls: seen.sysctls,
    sysctlsRendered: sysctls,
  };
}
