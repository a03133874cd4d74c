import { type ChildProcess, execFile } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { scratch } from '../cli/run.ts';
import { type Context, holds, interpolate } from './expression.ts';
import { checkOut, PULL, type Repository } from './repository.ts';
import { actionOf, type Job, type Step, type Values, type Workflow } from './workflow.ts';

/** A run's context: where it happens, and GitHub's event. */
export interface Run {
  readonly repository: Repository;
  readonly event_name: 'pull_request' | 'workflow_run' | 'push' | 'workflow_dispatch';
  readonly event: object;
  /** The commit of the run, if it is not for a pull request; by default the tip of `main`. */
  readonly sha?: string;
  readonly inputs?: Readonly<Record<string, string | boolean>>;
  readonly secrets?: Readonly<Record<string, string>>;
  /** The results of the jobs that this one needs. */
  readonly needs?: object;
  /** The job's values from its matrix. */
  readonly matrix?: object;
  readonly token?: string;
  /** The folder of artifacts, by name, shared between jobs. */
  readonly artifacts: string;
  /** GitHub's API, if anything calls it. */
  readonly api?: string;
  /** Steps that take too long for a test; they count as successful. */
  readonly without?: readonly string[];
  /** Is given each script while it runs. */
  readonly during?: (step: string, shell: ChildProcess, workspace: string) => void;
  /** Whether `npm ci` works. */
  readonly npm?: 'works' | 'fails';
}

export interface Done {
  readonly name: string;
  readonly outcome: 'success' | 'failure' | 'skipped';
  readonly stdout: string;
  readonly stderr: string;
  /** What it wrote to the job summary. */
  readonly summary: string;
}

export interface JobDone {
  readonly result: 'success' | 'failure';
  readonly outputs: Readonly<Record<string, string>>;
  readonly steps: readonly Done[];
}

/** Where this process has run jobs: what it started is told from what others started by that. */
export const jobFolders: string[] = [];

/** Runs a job as GitHub's runner does: its scripts with bash, step by step, and stand-ins for its actions, npm and sudo. */
export async function runJob(workflow: Workflow, name: string, run: Run): Promise<JobDone> {
  const job = workflow.jobs[name];
  if (job === undefined) throw new Error(`${workflow.file} has no job ${name}`);
  const machine = setUp(run);
  const steps: Record<string, object> = {};
  const done: Done[] = [];
  let status: 'success' | 'failure' = 'success';
  const context = (): Context => ({ values: { ...machine.values, steps }, status });
  for (const [index, step] of (job.steps ?? []).entries()) {
    const one = await runStep(step, workflow, job, machine, context());
    const wrong = one.outcome === 'failure' && step['continue-on-error'] !== true;
    if (wrong) status = 'failure';
    const conclusion = one.outcome === 'failure' && !wrong ? 'success' : one.outcome;
    steps[step.id ?? `step-${index}`] = { outcome: one.outcome, conclusion, outputs: one.outputs };
    done.push(one);
  }
  const outputs = Object.entries(job.outputs ?? {}).map(([key, text]) => [key, interpolate(text, context())]);
  rmSync(machine.folder, { recursive: true });
  return { result: status, outputs: Object.fromEntries(outputs), steps: done };
}

interface Machine {
  readonly run: Run;
  readonly folder: string;
  readonly workspace: string;
  readonly env: NodeJS.ProcessEnv;
  readonly values: Context['values'];
}

