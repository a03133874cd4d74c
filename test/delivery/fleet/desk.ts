import { execFileSync, spawn, spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { stringify } from 'yaml';
import type { Lab } from '../../../lab/index.ts';
import { put } from '../bird.ts';
import { startAgent } from '../ssh/sshd.ts';
import { LOGIN } from './router.ts';
import type { Change, RouterName } from './topology.ts';
import { fleetTopology, OPERATOR } from './topology.ts';

/** The operator's desk: repositories, a key in an agent, and noencap. */
export interface Desk {
  readonly main: Repository;
  /** The public key that may log in. */
  readonly authorized: string;
  /** The socket of its agent: each desk has its own. */
  readonly env: Readonly<Record<string, string>>;
  /** Another working copy of main, for somebody who works on something else. */
  clone(name: string): Repository;
  /** A folder that is removed with the desk. */
  folder(name: string): string;
  end(): void;
}

/** A topology with known_hosts, and dist. */
export interface Repository {
  readonly folder: string;
  /** Renders a topology with noencap and commits it with its dist. */
  commit(generation: number, change?: Change, tool?: string): void;
  /** A router's rendered files: path below dist/routers/<router> to text. */
  rendered(router: RouterName): ReadonlyMap<string, string>;
  pin(keys: ReadonlyMap<RouterName, string>): void;
}

const HERE = resolve('.');
export const TOOL = join(HERE, 'bin/noencap');

export function openDesk(): Desk {
  const folder = mkdtempSync(join(tmpdir(), 'noencap-desk-'));
  const agent = startAgent();
  const env = { SSH_AUTH_SOCK: process.env.SSH_AUTH_SOCK ?? '' };
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'ship', '-f', join(folder, 'key')]);
  agent.add(join(folder, 'key'));
  const main = join(folder, 'main');
  mkdirSync(main);
  git(main, 'init', '-q', '-b', 'main');
  return {
    main: repository(main),
    authorized: join(folder, 'key.pub'),
    env,
    clone: (name) => {
      git(folder, 'clone', '-q', main, name);
      return repository(join(folder, name));
    },
    folder: (name) => join(folder, name),
    end: () => {
      agent.end();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

const repository = (folder: string): Repository => ({
  folder,
  commit: (generation, change, tool = TOOL) => {
    writeFileSync(join(folder, 'topology.yaml'), stringify(fleetTopology(LOGIN, generation, change)));
    const { status, stdout, stderr } = spawnSync(process.execPath, [tool, 'synth', '-q'], {
      cwd: folder,
      encoding: 'utf8',
    });
    if (status !== 0) throw new Error(`synth: ${stdout}${stderr}`);
    committed(folder, `Generation ${generation}`);
  },
  rendered: (router) => {
    const from = join(folder, 'dist/routers', router);
    const files = readdirSync(from, { recursive: true, withFileTypes: true }).filter((one) => one.isFile());
    return new Map(
      files.map(({ parentPath, name }) => {
        const path = join(parentPath, name);
        return [path.slice(from.length + 1), readFileSync(path, 'utf8')] as const;
      }),
    );
  },
  pin: (keys) => {
    const host = (router: RouterName) => fleetTopology(LOGIN, 0).routers?.[router]?.ssh?.host;
    writeFileSync(
      join(folder, 'known_hosts'),
      [...keys].map(([router, key]) => `${host(router)} ${key}\n`).join(''),
    );
    committed(folder, 'Pin the host keys');
  },
});

function committed(folder: string, message: string): void {
  git(folder, 'add', '-A');
  git(folder, 'commit', '-q', '--allow-empty', '-m', message);
}

function git(folder: string, ...args: readonly string[]): void {
  const name = ['-c', 'user.name=test', '-c', 'user.email=test@localhost', '-c', 'commit.gpgsign=false'];
  execFileSync('git', [...name, ...args], { cwd: folder, stdio: 'pipe' });
}

/**
 * A copy of noencap with one line of its sources changed: it delivers what a fault of noencap itself would, since ship accepts
 * only what its own renderer writes.
 */
export function otherTool(desk: Desk, name: string, file: string, from: string, to: string): string {
  const root = desk.folder(name);
  if (existsSync(root)) return join(root, 'bin/noencap');
  mkdirSync(root);
  for (const name of readdirSync(HERE)) {
    if (SOURCES.test(name)) cpSync(join(HERE, name), join(root, name), { recursive: true });
  }
  symlinkSync(join(HERE, 'node_modules'), join(root, 'node_modules'));
  const text = readFileSync(join(root, file), 'utf8');
  if (!text.includes(from)) throw new Error(`${file} has no ${from}`);
  put(join(root, file), text.replace(from, to));
  return join(root, 'bin/noencap');
}

/** Excluded from the bundle: rendered files, tests, files that are read or fetched. */
const SOURCES = /^(?!node_modules$|test$|docs$|dist$|\.)/;

/** A program that runs on the operator's machine of the lab. */
export interface Runs {
  /** Its output so far, both streams. */
  said(): string;
  /** Waits for a line. If it ends without that line, throws with its output. */
  line(pattern: RegExp): Promise<void>;
  /** Ctrl-C. */
  interrupt(): void;
  /** kill -9 of this process alone: what it started lives on. */
  kill(): void;
  readonly ended: Promise<Ended>;
}

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly said: string;
}

/** nsenter(1) becomes the program, so the process that is killed is the program itself. */
export function onOperator(
  lab: Lab,
  cwd: string,
  argv: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Runs {
  const { pid } = lab.holder.mark;
  const inside = [`--net=${lab.holder.path(`/run/netns/${OPERATOR}`)}`];
  const user = process.getuid?.() === 0 ? [] : [`--user=/proc/${pid}/ns/user`, '--preserve-credentials'];
  const child = spawn('nsenter', [...user, ...inside, ...argv], {
    cwd,
    env: { ...process.env, NO_COLOR: '1', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  const heard = new Set<() => void>();
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
      for (const hears of heard) hears();
    });
  }
  let isOver = false;
  const ended = new Promise<Ended>((done, fail) => {
    child.on('error', fail);
    // Not `close`: the ssh of a killed ship still holds its streams.
    child.on('exit', (code, signal) => {
      isOver = true;
      for (const hears of heard) hears();
      setImmediate(() => done({ code, signal, said: text }));
    });
  });
  return {
    said: () => text,
    // Immediately, not gradually: what a test does at a step must happen while the step lasts.
    line: (pattern) =>
      new Promise((done, fail) => {
        const hears = () => {
          if (pattern.test(text)) done();
          else if (isOver) fail(new Error(`no line like ${pattern}:\n${text}`));
          else return;
          heard.delete(hears);
        };
        heard.add(hears);
        hears();
      }),
    interrupt: () => void child.kill('SIGINT'),
    kill: () => void child.kill('SIGKILL'),
    ended,
  };
}
