import { spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join, resolve } from 'node:path';
import { reportText } from '../fixture/report.ts';
import { gitIn, noencap, scratch, tree } from './run.ts';

let folder: string;
/** Nobody is known to git there, and no settings of this machine count. */
let home: string;

beforeEach(() => {
  folder = scratch();
  home = join(folder, 'home');
  mkdirSync(home);
});
afterEach(() => rmSync(folder, { recursive: true }));

const WHO = {
  GIT_AUTHOR_NAME: 'A',
  GIT_AUTHOR_EMAIL: 'a@example.org',
  GIT_COMMITTER_NAME: 'A',
  GIT_COMMITTER_EMAIL: 'a@example.org',
};

const env = () => ({ HOME: home, XDG_CONFIG_HOME: home, GIT_CONFIG_NOSYSTEM: '1' });

const init = (args: readonly string[], more: NodeJS.ProcessEnv = WHO) =>
  noencap(folder, ['init', ...args, '--no-install'], { ...env(), ...more });

/** In the new repository. */
const inside = (...args: string[]) => noencap(join(folder, 'net'), args, { ...env(), ...WHO });

test.each([
  ['one site', []],
  ['two sites over WireGuard', ['--sites', '2', '--link', 'wireguard', '--engine', 'both']],
  [
    'three sites over ZeroTier, with a bird.conf that exists',
    ['--link', 'zerotier', '--sites', '3', '--router', 'include', '--engine', 'flux'],
  ],
])('%s: what it makes is sound, committed, and rendered', (_, flags) => {
  const run = init(['net', ...flags, '--repo-url', 'https://git.example.org/me/net.git']);
  expect(run).toMatchObject({ code: 0, stderr: '' });
  const net = join(folder, 'net');
  expect(inside('check', '--strict')).toMatchObject({ code: 0, stderr: '' });
  expect(inside('synth', '--check')).toMatchObject({ code: 0, stderr: '' });
  expect(gitIn(net, 'status', '--porcelain')).toBe('');
  expect(gitIn(net, 'log', '--format=%an %s', 'main')).toBe('A Start with what noencap init wrote');
  expect(gitIn(net, 'ls-files').split('\n').length).toBe(
    Object.keys(tree(net)).filter((path) => !path.startsWith('.git/')).length,
  );
  expect(readdirSync(folder).sort()).toEqual(['home', 'net']);
});

test('the same answers give the same files, whatever the folder and the day', () => {
  expect(init(['one', '--name', 'net']).code).toBe(0);
  expect(init(['deep/er/other', '--name', 'net']).code).toBe(0);
  const files = (path: string) =>
    Object.entries(tree(join(folder, path))).filter(([name]) => !name.startsWith('.git/'));
  expect(files('one')).toEqual(files('deep/er/other'));
});

test('--json is one document', () => {
  const run = init(['net', '--sites', '2', '--json']);
  expect(JSON.parse(run.stdout)).toMatchObject({
    command: 'init',
    ok: true,
    file: 'net/topology.yaml',
    repository: { folder: 'net', packages: 'not installed', commit: 'committed' },
  });
  expect(JSON.parse(run.stdout).repository.repoURL).toBeUndefined();
});

