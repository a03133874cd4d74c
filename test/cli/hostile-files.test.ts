import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join, resolve } from 'node:path';
import { REPORT_FILE, reportText } from '../fixture/report.ts';
import { gitIn, noencap, scratch } from './run.ts';

/** Files that never end, never begin, or exceed any memory. */
let folder: string;

beforeEach(() => {
  folder = scratch();
  copyFileSync(REPORT_FILE, join(folder, 'topology.yaml'));
  spawnSync('mkfifo', [join(folder, 'pipe')]);
  symlinkSync('/dev/zero', join(folder, 'zero'));
  writeFileSync(join(folder, 'huge'), '');
  truncateSync(join(folder, 'huge'), 3 * 2 ** 30);
});

afterEach(() => rmSync(folder, { recursive: true }));

const KINDS = [
  ['zero', 'is a device, not a file'],
  ['pipe', 'is a pipe, not a file'],
  ['huge', 'has 3072 MiB, more than the'],
] as const;

/** Each place where noencap reads a file that somebody named or put there: the command, with `FILE` for the file. */
const READERS: readonly (readonly [what: string, args: readonly string[]])[] = [
  ['a topology', ['check', '-t', 'FILE']],
  ['a cluster', ['adopt', '--cluster', 'FILE']],
  ['what is known', ['adopt', '--cluster', 'topology.yaml', '--known', 'FILE']],
  ['an operator manifest', ['adopt', '--cluster', 'topology.yaml', '--operator-manifest', 'FILE']],
  ['a review', ['comment', '--print', 'FILE']],
  ['pinned host keys', ['ship', '--check', '--known-hosts', 'FILE']],
  ['a public key', ['ship', '--setup', 'gateway', '--key', 'FILE']],
];

describe.each(READERS)('%s', (_what, args) => {
  test.each(KINDS)('that is %s is refused', (file, message) => {
    if (args[0] === 'ship') noencap(folder, ['synth', '-q']);
    const ran = noencap(
      folder,
      args.map((word) => (word === 'FILE' ? file : word)),
    );
    expect(ran).toMatchObject({ code: 2, stdout: '' });
    const isReview = args[0] === 'comment' && file === 'huge';
    expect(ran.stderr).toContain(isReview ? 'larger than any review: 3221225472 bytes' : message);
    expect(ran.stderr.length).toBeLessThan(2000);
  });
});

test.each(KINDS)('%s beside the topology is refused as a file of passwords or host keys', (file, message) => {
  gitIn(folder, 'init', '-q', '-b', 'main');
  gitIn(folder, 'add', 'topology.yaml');
  gitIn(folder, 'commit', '-qm', 'a');
  noencap(folder, ['synth', '-q']);
  for (const name of ['known_hosts', 'secrets.age']) {
    symlinkSync(file, join(folder, name));
    const ran = noencap(folder, ['diff', '--base', 'HEAD']);
    expect(ran).toMatchObject({ code: 2, stdout: '' });
    expect(ran.stderr).toContain(`${name} ${message}`);
    rmSync(join(folder, name));
  }
});

test.each(KINDS)('%s as a module is not compiled', (file, message) => {
  symlinkSync(file, join(folder, 'topology.ts'));
  const ran = noencap(folder, ['check', '-t', 'topology.ts']);
  expect(ran).toMatchObject({ code: 2, stdout: '' });
  expect(ran.stderr).toContain(`topology.ts  ${message}`);
});

test.each(KINDS)('of a copy of /etc/bird, %s is left out', (file) => {
  mkdirSync(join(folder, 'bird'));
  if (file !== 'huge') {
    const made = spawnSync(file === 'pipe' ? 'mkfifo' : 'true', [join(folder, 'bird', 'bird.conf')]);
    expect(made.status).toBe(0);
  }
  if (file !== 'pipe') symlinkSync(join(folder, file), join(folder, 'bird', 'bird.conf'));
  const ran = noencap(folder, ['adopt', '--cluster', 'topology.yaml', '--router', 'gateway=bird']);
  expect(ran.code).toBe(2);
  expect(ran.stderr).not.toBe('');
});

