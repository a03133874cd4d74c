import { spawnSync } from 'node:child_process';
import { copyFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { findPrograms, RIGHTS } from '../lab/index.ts';
import { gitIn, noencap, type Run, scratch } from './cli/run.ts';
import { REPORT_FILE } from './fixture/report.ts';

const text = readFileSync('.devcontainer/Containerfile', 'utf8');

interface Instruction {
  readonly name: string;
  readonly rest: string;
}

/** As the builders read it: comments go, even between continued lines; a backslash at the end continues a line. */
const instructions: readonly Instruction[] = text
  .split('\n')
  .filter((line) => !/^\s*(#|$)/.test(line))
  .join('\n')
  .replace(/\\\n\s*/g, '')
  .split('\n')
  .map((line) => {
    const [, name = '', rest = ''] = /^([A-Z]+)\s+(.*)$/.exec(line) ?? [];
    if (name === '') throw new Error(`no instruction: ${line}`);
    return { name, rest };
  });

const all = (name: string): string[] => instructions.flatMap((one) => (one.name === name ? [one.rest] : []));

/** What the steps install. */
const packages = all('RUN').flatMap((step) =>
  [...step.matchAll(/apt-get install ((?:-\S+ )*)([^&]*)/g)].flatMap(([, , names = '']) =>
    names.trim().split(/\s+/),
  ),
);

const words = (file: string): string[] =>
  /^packages='(.*)'$/m.exec(readFileSync(file, 'utf8'))?.[1]?.split(' ') ?? [];

describe('The Containerfile', () => {
  test('begins with an image, and has only instructions that every builder knows', () => {
    expect(instructions[0]?.name).toBe('FROM');
    const known = ['FROM', 'ARG', 'RUN', 'WORKDIR', 'ENTRYPOINT', 'CMD'];
    expect(instructions.filter(({ name }) => !known.includes(name))).toEqual([]);
    for (const list of [...all('ENTRYPOINT'), ...all('CMD')])
      expect(JSON.parse(list)).toEqual(expect.any(Array));
  });

  test.each(all('RUN'))('shellcheck finds nothing in: %s', (step) => {
    const { status, stdout } = spawnSync('shellcheck', ['-s', 'sh', '-'], {
      input: `${step}\n`,
      encoding: 'utf8',
    });
    // Arguments of the build are in its environment.
    expect({ status, stdout: stdout.replace(/[\s\S]*SC2154[\s\S]*/, '') }).toEqual({ status: 0, stdout: '' });
  });

  test('installs what a lab, a delivery and a bootstrap start', () => {
    expect(packages).toEqual(
      expect.arrayContaining([...words('scripts/setup-lab.sh'), 'openssh-client', 'git']),
    );
    expect(all('RUN').join()).toContain('/usr/local/bin/kubectl');
  });

  /** Without lists of packages, apt knows none. */
  const knowsPackages = spawnSync('apt-cache', ['show', 'bird2']).status === 0;

  (knowsPackages ? test : test.skip)('Debian has each of its packages (needs the lists of apt)', () => {
    const arguments_ = ['-s', '-o', 'Debug::NoLocking=1', 'install', '--no-install-recommends', ...packages];
    const { status, stdout, stderr } = spawnSync('apt-get', arguments_, { encoding: 'utf8' });
    expect({ status, stderr: stderr.replace(/^[WN]: .*\n/gm, '') }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(/newly installed/);
  });
});

describe('Elsewhere than on Linux', () => {
  const folder = scratch();
  beforeAll(() => {
    copyFileSync(REPORT_FILE, join(folder, 'topology.yaml'));
    // Bundled, if need be, as what it is: esbuild has another program for each system.
    expect(noencap(folder, ['synth', '-q']).code).toBe(0);
    gitIn(folder, 'init', '-q', '-b', 'main');
    gitIn(folder, 'add', '-A');
    gitIn(folder, 'commit', '-qm', 'All');
    writeFileSync(
      join(folder, 'mac.cjs'),
      "Object.defineProperty(process, 'platform', { value: 'darwin' });\n",
    );
  });
  afterAll(() => rmSync(folder, { recursive: true }));
  const elsewhere = (args: readonly string[]): Run =>
    noencap(folder, args, { NODE_OPTIONS: `--require ${join(folder, 'mac.cjs')}` });

  const { message, fix } = findPrograms('.', [], 'darwin') as { message: string; fix: string };

  test('the lab says so in a line, and names the commands that work', () => {
    expect(message).toBe('the lab needs Linux: it runs BIRD in network namespaces');
    expect(fix).not.toContain('\n');
    expect(findPrograms('.', [], 'win32')).toEqual({ message, fix });
  });

  test('they build this file, and run the lab with the rights of the dev container', () => {
    expect(fix).toContain(
      'docker build -t noencap -f .devcontainer/Containerfile .devcontainer && docker run ',
    );
    const { capAdd, securityOpt } = JSON.parse(readFileSync('.devcontainer/devcontainer.json', 'utf8'));
    expect(RIGHTS.map(String)).toEqual([
      ...capAdd.map((one: string) => `--cap-add=${one}`),
      ...securityOpt.map((one: string) => `--security-opt=${one}`),
    ]);
    expect(fix).toContain(`${RIGHTS.join(' ')} -v .:/work`);
    expect(fix).toMatch(/noencap "npm ci && scripts\/setup-lab\.sh && bin\/noencap lab"$/);
  });

  test.each([
    ['lab', ['lab']],
    ['lab up', ['lab', 'up']],
    ['lab rehearse', ['lab', 'rehearse', '--base', 'HEAD']],
    ['lab rehearse --reboot', ['lab', 'rehearse', '--reboot', 'kubemaster']],
  ])('%s ends with 3', (_what, args) => {
    expect(elsewhere(args)).toMatchObject({ code: 3, stdout: '' });
    const here = fix.replaceAll('.devcontainer', join(relative(folder, resolve('.')), '.devcontainer'));
    expect(elsewhere(args).stderr).toBe(`T${message.slice(1)}.\n${here}\n`);
  });
});
