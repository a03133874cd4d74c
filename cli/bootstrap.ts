import { setTimeout as sleep } from 'node:timers/promises';
import { parseAllDocuments } from 'yaml';
import {
  type BootstrapPlan,
  bootstrapPlan,
  type ClusterObject,
  type Engine,
  engineOf,
  nodesText,
  planText,
  stepCommands,
} from '../bootstrap/index.ts';
import { LAYERS, type Layer, manifestsIn } from '../charts/index.ts';
import type { Fabric } from '../fabric/index.ts';
import { bootstrapSteps, type Clock, type RunningStep } from '../live/bootstrap.ts';
import { type Halt, isHalt } from '../live/halt.ts';
import { kubectl } from '../live/kubectl.ts';
import { preflight, type Target } from '../live/preflight.ts';
import { compareDist, type RenderedFiles } from '../repository/dist.ts';
import { render } from '../repository/render.ts';
import { loadApp } from '../repository/user-app.ts';
import { printable } from '../topology/fault.ts';
import { NOENCAP } from '../topology/own-command.ts';
import { documentOf } from './document.ts';
import type { Body } from './documents/index.ts';
import { EXIT, type ExitCode } from './exit.ts';
import { readInput } from './input.ts';
import { interruptible } from './interruptible.ts';
import { runSteps } from './progress.ts';
import { faultOf, type Refusal, refusalText, refuse } from './refusal.ts';
import { counted, type Terminal } from './terminal.ts';

export interface BootstrapOptions {
  readonly topology: string;
  readonly out: string;
  /** Run the steps instead of printing them. */
  readonly run: boolean;
  readonly engine: Engine['id'] | undefined;
}

/** Prints the steps from an empty cluster to one that its engine syncs, or with `run` does them. */
export async function bootstrap(options: BootstrapOptions, terminal: Terminal): Promise<ExitCode> {
  const read = await readInput(options.topology, terminal);
  if (!read.ok) return EXIT.badInput;
  const { fabric, operatorManifest } = read.input;
  const engine = chosenEngine(fabric, options.engine);
  if ('message' in engine) return refuse(engine, terminal);
  const { files } = render(fabric, operatorManifest, await loadApp());
  const stale = staleCluster(options.out, files);
  if (stale !== undefined) return refuse(stale, terminal, EXIT.doesNotHold);
  const plan = bootstrapPlan(fabric, engine, objectsOf(files), options.out);
  if (options.run) return perform(fabric, plan, terminal);
  if (terminal.json) terminal.print(documentOf('bootstrap', planAsJson(plan)));
  else terminal.report(planText(plan));
  return EXIT.fine;
}

function chosenEngine(fabric: Fabric, wanted: Engine['id'] | undefined): Engine | Refusal {
  if (fabric.nodes.length === 0) {
    return {
      code: 'topology',
      message: 'The topology has no nodes',
      fix: 'Without nodes there is no cluster to start.',
    };
  }
  const engine = engineOf(fabric.gitops, wanted);
  if (engine !== undefined) return engine;
  return wanted === undefined
    ? {
        code: 'usage',
        message: 'The topology names both engines, but only one of them can adopt the cluster',
        fix: 'Choose with --engine argocd or --engine flux.',
      }
    : {
        code: 'usage',
        message: `The topology's engine is ${fabric.gitops.engine}`,
        fix: 'Omit --engine, or change gitops.engine.',
      };
}

/** What was reviewed is what is applied: dist must be exactly what the topology renders. */
function staleCluster(out: string, files: RenderedFiles): Refusal | undefined {
  const { added, changed, foreign, removed, stray } = compareDist(out, files);
  const stale = [...added, ...changed, ...foreign, ...removed, ...stray].filter((path) =>
    /^(cluster|gitops)\//.test(path),
  );
  const [first] = stale.sort();
  if (first === undefined) return undefined;
  return {
    code: 'stale',
    message: `${out} is stale: ${counted(stale.length, 'file')} of the cluster ${stale.length === 1 ? 'differs' : 'differ'} from what the topology renders, ${printable(first)} first`,
    fix: `Run ${NOENCAP} synth, and commit what it writes: the engine applies what is in git.`,
  };
}

/** By layer. */
const objectsOf = (files: RenderedFiles): ReadonlyMap<Layer['name'], readonly ClusterObject[]> =>
  new Map(
    LAYERS.map(({ name, folder }) => [
      name,
      manifestsIn(files, folder).flatMap(([, text]) =>
        parseAllDocuments(text).map((one) => one.toJS() as ClusterObject),
      ),
    ]),
  );

