import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse as parseYaml } from 'yaml';
import { type Context, holds, interpolate } from './expression.ts';
import { readWorkflow, stepsOf } from './workflow.ts';

/** Events of GitHub, and the expected runs: one file each. */
const FOLDER = join('test', 'workflows', 'events');

interface Example {
  readonly workflow: string;
  readonly event_name: string;
  readonly event: object;
  readonly ref?: string;
  /** Files that a push changes. */
  readonly changed?: readonly string[];
  readonly inputs?: object;
  /** False if nothing runs at all. */
  readonly starts?: boolean;
  readonly needs?: object;
  /** The results of the jobs that others need. */
  readonly status?: Context['status'];
  readonly jobs: readonly string[];
  readonly accept?: boolean;
}

interface Trigger {
  readonly types?: readonly string[];
  readonly branches?: readonly string[];
  readonly paths?: readonly string[];
  readonly inputs?: Readonly<Record<string, unknown>>;
}

/** By kind of event, branch and files. Our patterns are names, and everything below a folder. */
function isStarted(trigger: unknown, { event, ref = '', changed = [], inputs = {} }: Example): boolean {
  const { types, branches, paths, inputs: declared = {} } = trigger as Trigger;
  const isOf = (pattern: string) => (path: string) =>
    pattern.endsWith('/**') ? path.startsWith(pattern.slice(0, -2)) : path === pattern;
  return (
    (types?.includes((event as { readonly action: string }).action) ?? true) &&
    (branches?.includes(ref.replace('refs/heads/', '')) ?? true) &&
    (paths?.some((pattern) => changed.some(isOf(pattern))) ?? true) &&
    Object.keys(inputs).every((name) => name in declared)
  );
}

const examples = readdirSync(FOLDER).map((file): [string, Example] => [
  file.replace('.yaml', ''),
  parseYaml(readFileSync(join(FOLDER, file), 'utf8')),
]);

describe.each(examples)('%s', (_, example) => {
  const workflow = readWorkflow(join('.github', 'workflows', example.workflow));
  const { event, event_name, ref, inputs = {}, needs = {}, starts = true, status = 'success' } = example;
  const values = { github: { repository: 'home/fabric', event_name, event, ref }, inputs, needs };

  test(`${starts ? 'starts' : 'does not start'} the workflow`, () => {
    expect(isStarted(workflow.on[event_name], example)).toBe(starts);
  });
  if (!starts) return;

  test(`runs ${example.jobs.join(' and ') || 'nothing'}`, () => {
    const running = Object.entries(workflow.jobs)
      .filter(([, job]) => holds(job.if, { values, status: job.needs === undefined ? 'success' : status }))
      .map(([name]) => name);
    expect(running).toEqual(example.jobs);
  });

  if (example.accept !== undefined) {
    test(`${example.accept ? 'accepts' : 'does not accept'} what is dangerous`, () => {
      const steps = stepsOf(workflow).map(({ step }) => step);
      const seen = steps.find(({ id }) => id === 'accepted');
      const accepted = holds(seen?.if, { values }) ? { outputs: { accept: 'true' } } : { outputs: {} };
      const found = steps.flatMap(({ env }) => env?.ACCEPT ?? []);
      expect(
        found.map((text) => interpolate(String(text), { values: { ...values, steps: { accepted } } })),
      ).toEqual([String(example.accept)]);
    });
  }
});
