import type { ChildProcess, ChildProcessWithoutNullStreams } from 'node:child_process';
import { existsSync, mkdtempSync } from 'node:fs';
import { open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { hostKeyName } from '../../fabric/index.ts';
import { heard } from '../../machine/index.ts';
import { LIMITS, type Limits } from './limits.ts';
import { endSsh, forget, kill, startSsh, watch } from './process.ts';
import type { SshTarget } from './target.ts';

/** How commands reach a router: over one shared connection, or over one each. */
export interface Connection {
  /** Starts a command; `log` is the file with ssh's own messages. */
  launch(line: string): { readonly child: ChildProcessWithoutNullStreams; readonly log: string };
  /** A command has produced output: the connection is up. */
  stands(): void;
  /** Connects once more without sharing, for what the ssh to a jump host says: a shared connection does not show it. */
  tried(): Promise<string>;
  /** Whether the connection is still up: if so, a command that ended without a message ended at the router. */
  lives(): Promise<boolean>;
}

/** A connection that commands share. */
export interface SharedConnection extends Connection {
  /** To the same router, for commands that share no connection, not even with each other. Only until this one ends. */
  apart(): Connection;
  /** Ends everything that runs over it or apart from it. */
  end(): Promise<void>;
}

/** Ends with this process, however that ends. */
export function sharedConnection(target: SshTarget, limits: Limits = LIMITS): SharedConnection {
  const folder = privateFolder();
  const socket = join(folder, 'c');
  const options = ['ControlMaster=auto', `ControlPersist=${LINGER}`, `ControlPath=${socket}`];
  const children = new Set<ChildProcess>();
  let commands = 0;
  const launchWith = (ways: readonly string[]) => (line: string) => {
    const log = join(folder, `log-${commands++}`);
    const child = startSsh(['-E', log, ...argumentsOf(target, ways), line]);
    children.add(child);
    child.once('close', () => children.delete(child));
    return { child, log };
  };
  const control = (word: string) => query(['-F', 'none', '-S', socket, '-O', word, '--', target.host]);
  const tried = () => triedOnce(target, limits);
  /** The ssh that holds the connection: once the connection is up, it leaves the process group of the command that started it. */
  let master: number | undefined;
  let looking: Promise<void> | undefined;
  const look = async () => {
    const pid = Number(/\(pid=(\d+)\)/.exec((await control('check')).output)?.[1]);
    if (pid > 1 && ![...children].some((child) => child.pid === pid)) {
      master = pid;
      watch(pid);
    }
    looking = undefined;
  };
  const stands = () => {
    if (master === undefined) looking ??= look();
  };
  // For a router that lets us in and then says nothing.
  const looks = setInterval(() => existsSync(socket) && stands(), AT_ONCE);
  looks.unref();
  return {
    launch: launchWith(options),
    stands,
    tried,
    lives: async () => (await control('check')).is === 'done',
    apart: () => ({ launch: launchWith(APART), stands: () => {}, tried, lives: async () => true }),
    end: async () => {
      clearInterval(looks);
      for (const child of children) endSsh(child);
      if (existsSync(socket)) stands();
      await looking;
      const { is } = existsSync(socket) ? await control('exit') : { is: 'failed' };
      if (master !== undefined) {
        if (is === 'late' || (is === 'done' && !(await hasEnded(master)))) kill(master);
        forget(master);
      }
      await rm(folder, { recursive: true, force: true });
    },
  };
}

const APART = ['ControlMaster=no', 'ControlPath=none'];

/** Seconds that an idle connection stays up. */
const LINGER = 10;

/** Milliseconds in which one ssh on this machine must answer another. */
const AT_ONCE = 3000;

/** The output of an ssh that queries another one; not waited for any longer than that. */
function query(words: readonly string[]): Promise<{ is: 'done' | 'failed' | 'late'; output: string }> {
  return new Promise((done) => {
    const child = startSsh(words);
    const output = heard({ bytes: 4096, lines: 100, line: 4096 });
    const timer = setTimeout(() => {
      endSsh(child);
      done({ is: 'late', output: '' });
    }, AT_ONCE);
    child.stdin.on('error', () => {}).end();
    child.stdout.resume();
    child.stderr.on('data', (chunk: Buffer) => void output.add(chunk));
    const finish = (is: 'done' | 'failed') => {
      clearTimeout(timer);
      done({ is, output: output.text() });
    };
    child.on('error', () => finish('failed'));
    child.on('close', (code) => finish(code === 0 ? 'done' : 'failed'));
  });
}

async function hasEnded(pid: number): Promise<boolean> {
  for (let waited = 0; waited < 1000; waited += 20) {
    try {
      process.kill(pid, 0);
    } catch {
      return true;
    }
    await sleep(20);
  }
  return false;
}

const triedOnce = (target: SshTarget, { way, noise }: Limits): Promise<string> =>
  new Promise((done) => {
    const child = startSsh(['-E', '/dev/null', ...argumentsOf(target, APART), 'true']);
    const output = heard({ bytes: noise, lines: noise, line: noise });
    const timer = setTimeout(() => endSsh(child), way * 1000);
    child.stdin.on('error', () => {}).end();
    child.stdout.resume();
    child.stderr.on('data', (chunk: Buffer) => void (output.add(chunk) || endSsh(child)));
    const finish = () => {
      clearTimeout(timer);
      done(output.text());
    };
    child.on('error', finish);
    child.on('close', finish);
  });

const argumentsOf = (target: SshTarget, options: readonly string[]): string[] => [
  '-T',
  ...[...ALWAYS, ...trust(target), ...options].flatMap((option) => ['-o', option]),
  ...['-p', String(target.port), '-l', target.user],
  // Nothing after this is an option.
  ...['--', target.host],
];

/** The content of the file; of a long one only the end, where ssh gives the reason. */
export async function readLog(file: string): Promise<string> {
  try {
    const log = await open(file);
    try {
      const { size } = await log.stat();
      const { bytesRead, buffer } = await log.read(Buffer.alloc(MOST), 0, MOST, Math.max(0, size - MOST));
      return buffer.toString('utf8', 0, bytesRead);
    } finally {
      await log.close();
    }
  } catch {
    return '';
  }
}

const MOST = 2 ** 16;

/** A socket's path is at most 107 bytes, of which ssh needs 17 for a temporary name, and ssh expands `%` and `$`. */
const privateFolder = (): string =>
  mkdtempSync(join(/^[A-Za-z0-9_./+-]{1,60}$/.test(tmpdir()) ? tmpdir() : '/tmp', 'noencap-ssh-'));

/**
 * Everything else is up to ~/.ssh/config. No questions, as nobody is there to answer them; a silent router is given up after
 * 15 seconds; nothing but the command runs, here or there.
 */
const ALWAYS = [
  'BatchMode=yes',
  'ConnectTimeout=10',
  'ServerAliveInterval=5',
  'ServerAliveCountMax=3',
  'ForwardAgent=no',
  'ForwardX11=no',
  'ClearAllForwardings=yes',
  'Tunnel=no',
  'PermitLocalCommand=no',
  'RemoteCommand=none',
  'SessionType=default',
  'StdinNull=no',
  'ForkAfterAuthentication=no',
  'LogLevel=INFO',
];

/** Trusts the pinned keys and no others: none is learned, none is taken from DNS or from the machine's own list. */
const trust = (target: SshTarget): string[] => [
  'StrictHostKeyChecking=yes',
  `UserKnownHostsFile=${quoted(resolve(target.knownHosts))}`,
  'GlobalKnownHostsFile=/dev/null',
  'KnownHostsCommand=none',
  'VerifyHostKeyDNS=no',
  'UpdateHostKeys=no',
  `HostKeyAlias=${hostKeyName(target)}`,
];

/** ssh_config splits at blanks and expands `%`. */
const quoted = (path: string): string => `"${path.replaceAll('%', '%%')}"`;
