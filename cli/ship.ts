import { appendFileSync } from 'node:fs';
import {
  faultText,
  type Hidden,
  type JournalEvent,
  journalJson,
  type ShipPlan,
  type Shipped,
  ship as shipAll,
  shipPlanText,
  type Unstamped,
} from '../delivery/index.ts';
import { drainedText, type Fabric, type RouterSpeaker } from '../fabric/index.ts';
import { compareDist } from '../repository/dist.ts';
import { render } from '../repository/render.ts';
import { knownHostsOf } from '../repository/trust-files.ts';
import { loadApp } from '../repository/user-app.ts';
import { type ByHand, byHandText, orderBetween } from '../review/index.ts';
import { routerFiles } from '../routers/index.ts';
import { printable } from '../topology/fault.ts';
import { NOENCAP } from '../topology/own-command.ts';
import { documentOf } from './document.ts';
import { EXIT, type ExitCode } from './exit.ts';
import { readInput } from './input.ts';
import { interruptible } from './interruptible.ts';
import { type Refusal, refuse } from './refusal.ts';
import { routersNamed } from './routers-named.ts';
import { baseThatRuns, shippedText as textOfShipped } from './ship-base.ts';
import { deliveries } from './ship-deliveries.ts';
import { orderText, type Plan, planOf } from './ship-plan.ts';
import { shipProgress } from './ship-progress.ts';
import { driftText, leftText, shippedText } from './ship-report.ts';
import { shipSetup } from './ship-setup.ts';
import { summarise } from './ship-summary.ts';
import { trust } from './ship-trust.ts';
import { counted, type Terminal } from './terminal.ts';

export interface ShipOptions {
  readonly topology: string;
  readonly out: string;
  /** Show what would be done, from git alone. */
  readonly plan: boolean;
  /** Check the routers and stop. */
  readonly check: boolean;
  /** What the routers run; `none`: unknown; undefined: detected from their files. */
  readonly base: string | undefined;
  /** Deliver this wave of the plan only, counted from 1. */
  readonly wave: number | undefined;
  readonly maxParallel: number;
  /** Seconds. */
  readonly timeout: number;
  readonly acceptDrift: boolean;
  readonly excuse: readonly string[];
  readonly knownHosts: string | undefined;
  readonly secrets: string | undefined;
  readonly journal: string | undefined;
  readonly setup: string | undefined;
  readonly key: string | undefined;
}

/** Delivers dist/routers to the routers, or with `plan` says what that would be, with `check` whether it could begin. */
export async function ship(
  names: readonly string[],
  options: ShipOptions,
  terminal: Terminal,
): Promise<ExitCode> {
  const read = await readInput(options.topology, terminal);
  if (!read.ok) return EXIT.badInput;
  const { fabric } = read.input;
  const knownHosts = options.knownHosts ?? knownHostsOf(options.topology);
  const asked = routersNamed(fabric, options.setup === undefined ? names : [options.setup]);
  if ('message' in asked) return refuse(asked, terminal);
  if (options.setup !== undefined) {
    return shipSetup(fabric.name, asked[0] as RouterSpeaker, options.key, knownHosts, terminal);
  }
  const files = routerFiles(fabric);
  const stale = staleRouters(options.out, files);
  if (stale !== undefined) return refuse(stale, terminal, EXIT.doesNotHold);
  const planned =
    options.plan || options.wave !== undefined
      ? await planOf(
          fabric,
          render(fabric, read.input.operatorManifest, await loadApp()).files,
          asked,
          options,
        )
      : undefined;
  if (planned !== undefined && 'message' in planned) return refuse(planned, terminal);
  if (options.plan && planned !== undefined) return tellPlan(planned, terminal);
  const turns = turnsOf(planned, options.wave);
  if (turns !== undefined && 'message' in turns) return refuse(turns, terminal);
  const routers = turns === undefined ? asked : asked.filter(({ name }) => turns.has(name));
  const trusted = await trust(fabric, routers, options, terminal);
  if (typeof trusted === 'number') return trusted;
  return deliver({ fabric, files, routers, ...trusted, turns }, options, terminal);
}

type Turn = 'earlier' | 'now' | 'later';

interface Order {
  readonly fabric: Fabric;
  /** Path below dist to text. */
  readonly files: ReadonlyMap<string, string>;
  readonly routers: readonly RouterSpeaker[];
  readonly knownHosts: string;
  readonly passwords: ReadonlyMap<string, Hidden>;
  readonly turns: ReadonlyMap<string, Turn> | undefined;
}

