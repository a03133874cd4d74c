import { setMaxListeners } from 'node:events';
import { analyse, findings as findingsOf } from '../analysis/index.ts';
import { inParallel } from '../delivery/index.ts';
import type { Fabric } from '../fabric/index.ts';
import { lookAtRouters, type ToLookAt } from '../live/routers/index.ts';
import { isUncommitted, lastChanges } from '../repository/changes.ts';
import { originsOf } from '../repository/origin.ts';
import { knownHostsOf, readIfThere } from '../repository/trust-files.ts';
import {
  type ClusterLook,
  overall,
  type RouterLook,
  summary,
  verifyCluster,
  verifyRouters,
  withBlocksOf,
} from '../verify/index.ts';
import { findingAsJson } from './check.ts';
import { documentOf } from './document.ts';
import { EXIT, type ExitCode } from './exit.ts';
import { readInput } from './input.ts';
import { interruptible } from './interruptible.ts';
import { type LastDelivery, lastDeliveries } from './status-delivery.ts';
import { type StatusView, statusText } from './status-text.ts';
import type { Terminal } from './terminal.ts';
import { EXIT_OF, inDocument, toLookAt } from './verify.ts';

export interface StatusOptions {
  readonly topology: string;
  readonly out: string;
  readonly context: string | undefined;
  readonly cluster: boolean;
  readonly routers: boolean;
  /** Seconds after which what was not read is unknown. */
  readonly within: number;
  readonly knownHosts: string | undefined;
}

/** Everything about the network that can be known in seconds, and for whatever is wrong the command to run next. */
export async function status(options: StatusOptions, terminal: Terminal): Promise<ExitCode> {
  const read = await readInput(options.topology, terminal);
  if (!read.ok) return EXIT.badInput;
  const { fabric, source } = read.input;
  const looks = await looksWithin(fabric, options, terminal);
  const verdicts = [
    ...verifyRouters(withBlocksOf(fabric, looks.cluster), looks.routers),
    ...(looks.cluster === undefined ? [] : verifyCluster(fabric, looks.cluster)),
  ];
  const rendered = new Map(looks.asked.map(({ router, files }) => [router, files]));
  const found = findingsOf(analyse(fabric), { origins: originsOf(options.topology) });
  const view: StatusView = {
    network: fabric.name,
    ...summary(fabric, verdicts),
    cluster: looks.cluster,
    deliveries: lastDeliveries(looks.routers, rendered, options.out),
    wrong: verdicts.filter(({ is }) => is !== 'as-promised'),
    asPromised: verdicts.filter(({ is }) => is === 'as-promised').length,
    findings: found.filter(({ suppressed }) => suppressed === undefined),
    changes: lastChanges(options.topology, CHANGES),
    uncommitted: isUncommitted(options.topology) === true,
    topology: options.topology,
  };
  const isBroken = view.findings.some(({ severity }) => severity === 'error');
  const is = isBroken ? 'different' : overall(verdicts);
  if (terminal.json) {
    const { wrong, findings, cluster, deliveries, routers, changes = [], ...plain } = view;
    const { topology: _, ...rest } = plain;
    terminal.print(
      documentOf('status', {
        ...rest,
        ok: is === 'as-promised',
        routers: routers.map((router) => ({ ...router, delivered: deliveryOf(deliveries.get(router.name)) })),
        cluster: cluster && { context: cluster.context, server: cluster.server },
        verdicts: wrong.map(inDocument),
        findings: findings.map((one) => findingAsJson(one, source)),
        changes,
      }),
    );
  } else terminal.report(statusText(view, terminal));
  return EXIT_OF[is];
}

/** Of the topology's history the last ones: what broke tonight is rarely older. */
const CHANGES = 3;

const deliveryOf = (one: LastDelivery | undefined) =>
  one && { commit: one.commit, secondsAgo: one.ago, drainedSince: one.drainedSince };

interface Looks {
  readonly asked: readonly ToLookAt[];
  readonly routers: readonly RouterLook[];
  readonly cluster: ClusterLook | undefined;
}

/** All looks side by side. What does not answer in time is unknown, and so is what an interrupt leaves. */
async function looksWithin(fabric: Fabric, options: StatusOptions, terminal: Terminal): Promise<Looks> {
  const knownHosts = options.knownHosts ?? knownHostsOf(options.topology);
  readIfThere(knownHosts);
  const { stop: interrupted, release } = interruptible(INTERRUPTED, terminal);
  const late = AbortSignal.timeout(options.within * 1000);
  const stop = AbortSignal.any([interrupted, late]);
  setMaxListeners(0, stop);
  const live = fabric.routers.filter(({ planned }) => !planned);
  const asked = toLookAt(fabric, live, knownHosts);
  const within = `no answer within ${options.within} s`;
  const [routers, cluster] = await Promise.all([
    options.routers
      ? inParallel(asked, AT_A_TIME, async (one) => {
          const [look] = await lookAtRouters([one], stop);
          const isLate = look?.read === undefined && late.aborted;
          if (look === undefined || isLate)
            return { router: one.router, read: undefined, unread: { message: within, fix: MORE_TIME } };
          return look;
        })
      : [],
    options.cluster ? lookAtCluster(options.context, stop) : undefined,
  ]);
  release();
  return { asked, routers, cluster };
}

/** As many as `verify`. */
const AT_A_TIME = 10;

const MORE_TIME = 'Give it more time: --within 60.';

const INTERRUPTED = 'Interrupted: what was not read is unknown. Press Ctrl-C again to end at once.';

/** Only a run that reads a cluster loads what does. */
async function lookAtCluster(context: string | undefined, stop: AbortSignal): Promise<ClusterLook> {
  const live = await import('../live/cluster/index.ts');
  return live.lookAtCluster({ context, stop });
}
