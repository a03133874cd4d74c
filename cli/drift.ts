import { setMaxListeners } from 'node:events';
import { type Drift, inGit, objectsDrift, routersDrift } from '../drift/index.ts';
import type { Fabric, RouterSpeaker } from '../fabric/index.ts';
import { readObjects } from '../live/cluster/index.ts';
import { readRouterFiles } from '../live/routers/index.ts';
import { compareDist } from '../repository/dist.ts';
import { git as runGit } from '../repository/git.ts';
import type { Input } from '../repository/input.ts';
import { render } from '../repository/render.ts';
import { knownHostsOf, readIfThere } from '../repository/trust-files.ts';
import { loadApp } from '../repository/user-app.ts';
import { jsonText } from '../topology/foreign.ts';
import { NOENCAP } from '../topology/own-command.ts';
import { driftText } from './drift-text.ts';
import { EXIT, type ExitCode } from './exit.ts';
import { readInput } from './input.ts';
import { interruptible } from './interruptible.ts';
import { type Refusal, refuse } from './refusal.ts';
import { routersNamed } from './routers-named.ts';
import { commitsDelivered, shippedText } from './ship-base.ts';
import { counted, type Terminal } from './terminal.ts';
import { toLookAt } from './verify.ts';

export interface DriftOptions {
  readonly topology: string;
  readonly out: string;
  readonly router: readonly string[];
  readonly context: string | undefined;
  readonly cluster: boolean;
  readonly routers: boolean;
  readonly knownHosts: string | undefined;
  /** Write what the cluster has into the topology. */
  readonly adopt: boolean;
}

/** Holds the cluster's objects and the routers' files against git. */
export async function drift(options: DriftOptions, terminal: Terminal): Promise<ExitCode> {
  const read = await readInput(options.topology, terminal);
  if (!read.ok) return EXIT.badInput;
  const { fabric, operatorManifest } = read.input;
  const asked = routersAsked(fabric, options);
  if ('message' in asked) return refuse(asked, terminal);
  const { files } = render(fabric, operatorManifest, await loadApp());
  const stale = staleness(options.out, files);
  if (stale !== undefined) return refuse(stale, terminal);
  if (options.adopt) return adopt(read.input, files, options, terminal);
  const found = await look(fabric, files, asked, options, terminal);
  if (terminal.json) terminal.print(`${jsonText(found)}\n`);
  else terminal.report(driftText(found, terminal));
  if (found.objects.length + found.routers.length > 0) return EXIT.doesNotHold;
  return found.ok ? EXIT.fine : EXIT.environment;
}

/** Routers' files say nothing that could be written into a topology. */
async function adopt(
  input: Input,
  files: ReadonlyMap<string, string>,
  options: DriftOptions,
  terminal: Terminal,
): Promise<ExitCode> {
  const { stop, release } = interruptible(INTERRUPTED, terminal);
  // Every request listens to it.
  setMaxListeners(0, stop);
  const git = inGit(input.fabric, files);
  const look = await readObjects(git.kinds, { context: options.context, stop, isWanted: git.isWanted });
  release();
  const found = objectsDrift(input.fabric, git, look);
  return (await import('./drift-adopt.ts')).adoptDrift(options.topology, input, found, look, terminal);
}

function routersAsked(fabric: Fabric, { router, routers }: DriftOptions): readonly RouterSpeaker[] | Refusal {
  return routers ? routersNamed(fabric, router) : [];
}

/** What engines and deliveries read must be what the topology renders. */
function staleness(out: string, files: ReadonlyMap<string, string>): Refusal | undefined {
  const { added, changed, removed, foreign } = compareDist(out, files);
  const stale = [...added, ...changed, ...removed, ...foreign].filter((path) =>
    /^(cluster|routers)\//.test(path),
  );
  if (stale.length === 0) return undefined;
  return {
    code: 'stale',
    message: `${out} is stale: ${counted(stale.length, 'file')} of cluster and routers ${stale.length === 1 ? 'differs' : 'differ'} from what the topology renders, ${stale.sort()[0]} first`,
    fix: `Run ${NOENCAP} synth, and commit what it writes: drift is what differs from git.`,
  };
}

async function look(
  fabric: Fabric,
  files: ReadonlyMap<string, string>,
  routers: readonly RouterSpeaker[],
  options: DriftOptions,
  terminal: Terminal,
): Promise<Drift> {
  const knownHosts = options.knownHosts ?? knownHostsOf(options.topology);
  // ssh and ssh-keygen read it to its end, which a device does not have.
  if (routers.length > 0) readIfThere(knownHosts);
  const { stop, release } = interruptible(INTERRUPTED, terminal);
  // Every router listens to it.
  setMaxListeners(0, stop);
  const [cluster, onRouters] = await Promise.all([
    options.cluster && options.router.length === 0 ? lookAtCluster(fabric, files, options, stop) : NOT_ASKED,
    readRouterFiles(toLookAt(fabric, routers, knownHosts), stop),
  ]);
  release();
  const where = { ...options, base: undefined };
  const ofRouters = routersDrift(fabric, files, onRouters, {
    commitWith: commitsDelivered(where, files),
    textWith: (path, hash) => shippedText(where, files, path, hash),
  });
  const unknown = [...cluster.unknown, ...ofRouters.unknown];
  const isSame = cluster.objects.length + ofRouters.routers.length === 0;
  return {
    version: 1,
    command: 'drift',
    ok: isSame && unknown.length === 0,
    network: fabric.name,
    commit: commitHere(),
    objects: [...cluster.objects],
    routers: [...ofRouters.routers],
    drained: [...ofRouters.drained],
    unknown,
    same: { objects: cluster.same, routers: ofRouters.same },
  };
}

const INTERRUPTED = 'Interrupted: what was not looked at is unknown. Press Ctrl-C again to end at once.';

const NOT_ASKED = { objects: [], unknown: [], same: 0 } as const;

async function lookAtCluster(
  fabric: Fabric,
  files: ReadonlyMap<string, string>,
  { context }: DriftOptions,
  stop: AbortSignal,
) {
  const git = inGit(fabric, files);
  return objectsDrift(fabric, git, await readObjects(git.kinds, { context, stop, isWanted: git.isWanted }));
}

/** What is checked out, if nothing is edited. */
const commitHere = (): string | null =>
  runGit('status', '--porcelain', '--untracked-files=no') === ''
    ? (runGit('rev-parse', 'HEAD') ?? null)
    : null;
