import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join, resolve } from 'node:path';
import { buildSync } from 'esbuild';
import type { SshTarget } from '../../../delivery/ssh/ssh.ts';

/** A real sshd on its own port, with its own keys; only the user who runs the tests may log in. */
export interface Sshd {
  readonly target: SshTarget;
  readonly folder: string;
  /** Private key that may log in. */
  readonly key: string;
  stop(): Promise<void>;
  start(): Promise<void>;
}

const SSHD = '/usr/sbin/sshd';

/** `authorized`: options before the key in authorized_keys; `settings`: additional lines of sshd_config; `shared`: an existing key. */
export async function startSshd(
  authorized = '',
  settings: readonly string[] = [],
  shared?: string,
): Promise<Sshd> {
  if (!existsSync(SSHD)) throw new Error('sshd is missing. Run: scripts/setup-tests.sh');
  const folder = mkdtempSync(join(tmpdir(), 'noencap-sshd-'));
  const [hostKey, ownKey, knownHosts] = ['host', 'key', 'known_hosts'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  const key = shared ?? ownKey;
  for (const file of shared === undefined ? [hostKey, key] : [hostKey]) {
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'test', '-f', file]);
  }
  const port = await freePort();
  const word = (file: string) => readFileSync(`${file}.pub`, 'utf8').split(' ').slice(0, 2).join(' ');
  writeFileSync(join(folder, 'authorized'), `${authorized}${authorized === '' ? '' : ' '}${word(key)}\n`, {
    mode: 0o600,
  });
  writeFileSync(knownHosts, `[127.0.0.1]:${port} ${word(hostKey)}\n`);
  writeFileSync(
    join(folder, 'config'),
    [
      `Port ${port}`,
      'ListenAddress 127.0.0.1',
      `HostKey ${hostKey}`,
      `AuthorizedKeysFile ${join(folder, 'authorized')}`,
      `PidFile ${join(folder, 'pid')}`,
      'StrictModes no',
      'UsePAM no',
      'PasswordAuthentication no',
      'KbdInteractiveAuthentication no',
      'PermitRootLogin prohibit-password',
      'MaxStartups 100',
      'MaxSessions 50',
      // Not the startup files of the user who runs the tests: they may be slow, hang, or leave a lock behind when a test kills them.
      `SetEnv HOME=${folder}`,
      ...settings,
      '',
    ].join('\n'),
  );
  let daemon: ChildProcess | undefined;
  const start = async () => {
    // The folder for its privilege separation; a machine without the service lacks it.
    if (userInfo().uid === 0) mkdirSync('/run/sshd', { recursive: true });
    daemon = spawn(SSHD, ['-D', '-e', '-f', join(folder, 'config')], { stdio: ['ignore', 'ignore', 'pipe'] });
    await new Promise<void>((done, fail) => {
      let said = '';
      const hear = (text: string) => {
        said += text;
        if (!said.includes('Server listening')) return;
        // Its messages about each connection are discarded.
        daemon?.stderr?.off('data', hear).resume();
        done();
      };
      daemon?.stderr?.setEncoding('utf8').on('data', hear);
      daemon?.on('exit', () => fail(new Error(`sshd: ${said}`)));
    });
  };
  const stop = async () => {
    const running = daemon;
    if (running === undefined || running.exitCode !== null) return;
    const gone = new Promise((done) => running.once('exit', done));
    running.kill('SIGTERM');
    await gone;
  };
  await start();
  return {
    target: { host: '127.0.0.1', user: userInfo().username, port, knownHosts },
    folder,
    key,
    start,
    stop: async () => {
      await stop();
    },
  };
}

export async function endSshd(sshd: Sshd): Promise<void> {
  await sshd.stop();
  rmSync(sshd.folder, { recursive: true, force: true });
}

/** The processes connected to it: ssh clients and masters. */
export function clientsOf({ target }: Sshd): number[] {
  const { stdout } = spawnSync('ss', ['-Htnp', `dport = :${target.port}`], { encoding: 'utf8' });
  return [...stdout.matchAll(/\("ssh",pid=(\d+),/g)].map(([, pid]) => Number(pid));
}

/** A separate program in this folder, which may import the project's modules; built once instead of at each start. */
export function programIn(folder: string, name: string, text: string): string {
  const outfile = join(folder, `${name}.mjs`);
  buildSync({
    stdin: { contents: text, resolveDir: resolve('.'), loader: 'ts' },
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    outfile,
  });
  return outfile;
}

/** An agent with a key, for all ssh clients that the test starts. */
export interface Agent {
  add(key: string): void;
  remove(key: string): void;
  empty(): void;
  end(): void;
}

export function startAgent(): Agent {
  const before = process.env.SSH_AUTH_SOCK;
  const said = execFileSync('ssh-agent', ['-s'], { encoding: 'utf8' });
  process.env.SSH_AUTH_SOCK = /SSH_AUTH_SOCK=([^;]+)/.exec(said)?.[1] ?? '';
  const ask = (...args: readonly string[]) => {
    execFileSync('ssh-add', ['-q', ...args], { env: process.env });
  };
  return {
    add: (key) => ask(key),
    remove: (key) => ask('-d', key),
    empty: () => ask('-D'),
    end: () => {
      process.kill(Number(/SSH_AGENT_PID=(\d+)/.exec(said)?.[1]));
      if (before === undefined) delete process.env.SSH_AUTH_SOCK;
      else process.env.SSH_AUTH_SOCK = before;
    },
  };
}

const freePort = (): Promise<number> =>
  new Promise((done) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => done(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
