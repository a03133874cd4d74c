import { expressionsIn, holds } from './expression.ts';
import {
  actionOf,
  type Concurrency,
  type Job,
  mayWrite,
  type Step,
  stepsOf,
  type Values,
  type Workflow,
} from './workflow.ts';

/** These are the rules about what a run may do, for whom, and concurrently with which other. */

/** Undeclared permissions are whatever the repository's settings grant, now or later. */
export function* permissions({ permissions: top, jobs }: Workflow): Iterable<string> {
  if (typeof top !== 'object' || Object.keys(top).length > 0) yield 'permissions at the top are not {}';
  for (const [name, job] of Object.entries(jobs)) {
    if (typeof job.permissions !== 'object')
      yield `${name}: permissions are ${job.permissions ?? 'not there'}; name each`;
  }
}

/** For each permission that a job of ours may have, how to tell that it needs it. */
const NEEDS: Readonly<Record<string, (step: Step) => boolean>> = {
  'contents: read': (step) => actionOf(step) === 'actions/checkout',
  'actions: read': (step) =>
    asksForRuns(step) ||
    (actionOf(step) === 'actions/download-artifact' && step.with?.['run-id'] !== undefined),
  'pull-requests: write': comments,
  'issues: write': keepsIssue,
  'contents: write': releases,
  'id-token: write': publishes,
};

function comments({ run }: Step): boolean {
  return /^(node_modules\/\.)?bin\/noencap comment\b/m.test(run ?? '');
}

function keepsIssue({ run }: Step): boolean {
  return /^(node_modules\/\.)?bin\/noencap issue\b/m.test(run ?? '');
}

function releases({ run }: Step): boolean {
  return /^gh release create\b/m.test(run ?? '');
}

/** With the identity of the run, for which npm wants no token. */
function publishes({ run }: Step): boolean {
  return /^npm publish\b.* --provenance\b/m.test(run ?? '');
}

function asksForRuns({ run }: Step): boolean {
  return /\bnode (node_modules\/noencap\/)?scripts\/(last-delivery|other-delivery|accepted-commit)\.cjs\b/.test(
    run ?? '',
  );
}

/** A stolen token can do no more than the job needs. */
export function* minimal({ jobs }: Workflow): Iterable<string> {
  for (const [name, { permissions: given, steps = [] }] of Object.entries(jobs)) {
    if (typeof given !== 'object') continue;
    const has = Object.entries(given).map(([scope, access]) => `${scope}: ${access}`);
    for (const one of has) {
      if (!steps.some(NEEDS[one] ?? (() => false))) yield `${name}: no step needs ${one}`;
    }
    for (const [one, needs] of Object.entries(NEEDS)) {
      if (steps.some(needs) && !has.includes(one)) yield `${name}: a step needs ${one}`;
    }
  }
}

/** Otherwise a hanging run costs six hours. */
export function* timeout({ jobs }: Workflow): Iterable<string> {
  for (const [name, { 'timeout-minutes': minutes }] of Object.entries(jobs)) {
    if (typeof minutes !== 'number' || minutes < 1 || minutes > 60)
      yield `${name}: timeout-minutes is not there, or not from 1 to 60`;
  }
}

/** The token is only where it is used, and only as long as it is used. */
export function* token(workflow: Workflow): Iterable<string> {
  const held = (values: Values | undefined): string[] =>
    Object.entries(values ?? {}).flatMap(([name, value]) =>
      expressionsIn(String(value)).some((text) => /\bsecrets\.GITHUB_TOKEN\b|\bgithub\.token\b/.test(text))
        ? [name]
        : [],
    );
  for (const name of held(workflow.env)) yield `every step has the token in ${name}`;
  for (const [name, job] of Object.entries(workflow.jobs)) {
    for (const variable of held(job.env)) yield `${name}: every step has the token in ${variable}`;
  }
  for (const { step, place } of stepsOf(workflow)) {
    for (const name of held(step.env)) {
      if (
        !(comments(step) || keepsIssue(step) || asksForRuns(step) || releases(step)) ||
        name !== 'GITHUB_TOKEN'
      )
        yield `${place}: has the token in ${name} and no use for it`;
    }
    for (const name of held(step.with)) {
      if (actionOf(step) !== 'actions/download-artifact' || name !== 'github-token')
        yield `${place}: has the token in ${name} and no use for it`;
    }
  }
}

/** The secrets that our steps need, and which step needs each. */
const SECRETS: Readonly<Record<string, (script: string) => boolean>> = {
  SSH_PRIVATE_KEY: (script) => /\| ssh-add -q -(;|$)/m.test(script),
  CLUSTER_ACCESS: (script) =>
    /\| KUBECONFIG=\/dev\/stdin (node_modules\/\.)?bin\/noencap drift\b/.test(script),
  NOENCAP_AGE_KEY: (script) => /\bbin\/noencap ship\b/.test(script),
};

