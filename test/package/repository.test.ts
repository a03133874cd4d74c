import { spawnSync } from 'node:child_process';
import { appendFileSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { gitIn, type Run, scratch, tree } from '../cli/run.ts';
import { buildInto, install, packed, spawn, succeeds, userEnv } from './packed.ts';

/** A repository of one's own, from an empty folder through a day's work to the next version of noencap. */

let work: string;
/** The user's repository. */
let fabric: string;
let older: string;
let newer: string;

beforeAll(() => {
  work = scratch();
  fabric = join(work, 'my-fabric');
  const now = join(work, 'now');
  buildInto(now);
  newer = packed(now, work);
  const before = join(work, 'before');
  buildInto(before, sourcesBefore('0.0.9'));
  // There is something of noencap's to renew, whatever the last commit was about.
  appendFileSync(join(before, '.github/workflows/fork-comment.yml'), '# older\n');
  older = packed(before, work);
});

afterAll(() => rmSync(work, { recursive: true, force: true }));

/**
 * The sources of the commit before, as an older version. Those of this commit where a clone has none before, or where that one needs
 * other packages than are installed.
 */
function sourcesBefore(version: string): string {
  const git = (...args: readonly string[]) => spawnSync('git', args, { maxBuffer: 256 * 1024 * 1024 });
  const fits =
    git('cat-file', '-e', 'HEAD~1:scripts/package.ts').status === 0 &&
    git('diff', '--quiet', 'HEAD~1', '--', 'package-lock.json').status === 0;
  const sources = join(work, 'sources');
  mkdirSync(sources);
  const { stdout } = git('archive', fits ? 'HEAD~1' : 'HEAD');
  if (spawnSync('tar', ['-x', '-C', sources], { input: stdout }).status !== 0)
    throw new Error('the commit before cannot be unpacked');
  symlinkSync(resolve('node_modules'), join(sources, 'node_modules'));
  const file = join(sources, 'package.json');
  writeFileSync(file, JSON.stringify({ ...JSON.parse(readFileSync(file, 'utf8')), version }));
  return sources;
}

const run = (program: string, ...args: readonly string[]): Run => spawn(program, args, fabric);
const read = (file: string): string => readFileSync(join(fabric, file), 'utf8');
const edit = (file: string, from: string, to: string): void => {
  expect(read(file)).toContain(from);
  writeFileSync(join(fabric, file), read(file).replace(from, to));
};

function commit(subject: string): void {
  gitIn(fabric, 'add', '--all');
  gitIn(fabric, 'commit', '-qm', subject);
}

test('init makes it, its packages install, and its check and its types pass', () => {
  const words = ['my-fabric', '--sites', '2', '--link', 'wireguard', '--no-install'];
  const url = 'https://git.example/me/my-fabric.git';
  succeeds(
    spawn(
      'npm',
      ['exec', '--yes', `--package=${older}`, '--', 'noencap', 'init', ...words, '--repo-url', url],
      work,
    ),
  );
  expect(JSON.parse(read('package.json')).dependencies.noencap).toBe('0.0.9');
  install(fabric, older);
  commit('Install');
  succeeds(run('npm', 'run', 'check'));
  succeeds(run('npm', 'run', 'types'));
  expect(gitIn(fabric, 'status', '--porcelain')).toBe('');
});

const inLab = process.env.NOENCAP_NO_NETNS === '1' ? test.skip : test;
inLab('its lab passes', () => {
  expect(succeeds(run('npm', 'run', 'lab')).stdout).toContain(
    '11 sessions up, 12 pairs of pods reach each other',
  );
});

test('cdk8s itself renders the same manifests', () => {
  // npx finds commands in the repository's packages first.
  const path = `${join(fabric, 'node_modules/.bin')}:${process.env.PATH}`;
  const cdk8s = resolve('node_modules/.bin/cdk8s');
  const options = { cwd: fabric, env: { ...userEnv(), PATH: path }, encoding: 'utf8' } as const;
  expect(spawnSync(cdk8s, ['synth'], options)).toMatchObject({ status: 0 });
  expect(tree(join(fabric, '.cache/cdk8s/cluster'))).toEqual(tree(join(fabric, 'dist/cluster')));
});

test('the next version comes without a conflict: what is noencap’s is renewed, what is edited stays', () => {
  edit('topology.yaml', 'mtu: 1420', 'mtu: 1412');
  for (const line of ['import { NetworkFacts', 'new NetworkFacts']) edit('main.ts', `// ${line}`, line);
  edit('.github/workflows/routers.yml', '\n', '\n# Mine.\n');
  succeeds(run('npm', 'run', 'synth'));
  commit('Mine');
  const mine = ['topology.yaml', 'main.ts', 'README.md', '.github/workflows/routers.yml'].map(read);

  install(fabric, newer);
  const { stdout } = succeeds(run('npx', 'noencap', 'upgrade'));
  expect(stdout).toContain('.github/workflows/fork-comment.yml: renewed\n');
  install(fabric);
  succeeds(run('npm', 'run', 'synth'));
  succeeds(run('npx', 'noencap', 'diff', '--base', 'HEAD'));
  const changed = gitIn(fabric, 'status', '--porcelain').split('\n');
  expect(changed).toContain('M .github/workflows/fork-comment.yml');
  expect(['topology.yaml', 'main.ts', 'README.md', '.github/workflows/routers.yml'].map(read)).toEqual(mine);
  commit('Upgrade noencap');
  succeeds(run('npm', 'run', 'check'));
  expect(run('npx', 'noencap', 'upgrade', '--check')).toMatchObject({ code: 0 });
});
