import { isAlias, isScalar, visit } from 'yaml';
import { type Expression, expressionsIn, parse } from './expression.ts';
import { actionOf, mayWrite, stepsOf, type Values, type Workflow } from './workflow.ts';

/**
 * The violations of one rule in a workflow; a line for each place. `all` are the workflows that it must be consistent with.
 * These are the rules about what a run executes, and who chooses it.
 */
export type Rule = (workflow: Workflow, all: readonly Workflow[]) => Iterable<string>;

/** A tag can be moved to different code; a commit cannot. The comment is for people, and for the tool that keeps it up to date. */
export function* pin(workflow: Workflow): Iterable<string> {
  for (const { uses, comment } of usesIn(workflow)) {
    if (!/^[\w.-]+(\/[\w.-]+)+@[0-9a-f]{40}$/.test(uses))
      yield `${uses} is not pinned to a commit of 40 hex digits`;
    else if (!/^v\d+\.\d+\.\d+$/.test(comment)) yield `${uses} does not say which version that is: # v1.2.3`;
  }
}

/** Two versions of one action: an update was forgotten. */
export function* samePin(workflow: Workflow, all: readonly Workflow[]): Iterable<string> {
  const first = new Map<string, string>();
  const label = ({ uses, comment }: Used): string => `${uses.split('@')[1]} # ${comment}`;
  for (const used of all.flatMap(usesIn)) {
    const [action = ''] = used.uses.split('@');
    if (!first.has(action)) first.set(action, label(used));
  }
  for (const used of usesIn(workflow)) {
    const [action = ''] = used.uses.split('@');
    if (label(used) !== first.get(action))
      yield `${action} is pinned to ${label(used)} here, and elsewhere to ${first.get(action)}`;
  }
}

interface Used {
  readonly uses: string;
  readonly comment: string;
}

function usesIn({ document }: Workflow): readonly Used[] {
  const found: Used[] = [];
  visit(document, {
    Pair(_, { key, value }) {
      if (isScalar(key) && key.value === 'uses' && isScalar(value))
        found.push({ uses: String(value.value), comment: (value.comment ?? '').trim() });
    },
  });
  return found;
}

/** Not every runner supports them, and a reviewer does not see the value where it is used. */
export function* anchors({ document }: Workflow): Iterable<string> {
  const found: string[] = [];
  visit(document, {
    Node(_, node) {
      if (isAlias(node)) found.push(`*${node.source} stands for something that is written elsewhere`);
      else if (node.anchor !== undefined)
        found.push(`&${node.anchor} is an anchor: write it out where it is used`);
    },
  });
  yield* found;
}

/** `pull_request_target` and `issue_comment` run with a token that may write, triggered by strangers. */
export function* trigger({ on }: Workflow): Iterable<string> {
  const allowed = ['pull_request', 'push', 'schedule', 'workflow_dispatch', 'workflow_run'];
  for (const event of Object.keys(on)) {
    if (!allowed.includes(event)) yield `${event} starts it; none but ${allowed.join(', ')} may`;
  }
}

/** An expression is pasted into the script before a shell reads it: whoever controls its value controls the script. */
export function* injection(workflow: Workflow): Iterable<string> {
  for (const { step, place } of stepsOf(workflow)) {
    if (step.run?.includes('${{')) yield `${place}: an expression in a script; pass its value by env`;
  }
}

/** Values that nobody outside can control. */
const TRUSTED = [
  /^github\.(token|repository|run_id|run_attempt|sha|event\.pull_request\.(number|base\.sha|head\.sha|updated_at)|event\.workflow_run\.id)$/,
  /^secrets\.(GITHUB_TOKEN|SSH_PRIVATE_KEY|NOENCAP_AGE_KEY|CLUSTER_ACCESS)$/,
  // Given by people with write access to the repository, who could change the workflow as well.
  /^inputs\.[\w-]+$/,
  // A list in the workflow itself.
  /^matrix\.node$/,
  // Results of our own steps: a commit, a number.
  /^(matrix\.wave|needs\.plan\.outputs\.base|needs\.look\.outputs\.code|steps\.last\.outputs\.commit|steps\.agent\.outputs\.pid)$/,
  /^runner\.temp$/,
  /^(steps|needs)\.[\w-]+\.(outcome|conclusion|result)$/,
];

/** Titles, branch names, labels: text from strangers, which is dangerous in a script even in a variable. Comparing with it is fine. */
export function* untrusted(workflow: Workflow): Iterable<string> {
  const places: [string, Values | undefined][] = [
    ['env', workflow.env],
    ...Object.entries(workflow.jobs).map(([name, job]): [string, Values | undefined] => [
      `${name}, env`,
      job.env,
    ]),
    ...stepsOf(workflow).flatMap(({ step, place }): [string, Values | undefined][] => [
      [`${place}, env`, step.env],
      [`${place}, with`, step.with],
    ]),
  ];
  for (const [place, values] of places) {
    for (const [name, value] of Object.entries(values ?? {})) {
      const reaching = expressionsIn(String(value)).flatMap((text) => flowing(parse(text)));
      for (const path of reaching) {
        if (!TRUSTED.some((trusted) => trusted.test(path)))
          yield `${place}, ${name}: ${path} may be a stranger's words`;
      }
    }
  }
}

