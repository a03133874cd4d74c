import { mkdtempSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { hostKeyName } from '../fabric/index.ts';
import { startProgram } from '../machine/index.ts';
import type { SshTarget } from './ssh-target.ts';

/** How commands get to a router: over one connection that they share, or over one each. */
export interface Connection {
  /** ssh's arguments, without the command. */
  readonly arguments: readonly string[];
  /** Tries the way once more by itself, for what the ssh to a jump host says: a connection that is shared has no ear for it. */
  tried(): Promise<string>;
  /** Where the next command's ssh writes what it itself has to say. */
  logFile(): string;
  /** Whether there is a connection still: a command that ended without a word ended at the router. */
  lives(): Promise<boolean>;
}

/** Commands share it. */
export interface SharedConnection extends Connection {
  /** To the same router, for commands that share nothing, not with each other either. Only until this one's end. */
  apart(): Connection;
  end(): Promise<void>;
}

/** It ends seconds after the last command did, even if nobody is left who could end it. */
export function sharedConnection(target: SshTarget): SharedConnection {
  const folder = privateFolder();
  const socket = join(folder, 'c');
  const options = ['ControlMaster=auto', `ControlPersist=${LINGER}`, `ControlPath=${socket}`];
  let commands = 0;
  const logFile = () => join(folder, `log-${commands++}`);
  const control = (word: string) =>
    new Promise<boolean>((done) => {
      const child = startProgram('ssh', ['-F', 'none', '-S', socket, '-O', word, '--', target.host], {
        stdio: 'ignore',
      });
      child.on('error', () => done(false));
      child.on('close', (code) => done(code === 0));
    });
  const tried = () => triedOnce(target);
  return {
    arguments: argumentsOf(target, options),
    tried,
    logFile,
    lives: () => control('check'),
    apart: () => ({ arguments: argumentsOf(target, APART), tried, logFile, lives: async () => true }),
    end: async () => {
      await control('exit');
      await rm(folder, { recursive: true, force: true });
    },
  };
}

const APART = ['ControlMaster=no', 'ControlPath=none'];

/** Seconds that a connection stays without a command: what a killed ship leaves behind. */
const LINGER = 10;

const triedOnce = (target: SshTarget): Promise<string> =>
  new Promise((done) => {
    const child = startProgram('ssh', ['-E', '/dev/null', ...argumentsOf(target, APART), 'true'], {
      stdio: ['ignore', 'ignore', 'pipe'],
      detached: true,
      env: unasked(),
    });
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    child.on('error', () => done(said));
    child.on('close', () => done(said));
  });

const argumentsOf = (target: SshTarget, options: readonly string[]): string[] => [
  '-T',
  ...[...ALWAYS, ...trust(target), ...options].flatMap((option) => ['-o', option]),
  ...['-p', String(target.port), '-l', target.user],
  // Behind it nothing is an option.
  ...['--', target.host],
];

/** No window asks for a passphrase, either. */
export const unasked = (): NodeJS.ProcessEnv => ({ ...process.env, SSH_ASKPASS_REQUIRE: 'never' });

/** What was written there. */
export const readLog = (file: string): Promise<string> => readFile(file, 'utf8').catch(() => '');

/** A socket's path has 107 bytes at most, of which ssh needs 17 for a temporary name, and ssh expands `%` and `$`. */
const privateFolder = (): string =>
  mkdtempSync(join(/^[A-Za-z0-9_./+-]{1,60}$/.test(tmpdir()) ? tmpdir() : '/tmp', 'noencap-ssh-'));

/**
 * All else is up to ~/.ssh/config. Nobody is there to answer questions; a router that has gone silent is given up within a
 * quarter of a minute; nothing but the command runs, here or there.
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

/** The pinned keys and no others: none is learned, and none is taken from DNS or from the machine's own list. */
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