test('a pipe that the shell has opened is read', () => {
  const script = `cat topology.yaml | ${process.execPath} ${resolve('bin/noencap')} check -q -t /dev/stdin`;
  const { status, stderr } = spawnSync('bash', ['-c', script], { cwd: folder, encoding: 'utf8' });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  const endless = `cat /dev/zero | ${process.execPath} ${resolve('bin/noencap')} check -q -t /dev/stdin`;
  const ran = spawnSync('bash', ['-c', endless], { cwd: folder, encoding: 'utf8' });
  expect(ran.status).toBe(2);
  expect(ran.stderr).toContain('is larger than the 16 MiB that noencap reads');
});

describe('the operator manifest that a topology names', () => {
  const SHA = 'a'.repeat(64);
  const named = (path: string): void => {
    const text = reportText()
      .replace('version: v3.32.1', `version: v3.26.1\n  operatorManifest: {path: ${path}, sha256: ${SHA}}`)
      .replace(/ *containerIPForwarding.*\n/, '');
    writeFileSync(join(folder, 'topology.yaml'), text);
  };

  test.each([
    ['a link to a file outside', 'vendor/operator.yaml', () => link('/etc/passwd', 'vendor/operator.yaml')],
    ['a folder that is a link', 'vendor/passwd', () => symlinkSync('/etc', join(folder, 'vendor'))],
    ['a link to a file inside', 'operator.yaml', () => symlinkSync('huge', join(folder, 'operator.yaml'))],
  ])('is not read through %s', (_what, path, prepare) => {
    prepare();
    named(path);
    const ran = noencap(folder, ['synth']);
    expect(ran).toMatchObject({ code: 2, stdout: '' });
    expect(ran.stderr).toMatch(
      /operatorManifest\.path: \S+ leads through a link \(.+\): put the file itself there\./,
    );
    // Nothing of its target, not even the hash, which would confirm a guess at its content.
    expect(ran.stderr).not.toMatch(/root:|write [0-9a-f]{64}/);
  });

  test.each(KINDS)('is not read where it is %s', (file, message) => {
    if (file === 'zero') return;
    named(file);
    const ran = noencap(folder, ['check']);
    expect(ran).toMatchObject({ code: 2, stdout: '' });
    expect(ran.stderr).toContain(message);
  });

  const link = (to: string, at: string): void => {
    mkdirSync(join(folder, 'vendor'));
    symlinkSync(to, join(folder, at));
  };
});

describe('a file with 20,000 faults', () => {
  test.each([
    ['on as many lines', () => Array.from({ length: 20_000 }, (_, index) => `k${index}: {}\n`).join('')],
    [
      'on one line',
      () => `x: {${Array.from({ length: 20_000 }, (_, index) => `k${index}: \u{1f600}\u200b`).join(', ')}}\n`,
    ],
  ])(
    '%s is reported briefly',
    (_how, more) => {
      const file = join(folder, 'topology.yaml');
      writeFileSync(file, readFileSync(file, 'utf8') + more());
      const ran = noencap(folder, ['check'], { GITHUB_ACTIONS: 'true' });
      expect(ran).toMatchObject({ code: 2, stdout: '' });
      expect(ran.stderr).toMatch(/\n2000[01] faults, the first 100 of them shown; nothing was written\.\n/);
      expect(ran.stderr.match(/^::error /gm)).toHaveLength(100);
      expect(ran.stderr.length).toBeLessThan(200_000);
      const document = JSON.parse(noencap(folder, ['synth', '--json']).stdout);
      expect(document.faults).toHaveLength(1000);
      expect(document.faultCount).toBeGreaterThanOrEqual(20_000);
      expect(JSON.parse(noencap(folder, ['check', '--sarif']).stdout).runs[0].results).toHaveLength(1000);
    },
    240_000,
  );
});
