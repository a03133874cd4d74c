import { setMaxListeners } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import type { Fabric, RouterSpeaker } from '../fabric/index.ts';
import { leftBehind, NAMESPACE } from '../live/probe/names.ts';
import { lookAtRouters, type ToLookAt } from '../live/routers/index.ts';
import { knownHostsOf, readIfThere } from '../repository/trust-files.ts';
import { drainedFiles, routerFiles } from '../routers/index.ts';
import {
  type ClusterLook,
  ofNodes,
  overall,
  routersOfNodes,
  type Verdict,
  verifyCluster,
  verifyRouters,
  withBlocksOf,
} from '../verify/index.ts';
import { documentOf } from './document.ts';
import { EXIT, type ExitCode } from './exit.ts';
import { readInput } from './input.ts';
import { interruptible } from './interruptible.ts';
import { nodesNamed } from './nodes-named.ts';
import { refuse } from './refusal.ts';
import { routersNamed } from './routers-named.ts';
import { sendPackets } from './send-packets.ts';
import { routerFolders, settingsOf, sysctlsIn, targetOf } from './ship-deliveries.ts';
import type { Terminal } from './terminal.ts';
import { allOf, type Verdicts, verdictsText } from './verify-text.ts';
import { overallOf, watched } from './verify-watch.ts';

export interface VerifyOptions {
  readonly topology: string;
  readonly router: readonly string[];
  readonly node: readonly string[];
  readonly context: string | undefined;
  readonly cluster: boolean;
  /** Send packets between pods, too, with this image. */
  readonly ping: boolean;
  readonly image: string;
  /** Seconds. */
  readonly wait: number | undefined;
  /** Until it is interrupted. */
  readonly watch?: boolean;
  readonly knownHosts: string | undefined;
}

/** Holds what the topology promises against what routers and cluster say. */
export async function verify(options: VerifyOptions, terminal: Terminal): Promise<ExitCode> {
  if (options.watch === true && terminal.json) {
    const message = '--watch looks again and again, and --json prints one document';
    return refuse({ code: 'usage', message, fix: 'Leave one of them out.' }, terminal);
  }
  const read = await readInput(options.topology, terminal);
  if (!read.ok) return EXIT.badInput;
  const { fabric } = read.input;
  const routers = routersNamed(fabric, options.router);
  if ('message' in routers) return refuse(routers, terminal);
  const nodes = nodesNamed(fabric, options.node);
  if ('message' in nodes) return refuse(nodes, terminal);
  if (options.ping && (!options.cluster || (options.router.length > 0 && nodes.size === 0)))
    return refuse(NO_PODS, terminal);
  const knownHosts = options.knownHosts ?? knownHostsOf(options.topology);
  // ssh and ssh-keygen read it to its end, which a device does not have.
  readIfThere(knownHosts);
  const { stop, release } = interruptible(options.watch === true ? WATCHED : INTERRUPTED, terminal, () =>
    options.ping ? leftBehind(NAMESPACE) : '',
  );
  // Every router listens to it.
  setMaxListeners(0, stop);
  const look = await looker({ fabric, options, routers, nodes, knownHosts, stop });
  if (options.watch === true) {
    const last = await watched(fabric.name, look, stop, terminal);
    release();
    return EXIT_OF[overallOf(last)];
  }
  const seen = await untilAsPromised(look, options.wait ?? 0, stop);
  const packets = options.ping
    ? await sendPackets({ fabric, options, nodes, stop }, allOf(seen), terminal)
    : undefined;
  const verdicts = { ...seen, packets };
  release();
  const is = overall(allOf(verdicts));
  if (terminal.json) {
    terminal.print(
      documentOf('verify', {
        ok: is === 'as-promised',
        network: fabric.name,
        verdicts: allOf(verdicts).map(inDocument),
      }),
    );
  } else terminal.report(verdictsText(fabric.name, verdicts, terminal));
  return EXIT_OF[is];
}

export const EXIT_OF = {
  'as-promised': EXIT.fine,
  different: EXIT.doesNotHold,
  unknown: EXIT.environment,
} as const;

const WATCHED = 'Ended.';
const NO_PODS = {
  code: 'usage',
  message: '--ping sends packets between pods, and these options leave the cluster out',
  fix: 'Leave out --no-cluster, or name nodes with --node.',
} as const;

