import { copyFileSync, cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { workflowCommand } from '../../cli/terminal.ts';
import { REPORT_FILE } from '../fixture/report.ts';
import { noencap, scratch } from './run.ts';

let folder: string;

beforeEach(() => {
  folder = scratch();
});

afterEach(() => rmSync(folder, { recursive: true }));

test('--help names every command, and exits 0', () => {
  const run = noencap(folder, ['--help']);
  expect(run).toMatchObject({ code: 0, stderr: '' });
  for (const command of ['synth', 'check', 'init'])
    expect(run.stdout).toMatch(new RegExp(`^  ${command} `, 'm'));
  expect(run.stdout).toContain('Exit codes:');
});

test.each(['synth', 'check', 'init'])('%s --help has examples', (command) => {
  const run = noencap(folder, [command, '--help']);
  expect(run.code).toBe(0);
  expect(run.stdout).toContain(`Usage: bin/noencap ${command} [options]`);
  expect(run.stdout).toContain(`Examples:\n  bin/noencap ${command}\n`);
});

test.each([
  ['no command', []],
  ['an unknown command', ['snyth']],
  ['an unknown option', ['synth', '--chekc']],
  ['an argument too many', ['synth', 'extra']],
  ['an option without its value', ['synth', '-t']],
])('%s is a usage error: exit 2, nothing on stdout', (_, args) => {
  const run = noencap(folder, args);
  expect(run).toMatchObject({ code: 2, stdout: '' });
  expect(run.stderr).not.toBe('');
});

test.each([
  ['snyth', 'synth'],
  ['plan', 'ship --plan'],
  ['apply', 'ship'],
  ['deploy', 'ship'],
  ['render', 'synth'],
  ['validate', 'check'],
  ['trace', 'path'],
  ['route', 'explain'],
  ['test', 'lab'],
  ['new', 'init'],
  ['lab start', 'lab up'],
  ['lab stop', 'lab down'],
  ['lab rehaerse', 'rehearse'],
])('%s, mistyped or of another tool, gets %s for an answer', (line, ours) => {
  const words = line.split(' ');
  const word = words.at(-1);
  const run = noencap(folder, words);
  expect(run).toMatchObject({ code: 2, stdout: '' });
  expect(run.stderr).toBe(`error: unknown command '${word}'\n(Did you mean ${ours}?)\n(see --help)\n`);
  const { faults } = JSON.parse(noencap(folder, [...words, '--json']).stdout);
  expect(faults).toMatchObject([{ code: 'usage', fix: `Did you mean ${ours}?` }]);
});

test('init writes a topology that synth takes, and never overwrites one', () => {
  expect(noencap(folder, ['init'])).toMatchObject({ code: 0, stderr: '' });
  const written = readFileSync(join(folder, 'topology.yaml'), 'utf8');
  expect(noencap(folder, ['synth'])).toMatchObject({ code: 0, stderr: '' });
  expect(noencap(folder, ['check', '--strict'])).toMatchObject({ code: 0 });
  const again = noencap(folder, ['init']);
  expect(again).toMatchObject({ code: 2, stdout: '' });
  expect(again.stderr).toBe('topology.yaml already exists.\nName another file with --topology.\n');
  expect(readFileSync(join(folder, 'topology.yaml'), 'utf8')).toBe(written);
});

test('init --json is one document', () => {
  const run = noencap(folder, ['init', '--json', '-t', 'home.yaml']);
  expect(JSON.parse(run.stdout)).toEqual({ version: 1, command: 'init', ok: true, file: 'home.yaml' });
  expect(existsSync(join(folder, 'home.yaml'))).toBe(true);
});

test('a missing topology says how to get one', () => {
  const run = noencap(folder, ['synth']);
  expect(run).toMatchObject({ code: 2, stdout: '' });
  expect(run.stderr).toContain('topology.yaml');
  expect(run.stderr).toContain('bin/noencap init');
});

test('a folder is no topology', () => {
  mkdirSync(join(folder, 'topology.yaml'));
  expect(noencap(folder, ['check'])).toMatchObject({ code: 2, stdout: '' });
});

describe('check', () => {
  beforeEach(() => copyFileSync(REPORT_FILE, join(folder, 'topology.yaml')));

  const add = (text: string) => {
    const file = join(folder, 'topology.yaml');
    writeFileSync(file, readFileSync(file, 'utf8').replace('asNumber: 64512', `asNumber: 64512\n  ${text}`));
  };

  test("the field report's network is valid; its planned region is a note, the address of a node a guess", () => {
    const run = noencap(folder, ['check']);
    expect(run).toMatchObject({ code: 0, stderr: '' });
    expect(run.stdout).toMatch(/^warning NE201 {2}cn-ns is a single point of failure: /);
    expect(run.stdout).toContain(`info NE401  region Domestic has routers but no nodes
  BGPPeer route-reflector-domestic-domestic-agg selects no node
  Add a node to the region, or remove it if it is no longer planned.
  at topology.yaml:39:13 regions.Domestic; see docs/checks/NE401.md

warning NE416  the address from which Calico on kubenode-hkg04 peers is unknown: firstFound depends on more than the topology describes
  kubenode-hkg04: the topology has 10.2.5.7, Calico may pick 100.64.1.7
  Set calico.nodeAddress: kubernetes, which uses K3s' node-ip, or cidrs that contain only this address of each node.
  at topology.yaml:22:16 calico.nodeAddress; see docs/checks/NE416.md

topology.yaml: valid; 0 errors, 8 warnings, 1 note.
`);
  });

  test('--quiet leaves the findings, and the verdict to the exit code', () => {
    const run = noencap(folder, ['check', '--quiet']);
    expect(run.stdout).toContain('info NE401  region Domestic has routers but no nodes');
    expect(run.stdout).not.toContain('valid;');
  });

  test('a warning is fine, and fails with --strict', () => {
    add('holdTime: 90');
    expect(noencap(folder, ['check'])).toMatchObject({ code: 0 });
    expect(noencap(folder, ['check', '--strict'])).toMatchObject({ code: 1 });
  });

  test('a suppressed warning fails no more, and is shown with its reason', () => {
    add('holdTime: 90');
    const file = join(folder, 'topology.yaml');
    const suppress = [
      '{id: NE405, where: bgp.holdTime, reason: slow links}',
      '{id: NE201, where: routers.*, reason: one of each}',
      '{id: NE201, where: underlay.segments.*, reason: one of each}',
      '{id: NE416, where: calico.nodeAddress, reason: seen on all nodes}',
    ].join();
    writeFileSync(file, `${readFileSync(file, 'utf8')}\nchecks: {suppress: [${suppress}]}\n`);
    const run = noencap(folder, ['check', '--strict']);
    expect(run.code).toBe(0);
    expect(run.stdout).toContain('suppressed: slow links');
  });

  test('--json carries findings with their places', () => {
    const run = noencap(folder, ['check', '--json']);
    expect(run.stderr).toBe('');
    expect(JSON.parse(run.stdout)).toMatchObject({
      version: 1,
      command: 'check',
      ok: true,
    });
    expect(JSON.parse(run.stdout).findings.slice(-2)).toMatchObject([
      { code: 'NE401', severity: 'info', place: { path: 'regions.Domestic', line: 39, column: 13 } },
      { code: 'NE416', severity: 'warning', place: { path: 'calico.nodeAddress', line: 22, column: 16 } },
    ]);
  });

  test('in GitHub Actions findings and faults are annotations at their line', () => {
    const fine = noencap(folder, ['check'], { GITHUB_ACTIONS: 'true' });
    expect(fine.stderr).toMatch(
      /^::notice file=topology\.yaml,line=39,col=13,endColumn=\d+,title=NE401::region Domestic/m,
    );
    add('holdTime: [1]');
    const faulty = noencap(folder, ['check'], { GITHUB_ACTIONS: 'true' });
    expect(faulty.code).toBe(2);
    expect(faulty.stderr).toMatch(/^::error file=topology\.yaml,line=10,col=13,/m);
  });
});

test('an annotation cannot smuggle in a second command, or another property', () => {
  const command = workflowCommand({
    level: 'error',
    file: 'a,line=9:b',
    title: 'x',
    message: 'one\r\n::set-output name=x::y 100%',
  });
  expect(command).toBe(
    '::error file=a%2Cline=9%3Ab,title=x::one<U+000D>%0A<U+003A>:set-output name=x::y 100%25',
  );
  expect(command.split('\n')).toHaveLength(1);
});

test('colour stays out of pipes, and out when NO_COLOR or --no-color say so', () => {
  copyFileSync(REPORT_FILE, join(folder, 'topology.yaml'));
  for (const [args, env] of [
    [['check'], {}],
    [['check', '--no-color'], { FORCE_COLOR: '1' }],
    [['check'], { NO_COLOR: '1' }],
    // Both make picocolors use colour whatever stdout is.
    [['check'], { FORCE_COLOR: '1' }],
    [['check'], { CI: 'true' }],
  ] as const) {
    expect(noencap(folder, args, env).stdout).not.toContain('\u001b');
  }
});

test('without its packages the command says how to install them', () => {
  cpSync('bin', join(folder, 'bin'), { recursive: true });
  const run = noencap(folder, ['synth'], {}, folder);
  expect(run).toEqual({
    code: 3,
    stdout: '',
    stderr: 'The packages of noencap are not installed. Run: npm ci\n',
  });
});

test('a document is a document for usage errors too', () => {
  for (const args of [
    ['synth', '--json', '--bogus'],
    ['check', '--json', 'extra'],
    ['synht', '--json'],
  ]) {
    const run = noencap(folder, args);
    expect(run.code).toBe(2);
    expect(JSON.parse(run.stdout)).toMatchObject({ version: 1, ok: false });
  }
});

test('in a workflow annotations name files from the top of the repository', () => {
  mkdirSync(join(folder, 'net'));
  copyFileSync(REPORT_FILE, join(folder, 'net/topology.yaml'));
  const env = { GITHUB_ACTIONS: 'true', GITHUB_WORKSPACE: folder };
  expect(noencap(join(folder, 'net'), ['check'], env).stderr).toContain('::notice file=net/topology.yaml,');
});

test('init elsewhere says how to go on from there, and is no YAML under another name', () => {
  mkdirSync(join(folder, 'net'));
  expect(noencap(folder, ['init', '-t', 'net/home.yaml']).stdout).toContain(
    'bin/noencap synth -t net/home.yaml\n',
  );
  expect(readFileSync(join(folder, 'net/home.yaml'), 'utf8')).toMatch(
    /^# yaml.*\$schema=\.\.\/topology\.schema\.json\n/,
  );
  expect(noencap(folder, ['init', '-t', 'home.ts'])).toMatchObject({ code: 2, stdout: '' });
});
