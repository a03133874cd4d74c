import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Ran, type Remote, type RemoteCommand, type Running, words } from './remote.ts';
import { explainSsh } from './ssh-error.ts';

/** Where a router's SSH server is, and which keys it may have. */
export interface SshTarget {
  readonly host: string;
  readonly user: string;
  readonly port: number;
  /** Path of the known_hosts file beside the topology: no other key is trusted. */
  readonly knownHosts: string;
}

export interface SshAccount {
  /** The script to send along; undefined where a forced command runs it and takes its words only. */
  readonly script: string | undefined;
}

/**
 * A router over the system's OpenSSH client, so that ProxyJump, agents, certificates and all else of ~/.ssh/config go on working.
 * Commands share one connection. It ends seconds after the last command did, even if nobody is left who could end it.
 */
export function sshRemote(target: SshTarget, account: SshAccount): Remote {
  const folder = mkdtempSync(join(tmpdir(), 'noencap-ssh-'));
  const shared = ['-o', 'ControlMaster=auto', '-o', `ControlPersist=${LINGER}`, '-S', join(folder, 'c')];
  const leave = async () => {
    await ended(spawn('ssh', [...shared, '-O', 'exit', ...address(target)], { stdio: 'ignore' }));
    rmSync(folder, { recursive: true, force: true });
  };
  return remoteOver(target, account, shared, leave);
}

/** Seconds that a connection stays without a command: what a killed ship leaves behind. */
const LINGER = 10;

function remoteOver(
  target: SshTarget,
  account: SshAccount,
  connection: readonly string[],
  end: () => Promise<void>,
): Remote {
  const start = (command: RemoteCommand) =>
    spawn('ssh', [...OPTIONS, ...trust(target), ...connection, ...address(target), line(account, command)], {
      env: process.env,
    });
  return {
    run: (command, input) => {
      const child = start(command);
      // A router that refuses does not read what it is sent: its answer says why, not the broken pipe.
      child.stdin.on('error', () => {});
      child.stdin.end(input);
      return finished(child, target);
    },
    start: (command, ready) => started(start(command), target, ready),
    fresh: async () =>
      remoteOver(target, account, ['-o', 'ControlMaster=no', '-o', 'ControlPath=none'], async () => {}),
    end,
  };
}

/** Nobody is there to answer questions, and a router that has gone silent is given up within a quarter of a minute. */
const OPTIONS = [
  '-T',
  '-o',
  'BatchMode=yes',
  '-o',
  'ConnectTimeout=10',
  '-o',
  'ServerAliveInterval=5',
  '-o',
  'ServerAliveCountMax=3',
  '-o',
  'ForwardAgent=no',
  '-o',
  'ForwardX11=no',
  '-o',
  'ClearAllForwardings=yes',
  '-o',
  'PermitLocalCommand=no',
  '-o',
  'LogLevel=INFO',
];

/** The pinned keys and no others: none is learned, and none is taken from DNS or from the machine's own list. */
const trust = ({ knownHosts }: SshTarget): string[] => [
  '-o',
  'StrictHostKeyChecking=yes',
  '-o',
  `UserKnownHostsFile=${quoted(knownHosts)}`,
  '-o',
  'GlobalKnownHostsFile=/dev/null',
  '-o',
  'VerifyHostKeyDNS=no',
  '-o',
  'UpdateHostKeys=no',
];

/** ssh_config splits at blanks and expands `%` and `~`. */
const quoted = (path: string): string => `"${path.replaceAll('%', '%%')}"`;

/** Behind `--` nothing is an option, whatever a topology calls its routers. */
const address = ({ host, user, port }: SshTarget): string[] => ['-p', String(port), '-l', user, '--', host];

/** What the login shell of the account gets: one program with quoted words. Of a forced command it is read as words. */
function line({ script }: SshAccount, command: RemoteCommand): string {
  const all = words(command);
  return script === undefined
    ? all.join(' ')
    : `exec sh -c ${shellWord(script)} noencap ${all.map(shellWord).join(' ')}`;
}

const shellWord = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

type Child = ReturnType<typeof spawn>;

const ended = (child: Child): Promise<number> =>
  new Promise((done) => {
    child.on('error', () => done(NO_WAY));
    child.on('close', (code) => done(code ?? NO_WAY));
  });

/** ssh's own failure. The script ends with 0 to 3. */
const NO_WAY = 255;

async function finished(child: Child, target: SshTarget): Promise<Ran> {
  let [stdout, stderr] = ['', ''];
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  let missing: string | undefined;
  child.on('error', (error: NodeJS.ErrnoException) => {
    missing = error.code === 'ENOENT' ? 'ssh: command not found' : error.message;
  });
  const code = await ended(child);
  if (code !== NO_WAY) return { code, stdout, stderr };
  const { says, mend } = explainSsh(missing ?? stderr, target);
  return { code, stdout, stderr: `${says}.\n${mend}\n` };
}

/** Resolves at the line `ready`, or when it has ended without. */
function started(child: Child, target: SshTarget, ready: string): Promise<Running | Ran> {
  const whole = finished(child, target);
  let said = '';
  return new Promise((done) => {
    child.stdout?.on('data', (text: string) => {
      said += text;
      if (!said.split('\n').slice(0, -1).includes(ready)) return;
      done({
        said,
        ended: whole,
        close: () => {
          child.stdin?.end();
          return whole;
        },
      });
    });
    child.stdin?.on('error', () => {});
    whole.then(done);
  });
}
