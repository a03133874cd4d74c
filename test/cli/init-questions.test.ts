import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { scratch } from './run.ts';

/**
 * Runs `init net` at a terminal of its own, types a line whenever one of the expected texts has appeared, and says what the terminal showed,
 * and the exit code. `null` is Ctrl-D.
 */
const TERMINAL = `
import json, os, pty, sys
command, cwd, dialogue = json.loads(sys.argv[1])
pid, terminal = pty.fork()
if pid == 0:
    os.chdir(cwd)
    os.execv(command[0], command)
shown, at = b"", 0
def read():
    global shown
    try:
        data = os.read(terminal, 4096)
    except OSError:
        data = b""
    shown += data
    return data != b""
for expected, typed in dialogue:
    while shown.find(expected.encode(), at) < 0:
        if not read(): break
    at = len(shown)
    os.write(terminal, b"\\x04" if typed is None else typed.encode() + b"\\n")
while read(): pass
_, status = os.waitpid(pid, 0)
print(json.dumps([shown.decode(), os.waitstatus_to_exitcode(status)]))
`;

let folder: string;
beforeEach(() => {
  folder = scratch();
});
afterEach(() => rmSync(folder, { recursive: true }));

function dialogue(
  lines: readonly (readonly [expected: string, typed: string | null])[],
  flags: readonly string[] = ['--no-install'],
): { shown: string; code: number } {
  const command = [process.execPath, resolve('bin/noencap'), 'init', 'net', ...flags];
  const { CI: _ci, GITHUB_ACTIONS: _actions, ...env } = process.env;
  const { stdout, stderr } = spawnSync(
    'python3',
    ['-c', TERMINAL, JSON.stringify([command, folder, lines])],
    {
      encoding: 'utf8',
      env: { ...env, HOME: folder },
    },
  );
  expect(stderr).toBe('');
  const [shown, code] = JSON.parse(stdout);
  return { shown: shown.replaceAll('\r', ''), code };
}

const topology = () => readFileSync(join(folder, 'net/topology.yaml'), 'utf8');

test('at a terminal, without a flag, it asks; an empty line is the default', () => {
  const { shown, code } = dialogue([
    ['Name of the network', ''],
    ['How many sites', '2'],
    ['What links them', 'z'],
    ['Which GitOps engine', 'flux'],
    ['Routers', ''],
    ['Where will this repository be', 'git@github.com:me/net.git'],
  ]);
  expect({ shown, code }).toMatchObject({ code: 0 });
  expect(shown).toContain('Name of the network? [net] ');
  expect(shown).toContain('net: 2 sites over ZeroTier');
  expect(topology()).toMatch(/^name: net$/m);
  expect(topology()).toMatch(/^ {4}zerotier:$/m);
  expect(topology()).toMatch(/^ {2}engine: flux /m);
  expect(topology()).toMatch(/^ {6}mode: standalone$/m);
  expect(topology()).toMatch(/^ {2}repoURL: git@github\.com:me\/net\.git$/m);
});

test('what cannot be is said, and asked again; one site has no link', () => {
  const { shown, code } = dialogue([
    ['Name of the network', 'My Net'],
    ['is not a valid name', 'home'],
    ['How many sites', '99'],
    ['A number from 1 to 8', ''],
    ['Which GitOps engine', 'jenkins'],
    ['One of argocd, flux, both', ''],
    ['Routers', 'include'],
    ['Where will this repository be', 'https://me:hunter2@git.example.org/net.git'],
    ['contains credentials', ''],
  ]);
  expect({ shown, code }).toMatchObject({ code: 0 });
  expect(shown).not.toContain('What links them');
  expect(topology()).toMatch(/^name: home$/m);
  expect(topology()).not.toContain('standalone');
  expect(topology()).toContain('https://host.invalid/YOUR-NAME/home.git');
});

test('the origin of a clone is the default of where the repository will be', () => {
  mkdirSync(join(folder, 'net'));
  spawnSync('git', ['init', '-q'], { cwd: join(folder, 'net') });
  spawnSync('git', ['remote', 'add', 'origin', 'git@github.com:me/net.git'], { cwd: join(folder, 'net') });
  const { shown, code } = dialogue([
    ['Name of the network', ''],
    ['How many sites', ''],
    ['Which GitOps engine', ''],
    ['Routers', ''],
    ['Where will this repository be', ''],
  ]);
  expect({ shown, code }).toMatchObject({ code: 0 });
  expect(shown).toContain('[https://github.com/me/net.git] ');
  expect(topology()).toContain('repoURL: https://github.com/me/net.git');
});

test('whoever stops answering gets nothing', () => {
  const { code, shown } = dialogue([
    ['Name of the network', ''],
    ['How many sites', null],
  ]);
  expect({ shown, code }).toMatchObject({ code: 2, shown: expect.stringContaining('nothing was written') });
  expect(existsSync(join(folder, 'net'))).toBe(false);
});

test.each([['--sites', '2'], ['--json'], ['--quiet']])('with %s it asks nothing', (...flags) => {
  const { shown, code } = dialogue([], ['--no-install', ...flags]);
  expect({ shown, code }).toMatchObject({ code: 0 });
  expect(shown).not.toContain('Name of the network?');
  expect(topology()).toMatch(/^name: net$/m);
});

test('in CI it asks nothing, even at a terminal', () => {
  const command = [
    '/usr/bin/env',
    'CI=true',
    process.execPath,
    resolve('bin/noencap'),
    'init',
    'net',
    '--no-install',
  ];
  const { stdout } = spawnSync('python3', ['-c', TERMINAL, JSON.stringify([command, folder, []])], {
    encoding: 'utf8',
  });
  expect(JSON.parse(stdout)[1]).toBe(0);
});