/** The names of secrets in a text; `all` for an expression that yields every one. */
const secretsIn = (text: string): string[] =>
  expressionsIn(text).flatMap((inner) =>
    [...inner.matchAll(/\bsecrets\b(?:\.(\w+))?/g)]
      .map(([, name = 'all']) => name)
      .filter((name) => name !== 'GITHUB_TOKEN'),
  );

/** A key of the routers is only in the one step that uses it, in a job that an environment's reviewers approve. */
export function* secret(workflow: Workflow): Iterable<string> {
  const left = secretsIn(workflow.text);
  for (const { job, step, place } of stepsOf(workflow)) {
    for (const [variable, value] of Object.entries(step.env ?? {})) {
      for (const name of secretsIn(String(value))) {
        left.splice(left.indexOf(name), 1);
        if (job.environment === undefined)
          yield `${place}: has ${name} without an environment, whose reviewers would be asked`;
        else if (SECRETS[name]?.(step.run ?? '') !== true || variable !== name)
          yield `${place}: has ${name} in ${variable} and no use for it`;
      }
    }
  }
  for (const name of left) yield `${name} is used elsewhere than in the environment of a step`;
}

/**
 * A key is in no file, on no command line that others can list, and in no log. It may be renamed, be tested for presence,
 * and be piped by a shell builtin. Here-documents are files with some versions of bash.
 */
export function* disk(workflow: Workflow): Iterable<string> {
  for (const { step, place } of stepsOf(workflow)) {
    const names = Object.entries(step.env ?? {}).flatMap(([name, value]) =>
      secretsIn(String(value)).length > 0 ? [name] : [],
    );
    if (names.length === 0) continue;
    for (const line of (step.run ?? '').split('\n').map((one) => one.trim())) {
      if (/^set\b.*(\s-\w*x|xtrace)/.test(line)) yield `${place}: the log shows every command: ${line}`;
      if (/\b(env|printenv|export -p|declare -p)$|\b(env|printenv) \|/.test(line))
        yield `${place}: the log shows the environment: ${line}`;
      const used = names.find((name) => new RegExp(`\\$\\{?${name}\\b`).test(line));
      if (used === undefined) continue;
      const [, alias] = line.match(/^(\w+)="?\$\w+"?$/) ?? [];
      if (alias !== undefined) names.push(alias);
      else if (
        !/^if \[ -[nz] "\$\w+" \]; then$/.test(line) &&
        !/^(if ! )?printf '%s\\n' "\$\w+" \|/.test(line)
      )
        yield `${place}: ${used} goes elsewhere than through a pipe: ${line}`;
      else if (/[^0-9&]>|<</.test(line) || /\btee\b/.test(line))
        yield `${place}: ${used} comes into a file: ${line}`;
    }
  }
}

/** A job that changes routers runs only for the main branch, and is never triggered by strangers. */
export function* deploy({ on, jobs }: Workflow): Iterable<string> {
  const runs = (job: Job, ref: string): boolean =>
    holds(job.if, { values: { github: { ref }, ...needed(job) } }) &&
    [job.needs ?? []].flat().every((name) => runs(jobs[name] ?? {}, ref));
  for (const [name, job] of Object.entries(jobs)) {
    if (job.environment === undefined || job.environment === RELEASES) continue;
    const isLook = job.environment === LOOKS;
    for (const event of Object.keys(on)) {
      if (!['push', 'workflow_dispatch'].includes(event) && !(isLook && event === 'schedule'))
        yield `${name}: changes something, and ${event} starts it`;
    }
    for (const { run } of job.steps ?? []) {
      const other = isLook ? (run ?? '').match(/\bbin\/noencap (?!drift\b)\w+/)?.[0] : undefined;
      if (other !== undefined)
        yield `${name}: nobody is asked about the environment ${LOOKS}, and it runs ${other}`;
    }
    const { branches } = (on.push ?? {}) as { readonly branches?: readonly string[] };
    if (on.push !== undefined && branches?.join() !== 'main')
      yield `${name}: changes something, and a push to another branch than main starts it`;
    if (on.workflow_dispatch !== undefined && runs(job, 'refs/heads/other'))
      yield `${name}: changes something, and may be started by hand for another branch than main`;
  }
}

/** The environment of a job that looks at routers and cluster by the clock: no reviewer is asked, so it does nothing else. */
const LOOKS = 'drift';

/** The environment whose reviewers agree to a release, and for which npm trusts a run. */
const RELEASES = 'npm';