/** The paths whose own value can become the value of the expression. */
function flowing(expression: Expression): string[] {
  if (expression.kind === 'path') return [expression.path.join('.')];
  if (expression.kind === 'binary')
    return ['&&', '||'].includes(expression.operator)
      ? [...flowing(expression.left), ...flowing(expression.right)]
      : [];
  if (expression.kind === 'call')
    return ['contains', 'success', 'failure', 'cancelled', 'always'].includes(expression.name)
      ? []
      : expression.args.flatMap(flowing);
  return [];
}

/** What is written there affects later steps, including which programs they run. */
export function* environmentFile(workflow: Workflow): Iterable<string> {
  for (const { step, place } of stepsOf(workflow)) {
    const [found] =
      step.run?.match(/GITHUB_ENV|GITHUB_PATH|::(set-env|add-path|set-output|save-state)\b/) ?? [];
    if (found !== undefined) yield `${place}: ${found} changes what later steps run`;
  }
}

/** The runner's default ignores failures of all but the last command in a pipe. */
export function* shell(workflow: Workflow): Iterable<string> {
  const steps = stepsOf(workflow);
  if (workflow.defaults?.run?.shell !== 'bash' && steps.some(({ step }) => step.run !== undefined))
    yield 'defaults.run.shell is not bash, and without it a pipe hides failures';
  for (const { step, place } of steps) {
    if (step.shell !== undefined) yield `${place}: a shell of its own`;
  }
}

/** Otherwise every later step, and whatever it runs, can read the token in the clone's configuration. */
export function* credentials(workflow: Workflow): Iterable<string> {
  for (const { step, place } of stepsOf(workflow)) {
    if (actionOf(step) === 'actions/checkout' && step.with?.['persist-credentials'] !== false)
      yield `${place}: the clone keeps the token; persist-credentials: false`;
  }
}

/** What one run puts into a cache is executed in another with more rights. setup-node caches unless told not to. */
export function* cache(workflow: Workflow): Iterable<string> {
  for (const { step, place } of stepsOf(workflow)) {
    if (actionOf(step).startsWith('actions/cache'))
      yield `${place}: a cache carries code from one run to another`;
    if (actionOf(step) !== 'actions/setup-node') continue;
    if (step.with?.['package-manager-cache'] !== false || step.with.cache !== undefined)
      yield `${place}: a cache carries code from one run to another; package-manager-cache: false`;
  }
}

/**
 * A job whose token may write, or which has keys of the routers, runs only code of the base, and no install scripts of packages. What is
 * delivered is checked out by commit: by branch, checkout would name an old commit origin/main as well.
 */
export function* trustedCode(workflow: Workflow): Iterable<string> {
  const base = '${{ github.event.pull_request.base.sha }}';
  for (const { job, step, place } of stepsOf(workflow)) {
    const delivers = job.environment !== undefined;
    if (!mayWrite(job) && !delivers) continue;
    const holds = delivers ? 'has keys' : 'may write';
    const [expected, other] = delivers
      ? ['${{ github.sha }}', 'something else than the commit of the run']
      : workflow.on.pull_request === undefined
        ? [undefined, 'more than the default branch']
        : [base, 'other code than the base'];
    const { ref, repository } = step.with ?? {};
    if (actionOf(step) === 'actions/checkout' && (ref !== expected || repository !== undefined))
      yield `${place}: this job ${holds}, and checks out ${other}`;
    for (const [command, name, rest = ''] of (step.run ?? '').matchAll(
      /\b(npm|npx|yarn|pnpm)\b([^\n;&|]*)/g,
    )) {
      if (name !== 'npm' || !/^ (ci|publish)\b/.test(rest) || !rest.includes('--ignore-scripts'))
        yield `${place}: this job ${holds}, and runs scripts of packages: ${command.trim()}`;
    }
  }
}

/** An artifact comes from a stranger: it stays outside the clone, and is read only by the one command that trusts nothing in it. */
export function* artifact(workflow: Workflow): Iterable<string> {
  for (const { job, step, place } of stepsOf(workflow)) {
    if (
      actionOf(step) === 'actions/download-artifact' &&
      !/^\$\{\{ runner\.temp \}\}\/[\w-]+$/.test(String(step.with?.path))
    )
      yield `${place}: the artifact may overwrite code; give it a folder below runner.temp`;
    if (!(job.steps ?? []).some((other) => actionOf(other) === 'actions/download-artifact')) continue;
    if (step['working-directory'] !== undefined)
      yield `${place}: runs somewhere else, where the artifact may be`;
    // One that this run has made of the repository's own code is no stranger's.
    if (job.environment === 'npm') continue;
    for (const line of (step.run ?? '').split('\n')) {
      if (
        /RUNNER_TEMP|\/tmp|\.\.\//.test(line) &&
        !/^(node_modules\/\.)?bin\/noencap (comment|issue) "\$RUNNER_TEMP\/[\w-]+\/(review|drift)\.json"$/.test(
          line,
        )
      )
        yield `${place}: does something else with the artifact than to comment, or to write an issue: ${line.trim()}`;
    }
  }
}
