import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse as parseYaml } from 'yaml';
import { type Context, holds, interpolate } from './expression.ts';
import { readWorkflow, stepsOf } from './workflow.ts';

/** What GitHub tells a workflow, and what must come of it: a file each. */
const FOLDER = join('test', 'workflows', 'events');

interface Example {
  readonly workflow: string;
  readonly event_name: string;
  readonly event: object;
  readonly needs?: object;
  /** How the jobs that others need have ended. */
  readonly status?: Context['status'];
  readonly jobs: readonly string[];
  readonly accept?: boolean;
}

const examples = readdirSync(FOLDER).map((file): [string, Example] => [
  file.replace('.yaml', ''),
  parseYaml(readFileSync(join(FOLDER, file), 'utf8')),
]);

describe.each(examples)('%s', (_, example) => {
  const workflow = readWorkflow(join('.github', 'workflows', example.workflow));
  const { event, event_name, needs = {}, status = 'success' } = example;
  const values = { github: { repository: 'home/fabric', event_name, event }, needs };

  test('starts the workflow', () => {
    const { types } = workflow.on[event_name] as { readonly types: readonly string[] };
    expect(types).toContain((event as { readonly action: string }).action);
  });

  test(`runs ${example.jobs.join(' and ') || 'nothing'}`, () => {
    const running = Object.entries(workflow.jobs)
      .filter(([, job]) => holds(job.if, { values, status: job.needs === undefined ? 'success' : status }))
      .map(([name]) => name);
    expect(running).toEqual(example.jobs);
  });

  if (example.accept !== undefined) {
    test(`${example.accept ? 'accepts' : 'does not accept'} what is dangerous`, () => {
      const found = stepsOf(workflow).flatMap(({ step }) => step.env?.ACCEPT ?? []);
      expect(found.map((text) => interpolate(String(text), { values }))).toEqual([String(example.accept)]);
    });
  }
});
