import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import type { RouterSettings } from '../../delivery/router.ts';
import { routerScript } from '../../delivery/script/script.ts';
import type { Access, Line, Ran, Remote, RemoteCommand } from '../../delivery/ssh/remote.ts';
import { words } from '../../delivery/ssh/remote.ts';
import { sessionOver } from '../../delivery/ssh/session.ts';

/** A running BIRD 2 with its own folder: no kernel routes, and sessions whose peers do not exist. */
export interface Bird {
  readonly folder: string;
  /** Its configuration folder, as this process sees it. */
  readonly config: string;
  readonly settings: RouterSettings;
  readonly birdc: (command: string) => string;
  /** The names of the BGP protocols that it runs: each release here has a different one. */
  readonly sessions: () => string[];
  readonly start: () => void;
  readonly stop: () => void;
  /** Stops it and removes its folder. */
  readonly end: () => void;
}

const NEEDS = 'Run: scripts/setup-tests.sh';

/** A `k3s/ibgp.conf` whose one session has this name. */
export const session = (name: string): string =>
  `protocol bgp ${name} {
  local 127.83.0.1 port 17983 as 64512;
  neighbor 127.83.0.2 as 64512;
  passive on;
  ipv4 { table intra_table_v4; import all; export all; };
}
`;

/** The operator's own main file. */
export const mainFile = (folder: string, include = 'include "k3s/ibgp.conf";'): string =>
  `log "${folder}/log" all;
router id 10.0.0.1;
ipv4 table intra_table_v4;
protocol device { scan time 10; }
${include}
`;

export interface Surroundings {
  /** The configuration folder, if it is not this test's own: as BIRD sees it, and as this process does. */
  readonly config?: { readonly inside: string; readonly seen: string };
  /** A prefix for every command. */
  readonly enter?: readonly string[];
  /** Additional arguments for the daemon. */
  readonly birdArguments?: readonly string[];
}

/** Starts a BIRD with these files below its configuration folder. */
export function startBird(
  files: (folder: string) => Readonly<Record<string, string>>,
  around: Surroundings = {},
): Bird {
  const folder = mkdtempSync(join(tmpdir(), 'noencap-delivery-'));
  // Like /tmp: BIRD writes there as another user, and removes nothing.
  chmodSync(folder, 0o1777);
  const config = around.config?.inside ?? join(folder, 'etc');
  const seen = around.config?.seen ?? config;
  mkdirSync(seen, { recursive: true });
  for (const [path, text] of Object.entries(files(folder))) put(join(seen, path), text);
  const socket = join(folder, 'ctl');
  const birdc = (command: string) => {
    const { stdout, stderr } = spawnSync('birdc', ['-v', '-s', socket, command], { encoding: 'utf8' });
    return stdout + stderr;
  };
  const stop = () => {
    if (!existsSync(join(folder, 'pid'))) return;
    const pid = Number(readFileSync(join(folder, 'pid'), 'utf8'));
    process.kill(pid, 'SIGKILL');
    until(() => !runs(pid));
    rmSync(join(folder, 'pid'), { force: true });
  };
  const start = () => {
    const [program = 'bird', ...before] = [...(around.enter ?? []), 'bird'];
    const own = ['-c', join(config, 'bird.conf'), '-s', socket, '-P', join(folder, 'pid')];
    const started = spawnSync(program, [...before, ...own, ...(around.birdArguments ?? [])], {
      encoding: 'utf8',
    });
    if (started.error !== undefined) throw new Error(`BIRD 2 is missing. ${NEEDS}`);
    if (started.status !== 0) throw new Error(`bird: ${started.stdout}${started.stderr}`);
    until(() => birdc('show status').includes('0013'));
  };
  start();
  return {
    folder,
    config: seen,
    settings: { configDir: config, mode: 'include', socket, birdc: birdcPath() },
    birdc,
    sessions: () =>
      [...birdc('show protocols').matchAll(/^(?:1002-|\s+)(\S+)\s+BGP /gm)].map(([, name = '']) => name),
    start,
    stop,
    end: () => {
      stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export function put(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

/** Waits, for tests whose next step belongs to another process. */
export function until(holds: () => boolean, seconds = 240): void {
  const end = Date.now() + seconds * 1000;
  while (!holds()) {
    if (Date.now() > end) throw new Error(`not so within ${seconds} s: ${holds}`);
    spawnSync('sleep', ['0.05']);
  }
}

/** A zombie does not count as running. */
export function runs(pid: number): boolean {
  try {
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

function birdcPath(): string {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin'];
  const found = folders.map((one) => join(one, 'birdc')).find((one) => existsSync(one));
  if (found === undefined) throw new Error(`birdc is missing. ${NEEDS}`);
  return found;
}

/** A router whose commands, including those of a session, go over another line. */
export const by = <A extends Access>(remote: A, line: (own: Line) => Line['run']): A => ({
  ...remote,
  run: line(remote),
  start: async (command, ready) => {
    const started = await remote.start(command, ready);
    return 'run' in started ? { ...started, run: line(started) } : started;
  },
});

/** How the script runs: with which shell, which programs, and behind which others. */
export interface Way {
  readonly shell?: readonly string[];
  readonly path?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly script?: string;
}

/** The script in a process on this machine, instead of over SSH. */
export function local(way: Way = {}): Remote & { readonly children: ChildProcess[] } {
  const children: ChildProcess[] = [];
  const launch = (command: RemoteCommand) => {
    const [program = 'sh', ...before] = way.shell ?? ['sh'];
    const script = way.script ?? routerScript();
    const child = spawn(program, [...before, '-c', script, 'noencap', ...words(command)], {
      env: { PATH: way.path ?? process.env.PATH, ...way.env },
    });
    children.push(child);
    const said = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].on('data', (chunk: Buffer) => {
        said[name] += chunk.toString('utf8');
      });
    }
    // A script that refuses does not read its input.
    child.stdin.on('error', () => {});
    const ended = new Promise<Ran>((done, fail) => {
      child.on('error', (error) => fail(new Error(`${program}: ${error.message}. ${NEEDS}`)));
      child.on('close', (code) => done({ code: code ?? 255, ...said }));
    });
    return { child, ended, said };
  };
  return {
    children,
    run: (command, input) => {
      const { child, ended } = launch(command);
      child.stdin.end(input ?? '');
      return ended;
    },
    start: (command, ready) => {
      const { child, ended, said } = launch(command);
      return new Promise((done) => {
        ended.then(done);
        const look = () => {
          if (!`\n${said.stdout}`.includes(`\n${ready}\n`)) return;
          child.stdout.off('data', look);
          const close = () => {
            child.stdin.end();
            return ended;
          };
          const { run } = sessionOver(child, {
            asks: () => {},
            answered: () => {},
            unanswered: async () => ({ ...(await ended), code: 255 }),
            giveUp: () => void child.kill('SIGKILL'),
          });
          done({ firstOutput: said.stdout, ended, run, beat: () => void child.stdin.write('\n'), close });
        };
        child.stdout.on('data', look);
      });
    },
    fresh: () => local(way),
    end: async () => {},
  };
}
