import { hostname, userInfo } from 'node:os';
import { cutOffWithout, staysAt } from '../analysis/index.ts';
import { usualWaves } from '../delivery/index.ts';
import type { Drained, Fabric, RouterSpeaker } from '../fabric/index.ts';
import { findPrograms, type Maintenance, maintain, type Refused } from '../lab/index.ts';
import { drainedFiles, routerFiles } from '../routers/index.ts';
import { listed } from '../topology/suggest.ts';
import { documentOf } from './document.ts';
import type { Body } from './documents/index.ts';
import {
  deliverState,
  type StateDelivery,
  type StateOptions,
  type Traffic,
  traffic,
} from './drain-delivery.ts';
import { cutOffLine, type DrainStory, drainText, rehearsalLoss, undrainText } from './drain-text.ts';
import { EXIT, type ExitCode } from './exit.ts';
import { readInput } from './input.ts';
import { birdFolder, NO_UNDERLAY } from './lab-input.ts';
import { runSteps } from './progress.ts';
import { refuse } from './refusal.ts';
import { rideAsJson } from './rehearse.ts';
import { routersNamed } from './routers-named.ts';
import { trust } from './ship-trust.ts';
import type { Terminal } from './terminal.ts';

export interface UndrainOptions extends StateOptions {
  readonly knownHosts: string | undefined;
  readonly secrets: string | undefined;
}

export interface DrainOptions extends UndrainOptions {
  /** Look, rehearse, and change nothing. */
  readonly check: boolean;
  /** Drain it although pods are cut off while it is away. */
  readonly acceptCutOff: boolean;
  readonly rehearsal: boolean;
  /** Seconds. */
  readonly wait: number;
}

/** Leads traffic around a router, and waits until it passes nothing on. */
export async function drain(name: string, options: DrainOptions, terminal: Terminal): Promise<ExitCode> {
  const begun = await begin(name, options, terminal);
  if (typeof begun === 'number') return begun;
  const { fabric, router } = begun;
  const mark = newMark();
  const state = ({ drained }: { readonly drained: Drained | undefined }) => drained ?? mark;
  const looked = await deliverState({ ...begun, state, lookOnly: true }, options, terminal);
  const story = { fabric, router, mark, isCheck: options.check };
  if (!isThere(looked)) return tell({ ...story, delivery: looked, cutOff: [] }, terminal);
  const { absent } = looked;
  const cutOff = cutOffWithout(fabric, router.name, { absent });
  const isDrained = looked.drained !== undefined;
  if (cutOff.length > 0 && !isDrained && !options.acceptCutOff) {
    const meanwhile =
      absent.length === 0 ? '' : `, as long as it has no session with ${listed([...absent], 'and')}`;
    return refuse(
      {
        code: 'cut-off',
        message: `While ${router.name} is away these pods lose packets, for it is their only way${meanwhile}`,
        details: cutOff.slice(0, MOST).map(cutOffLine),
        fix: 'Give them another way, or accept it with --accept-cut-off.',
      },
      terminal,
      EXIT.doesNotHold,
    );
  }
  const rehearsal =
    options.rehearsal && !isDrained ? await rehearsed(fabric, router, mark, terminal) : undefined;
  if (rehearsal !== undefined && 'message' in rehearsal) {
    const fix = `${rehearsal.fix} Without a rehearsal: --no-rehearsal.`;
    return refuse({ ...rehearsal, code: 'lab', fix }, terminal, EXIT.environment);
  }
  const apart = fabric.nodes.map((node) => node.name);
  const lost =
    rehearsal === undefined ? [] : rehearsalLoss(rehearsal, cutOffWithout(fabric, router.name, { apart }));
  if (lost.length > 0) {
    return refuse(
      {
        code: 'rehearsal',
        message: `In the lab, the maintenance of ${router.name} loses packets`,
        details: lost,
        fix: 'Give these pods another way. If the machine was busy, run it again; to go ahead all the same: --no-rehearsal.',
      },
      terminal,
      EXIT.doesNotHold,
    );
  }
  const delivery =
    options.check || isDrained
      ? looked
      : await deliverState({ ...begun, state, lookOnly: false }, options, terminal);
  const flows = options.check || !isThere(delivery) ? undefined : await traffic(begun, options, terminal);
  return tell({ ...story, cutOff, rehearsal, delivery, flows }, terminal);
}

/** Nobody reads more pairs than this. */
const MOST = 10;