describe('a folder', () => {
  const made = (path: string): string => {
    mkdirSync(path);
    return path;
  };

  test.each([
    ['with a file', (at: string) => writeFileSync(join(made(at), 'notes.txt'), 'mine')],
    ['with a hidden file', (at: string) => writeFileSync(join(made(at), '.envrc'), 'mine')],
    ['that is a file', (at: string) => writeFileSync(at, 'mine')],
    ['that is a link to a folder', (at: string) => symlinkSync(made(`${at}-there`), at)],
    [
      'that is a repository with commits',
      (at: string) => {
        mkdirSync(at);
        gitIn(at, 'init', '-q');
        gitIn(at, 'commit', '-q', '--allow-empty', '-m', 'x');
      },
    ],
    ['where another run was killed', (at: string) => mkdirSync(join(at, '..', '.net.noencap-new'))],
  ])('%s is refused, and stays as it is', (_, prepare) => {
    prepare(join(folder, 'net'));
    const before = tree(folder);
    const run = init(['net']);
    expect(run).toMatchObject({ code: 2, stdout: '' });
    expect(run.stderr).toMatch(/net/);
    expect(tree(folder)).toEqual(before);
  });

  test('that is empty is filled where it is', () => {
    mkdirSync(join(folder, 'net'), { mode: 0o700 });
    const run = noencap(join(folder, 'net'), ['init', '.', '--no-install'], { ...env(), ...WHO });
    expect(run).toMatchObject({ code: 0, stderr: '' });
    expect(readFileSync(join(folder, 'net/topology.yaml'), 'utf8')).toContain('\nname: net\n');
    expect(inside('synth', '--check').code).toBe(0);
    expect(readdirSync(join(folder, 'net'))).not.toContain('.noencap-new');
  });

  test('that is the clone of an empty repository is filled, and its origin is where the engine reads', () => {
    mkdirSync(join(folder, 'net'));
    gitIn(join(folder, 'net'), 'init', '-q', '-b', 'trunk');
    gitIn(join(folder, 'net'), 'remote', 'add', 'origin', 'git@github.com:Me/net.git');
    expect(init(['net'])).toMatchObject({ code: 0, stderr: '' });
    const text = readFileSync(join(folder, 'net/topology.yaml'), 'utf8');
    expect(text).toContain('  repoURL: https://github.com/Me/net.git\n');
    expect(readFileSync(join(folder, 'net/.github/CODEOWNERS'), 'utf8')).toContain('\n*  @Me\n');
    expect(gitIn(join(folder, 'net'), 'status', '--porcelain', '--branch')).toBe('## main');
    expect(inside('check', '--strict').code).toBe(0);
  });

  test('inside another repository becomes one of its own', () => {
    gitIn(folder, 'init', '-q');
    expect(init(['net']).code).toBe(0);
    expect(gitIn(join(folder, 'net'), 'rev-parse', '--show-toplevel')).toBe(join(folder, 'net'));
  });

  test('cannot be made where nothing may be written: nothing is left', () => {
    const run = init(['/proc/nowhere/net']);
    expect(run).toMatchObject({ code: 3, stdout: '' });
  });
});

test('a token in the origin is written nowhere', () => {
  mkdirSync(join(folder, 'net'));
  gitIn(join(folder, 'net'), 'init', '-q');
  gitIn(join(folder, 'net'), 'remote', 'add', 'origin', 'https://me:hunter2@git.example.org/me/net.git');
  const run = init(['net']);
  const files = Object.entries(tree(join(folder, 'net'))).filter(([path]) => !path.startsWith('.git/'));
  expect(JSON.stringify([run, files])).not.toContain('hunter2');
  expect(readFileSync(join(folder, 'net/topology.yaml'), 'utf8')).toContain(
    'https://git.example.org/me/net.git',
  );
});

describe('the commit', () => {
  const staged = (run: { stdout: string; code: number | null; stderr: string }, why: RegExp) => {
    expect(run).toMatchObject({ code: 0, stderr: '' });
    expect(run.stdout).toMatch(why);
    const net = join(folder, 'net');
    expect(gitIn(net, 'diff', '--name-only')).toBe('');
    expect(gitIn(net, 'ls-files').split('\n')).toContain('dist/MANIFEST.sha256');
    expect(spawnSync('git', ['rev-parse', '-q', '--verify', 'HEAD'], { cwd: net }).status).not.toBe(0);
  };

  test('is left to somebody whom git does not know', () => {
    staged(init(['net'], {}), /staged, not committed: git does not know who you are/);
  });

  test('is left to somebody whose hook refuses it', () => {
    mkdirSync(join(home, 'hooks'));
    writeFileSync(join(home, 'hooks/pre-commit'), '#!/bin/sh\necho "not on a Monday" >&2\nexit 1\n');
    chmodSync(join(home, 'hooks/pre-commit'), 0o755);
    writeFileSync(join(home, '.gitconfig'), `[core]\nhooksPath = ${home}/hooks\n`);
    staged(init(['net']), /staged, not committed: git would not commit: not on a Monday/);
  });

  test('has what an ignore file of the user leaves out elsewhere', () => {
    writeFileSync(join(home, 'ignored'), 'dist\n*.ts\n.npmrc\n');
    writeFileSync(join(home, '.gitconfig'), `[core]\nexcludesFile = ${home}/ignored\n`);
    expect(init(['net']).code).toBe(0);
    const files = gitIn(join(folder, 'net'), 'ls-files').split('\n');
    expect(files).toEqual(expect.arrayContaining(['main.ts', '.npmrc', 'dist/MANIFEST.sha256']));
  });

  test('is in that repository, also when a hook of another one runs noencap', () => {
    const other = join(folder, 'other');
    mkdirSync(other);
    gitIn(other, 'init', '-q');
    const run = init(['net'], {
      ...WHO,
      GIT_DIR: join(other, '.git'),
      GIT_INDEX_FILE: join(other, '.git/index'),
    });
    expect(run).toMatchObject({ code: 0, stderr: '' });
    expect(gitIn(join(folder, 'net'), 'log', '--format=%s')).toBe('Start with what noencap init wrote');
    expect(gitIn(other, 'ls-files')).toBe('');
  });

  test('is missing without git, and the files are there', () => {
    const bin = join(folder, 'bin');
    mkdirSync(bin);
    const run = init(['net'], { PATH: bin });
    expect(run).toMatchObject({ code: 0, stderr: '' });
    expect(run.stdout).toContain('no repository: git is not installed');
    expect(existsSync(join(folder, 'net/topology.yaml'))).toBe(true);
  });
});

