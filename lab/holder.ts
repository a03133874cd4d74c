import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';

/**
 * The one process that a lab lives in: mount, network and PID namespaces of its own. When it dies, everything in it dies
 * with it: daemons, network namespaces, files. Its first process waits for the end of its standard input, so that it dies
 * with whoever started it, even by kill -9.
 */
export interface Holder {
  /** Of the first process inside, seen from outside. */
  readonly pid: number;
  /** What nsenter(1) needs to run something inside. */
  readonly enter: readonly string[];
  /** Where a path inside the holder is seen from outside. */
  path(inside: string): string;
  /** Runs shell text inside; rejects nothing, the caller looks at the code. */
  run(script: string): Promise<Ran>;
  /** Lets it go on when this process ends, until `end` or a kill. */
  stay(): Promise<void>;
  /** Ends it and waits until it is gone. */
  end(): Promise<void>;
}

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Why there is no lab, and the command that helps. */
export interface Refused {
  readonly says: string;
  readonly mend: string;
}

/** Room for configurations and logs inside the holder. */
const ROOM = '256m';

export interface HolderOptions {
  /** Of the file system for configurations and logs, as mount(8) takes it. */
  readonly room?: string;
}

/** Sets up a holder. */
export async function startHolder({ room = ROOM }: HolderOptions = {}): Promise<Holder | Refused> {
  const script = `set -e
mount -t tmpfs -o mode=0755,size=${room} tmpfs /run
mkdir /run/netns /run/lab
ip link set lo up
echo ready
if read -r word && [ "$word" = stay ]; then exec sleep 2147483647 >/dev/null 2>&1; fi`;
  const child = spawn('unshare', [...unshareOptions(), 'sh', '-c', script], {
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: true,
  });
  const said = await firstWords(child);
  if (said !== 'ready') return refusal(said);
  return holderOf(innerPid(child.pid ?? 0), child);
}

/** The holder of a lab that another process started. Undefined if it is gone. */
export function findHolder(pid: number): Holder | undefined {
  return existsSync(`/proc/${pid}/root/run/lab`) ? holderOf(pid, undefined) : undefined;
}

const isRoot = (): boolean => process.getuid?.() === 0;

const unshareOptions = (): string[] => [
  ...(isRoot() ? [] : ['--user', '--map-root-user']),
  ...['--mount', '--net', '--pid', '--fork', '--kill-child', '--mount-proc'],
];

function holderOf(pid: number, child: ChildProcess | undefined): Holder {
  const enter = [
    `--target=${pid}`,
    ...(isRoot() ? [] : ['--user', '--preserve-credentials']),
    ...['--mount', '--net', '--pid'],
  ];
  return {
    pid,
    enter,
    path: (inside) => `/proc/${pid}/root${inside}`,
    run: (script) => ran(spawn('nsenter', [...enter, 'sh'], { stdio: 'pipe' }), script),
    stay: () =>
      new Promise((done) => {
        child?.unref();
        for (const stream of [child?.stdout, child?.stderr]) stream?.destroy();
        if (child?.stdin) child.stdin.end('stay\n', () => done());
        else done();
      }),
    end: async () => {
      if (child !== undefined && child.exitCode === null && child.signalCode === null) {
        const gone = new Promise((done) => child.once('exit', done));
        kill(pid);
        await gone;
      } else kill(pid);
      while (existsSync(`/proc/${pid}/root/run/lab`)) await new Promise((done) => setTimeout(done, 5));
    },
  };
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It is gone already.
  }
}

function ran(child: ChildProcess, script: string): Promise<Ran> {
  return new Promise((done) => {
    let stdout = '';
    let stderr = '';
    child.stdout?.setEncoding('utf8').on('data', (text) => {
      stdout += text;
    });
    child.stderr?.setEncoding('utf8').on('data', (text) => {
      stderr += text;
    });
    child.on('error', (error) => {
      stderr += error.message;
    });
    child.on('close', (code) => {
      done({ code: code ?? 1, stdout, stderr });
    });
    child.stdin?.on('error', () => {});
    child.stdin?.end(script);
  });
}

/** `ready`, or what it said before it ended. */
function firstWords(child: ChildProcess): Promise<string> {
  return new Promise((done) => {
    let errors = '';
    child.stdout?.once('data', (chunk: Buffer) => done(chunk.toString().trim()));
    child.stderr?.on('data', (chunk: Buffer) => {
      errors += chunk.toString();
    });
    child.once('error', (error) => done(error.message));
    child.once('close', () => done(errors.trim()));
  });
}

/** `unshare --fork` has one child, the holder's first process. */
function innerPid(unshare: number): number {
  const children = readFileSync(`/proc/${unshare}/task/${unshare}/children`, 'utf8').trim().split(' ');
  return Number(children[0]);
}

function refusal(said: string): Refused {
  if (/ENOENT/.test(said)) {
    return { says: 'unshare is not installed', mend: 'Run: apt-get install -y util-linux iproute2' };
  }
  if (/Operation not permitted|Permission denied|denied/.test(said)) {
    return {
      says: `the kernel refuses namespaces to this user (${said.split('\n')[0]})`,
      mend: 'Run it as root; or allow user namespaces: sudo sysctl -w kernel.unprivileged_userns_clone=1 kernel.apparmor_restrict_unprivileged_userns=0',
    };
  }
  return {
    says: `the lab's namespaces cannot be set up: ${said}`,
    mend: 'Run: apt-get install -y util-linux iproute2',
  };
}