const planAsJson = (plan: BootstrapPlan): Body<'bootstrap'> => ({
  ok: true,
  network: plan.name,
  engine: plan.engine.id,
  fieldManager: plan.engine.fieldManager,
  firstServer: plan.firstServer,
  steps: plan.steps.map((step) => ({ title: step.title, commands: stepCommands(plan, step) })),
});

async function perform(fabric: Fabric, plan: BootstrapPlan, terminal: Terminal): Promise<ExitCode> {
  const target = await preflight(fabric, kubectl);
  if (isHalt(target)) return stopped({ plan, done: [], notes: [] }, target, terminal);
  terminal.say(targetText(fabric, target));
  const { stop, release } = interruptible(INTERRUPTED, terminal);
  const steps = bootstrapSteps({ plan, kubectl: target.kubectl, clock: CLOCK, stop });
  const progress: Progress = { plan, target, done: [], notes: [] };
  const halt = await untilHalt(steps, progress, terminal);
  release();
  if (halt !== undefined) return stopped(progress, halt, terminal);
  if (terminal.json) terminal.print(documentOf('bootstrap --run', { ok: true, ...progressAsJson(progress) }));
  else terminal.say(doneText(plan));
  return EXIT.fine;
}

interface Progress {
  readonly plan: BootstrapPlan;
  readonly target?: Target;
  readonly done: string[];
  readonly notes: string[];
}

/** On a terminal each step is drawn while it goes on; a log gets a line for each that is done. */
async function untilHalt(
  steps: readonly RunningStep[],
  { done, notes }: Progress,
  terminal: Terminal,
): Promise<Halt | undefined> {
  let halt: Halt | undefined;
  try {
    await runSteps(
      steps.map(({ title, run }) => ({
        title,
        run: async (say) => {
          const end = await run(say);
          halt = end.halt;
          if (halt !== undefined) throw new Halted();
          done.push(title);
          notes.push(...end.notes);
          if (!terminal.live) terminal.say([`done  ${title}`, ...end.notes.map(indented)].join('\n'));
        },
      })),
      terminal,
    );
  } catch (error) {
    if (!(error instanceof Halted)) throw error;
  }
  if (terminal.live) for (const note of notes) terminal.say(indented(note));
  return halt;
}

/** Ends a list of steps; what is wrong is told elsewhere. */
class Halted extends Error {}

const indented = (text: string): string => `      ${printable(text)}`;

const CODES: Readonly<Record<Halt['because'], ExitCode>> = {
  refused: EXIT.doesNotHold,
  expired: EXIT.doesNotHold,
  interrupted: EXIT.doesNotHold,
  environment: EXIT.environment,
};

function stopped(progress: Progress, halt: Halt, terminal: Terminal): ExitCode {
  const { because, message, details, fix } = halt;
  const refusal: Refusal = {
    code: `cluster-${because}`,
    message: `${message.charAt(0).toUpperCase()}${printable(message.slice(1))}`,
    fix,
    ...(details.length === 0 ? {} : { details }),
  };
  terminal.complain(refusalText(refusal, terminal));
  if (terminal.json) {
    const faults = [faultOf(refusal)];
    terminal.print(documentOf('bootstrap --run', { ok: false, ...progressAsJson(progress), faults }));
  }
  return CODES[because];
}

const progressAsJson = ({ plan, target, done, notes }: Progress): Omit<Body<'bootstrap --run'>, 'ok'> => ({
  network: plan.name,
  engine: plan.engine.id,
  ...(target === undefined
    ? {}
    : {
        cluster: {
          context: target.context,
          server: target.server,
          version: target.version,
          nodes: {
            joined: target.nodes.both,
            notJoined: target.nodes.lacking,
            notInTopology: target.nodes.unknown,
          },
        },
      }),
  done,
  notes,
});

function targetText(fabric: Fabric, { context, server, version, nodes }: Target): string {
  return [
    `${fabric.name}: the cluster of context ${context}, ${server}, Kubernetes ${version}`,
    ...nodesText(nodes).map((line) => `  ${line}`),
  ]
    .map(printable)
    .join('\n');
}

const doneText = ({ name, engine, firstServer }: BootstrapPlan): string =>
  `${name} is up, and ${engine.title} syncs it from git.
K3s still applies its copies at each start of ${firstServer}. Run install.sh there once more to leave them to ${engine.title}.`;

const CLOCK: Clock = {
  now: () => performance.now(),
  sleep: (time, signal) => sleep(time, undefined, { signal }).catch(() => {}),
};

/** The first interrupt lets the current step finish; a later run continues from either. */
const INTERRUPTED = 'Interrupted: no further step starts. Press Ctrl-C again to end at once.';
