import { spawn, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { documentSchema } from '../../cli/documents/index.ts';
import { REPORT } from '../fixture/report.ts';

/** The result of a command line run. */
export interface Run {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The environment of a user's shell: nothing about CI, GitHub or colour. */
function shellEnv(): NodeJS.ProcessEnv {
  const isOfCi = (name: string) =>
    name.startsWith('GITHUB_') || ['NO_COLOR', 'FORCE_COLOR', 'CI'].includes(name);
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !isOfCi(name)));
}

/** Runs `bin/noencap` in a folder as a user does, with an environment without CI or colour variables. */
export function noencap(cwd: string, args: readonly string[], env: NodeJS.ProcessEnv = {}, root = '.'): Run {
  const { status, stdout, stderr } = spawnSync(process.execPath, [resolve(root, 'bin/noencap'), ...args], {
    cwd,
    env: { ...shellEnv(), ...env },
    encoding: 'utf8',
  });
  // What `lab exec` runs has stdout to itself, and what is started and cannot be read has printed nothing.
  if (args.includes('--json') && args[1] !== 'exec' && stdout !== '') documentIn(stdout);
  return { code: status, stdout, stderr };
}

/** The same, while the test goes on: for one that is itself the server. `interrupt` is when a person presses Ctrl-C. */
export async function noencapMeanwhile(
  cwd: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
  interrupt?: Promise<void>,
): Promise<Run> {
  const child = spawn(process.execPath, [resolve('bin/noencap'), ...args], {
    cwd,
    env: { ...shellEnv(), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      said[name] += text;
    });
  }
  interrupt?.then(() => child.kill('SIGINT'));
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  if (args.includes('--json') && said.stdout !== '') documentIn(said.stdout);
  return { code, ...said };
}

/** The document that stdout is; throws where it is none of docs/json.schema.json, with a key too many, too few, or of another type. */
// biome-ignore lint/suspicious/noExplicitAny: tests read one key or another of it.
export function documentIn(stdout: string): any {
  const document = JSON.parse(stdout);
  const parsed = documentSchema.safeParse(document);
  if (parsed.success) return document;
  const { version, command } = document;
  const why = documentSchema.options
    .filter(
      ({ shape }) => shape.command.safeParse(command).success && shape.version.safeParse(version).success,
    )
    .filter(({ shape }) => 'faults' in shape === 'faults' in document)
    .flatMap((one) => one.safeParse(document).error?.issues ?? []);
  throw new Error(
    `this is no document of ${command}: ${JSON.stringify(why, null, 1)}\n${stdout.slice(0, 2000)}`,
  );
}

/** Runs git in a folder, with its own author; returns the output. */
export function gitIn(folder: string, ...args: readonly string[]): string {
  const author = ['-c', 'user.name=a', '-c', 'user.email=a@example.org', '-c', 'commit.gpgsign=false'];
  const { status, stdout, stderr } = spawnSync('git', [...author, ...args], {
    cwd: folder,
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(stderr);
  return stdout.trim();
}

/** A new empty folder. */
export const scratch = (): string => mkdtempSync(join(tmpdir(), 'noencap-cli-'));

/** The project as in a clone, with this one's packages, for the field report's network: a place to edit sources. */
export function scratchProject(): string {
  const folder = scratch();
  for (const entry of readdirSync('.')) {
    if (['node_modules', '.git', '.cache', 'test', 'topology.yaml', 'dist'].includes(entry)) continue;
    cpSync(entry, join(folder, entry), { recursive: true });
  }
  for (const entry of ['topology.yaml', 'dist']) {
    cpSync(join(REPORT, entry), join(folder, entry), { recursive: true });
  }
  symlinkSync(resolve('node_modules'), join(folder, 'node_modules'));
  mkdirSync(join(folder, '.cache'));
  if (existsSync('.cache/bird1')) symlinkSync(resolve('.cache/bird1'), join(folder, '.cache/bird1'));
  return folder;
}

/** Every file below a folder: path to text, sorted. */
export function tree(folder: string): Record<string, string> {
  const paths = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
  return Object.fromEntries(
    paths.sort().map((path) => [path.slice(folder.length + 1), readFileSync(path, 'utf8')]),
  );
}
