import { createSecret } from '../bootstrap/commands.ts';
import { applyArguments, type BootstrapPlan, type Engine, PATIENCE_MINUTES } from '../bootstrap/index.ts';
import type { Awaited, BootstrapStep } from '../bootstrap/plan.ts';
import { columnsOf, failedForGood, missing, seenIn } from '../bootstrap/trouble.ts';
import { listed } from '../topology/suggest.ts';
import { diagnose } from './diagnose.ts';
import { type Halt, linesOf } from './halt.ts';
import type { Kubectl } from './kubectl.ts';
import type { StepEnd } from './step.ts';
import { takeOver } from './take-over.ts';

/** A step of a plan, against a cluster. */
export interface RunningStep {
  readonly title: string;
  /** `say` reports progress. */
  run(say: (detail: string) => void): Promise<StepEnd>;
}

/** The clock of a run, so that a test need not wait. Milliseconds. */
export interface Clock {
  now(): number;
  sleep(time: number, stop: AbortSignal): Promise<void>;
}

export interface Bootstrap {
  readonly plan: BootstrapPlan;
  readonly kubectl: Kubectl;
  readonly clock: Clock;
  /** After an interrupt no further step starts. Completed steps stay, and the next run finds them done. */
  readonly stop: AbortSignal;
}

/** All steps of a plan, to run in order until one halts. */
export const bootstrapSteps = (bootstrap: Bootstrap): RunningStep[] =>
  bootstrap.plan.steps.map((step) => ({
    title: step.title,
    run: async (say) => {
      const end = bootstrap.stop.aborted ? WELL : await perform(bootstrap, step, say);
      // kubectl also gets the terminal's interrupt: its error then means nothing.
      return bootstrap.stop.aborted ? { notes: [], halt: INTERRUPTED } : end;
    },
  }));

const WELL: StepEnd = { notes: [], halt: undefined };
const GO_ON = 'Run it again: completed steps stay done, and it continues from here.';

const INTERRUPTED: Halt = { because: 'interrupted', message: 'interrupted', details: [], fix: GO_ON };

function perform(bootstrap: Bootstrap, step: BootstrapStep, say: (detail: string) => void): Promise<StepEnd> {
  switch (step.kind) {
    case 'apply':
      return apply(bootstrap, step.folder, say);
    case 'wait':
      return wait(bootstrap, step.for, say);
    case 'secrets':
      return secrets(bootstrap, step);
    case 'hand-over':
      return takeOver({ ...bootstrap, engine: bootstrap.plan.engine }, step.folders, say);
    case 'installed':
      return installed(bootstrap, step.engine);
  }
}

/** All parts of the API server, and kubectl's cache, know a new kind only some seconds after it is established. */
const APPLY_WITHIN = 60_000;

const PASSES =
  /no matches for kind|could not find the requested resource|unable to handle the request|connection refused|timeout|timed out|too many requests|etcdserver|EOF|the object has been modified/i;

async function apply(
  { plan, kubectl, clock, stop }: Bootstrap,
  folder: string,
  say: (detail: string) => void,
): Promise<StepEnd> {
  const until = clock.now() + APPLY_WITHIN;
  for (;;) {
    const { code, stderr } = await kubectl(applyArguments(plan.engine, folder));
    if (code === 0) return WELL;
    if (stop.aborted || !PASSES.test(stderr) || clock.now() >= until) {
      return {
        notes: [],
        halt: {
          because: 'refused',
          message: `${folder} cannot be applied`,
          details: linesOf(stderr),
          fix: `Fix the error shown there. ${GO_ON}`,
        },
      };
    }
    say('not accepted yet, trying again');
    await clock.sleep(3000, stop);
  }
}

async function wait(
  { kubectl, clock, stop }: Bootstrap,
  awaited: Awaited,
  say: (detail: string) => void,
): Promise<StepEnd> {
  const { resource, namespace, names, condition } = awaited;
  const args = [
    'get',
    resource,
    ...(namespace === undefined ? [] : ['-n', namespace]),
    ...names,
    '--ignore-not-found',
    '--no-headers',
    '-o',
    columnsOf(awaited),
  ];
  const until = clock.now() + PATIENCE_MINUTES * 60_000;
  for (;;) {
    const { code, stdout, stderr } = await kubectl(args);
    // A restarting API server is not fatal: it is queried again.
    const objects = code === 0 ? seenIn(stdout) : [];
    const left = missing(awaited, objects);
    if (left.length === 0) return WELL;
    const failed = failedForGood(awaited, objects);
    if (failed.length > 0 || clock.now() >= until) {
      const message =
        failed.length > 0
          ? `${listed(failed, 'and')} failed for good`
          : `after ${PATIENCE_MINUTES} minutes ${listed(left, 'and')} ${left.length === 1 ? 'is' : 'are'} not ${condition}`;
      const diagnosis = await diagnose(kubectl, {
        ...awaited,
        names: failed.length > 0 ? failed : left,
      });
      const details = code === 0 ? diagnosis.details : [stderr.trim(), ...diagnosis.details];
      const fix = `${diagnosis.look}\n${failed.length > 0 ? removal(awaited, failed) : ''}${GO_ON}`;
      return { notes: [], halt: { because: 'expired', message, details, fix } };
    }
    say(`${names.length - left.length} of ${names.length}`);
    await clock.sleep(2000, stop);
    if (stop.aborted) return WELL;
  }
}

/** By name only: their contents are not read. */
async function secrets(
  { kubectl }: Bootstrap,
  { namespace, names }: Extract<BootstrapStep, { kind: 'secrets' }>,
): Promise<StepEnd> {
  const { code, stdout, stderr } = await kubectl([
    'get',
    'secret',
    '-n',
    namespace,
    ...names,
    '--ignore-not-found',
    '-o',
    'name',
  ]);
  const there = stdout.split('\n').map((line) => line.trim().replace(/^.*\//, ''));
  const lacking = names.filter((name) => !there.includes(name));
  if (code === 0 && lacking.length === 0) return WELL;
  return {
    notes: [],
    halt: {
      because: 'environment',
      message:
        code === 0
          ? `namespace ${namespace} has no Secret ${listed(lacking, 'and')}, without which no Calico image can be pulled`
          : `the Secrets of namespace ${namespace} cannot be listed`,
      details: code === 0 ? [] : [stderr.trim()],
      fix: `Create ${lacking.length === 1 ? 'it' : 'them'}:\n${lacking.map((name) => `  ${createSecret(namespace, name)}`).join('\n')}\n${GO_ON}`,
    },
  };
}

/** A Job that has given up is not retried as long as it exists. */
const removal = ({ namespace = 'default' }: Awaited, jobs: readonly string[]): string =>
  `Once that is fixed, have them retried: kubectl delete job -n ${namespace} ${jobs.join(' ')}\n`;

async function installed({ kubectl }: Bootstrap, engine: Engine): Promise<StepEnd> {
  const { code, stdout, stderr } = await kubectl([
    'get',
    'crd',
    ...engine.kinds,
    '--ignore-not-found',
    '-o',
    'name',
  ]);
  const there = stdout.split('\n').map((line) => line.trim().replace(/^.*\//, ''));
  if (code === 0 && engine.kinds.every((kind) => there.includes(kind))) return WELL;
  return {
    notes: [],
    halt: {
      because: 'environment',
      message: `${engine.title} is not installed in this cluster; the pod network is ready for it`,
      details: code === 0 ? [] : [stderr.trim()],
      fix: `Install it:\n${engine.install.map((command) => `  ${command}`).join('\n')}\n${GO_ON}`,
    },
  };
}