function setUp(run: Run): Machine {
  const folder = scratch();
  jobFolders.push(folder);
  const [workspace, temp, bin] = ['workspace', 'temp', 'bin'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  for (const one of [workspace, temp, bin]) mkdirSync(one);
  const program = (name: string, text: string): void => {
    writeFileSync(join(bin, name), `#!/bin/sh\n${text}\n`);
    chmodSync(join(bin, name), 0o755);
  };
  // The packages are already installed, and no test changes its machine.
  program(
    'npm',
    run.npm === 'fails' ? 'exit 1' : `[ "$1" = ci ] && ln -s '${resolve('node_modules')}' node_modules`,
  );
  program('sudo', 'exit 0');
  const event = join(folder, 'event.json');
  writeFileSync(event, JSON.stringify(run.event));
  const github = {
    repository: 'acme/net',
    event_name: run.event_name,
    event: run.event,
    token: run.token ?? 'no token',
    ref: run.event_name === 'pull_request' ? `refs/pull/${PULL.number}/merge` : 'refs/heads/main',
    sha: run.event_name === 'pull_request' ? run.repository.merge : (run.sha ?? run.repository.base),
    run_attempt: '1',
  };
  const env = {
    CI: 'true',
    HOME: folder,
    LANG: 'C.UTF-8',
    PATH: `${bin}:${dirname(process.execPath)}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`,
    RUNNER_TEMP: temp,
    GITHUB_ACTIONS: 'true',
    GITHUB_API_URL: run.api ?? 'http://127.0.0.1:9',
    GITHUB_EVENT_NAME: run.event_name,
    GITHUB_EVENT_PATH: event,
    GITHUB_REPOSITORY: github.repository,
    GITHUB_RUN_ID: '4711',
    GITHUB_RUN_ATTEMPT: github.run_attempt,
    GITHUB_RUN_NUMBER: '12',
    GITHUB_SERVER_URL: 'https://github.com',
    GITHUB_WORKSPACE: workspace,
    GITHUB_REF: github.ref,
    GITHUB_SHA: github.sha,
    ...(run.event_name === 'pull_request'
      ? { GITHUB_BASE_REF: 'main', GITHUB_HEAD_REF: PULL.branch }
      : { GITHUB_BASE_REF: '', GITHUB_HEAD_REF: '' }),
  };
  const { inputs = {}, secrets = {}, needs = {}, matrix = {} } = run;
  return {
    run,
    folder,
    workspace,
    env,
    values: { github, runner: { temp }, inputs, secrets, needs, matrix },
  };
}

async function runStep(
  step: Step,
  workflow: Workflow,
  job: Job,
  machine: Machine,
  context: Context,
): Promise<Done & { readonly outputs: object }> {
  const nothing = {
    name: step.name ?? step.uses ?? step.run ?? '',
    stdout: '',
    stderr: '',
    summary: '',
    outputs: {},
  };
  if (!holds(step.if, context)) return { ...nothing, outcome: 'skipped' };
  if (machine.run.without?.includes(nothing.name)) return { ...nothing, outcome: 'success' };
  const valued = (values: Values = {}): Record<string, string> =>
    Object.fromEntries(
      Object.entries(values).map(([key, value]) => [key, interpolate(String(value), context)]),
    );
  if (step.run === undefined) {
    try {
      return { ...nothing, outcome: 'success', outputs: act(step, valued(step.with), machine) };
    } catch (error) {
      return { ...nothing, outcome: 'failure', stderr: String(error) };
    }
  }
  const script = join(machine.folder, 'script.sh');
  const summary = join(machine.folder, 'summary.md');
  const output = join(machine.folder, 'output');
  writeFileSync(script, step.run);
  for (const file of [summary, output]) writeFileSync(file, '');
  const env = {
    ...machine.env,
    GITHUB_STEP_SUMMARY: summary,
    GITHUB_OUTPUT: output,
    ...valued(workflow.env),
    ...valued(job.env),
    ...valued(step.env),
  };
  const options = { cwd: machine.workspace, env, maxBuffer: 2 ** 26 };
  const started = promisify(execFile)('bash', ['--noprofile', '--norc', '-eo', 'pipefail', script], options);
  machine.run.during?.(nothing.name, started.child, machine.workspace);
  const { outcome, stdout, stderr } = await started.then(
    (said) => ({ ...said, outcome: 'success' as const }),
    (error) => ({ stdout: error.stdout, stderr: error.stderr, outcome: 'failure' as const }),
  );
  const outputs = Object.fromEntries(
    [...readFileSync(output, 'utf8').matchAll(/^([\w-]+)=(.*)$/gm)].map(([, key, value]) => [key, value]),
  );
  return { ...nothing, outcome, stdout, stderr, outputs, summary: readFileSync(summary, 'utf8') };
}

/** The effect of an action, as far as later steps see it; returns its outputs. */
function act(step: Step, inputs: Record<string, string>, { run, workspace }: Machine): object {
  const artifact = join(run.artifacts, inputs.name ?? '');
  switch (actionOf(step)) {
    case 'actions/checkout':
      checkOut(
        run.repository,
        inputs.ref ??
          (run.event_name === 'pull_request' ? `refs/pull/${PULL.number}/merge` : 'refs/heads/main'),
        step.with?.['fetch-depth'],
        workspace,
      );
      return {};
    case 'actions/setup-node':
      return {};
    case 'actions/upload-artifact': {
      const path = inputs.path ?? '';
      if (!existsSync(join(workspace, path))) {
        if (inputs['if-no-files-found'] === 'ignore') return {};
        throw new Error(`there is no ${path}`);
      }
      cpSync(join(workspace, path), join(artifact, path));
      return { 'artifact-id': '1' };
    }
    case 'actions/download-artifact':
      if (!existsSync(artifact)) throw new Error(`there is no artifact ${inputs.name}`);
      cpSync(artifact, inputs.path ?? workspace, { recursive: true });
      return {};
    default:
      throw new Error(`the tests have no stand-in for ${step.uses}`);
  }
}
