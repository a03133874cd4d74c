import { randomBytes } from 'node:crypto';
import { hostname, userInfo } from 'node:os';
import {
  type Delivery,
  type Hidden,
  type Inspection,
  notPinned,
  type Report,
  type RouterFault,
  type RouterSettings,
  releaseFor,
  routerScript,
  type SshTarget,
  sshRemote,
  type Unreachable,
} from '../delivery/index.ts';
import {
  type Drained,
  deliveredPassword,
  drainedText,
  type Fabric,
  type RouterSpeaker,
  routerName,
} from '../fabric/index.ts';
import { filesByRouter } from '../review/index.ts';
import { drainedFiles } from '../routers/index.ts';
import { NOENCAP } from '../topology/own-command.ts';

export interface DeliveryOptions {
  readonly knownHosts: string;
  /** By router, for those that get theirs with a delivery. */
  readonly passwords: ReadonlyMap<string, Hidden>;
  readonly timeout: number;
  readonly acceptDrift: boolean;
  /** Whether a router is drained afterwards, and nothing else changes; without it, a router stays as it is. */
  readonly state?: State;
  readonly stop: AbortSignal;
  readonly report: (router: string) => Report;
}

/** What each of these routers is to get, of the files of dist (path below dist to text). */
export function deliveries(
  fabric: Fabric,
  routers: readonly RouterSpeaker[],
  files: ReadonlyMap<string, string>,
  options: DeliveryOptions,
): Delivery[] {
  const folders = routerFolders(files);
  return routers.map((router) => {
    const routerFiles = folders.get(router.name) ?? new Map<string, string>();
    const name = deliveredPassword(router);
    const password = options.passwords.get(router.name);
    return {
      router: router.name,
      remote: sshRemote(targetOf(router, options.knownHosts), { script: routerScript }),
      settings: settingsOf(fabric.name, router),
      ...releasesOf(
        { fabric, router, files: routerFiles },
        name === undefined || password === undefined ? undefined : { name, password },
        options.state,
      ),
      sysctls: sysctlsIn(routerFiles),
      // Each its own: where two names lead to one machine, the second one finds it locked.
      owner: ownerName(),
      timeout: options.timeout,
      acceptDrift: options.acceptDrift,
      report: options.report(router.name),
      stop: options.stop,
    };
  });
}

export type State = (inspection: Inspection) => Drained | undefined;

/** What a router gets follows from the topology, and from whether it is drained: it stays so whatever is delivered meanwhile. */
function releasesOf(
  { fabric, router, files }: { fabric: Fabric; router: RouterSpeaker; files: ReadonlyMap<string, string> },
  secret: Parameters<typeof releaseFor>[1],
  state: State | undefined,
): Pick<Delivery, 'release' | 'mayNotFollow'> {
  // A router without a salt gets a new one, the same at every call.
  const releases = new Map<string, Delivery['release']>();
  const releaseIn = (drained: Drained | undefined, inspection: Inspection) => {
    const key = drained === undefined ? '' : drainedText(drained);
    const contents = drained === undefined ? files : drainedFiles(fabric, router, drained);
    const release = releases.get(key) ?? releaseFor(contents, secret);
    releases.set(key, release);
    return release(inspection);
  };
  if (state === undefined) return { release: (inspection) => releaseIn(inspection.drained, inspection) };
  return {
    release: (inspection) => releaseIn(state(inspection), inspection),
    mayNotFollow: (inspection) =>
      inspection.live?.hash === releaseIn(inspection.drained, inspection).hash ? undefined : OTHER_FILES,
  };
}

/** Otherwise more than its state would change. */
const OTHER_FILES: RouterFault = {
  code: 'state',
  message: 'it does not have what this topology renders: that, or what was delivered, is of another time',
  fix: `Run ${NOENCAP} ship first, from the branch that is delivered: a drained router stays drained.`,
};

export const targetOf = ({ name, ssh }: RouterSpeaker, knownHosts: string): SshTarget => ({
  host: ssh.host ?? name,
  user: ssh.user,
  port: ssh.port,
  knownHosts,
});

export function settingsOf(network: string, router: RouterSpeaker): RouterSettings {
  const { configDir, mode, constants } = router.bird;
  const secret = deliveredPassword(router);
  const named = routerName({ name: network }, router);
  return {
    configDir,
    mode,
    ...(secret === undefined ? {} : { secret }),
    router: mode === 'standalone' ? named : { ...named, constant: constants.routerId },
  };
}

/** Routers that would not be trusted: found out for all of them before anything is connected. */
export async function unpinned(
  routers: readonly RouterSpeaker[],
  knownHosts: string,
): Promise<(Unreachable & { readonly router: string })[]> {
  const found = await Promise.all(
    routers.map(async (router) => ({
      router: router.name,
      why: await notPinned(targetOf(router, knownHosts)),
    })),
  );
  return found.flatMap(({ router, why }) => (why === undefined ? [] : [{ router, ...why }]));
}

/** Of the files of dist those of each router, by their path below its folder. */
export function routerFolders(files: ReadonlyMap<string, string>): Map<string, Map<string, string>> {
  const below = (router: string, path: string) => path.slice(`routers/${router}/`.length);
  return new Map(
    [...filesByRouter(files)].map(([router, routerFiles]) => [
      router,
      new Map([...routerFiles].map(([path, text]) => [below(router, path), text])),
    ]),
  );
}

/** The kernel settings among a router's files. */
export const sysctlsIn = (routerFiles: ReadonlyMap<string, string>): Map<string, string> =>
  new Map(
    [...(routerFiles.get('sysctl.d/90-noencap.conf') ?? '').matchAll(/^([a-z0-9._]+) = (\S+)$/gm)].map(
      ([, key = '', value = '']) => [key, value],
    ),
  );

/** The owner name in the locks, for others that meet one: unique to this delivery. */
function ownerName(): string {
  const { GITHUB_RUN_ID: run, GITHUB_RUN_ATTEMPT: attempt } = process.env;
  const who =
    run === undefined ? `${userInfo().username}@${hostname()}` : `github-run-${run}.${attempt ?? 1}`;
  return `${who.replace(/[^A-Za-z0-9._@:+-]/g, '-').slice(0, 60)}:${process.pid}-${randomBytes(3).toString('hex')}`;
}