async function deliver(order: Order, options: ShipOptions, terminal: Terminal): Promise<ExitCode> {
  const { fabric, files, routers, knownHosts, passwords, turns } = order;
  const events: JournalEvent[] = [];
  const progress = shipProgress(
    routers.map(({ name }) => name),
    terminal,
  );
  const record = (event: Unstamped) => {
    const stamped = { ...event, at: new Date().toISOString() } as JournalEvent;
    events.push(stamped);
    if (options.journal !== undefined) appendFileSync(options.journal, journalJson(stamped));
    progress.show(stamped);
  };
  const { stop, release } = interruptible(INTERRUPTED, terminal, () => leftText(events, options.timeout));
  const shipped = await shipAll({
    fabric,
    deliveries: deliveries(fabric, routers, files, {
      ...options,
      knownHosts,
      passwords,
      stop,
      report:
        (router) =>
        (step, outcome, details = []) =>
          record({ event: 'step', router, step, outcome, details: [...details] }),
    }),
    turn: (router) => turns?.get(router) ?? 'now',
    base: (inspections) => baseThatRuns(options, fabric, files, inspections),
    isClusterFirst: (base) =>
      orderBetween(base.fabric, fabric, { routers: true, cluster: true }).first === 'cluster',
    excused: new Set(options.excuse),
    maxParallel: options.maxParallel,
    lookOnly: options.check,
    record,
    stop,
  });
  release();
  await progress.end();
  summarise(shipped, options.check);
  const isFine = shipped.outcome === 'delivered';
  if (terminal.json) {
    terminal.print(
      documentOf(options.check ? 'ship --check' : 'ship', {
        ok: isFine,
        outcome: shipped.outcome,
        routers: shipped.results,
        drained: [...shipped.drained].map(([router, drained]) => ({ router, ...drained })),
        events,
      }),
    );
  } else report(order, shipped, options, terminal);
  if (isFine) return EXIT.fine;
  return shipped.results.some(({ outcome }) => outcome === 'unreachable')
    ? EXIT.environment
    : EXIT.doesNotHold;
}

function report(order: Order, shipped: Shipped, options: ShipOptions, terminal: Terminal): void {
  const { files } = order;
  for (const [router, drift] of shipped.drift) {
    const text = driftText(router, drift, (path, hash) => textOfShipped(options, files, path, hash));
    if (text !== '') terminal.report(text);
  }
  terminal.report(shippedText(shipped.results, options.check, terminal));
  for (const [router, drained] of shipped.drained) {
    terminal.report(
      printable(`${router} is ${drainedText(drained)}, and stays so: ${NOENCAP} undrain ${router} ends it.`),
    );
  }
  for (const { router, outcome, fault } of shipped.results) {
    if (fault === null) continue;
    terminal.annotate({
      level: 'error',
      file: options.topology,
      title: `${router} ${outcome}`,
      message: faultText(fault),
    });
  }
}

/** After a second interrupt the routers themselves clean up: BIRD reverts. */
const INTERRUPTED =
  'Interrupted: unconfirmed changes are undone, the rest stays. Press Ctrl-C again to end at once; the routers then revert by themselves.';

/** What was reviewed is what is delivered: dist must be what the topology renders. */
function staleRouters(out: string, files: ReadonlyMap<string, string>): Refusal | undefined {
  const change = compareDist(out, files);
  const ofRouters = (paths: readonly string[]) => paths.filter((path) => path.startsWith('routers/'));
  const stale = ofRouters([
    ...change.added,
    ...change.changed,
    ...change.foreign,
    ...change.removed,
    ...change.stray,
  ]);
  if (stale.length === 0) return undefined;
  return {
    code: 'stale',
    message: `${out} is stale: ${counted(stale.length, 'file')} of routers ${stale.length === 1 ? 'differs' : 'differ'} from what the topology renders, ${stale.sort()[0]} first`,
    fix: `Run ${NOENCAP} synth, and commit what it writes.`,
  };
}

function turnsOf(
  plan: ShipPlan | undefined,
  wave: number | undefined,
): ReadonlyMap<string, Turn> | Refusal | undefined {
  if (plan === undefined || wave === undefined) return undefined;
  if (wave > plan.waves.length) {
    return {
      code: 'usage',
      message: `There is no wave ${wave}`,
      fix: `The plan has ${counted(plan.waves.length, 'wave')}: see ${NOENCAP} ship --plan.`,
    };
  }
  return new Map(
    plan.waves.flatMap(({ routers }, index) =>
      routers.map(({ router }) => [
        router,
        index + 1 < wave ? 'earlier' : index + 1 === wave ? 'now' : 'later',
      ]),
    ),
  );
}

function tellPlan(plan: Plan, terminal: Terminal): ExitCode {
  if (terminal.json) terminal.print(documentOf('ship --plan', { ok: true, ...plan }));
  else {
    const { order, byHand } = plan;
    terminal.report([shipPlanText(plan), ...orderLines(order), ...byHandLines(byHand ?? [])].join('\n'));
  }
  return EXIT.fine;
}

function orderLines(order: Plan['order']): string[] {
  const lines = order === null ? [] : orderText(order);
  return lines.length === 0 ? [] : ['', 'order', ...lines.map((line) => printable(`  ${line}`))];
}

const byHandLines = (steps: readonly ByHand[]): string[] =>
  steps.length === 0
    ? []
    : ['', 'by hand', ...steps.map((step, index) => printable(`  ${index + 1}. ${byHandText(step)}`))];