/** All that a job may run which npm trusts: what it publishes is a file that an earlier job has made. */
const PUBLISHING = [
  /^npm publish "\$RUNNER_TEMP\/release\/noencap\.tgz" --provenance --ignore-scripts --access public$/,
  /^gh release create "\$GITHUB_REF_NAME" [^;&|`<>]*$/,
];

/** A job that publishes runs for a tag of a version only, with reviewers, and no code of the repository: whatever it runs could publish. */
export function* publish({ on, jobs }: Workflow): Iterable<string> {
  for (const [name, { environment, steps = [] }] of Object.entries(jobs)) {
    if (environment !== RELEASES && !steps.some(publishes)) continue;
    if (environment !== RELEASES)
      yield `${name}: publishes without the environment ${RELEASES}, whose reviewers would be asked`;
    const { tags, ...more } = (on.push ?? {}) as { readonly tags?: readonly string[] };
    if (Object.keys({ ...on, ...more }).join() !== 'push' || tags?.join() !== 'v*')
      yield `${name}: publishes, and something else than a tag v* starts it`;
    for (const step of steps) {
      if (actionOf(step) === 'actions/checkout') yield `${name}: publishes, and checks code out`;
      for (const line of (step.run ?? '').split('\n').filter((one) => one.trim() !== '')) {
        if (!PUBLISHING.some((good) => good.test(line)))
          yield `${name}: publishes, and runs something else: ${line.trim()}`;
      }
    }
  }
}

/** The waves of a delivery, which are jobs of a matrix: never two at a time, and none after a failed one. */
export function* waves({ jobs }: Workflow): Iterable<string> {
  for (const [name, { environment, strategy }] of Object.entries(jobs)) {
    if (environment === undefined || strategy === undefined) continue;
    if (strategy['max-parallel'] !== 1) yield `${name}: waves go side by side: max-parallel is not 1`;
    if (strategy['fail-fast'] !== true)
      yield `${name}: a wave may follow one that failed: fail-fast is not true`;
  }
}

/** The same for every event: evaluated with the event of a fork or a branch, a job's condition must give the right result. */
export function* fork({ on, jobs }: Workflow): Iterable<string> {
  const home = { full_name: 'home/fabric' };
  const other = { full_name: 'stranger/fabric' };
  for (const [name, job] of Object.entries(jobs)) {
    const runs = (event: object): boolean =>
      holds(job.if, { values: { github: { repository: home.full_name, event }, ...needed(job) } });
    if (on.workflow_run !== undefined) {
      const run = (head_repository: object, event: string) => ({
        workflow_run: { event, head_repository, conclusion: 'success' },
      });
      if (runs(run(home, 'pull_request'))) yield `${name}: runs for this repository's own pull requests`;
      if (runs(run(other, 'push'))) yield `${name}: runs after other events than pull_request`;
    }
    if (on.pull_request !== undefined && mayWrite(job) && runs({ pull_request: { head: { repo: other } } }))
      yield `${name}: may write, and runs for pull requests from forks`;
  }
}

/** The outputs of earlier jobs, all successful. */
const needed = ({ needs = [] }: Job): Readonly<Record<string, unknown>> => ({
  needs: Object.fromEntries(
    [needs]
      .flat()
      .map((name) => [name, { result: 'success', outputs: { artifact: '1', waves: '[{"wave": 1}]' } }]),
  ),
});

/** A newer push makes an older review pointless. A job that changes something outside must run to its end, and none may be dropped. */
export function* concurrency({ on, concurrency: top, jobs }: Workflow): Iterable<string> {
  const whole = grouped(top);
  if (on.pull_request !== undefined) {
    if (!whole?.group?.includes('${{ github.event.pull_request.number }}'))
      yield 'runs of one pull request are no group by its number';
    if (whole?.['cancel-in-progress'] !== true) yield 'an older run of a pull request is not cancelled';
    return;
  }
  if (whole?.group === undefined) yield 'runs go side by side: there is no concurrency group';
  // In the same group a manual run would displace a waiting push, and might deliver less.
  if (on.workflow_dispatch !== undefined && Object.keys(on).length > 1) {
    if (!whole?.group?.includes('${{ github.event_name }}'))
      yield 'a run by hand takes the place of one that waits: no group of its own';
  }
  for (const [name, job] of Object.entries(jobs)) {
    const cancelled = [whole, grouped(job.concurrency)].some(
      (one) => (one?.['cancel-in-progress'] ?? false) !== false,
    );
    if (cancelled && (mayWrite(job) || job.environment !== undefined))
      yield `${name}: changes something, and may be cancelled half-way`;
  }
}

const grouped = (concurrency: Concurrency | string | undefined): Concurrency | undefined =>
  typeof concurrency === 'string' ? { group: concurrency } : concurrency;
