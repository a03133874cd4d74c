import { setMaxListeners } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import type { Fabric, RouterSpeaker } from '../fabric/index.ts';
import { lookAtRouters, type ToLookAt } from '../live/routers/index.ts';
import { knownHostsOf, readIfThere } from '../repository/trust-files.ts';
import { routerFiles } from '../routers/index.ts';
import { overall, type Verdict, verifyRouters } from '../verify/index.ts';
import { documentOf } from './document.ts';
import { EXIT, type ExitCode } from './exit.ts';
import { readInput } from './input.ts';
import { interruptible } from './interruptible.ts';
import { refuse } from './refusal.ts';
import { routersNamed } from './routers-named.ts';
import { routerFolders, settingsOf, sysctlsIn, targetOf } from './ship-deliveries.ts';
import type { Terminal } from './terminal.ts';
import { verdictsText } from './verify-text.ts';

export interface VerifyOptions {
  readonly topology: string;
  readonly router: readonly string[];
  /** Seconds. */
  readonly wait: number | undefined;
  readonly knownHosts: string | undefined;
}

/** Holds what the topology promises against what the routers say. */
export async function verify(options: VerifyOptions, terminal: Terminal): Promise<ExitCode> {
  const read = await readInput(options.topology, terminal);
  if (!read.ok) return EXIT.badInput;
  const { fabric } = read.input;
  const asked = routersNamed(fabric, options.router);
  if ('message' in asked) return refuse(asked, terminal);
  const knownHosts = options.knownHosts ?? knownHostsOf(options.topology);
  // ssh and ssh-keygen read it to its end, which a device does not have.
  readIfThere(knownHosts);
  const routers = toLookAt(fabric, asked, knownHosts);
  const { stop, release } = interruptible(INTERRUPTED, terminal);
  // Every router listens to it.
  setMaxListeners(0, stop);
  const verdicts = await untilAsPromised(
    async () => verifyRouters(fabric, await lookAtRouters(routers, stop)),
    options.wait ?? 0,
    stop,
  );
  release();
  const is = overall(verdicts);
  if (terminal.json) {
    terminal.print(
      documentOf('verify', {
        ok: is === 'as-promised',
        network: fabric.name,
        verdicts: verdicts.map(inDocument),
      }),
    );
  } else terminal.report(verdictsText(fabric.name, verdicts, terminal));
  return { 'as-promised': EXIT.fine, different: EXIT.doesNotHold, unknown: EXIT.environment }[is];
}

const INTERRUPTED = 'Interrupted: what was not looked at is unknown. Press Ctrl-C again to end at once.';

/** Seconds between two looks. */
const PAUSE = 3;

/** Looks once, and then again as long as something may still come right and there is time. */
async function untilAsPromised(
  look: () => Promise<Verdict[]>,
  seconds: number,
  stop: AbortSignal,
): Promise<Verdict[]> {
  const end = performance.now() + seconds * 1000;
  for (;;) {
    const verdicts = await look();
    const left = end - performance.now();
    if (overall(verdicts) === 'as-promised' || left <= 0 || stop.aborted) return verdicts;
    await pause(Math.min(left, PAUSE * 1000), undefined, { signal: stop }).catch(() => {});
    if (stop.aborted) return verdicts;
  }
}

function toLookAt(fabric: Fabric, routers: readonly RouterSpeaker[], knownHosts: string): ToLookAt[] {
  const folders = routerFolders(routerFiles(fabric));
  return routers.map((router) => {
    const files = folders.get(router.name) ?? new Map<string, string>();
    return {
      router: router.name,
      target: targetOf(router, knownHosts),
      settings: settingsOf(fabric.name, router),
      files,
      sysctls: sysctlsIn(files),
      pools: fabric.pods.pools.map(({ cidr }) => cidr),
    };
  });
}

/** JSON has no undefined. */
const inDocument = ({ about, is, kind, expected, found, cause, next }: Verdict) => ({
  about,
  is,
  kind,
  ...(expected === undefined ? {} : { expected }),
  ...(found === undefined ? {} : { found }),
  ...(cause === undefined ? {} : { cause }),
  ...(next === undefined ? {} : { next }),
});
