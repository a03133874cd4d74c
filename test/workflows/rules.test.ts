import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import * as code from './rules-of-code.ts';
import * as rights from './rules-of-rights.ts';
import { readWorkflow, type Workflow, workflowsIn } from './workflow.ts';

/** A bad workflow is a pair of files here: the workflow, and its violations. Its name begins with the rule's. */
const BAD = join('test', 'workflows', 'bad');

const rules: Readonly<Record<string, code.Rule>> = { ...code, ...rights };

const judge = (workflow: Workflow, all: readonly Workflow[]): string[] =>
  Object.entries(rules).flatMap(([name, rule]) =>
    [...rule(workflow, all)].map((message) => `${name}: ${workflow.file}: ${message}.`),
  );

const ours = workflowsIn(join('.github', 'workflows'));

test.each(ours.map((workflow) => [workflow.file, workflow] as const))(
  '%s follows every rule',
  (_, workflow) => {
    expect(judge(workflow, ours)).toEqual([]);
  },
);

const bad = readdirSync(BAD)
  .filter((file) => file.endsWith('.yml'))
  .map((file) => basename(file, '.yml'))
  .sort();

test.each(bad)('%s is found (UPDATE_GOLDEN=1 to review again)', (name) => {
  const expected = join(BAD, `${name}.txt`);
  const workflow = readWorkflow(join(BAD, `${name}.yml`));
  const text = `${judge(workflow, [...ours, workflow]).join('\n')}\n`;
  if (process.env.UPDATE_GOLDEN === '1') writeFileSync(expected, text);
  expect(text).toBe(readFileSync(expected, 'utf8'));
});

test('every rule has an example, in which it and no other rule finds something', () => {
  const found = bad.map((name) => {
    const lines = readFileSync(join(BAD, `${name}.txt`), 'utf8')
      .trim()
      .split('\n');
    return { name, rules: [...new Set(lines.map((line) => line.split(':')[0] ?? ''))] };
  });
  for (const { name, rules: named } of found)
    expect({ name, rules: named }).toEqual({ name, rules: [name.split('.')[0]] });
  expect([...new Set(found.flatMap((one) => one.rules))].sort()).toEqual(Object.keys(rules).sort());
});

test('the pages on workflows name every one with its jobs, and the label', () => {
  const page = ['docs/pull-requests.md', 'docs/ship-routers.md', 'CONTRIBUTING.md']
    .map((file) => readFileSync(file, 'utf8'))
    .join('\n');
  const rows = [...page.matchAll(/^\| `([\w.-]+)`, `([\w-]+)` \|/gm)].map(
    ([, file, job]) => `${file}: ${job}`,
  );
  const jobs = ours.flatMap(({ file, jobs }) => Object.keys(jobs).map((job) => `${file}: ${job}`));
  expect(rows.sort()).toEqual(jobs.sort());
  const [, label] = ours.map(({ text }) => text.match(/label\.name == '([^']+)'/)).find(Boolean) ?? [];
  expect(page).toContain(`set the label \`${label}\``);
});