describe('a flag that cannot be', () => {
  test.each([
    [['--sites', '0'], /from 1 to 8/],
    [['--sites', '9'], /from 1 to 8/],
    [['--sites', 'two'], /from 1 to 8/],
    [['--link', 'carrier-pigeon'], /wireguard, zerotier, tailscale, lan/],
    [['--engine', 'jenkins'], /argocd, flux, both/],
    [['--sites', '1', '--link', 'lan'], /One site has no link/],
    [['--name', 'My Net'], /is not a valid name/],
    [['--name', 'net\nversion: 2'], /is not a valid name/],
    [['--repo-url', 'https://me:secret@git.example.org/net.git'], /contains credentials/],
    [['--repo-url', '../net'], /is not a repository URL/],
    [['--from', '.', '--sites', '2'], /cannot be used with/],
    [['-t', 'home.yaml'], /A repository has its topology in topology.yaml/],
  ])('%j is refused, and nothing is written', (flags, why) => {
    const run = init(['net', ...flags]);
    expect(run).toMatchObject({ code: 2, stdout: '' });
    expect(run.stderr).toMatch(why);
    expect(run.stderr).not.toContain('secret');
    expect(readdirSync(folder)).toEqual(['home']);
  });

  test('about a repository needs its folder', () => {
    const run = init(['--sites', '2']);
    expect(run).toMatchObject({ code: 2, stdout: '' });
    expect(run.stderr).toContain('noencap init my-fabric --sites');
  });
});

describe('npm', () => {
  const withNpm = (script: string) => {
    const bin = join(folder, 'bin');
    mkdirSync(bin);
    writeFileSync(join(bin, 'npm'), `#!/bin/sh\n${script}\n`);
    chmodSync(join(bin, 'npm'), 0o755);
    return { ...env(), ...WHO, PATH: `${bin}:${process.env.PATH}` };
  };

  test('installs without scripts of packages, and its lock file is part of the first commit', () => {
    const npm = withNpm(
      'echo "$@" > "$HOME/words"; cd "$3" && mkdir node_modules && echo {} > package-lock.json',
    );
    const run = noencap(folder, ['init', 'net'], npm);
    expect(run).toMatchObject({ code: 0, stderr: '' });
    expect(readFileSync(join(home, 'words'), 'utf8')).toContain('--ignore-scripts');
    expect(gitIn(join(folder, 'net'), 'ls-files').split('\n')).toContain('package-lock.json');
    expect(gitIn(join(folder, 'net'), 'status', '--porcelain')).toBe('');
  });

  test('that does not work is said, and the rest is there', () => {
    const npm = withNpm('echo "npm error code E404" >&2; echo "npm error 404 Not Found" >&2; exit 1');
    const run = noencap(folder, ['init', 'net'], npm);
    expect(run).toMatchObject({ code: 0, stderr: '' });
    expect(run.stdout).toContain('not installed: 404 Not Found');
    expect(run.stdout).toContain('npm install');
    expect(inside('synth', '--check').code).toBe(0);
  });

  test('is at work when somebody interrupts: nothing is left', async () => {
    const npm = withNpm('touch "$HOME/started"; exec sleep 600');
    const child = spawn(process.execPath, [resolve('bin/noencap'), 'init', 'net'], {
      cwd: folder,
      env: { ...process.env, ...npm },
      detached: true,
    });
    const ended = new Promise<number | null>((done) => child.on('close', done));
    while (!existsSync(join(home, 'started'))) await new Promise((next) => setTimeout(next, 20));
    // As a terminal does it: to all of them.
    process.kill(-(child.pid ?? 0), 'SIGINT');
    expect(await ended).toBe(1);
    expect(readdirSync(folder).sort()).toEqual(['bin', 'home']);
  });
});