const INTERRUPTED = 'Interrupted: what was not looked at is unknown. Press Ctrl-C again to end at once.';

interface Asked {
  readonly fabric: Fabric;
  readonly options: VerifyOptions;
  readonly routers: readonly RouterSpeaker[];
  readonly nodes: ReadonlySet<string>;
  readonly knownHosts: string;
  readonly stop: AbortSignal;
}

/** One look at everything; where routers or nodes are named, at these only, and at the nodes' sessions from their routers. */
async function looker(asked: Asked): Promise<() => Promise<Verdicts>> {
  const { fabric, options, nodes, knownHosts, stop } = asked;
  const isNarrow = options.router.length + nodes.size > 0;
  const named = isNarrow && options.router.length === 0 ? [] : asked.routers;
  const ofTheirs = routersOfNodes(fabric, nodes).filter((router) => !named.includes(router));
  const inFull = new Set(named.map(({ name }) => name));
  const toLook = toLookAt(fabric, [...named, ...ofTheirs], knownHosts);
  const needsCluster = options.cluster && (!isNarrow || nodes.size > 0);
  // Only commands that read a cluster load what does.
  const cluster = needsCluster ? await import('../live/cluster/index.ts') : undefined;
  const narrowed = (verdicts: Verdict[]) => (nodes.size === 0 ? verdicts : ofNodes(fabric, nodes, verdicts));
  return async () => {
    const [routerLooks, clusterLook] = await Promise.all([
      lookAtRouters(toLook, stop),
      cluster?.lookAtCluster({ context: options.context, stop }),
    ]);
    // Where the cluster says which blocks its nodes have, routers must have routes to these.
    const ofRouters = verifyRouters(withBlocksOf(fabric, clusterLook), routerLooks);
    const isFull = ({ about }: Verdict) => inFull.has(about.machine ?? about.name);
    return {
      routers: [...ofRouters.filter(isFull), ...narrowed(ofRouters.filter((one) => !isFull(one)))],
      cluster: clusterLook && {
        title: titleOf(clusterLook, options),
        verdicts: narrowed(verifyCluster(fabric, clusterLook)),
      },
    };
  };
}

function titleOf({ context, server }: ClusterLook, options: VerifyOptions): string {
  const name = context ?? options.context;
  return [
    'cluster',
    ...(name === undefined ? [] : [name]),
    ...(server === undefined ? [] : [`(${server})`]),
  ].join(' ');
}

/** Seconds between two looks. */
const PAUSE = 3;

/** Looks once, and then again as long as something may still come right and there is time. */
async function untilAsPromised(
  look: () => Promise<Verdicts>,
  seconds: number,
  stop: AbortSignal,
): Promise<Verdicts> {
  const end = performance.now() + seconds * 1000;
  for (;;) {
    const verdicts = await look();
    const left = end - performance.now();
    if (overall(allOf(verdicts)) === 'as-promised' || left <= 0 || stop.aborted) return verdicts;
    await pause(Math.min(left, PAUSE * 1000), undefined, { signal: stop }).catch(() => {});
    if (stop.aborted) return verdicts;
  }
}

/** With what each router is asked. */
export function toLookAt(fabric: Fabric, routers: readonly RouterSpeaker[], knownHosts: string): ToLookAt[] {
  const folders = routers.length === 0 ? new Map() : routerFolders(routerFiles(fabric));
  return routers.map((router) => {
    const files = folders.get(router.name) ?? new Map<string, string>();
    return {
      router: router.name,
      target: targetOf(router, knownHosts),
      settings: settingsOf(fabric.name, router),
      files,
      drainedFiles: (drained) => drainedFiles(fabric, router, drained),
      sysctls: sysctlsIn(files),
      pools: fabric.pods.pools.map(({ cidr }) => cidr),
    };
  });
}

/** JSON has no undefined. */
export const inDocument = ({ about, is, kind, expected, found, cause, next }: Verdict) => ({
  about,
  is,
  kind,
  ...(expected === undefined ? {} : { expected }),
  ...(found === undefined ? {} : { found }),
  ...(cause === undefined ? {} : { cause }),
  ...(next === undefined ? {} : { next }),
});
