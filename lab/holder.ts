import { closeSync, constants, openSync, readFileSync } from 'node:fs';
import { bornAt, type Program, startProgram } from '../machine/index.ts';

/**
 * The one process that a lab lives in: it has its own mount, network and PID namespaces. When it dies, everything in it dies
 * with it: daemons, network namespaces, files. Its first process waits for the end of its standard input, so that it dies
 * with whoever started it, even by kill -9.
 */
export interface Holder {
  /** Which process it is. */
  readonly mark: HolderMark;
  /** What nsenter(1) needs to run something inside. */
  readonly enter: readonly string[];
  /** The path from outside for a path inside the holder. */
  path(inside: string): string;
  /** Runs shell text inside; never rejects, the caller checks the exit code. */
  run(script: string): Promise<Ran>;
  /** Lets the holder outlive this process, until `end` or a kill. */
  stay(): Promise<void>;
  /** Ends it and waits until it is gone. */
  end(): Promise<void>;
}

/** What distinguishes a holder from every other process, even one that reuses its PID. */
export interface HolderMark {
  /** Of the first process inside, seen from outside. */
  readonly pid: number;
  /** Clock ticks from boot to the start of the process. */
  readonly born: string;
  /** Ticks count from there. */
  readonly boot: string;
}

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Why there is no lab, and the command that fixes it. */
export interface Refused {
  readonly message: string;
  readonly fix: string;
}

/** Room for configurations and logs inside the holder. */
const ROOM = '256m';

export interface HolderOptions {
  /** The size of the file system for configurations and logs, in the format of mount(8). */
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
  const child = startProgram('unshare', [...unshareOptions(), 'sh', '-c', script], {
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: true,
  });
  const firstOutput = await firstWords(child);
  if (firstOutput !== 'ready') return refusal(firstOutput);
  const opened = openProcess(innerPid(child.pid ?? 0));
  return opened === undefined ? refusal('it ended immediately') : holderOf(opened, child);
}

/** The holder of a lab that another process started. Undefined if it is gone, even if its PID is reused. */
export function findHolder({ pid, born, boot }: HolderMark): Holder | undefined {
  const opened = Number.isInteger(pid) && pid > 1 ? openProcess(pid) : undefined;
  if (opened === undefined) return undefined;
  if (opened.mark.born === born && opened.mark.boot === boot) return holderOf(opened, undefined);
  opened.close();
  return undefined;
}

interface OpenProcess {
  readonly mark: HolderMark;
  /** Its folder in /proc, kept open: it always refers to this process, and is empty once the process is gone. */
  readonly folder: string;
  /** The root of its file systems, also kept open: a short path, since a socket's path has at most 107 bytes. */
  readonly root: string;
  close(): void;
}

/**
 * A PID is checked once and used later; in between the process may end and another reuse it. So the process is opened
 * first, and inspected, entered and reached through the open handle.
 */
function openProcess(pid: number): OpenProcess | undefined {
  const files: number[] = [];
  const close = () => files.splice(0).forEach((file) => void closeSync(file));
  const open = (path: string): string => {
    const file = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY);
    files.push(file);
    // Not /proc/self: programs that are started get these paths, too.
    return `/proc/${process.pid}/fd/${file}`;
  };
  try {
    const folder = open(`/proc/${pid}`);
    const root = open(`${folder}/root`);
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    const born = bornAt(folder);
    if (born !== undefined) return { mark: { pid, born, boot }, folder, root, close };
  } catch {
    // It is gone, or belongs to another user.
  }
  close();
  return undefined;
}

const isAlive = ({ folder, mark }: OpenProcess): boolean => bornAt(folder) === mark.born;

const isRoot = (): boolean => process.getuid?.() === 0;

const unshareOptions = (): string[] => [
  ...(isRoot() ? [] : ['--user', '--map-root-user']),
  ...['--mount', '--net', '--pid', '--fork', '--kill-child', '--mount-proc'],
];

function holderOf(opened: OpenProcess, child: Program | undefined): Holder {
  const { mark, folder, root } = opened;
  const enter = [
    ...(isRoot() ? [] : [`--user=${folder}/ns/user`, '--preserve-credentials']),
    ...['mnt', 'net', 'pid'].map((kind) => `--${kind === 'mnt' ? 'mount' : kind}=${folder}/ns/${kind}`),
  ];
  return {
    mark,
    enter,
    path: (inside) => `${root}${inside}`,
    run: (script) => finished(startProgram('nsenter', [...enter, 'sh'], { stdio: 'pipe' }), script),
    stay: () =>
      new Promise((done) => {
        child?.unref();
        for (const stream of [child?.stdout, child?.stderr]) stream?.destroy();
        if (child?.stdin) child.stdin.end('stay\n', () => done());
        else done();
      }),
    end: async () => {
      const gone =
        child !== undefined && child.exitCode === null && child.signalCode === null
          ? new Promise((done) => child.once('exit', done))
          : undefined;
      if (isAlive(opened)) kill(mark.pid);
      await gone;
      while (isAlive(opened)) await new Promise((done) => setTimeout(done, 5));
      opened.close();
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

function finished(child: Program, script: string): Promise<Ran> {
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

/** `ready`, or its output before it ended. */
function firstWords(child: Program): Promise<string> {
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

function refusal(output: string): Refused {
  if (/ENOENT/.test(output)) {
    return { message: 'unshare is not installed', fix: 'Run: apt-get install -y util-linux iproute2' };
  }
  if (/Operation not permitted|Permission denied|denied/.test(output)) {
    return {
      message: `the kernel refuses namespaces to this user (${output.split('\n')[0]})`,
      fix: 'Run it as root; or allow user namespaces: sudo sysctl -w kernel.unprivileged_userns_clone=1 kernel.apparmor_restrict_unprivileged_userns=0',
    };
  }
  return {
    message: `the lab's namespaces cannot be set up: ${output}`,
    fix: 'Run: apt-get install -y util-linux iproute2',
  };
}
