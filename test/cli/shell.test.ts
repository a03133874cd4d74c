import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { REPORT_FILE } from '../fixture/report.ts';
import { mustHave } from '../installed.ts';
import { noencap, scratch } from './run.ts';

/** Completion, asked as the scripts ask it, and through the shells themselves. */

const folder = scratch();
beforeAll(() => {
  copyFileSync(REPORT_FILE, join(folder, 'topology.yaml'));
  for (const bin of ['bin', 'node_modules/.bin']) {
    mkdirSync(join(folder, bin), { recursive: true });
    symlinkSync(resolve('bin/noencap'), join(folder, bin, 'noencap'));
  }
});
afterAll(() => rmSync(folder, { recursive: true }));

/** What may stand in place of the last word. */
function offered(...words: readonly string[]): string[] {
  const { code, stdout, stderr } = noencap(folder, ['complete', '--', ...words]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return stdout.split('\n').flatMap((line) => (line === '' ? [] : (line.split('\t')[0] ?? '')));
}

test.each<[string, readonly string[], readonly string[]]>([
  ['commands', ['s'], ['synth', 'ship', 'status']],
  ['commands of the lab', ['lab', 'r'], ['rehearse', 'routes']],
  ['options', ['check', '--fa'], ['--failures']],
  ['words of an option', ['check', '--failures', ''], ['1', '2']],
  ['words of an option behind a =', ['bootstrap', '--engine=f'], ['--engine=flux']],
  ['the same in bash, which makes three words of it', ['bootstrap', '--engine', '=', 'f'], ['flux']],
  ['nodes and routers', ['explain', 'g'], ['gateway', 'global-ns']],
  ['nodes', ['explain', 'gateway', 'kubenode-'], ['kubenode-wds-1', 'kubenode-hkg04']],
  ['behind an option with a value', ['path', '--fail', 'iepl', 'kubem'], ['kubemaster']],
  ['segments, which can fail', ['explain', '--fail', 'zt-'], ['zt-domestic', 'zt-global']],
  ['routers, as often as one likes', ['ship', 'gateway', 'cn'], ['cn-ns']],
  ['the node of a reboot', ['lab', 'rehearse', '--reboot', 'kubem'], ['kubemaster']],
  ['files, which the shell knows', ['synth', '-t', ''], [':files']],
  ['folders', ['synth', '--out', ''], [':folders']],
  ['nothing where nothing may stand', ['synth', ''], []],
])('%s are offered', (_what, words, expected) => {
  expect(offered(...words)).toEqual(expected);
});

test('names are those of the topology that the line names; one that cannot be read has none', () => {
  writeFileSync(join(folder, 'other.yaml'), 'routers:\n  edge-1: {routerId: 1}\n');
  writeFileSync(join(folder, 'broken.yaml'), 'routers: [\n');
  expect(offered('ship', '-t', 'other.yaml', '')).toEqual(['edge-1']);
  expect(offered('ship', '-t', 'broken.yaml', '')).toEqual([]);
  expect(offered('ship', '-t', 'missing.yaml', '')).toEqual([]);
});

test('a name that a shell would run is not offered', () => {
  writeFileSync(
    join(folder, 'hostile.yaml'),
    'routers:\n  "$(touch x)": {}\n  "`x`": {}\n  "-rf": {}\n  good: {}\n',
  );
  expect(offered('ship', '-t', 'hostile.yaml', '')).toEqual(['good']);
});

/** The names that stand in what was printed, once each. */
function typed(shell: string, script: string): { stdout: string; stderr: string } {
  const env = { ...process.env, PATH: `${join(folder, 'bin')}:${process.env.PATH}`, HOME: folder };
  const { stdout, stderr } = spawnSync(shell, ['-c', script], { cwd: folder, env, encoding: 'utf8' });
  return { stdout, stderr };
}

describe.each(['bash', 'zsh', 'fish'])('in %s', (shell) => {
  test('the script has no fault of syntax', () => {
    mustHave(shell);
    const { code, stdout } = noencap(folder, ['completion', shell]);
    expect(code).toBe(0);
    writeFileSync(join(folder, shell), stdout);
    expect(spawnSync(shell, ['-n', join(folder, shell)], { encoding: 'utf8' })).toMatchObject({
      status: 0,
      stderr: '',
    });
  });
});

test('bash completes a line, also through npx', () => {
  const ask = (...words: readonly string[]) =>
    typed(
      'bash',
      `. ./bash; compopt() { echo "compopt $*"; }; COMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')}); ` +
        'COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _noencap; printf "%s\\n" "${COMPREPLY[@]}"; complete -p noencap npx',
    ).stdout;
  const registered = 'complete -F _noencap noencap\ncomplete -o default -F _noencap npx\n';
  expect(ask('noencap', 'explain', 'ga')).toBe(`gateway\n${registered}`);
  expect(ask('bin/noencap', 'check', '--fa')).toBe(`--failures\n${registered}`);
  expect(ask('npx', 'noencap', 'ship', 'cn')).toBe(`cn-ns\n${registered}`);
  expect(ask('npx', 'other', '')).toBe(`\n${registered}`);
  expect(ask('noencap', 'synth', '-t', '')).toBe(`compopt -o default\n\n${registered}`);
});

test('fish completes a line, also through npx', () => {
  mustHave('fish');
  const ask = (line: string) => typed('fish', `source ./fish; complete -C '${line}'`).stdout;
  expect(ask('noencap explain ga')).toBe('gateway\trouter\n');
  expect(ask('bin/noencap check --fa')).toMatch(/^--failures\ttry every/);
  expect(ask('npx noencap ship cn')).toBe('cn-ns\trouter\n');
});

/** Keys typed at an interactive shell on a terminal of its own, which ends with them. */
function keys(shell: string, line: string): string {
  const start = shell === 'zsh' ? `ZDOTDIR=${folder} zsh -i` : `bash --noprofile --rcfile ${folder}/rc -i`;
  writeFileSync(join(folder, '.zshrc'), "PS1='$ '; autoload -Uz compinit; compinit -u -D; source ./zsh\n");
  writeFileSync(join(folder, 'rc'), "PS1='$ '; . ./bash\n");
  // exit is read only when the shell is ready again.
  const { stdout } = spawnSync('script', ['-qec', start, '/dev/null'], {
    cwd: folder,
    env: { ...process.env, PATH: `${join(folder, 'bin')}:${process.env.PATH}`, HOME: folder, TERM: 'dumb' },
    input: `${line}\nexit\n`,
    encoding: 'utf8',
  });
  return stdout;
}

test.each(['bash', 'zsh'])('in %s a line of keys with tabs is a command that runs', (shell) => {
  mustHave(shell, 'script');
  expect(keys(shell, 'noencap explain ga\tkubenode-h\t')).toContain('(pods of kubenode-hkg04) at gateway');
});
