import { execFileSync, spawn, spawnSync } from 'node:child_process';
import {
  cpSync,
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
import type { Lab } from '../../lab/index.ts';
import { put } from './bird.ts';
import { LOGIN } from './fleet-router.ts';
import type { Change, RouterName } from './fleet-topology.ts';
import { fleetTopology, OPERATOR } from './fleet-topology.ts';
import { startAgent } from './sshd.ts';
import { waited } from './waited.ts';

/** Who delivers: a repository with topology, known_hosts and dist, a key in an agent, and noencap. */
export interface Desk {
  readonly folder: string;
  readonly authorized: string;
  /** Renders a topology with noencap and commits it with its dist. */
  commit(generation: number, change?: Change, tool?: string): void;
  /** A router's rendered files: path below dist/routers/<router> to text. */
  rendered(router: RouterName): ReadonlyMap<string, string>;
  pin(keys: ReadonlyMap<RouterName, string>): void;
  end(): void;
}

const HERE = resolve('.');
export const TOOL = join(HERE, 'bin/noencap');

export function openDesk(): Desk {
  const folder = mkdtempSync(join(tmpdir(), 'noencap-desk-'));
  const agent = startAgent();
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'ship', '-f', join(folder, 'key')]);
  agent.add(join(folder, 'key'));
  const authorized = join(folder, 'key.pub');
  const net = join(folder, 'net');
  mkdirSync(net);
  git(net, 'init', '-q', '-b', 'main');
  return {
    folder: net,
    authorized,
    commit: (generation, change, tool = TOOL) => {
      writeFileSync(join(net, 'topology.yaml'), stringify(fleetTopology(LOGIN, generation, change)));
      const { status, stdout, stderr } = spawnSync(process.execPath, [tool, 'synth', '-q'], {
        cwd: net,
        encoding: 'utf8',
      });
      if (status !== 0) throw new Error(`synth: ${stdout}${stderr}`);
      git(net, 'add', '-A');
      git(net, 'commit', '-q', '--allow-empty', '-m', `Generation ${generation}`);
    },
    rendered: (router) => {
      const from = join(net, 'dist/routers', router);
      const paths = readdirSync(from, { recursive: true, withFileTypes: true }).filter((one) => one.isFile());
      return new Map(
        paths.map(({ parentPath, name }) => {
          const path = join(parentPath, name);
          return [path.slice(from.length + 1), readFileSync(path, 'utf8')] as const;
        }),
      );
    },
    pin: (keys) => {
      const lines = [...keys].map(
        ([router, key]) => `${fleetTopology(LOGIN, 0).routers?.[router]?.ssh?.host} ${key}\n`,
      );
      writeFileSync(join(net, 'known_hosts'), lines.join(''));
    },
    end: () => {
      agent.end();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function git(folder: string, ...args: readonly string[]): void {
  const name = ['-c', 'user.name=test', '-c', 'user.email=test@localhost', '-c', 'commit.gpgsign=false'];
  execFileSync('git', [...name, ...args], { cwd: folder, stdio: 'pipe' });
}

/**
 * A noencap of its own with one line of its sources otherwise: what a fault of noencap itself would deliver, since ship takes
 * only what its own renderer makes.
 */
export function otherTool(desk: Desk, file: string, from: string, to: string): string {
  const root = join(desk.folder, '..', `tool-${file.replaceAll('/', '-')}`);
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

/** All that is bundled; what is rendered, tested or fetched is not. */
const SOURCES =
  /^(analysis|bin|charts|cli|delivery|fabric|imports|lab|nodes|review|routers|topology|main\.ts|package.*\.json)$/;

/** A program that runs on the operator's machine of the lab. */
export interface Runs {
  /** What it has printed until now, both streams. */
  said(): string;
  /** Waits for a line. Throws with what was said if it ends without. */
  line(pattern: RegExp): Promise<void>;
  /** kill -9, of it alone: what it started is on its own. */
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
  const { pid } = lab.holder;
  const inside = [`--net=${lab.holder.path(`/run/netns/${OPERATOR}`)}`];
  const user = process.getuid?.() === 0 ? [] : [`--user=/proc/${pid}/ns/user`, '--preserve-credentials'];
  const child = spawn('nsenter', [...user, ...inside, ...argv], {
    cwd,
    env: { ...process.env, NO_COLOR: '1', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
  }
  let isOver = false;
  const ended = new Promise<Ended>((done, fail) => {
    child.on('error', fail);
    // Not `close`: ssh of a killed ship has its streams still.
    child.on('exit', (code, signal) => {
      isOver = true;
      setImmediate(() => done({ code, signal, said: text }));
    });
  });
  return {
    said: () => text,
    line: async (pattern) => {
      await waited(`a line like ${pattern} of\n${text}`, () => isOver || pattern.test(text), 60);
      if (!pattern.test(text)) throw new Error(`no line like ${pattern}:\n${text}`);
    },
    kill: () => void child.kill('SIGKILL'),
    ended,
  };
}