describe('--from a clone of noencap', () => {
  test('takes the topology and what lies beside it, and renders the same', () => {
    const clone = join(folder, 'clone');
    mkdirSync(clone);
    writeFileSync(join(clone, 'topology.yaml'), reportText());
    writeFileSync(join(clone, 'known_hosts'), 'gateway ssh-ed25519 AAAA\n');
    writeFileSync(join(clone, 'secrets.age'), Buffer.from([0, 255, 10]));
    expect(noencap(clone, ['synth']).code).toBe(0);
    expect(init(['net', '--from', 'clone'])).toMatchObject({ code: 0, stderr: '' });
    const net = join(folder, 'net');
    expect(tree(join(net, 'dist'))).toEqual(tree(join(clone, 'dist')));
    expect(readFileSync(join(net, 'known_hosts'), 'utf8')).toBe('gateway ssh-ed25519 AAAA\n');
    expect(readFileSync(join(net, 'secrets.age'))).toEqual(Buffer.from([0, 255, 10]));
    const [first, ...rest] = readFileSync(join(net, 'topology.yaml'), 'utf8').split('\n');
    expect(first).toBe('# yaml-language-server: $schema=node_modules/noencap/topology.schema.json');
    expect(rest).toEqual(reportText().split('\n').slice(1));
  });

  test('that has a fault, or no topology, is refused', () => {
    mkdirSync(join(folder, 'clone'));
    expect(init(['net', '--from', 'clone'])).toMatchObject({ code: 2, stdout: '' });
    writeFileSync(join(folder, 'clone/topology.yaml'), 'version: 1\n');
    const run = init(['net', '--from', 'clone']);
    expect(run).toMatchObject({ code: 2, stdout: '' });
    expect(run.stderr).toMatch(/^clone\/topology\.yaml .*has no calico\./);
    expect(existsSync(join(folder, 'net'))).toBe(false);
  });
});

describe('check finds where the engine reads', () => {
  const found = () =>
    JSON.parse(inside('check', '--json').stdout).findings.filter(
      ({ code }: { code: string }) => code === 'NE419',
    );

  test('a placeholder, until it is replaced', () => {
    expect(init(['net']).code).toBe(0);
    expect(found()).toMatchObject([{ severity: 'warning', place: { path: 'gitops.repoURL' } }]);
    expect(inside('check').code).toBe(0);
    expect(inside('check', '--strict').code).toBe(1);
  });

  test('another repository than the origin of the clone, and shows no token', () => {
    expect(init(['net', '--repo-url', 'https://git.example.org/me/net.git']).code).toBe(0);
    const net = join(folder, 'net');
    expect(found()).toEqual([]);
    gitIn(net, 'remote', 'add', 'origin', 'https://x:hunter2@git.example.org/you/net.git');
    expect(found()).toMatchObject([{ severity: 'warning' }]);
    expect(inside('check').stdout).not.toContain('hunter2');
    gitIn(net, 'remote', 'set-url', 'origin', 'ssh://git@git.example.org:2222/me/net');
    expect(found()).toEqual([]);
    gitIn(net, 'remote', 'set-url', 'origin', 'git@git.example.org:fork/net.git');
    expect(found()).toHaveLength(1);
    gitIn(net, 'remote', 'add', 'upstream', 'git@git.example.org:me/net.git');
    expect(found()).toEqual([]);
  });

  test('the same for a topology in another folder than the working one, and for a remote with an abbreviation', () => {
    expect(init(['net', '--repo-url', 'https://git.example.org/me/net.git']).code).toBe(0);
    const net = join(folder, 'net');
    gitIn(net, 'config', 'url.https://git.example.org/.insteadOf', 'mine:');
    gitIn(net, 'remote', 'add', 'origin', 'mine:you/net.git');
    const there = noencap(folder, ['check', '-t', 'net/topology.yaml', '--json'], env());
    expect(JSON.parse(there.stdout).findings.map(({ code }: { code: string }) => code)).toContain('NE419');
    gitIn(net, 'remote', 'set-url', 'origin', 'mine:me/net.git');
    expect(found()).toEqual([]);
  });

  test('a suppression of it is idle in no clone', () => {
    expect(init(['net', '--repo-url', 'https://git.example.org/me/net.git']).code).toBe(0);
    const file = join(folder, 'net/topology.yaml');
    writeFileSync(
      file,
      `${readFileSync(file, 'utf8')}    - id: NE419\n      where: gitops.repoURL\n      reason: a mirror\n`,
    );
    expect(inside('check', '--strict')).toMatchObject({ code: 0 });
    gitIn(join(folder, 'net'), 'remote', 'add', 'origin', 'git@git.example.org:you/net.git');
    expect(inside('check', '--strict')).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('suppressed: a mirror'),
    });
  });
});
