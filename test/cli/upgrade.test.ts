import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { recordText } from '../../start/index.ts';
import { gitIn, noencap, scratch, tree } from './run.ts';

let folder: string;
let net: string;

beforeEach(() => {
  folder = scratch();
  net = join(folder, 'net');
  const run = noencap(
    folder,
    ['init', 'net', '--no-install', '--repo-url', 'https://git.example.org/me/net.git'],
    {
      GIT_AUTHOR_NAME: 'A',
      GIT_AUTHOR_EMAIL: 'a@example.org',
      GIT_COMMITTER_NAME: 'A',
      GIT_COMMITTER_EMAIL: 'a@example.org',
    },
  );
  expect(run.code).toBe(0);
});
afterEach(() => rmSync(folder, { recursive: true }));

const REVIEW = '.github/workflows/pull-request.yml';
const FORKS = '.github/workflows/fork-comment.yml';
const SHIP = '.github/workflows/routers.yml';

const read = (path: string) => readFileSync(join(net, path), 'utf8');
const write = (path: string, text: string) => writeFileSync(join(net, path), text);

/** As an older noencap had written it. */
function asOlder(path: string, text: string): void {
  const record = JSON.parse(read('.noencap.json'));
  const older = JSON.parse(recordText(new Map([[path, text]])));
  Object.assign(record.files, older.files);
  write(path, text);
  write('.noencap.json', `${JSON.stringify(record, null, 2)}\n`);
}

test('of a new repository there is nothing to do', () => {
  const before = tree(net);
  for (const args of [['upgrade', '--check'], ['upgrade']])
    expect(noencap(net, args)).toEqual({
      code: 0,
      stdout: 'Everything that noencap 0.1.0 owns here is as it writes it, or yours.\n',
      stderr: '',
    });
  expect(tree(net)).toEqual(before);
});

test('what an older noencap wrote is renewed, what was edited is shown, and nothing else is touched', () => {
  const [review, ship, cdk8s] = [REVIEW, SHIP, 'cdk8s.yaml'].map(read);
  asOlder(REVIEW, 'name: Old review\n');
  asOlder('cdk8s.yaml', 'app: old\n');
  asOlder(SHIP, 'name: Old delivery\n');
  write(SHIP, 'name: My delivery\n');
  rmSync(join(net, FORKS));
  write('package.json', read('package.json').replace(/("cdk8s": ")[^"]+/, '$11.0.0'));
  write('main.ts', '// mine\n');
  gitIn(net, 'commit', '-qam', 'As it was');

  const check = noencap(net, ['upgrade', '--check']);
  expect(check).toMatchObject({ code: 1, stderr: '4 files to look at. Run: bin/noencap upgrade\n' });
  expect(gitIn(net, 'status', '--porcelain')).toBe('');

  const run = noencap(net, ['upgrade']);
  expect(run).toMatchObject({ code: 0, stderr: '' });
  expect(run.stdout).toContain(`${REVIEW}: renewed\n--- a/${REVIEW}\n+++ b/${REVIEW}\n`);
  expect(run.stdout).toContain(`${SHIP}: yours, left as it is`);
  expect(run.stdout).toContain('-name: My delivery\n');
  expect(run.stdout).toContain(`${FORKS}: not there, and left out\n`);
  expect(run.stdout).toContain('npm install\n');
  expect(gitIn(net, 'diff', '--name-only').split('\n')).toEqual([
    REVIEW,
    '.noencap.json',
    'cdk8s.yaml',
    'package.json',
  ]);
  expect([read(REVIEW), read('cdk8s.yaml')]).toEqual([review, cdk8s]);
  expect(read('package.json')).toContain('"cdk8s": "2.70.106"');

  // The diff of what was edited applies.
  const diff = run.stdout.slice(
    run.stdout.indexOf(`--- a/${SHIP}`),
    run.stdout.indexOf('cdk8s.yaml: renewed'),
  );
  writeFileSync(join(folder, 'ship.diff'), diff);
  gitIn(net, 'apply', join(folder, 'ship.diff'));
  expect(read(SHIP)).toBe(ship);

  write(SHIP, 'name: My delivery\n');
  expect(noencap(net, ['upgrade', '--check'])).toMatchObject({ code: 0 });
});

test('--json has the files with their diffs', () => {
  asOlder(REVIEW, 'name: Old review\n');
  const { code, stdout } = noencap(net, ['upgrade', '--check', '--json']);
  expect(code).toBe(1);
  expect(JSON.parse(stdout)).toMatchObject({
    command: 'upgrade --check',
    ok: false,
    noencap: '0.1.0',
    files: [{ path: REVIEW, does: 'renew', diff: expect.stringContaining('-name: Old review') }],
  });
});

test('a file keeps its mode', () => {
  asOlder('cdk8s.yaml', 'app: old\n');
  const mode = statSync(join(net, 'main.ts')).mode;
  noencap(net, ['upgrade']);
  expect(statSync(join(net, 'cdk8s.yaml')).mode).toBe(mode);
});

test.each([
  [
    'a folder without package.json',
    () => rmSync(join(net, 'package.json')),
    /no dependency of this folder's package\.json/,
  ],
  ['a package.json without noencap', () => write('package.json', '{"dependencies": {}}'), /no dependency/],
  ['a package.json that is none', () => write('package.json', '{'), /no dependency/],
  [
    'another version',
    () => write('package.json', read('package.json').replace('"noencap": "0.1.0"', '"noencap": "0.2.0"')),
    /asks for noencap 0\.2\.0, and this is 0\.1\.0/,
  ],
  ['a record that is none', () => write('.noencap.json', '{}'), /\.noencap\.json cannot be read/],
])('%s is refused, and nothing is written', (_, prepare, why) => {
  asOlder(REVIEW, 'name: Old review\n');
  prepare();
  const before = tree(net);
  const run = noencap(net, ['upgrade']);
  expect(run).toMatchObject({ code: 2, stdout: '' });
  expect(run.stderr).toMatch(why);
  expect(tree(net)).toEqual(before);
});

test.each(['file:../noencap-0.2.0.tgz', '^0.0.9', 'github:me/noencap#main'])(
  'a package.json that asks for %s gets what is installed',
  (asked) => {
    write('package.json', read('package.json').replace('"noencap": "0.1.0"', `"noencap": "${asked}"`));
    asOlder(REVIEW, 'name: Old review\n');
    expect(noencap(net, ['upgrade'])).toMatchObject({ code: 0, stderr: '' });
    expect(read(REVIEW)).not.toContain('Old review');
  },
);

test("noencap's own repository is none that it upgrades", () => {
  expect(noencap('.', ['upgrade', '--check'])).toMatchObject({ code: 2, stdout: '' });
});

test('what a new version renders otherwise is a review: diff against the branch that the old one rendered', () => {
  const file = 'dist/routers/gateway-1/k3s/ibgp.conf';
  const now = read(file);
  const old = now.replace('hold time 15', 'hold time 240');
  expect(old).not.toBe(now);
  // As the old one rendered it, with its own list of what it wrote.
  write(file, old);
  gitIn(net, 'add', '-A');
  gitIn(net, 'commit', '-qm', 'Rendered by the old one');
  expect(noencap(net, ['synth', '--check'])).toMatchObject({ code: 1 });
  const run = noencap(net, ['diff', '--base', 'HEAD', '--json']);
  expect([0, 1]).toContain(run.code);
  const review = JSON.parse(run.stdout);
  expect(review.outcome).not.toBe('nothing');
  expect(JSON.stringify(review)).toContain('hold time 240');
  expect(JSON.stringify(review)).toContain('hold time 15');
});
