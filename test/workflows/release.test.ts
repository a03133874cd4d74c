import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { scratch } from '../cli/run.ts';
import { readWorkflow } from './workflow.ts';

const { jobs } = readWorkflow(join('.github', 'workflows', 'release.yml'));
const script = jobs.whole?.steps?.find(({ name }) => name?.startsWith('Is the tag'))?.run ?? '';

let folder: string;

beforeEach(() => {
  folder = scratch();
  mkdirSync(join(folder, 'scripts'));
  cpSync('scripts/release-notes.cjs', join(folder, 'scripts/release-notes.cjs'));
  writeFileSync(join(folder, 'package.json'), '{"version": "1.2.3"}');
});

afterEach(() => rmSync(folder, { recursive: true }));

/** The step that looks at the tag, as the runner starts it. */
function look(tag: string, changelog: string) {
  writeFileSync(join(folder, 'CHANGELOG.md'), changelog);
  const env = { ...process.env, GITHUB_REF_NAME: tag };
  return spawnSync('bash', ['--noprofile', '--norc', '-eo', 'pipefail', '-c', script], {
    cwd: folder,
    env,
    encoding: 'utf8',
  });
}

const CHANGELOG = `# Changelog

Words.

## [Unreleased]

## [1.2.3] - 2026-11-30

### Added

- This.

## [1.2.2] - 2026-01-01

- Before.
`;

test('the tag of the version is released with its changes', () => {
  expect(look('v1.2.3', CHANGELOG)).toMatchObject({ status: 0, stderr: '' });
  expect(readFileSync(join(folder, '.cache/release/notes.md'), 'utf8')).toBe('### Added\n\n- This.\n');
});

test.each([
  ['another version', 'v1.2.4', CHANGELOG, 'The tag is "v1.2.4", and the version in package.json is 1.2.3'],
  ['a tag without v', '1.2.3', CHANGELOG, 'The tag is "1.2.3"'],
  ['no entry', 'v1.2.3', CHANGELOG.replace('[1.2.3] - 2026-11-30', '[1.2.1] - 2026-11-30'), 'has no section'],
  ['an entry without a day', 'v1.2.3', CHANGELOG.replace(' - 2026-11-30', ''), 'has no section'],
  ['an entry with no day', 'v1.2.3', CHANGELOG.replace('2026-11-30', 'soon'), 'has no day'],
  ['an empty entry', 'v1.2.3', CHANGELOG.replace('### Added\n\n- This.\n', ''), 'is empty'],
])('nothing is released for %s', (_, tag, changelog, message) => {
  const run = look(tag, changelog);
  expect(run.status).toBe(1);
  expect(run.stderr).toContain('::error title=No release::');
  expect(run.stderr).toContain(message);
});

test('what is published is the package that the tests of the same run have tried, and its notes', () => {
  const text = (name: string) =>
    (jobs[name]?.steps ?? []).map(({ run, with: given }) => `${run ?? ''}\n${given?.path ?? ''}`).join('\n');
  expect(jobs.publish?.needs).toBe('whole');
  expect(text('whole')).toContain('npm pack --pack-destination .cache/release .cache/package');
  expect(text('whole')).toContain('\n.cache/release');
  for (const file of ['noencap.tgz', 'notes.md']) {
    expect(text('whole')).toContain(`.cache/release/${file}`);
    expect(text('publish')).toContain(`"$RUNNER_TEMP/release/${file}"`);
  }
});