function tell(told: Omit<DrainStory, 'stays'>, terminal: Terminal): ExitCode {
  const { fabric, router, mark, cutOff, rehearsal, delivery, flows, isCheck } = told;
  const code = exitOf(delivery, flows);
  const stays = [...staysAt(fabric, router), ...delivery.own];
  if (terminal.json) {
    terminal.print(
      documentOf(isCheck ? 'drain --check' : 'drain', {
        ok: code === EXIT.fine,
        network: fabric.name,
        router: delivery.result,
        drained: delivery.drained ?? (delivery.result.outcome === 'shipped' ? mark : null),
        cutOff: cutOff.map(({ from, to, prefix, pairs, becomes }) => ({ from, to, prefix, pairs, becomes })),
        stays,
        rehearsal: rehearsal === undefined ? null : rehearsalAsJson(rehearsal),
        traffic: flows?.asJson ?? null,
        events: delivery.events,
      }),
    );
  } else terminal.report(drainText({ ...told, stays }, terminal));
  return code;
}

/** Puts the delivered configuration back. */
export async function undrain(name: string, options: UndrainOptions, terminal: Terminal): Promise<ExitCode> {
  const begun = await begin(name, options, terminal);
  if (typeof begun === 'number') return begun;
  const delivered = await deliverState(
    { ...begun, state: () => undefined, lookOnly: false },
    options,
    terminal,
  );
  const code = exitOf(delivered, undefined);
  if (terminal.json) {
    terminal.print(
      documentOf('undrain', {
        ok: code === EXIT.fine,
        network: begun.fabric.name,
        router: delivered.result,
        drained: delivered.drained ?? null,
        events: delivered.events,
      }),
    );
  } else terminal.report(undrainText(delivered, terminal));
  return code;
}

const isThere = ({ result }: StateDelivery): boolean =>
  ['shipped', 'unchanged', 'ready'].includes(result.outcome);

function exitOf(delivery: StateDelivery, flows: Traffic | undefined): ExitCode {
  const { result } = delivery;
  if (result.outcome === 'unreachable' || flows?.isKnown === false) return EXIT.environment;
  return isThere(delivery) && result.fault === null && flows?.isStill !== false
    ? EXIT.fine
    : EXIT.doesNotHold;
}

async function begin(
  name: string,
  options: UndrainOptions,
  terminal: Terminal,
): Promise<Omit<Parameters<typeof deliverState>[0], 'state' | 'lookOnly'> | ExitCode> {
  const read = await readInput(options.topology, terminal);
  if (!read.ok) return EXIT.badInput;
  const { fabric } = read.input;
  const asked = routersNamed(fabric, [name]);
  if ('message' in asked) return refuse(asked, terminal);
  const router = asked[0] as RouterSpeaker;
  const trusted = await trust(fabric, [router], options, terminal);
  return typeof trusted === 'number' ? trusted : { fabric, router, ...trusted };
}

/** The second is enough, and what comes of the environment has no blanks. */
function newMark(): Drained {
  const { GITHUB_ACTOR: actor, GITHUB_RUN_ID: run } = process.env;
  const who =
    run === undefined ? `${userInfo().username}@${hostname()}` : `${actor ?? 'github'}@github-run-${run}`;
  return {
    since: new Date().toISOString().replace(/\.\d+Z$/, 'Z'),
    by: who.replace(/[^A-Za-z0-9._@:+-]/g, '-').slice(0, 100),
  };
}

async function rehearsed(
  fabric: Fabric,
  router: RouterSpeaker,
  mark: Drained,
  terminal: Terminal,
): Promise<Maintenance | Refused> {
  if (fabric.segments === undefined || fabric.nodes.length === 0) {
    const what = fabric.nodes.length === 0 ? 'nodes' : 'underlay';
    return { message: `There is nothing to rehearse in: ${fabric.name} has no ${what}`, fix: NO_UNDERLAY };
  }
  const programs = findPrograms(birdFolder());
  if ('message' in programs) return programs;
  let result: Maintenance | Refused | undefined;
  const run = async (progress: (step: string) => void) => {
    result = await maintain({
      fabric,
      router: router.name,
      routerFiles,
      drained: (state) => drainedIn(state, router, mark),
      programs,
      waves: usualWaves,
      progress,
    });
  };
  await runSteps([{ title: `Rehearse the maintenance of ${router.name}`, run }], terminal);
  if (result === undefined) throw new Error('the rehearsal has no result');
  return result;
}

/** In a lab all routers are standalone. One that is not keeps its OSPF as it is, and so it must there. */
function drainedIn(
  fabric: Fabric,
  { name, bird }: RouterSpeaker,
  mark: Drained,
): ReadonlyMap<string, string> {
  const router = fabric.routers.find((one) => one.name === name);
  if (router === undefined) return routerFiles(fabric);
  const own = [...drainedFiles(fabric, router, mark)].map(([path, text]): [string, string] => [
    `routers/${name}/${path}`,
    bird.mode === 'standalone' ? text : text.replace(/^ *stub router yes;\n/gm, ''),
  ]);
  return new Map([...routerFiles(fabric), ...own]);
}

const rehearsalAsJson = ({ parts, passedOn }: Maintenance): Body<'drain'>['rehearsal'] => ({
  passedOn,
  parts: parts.map(({ part, pairs }) => ({ part, pairs: pairs.map(rideAsJson) })),
});
