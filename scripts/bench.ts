import { execFileSync, spawn, spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join, resolve } from 'node:path';
import { stringify } from 'yaml';
import { benchAnalysis } from './bench-analysis.ts';
import { benchLabs } from './bench-lab.ts';
import { benchReview } from './bench-review.ts';
import { benchShip } from './bench-ship.ts';
import { benchVerify } from './bench-verify.ts';
import { report } from './goals.ts';
import { largeTopology } from './large-topology.ts';

/**
 * How fast synth is, as ratios measured in one run on one machine: `npm run bench`. Needs hyperfine, and at its first run
 * the npm registry, for the packages of a default cdk8s project. Exit 1 if a goal is missed.
 */
async function bench(): Promise<void> {
  if (spawnSync('hyperfine', ['--version']).error !== undefined) {
    process.stderr.write('The benchmark needs hyperfine. Run: sudo apt-get install -y hyperfine\n');
    process.exit(3);
  }
  mkdirSync(WORK, { recursive: true });
  const empty = join(WORK, 'empty.js');
  writeFileSync(empty, '');
  const warm = [process.execPath, resolve('bin/noencap'), 'synth', '-q', '-o', join(WORK, 'dist')];
  run(warm);
  const [node, synth] = medians([[process.execPath, empty], warm], 30, '.');
  const [cdk8s] = medians([['node_modules/.bin/cdk8s', 'synth']], 5, defaultProject());
  const large = await largeRun();
  report([
    {
      what: 'warm synth of the report against an empty node process',
      got: synth / node,
      goal: 3,
      better: 'less',
    },
    { what: 'cdk8s synth by default against warm synth', got: cdk8s / synth, goal: 10, better: 'more' },
    { what: 'synth of 1,000 nodes in 50 regions, seconds', got: large.seconds, goal: 2, better: 'less' },
    { what: 'its memory at most, MiB', got: large.mebibytes, goal: 512, better: 'less' },
  ]);
  process.stdout.write(
    `(empty node ${ms(node)}, synth ${ms(synth)}, cdk8s synth ${ms(cdk8s)}; 1,000 nodes: ${large.files} files from nothing)\n`,
  );
  benchAnalysis();
  benchReview(WORK);
  benchShip(WORK);
  benchVerify(WORK);
  const [small, big] = await benchLabs();
  if (small === undefined || big === undefined) return;
  report([
    { what: "lab of the report's network, seconds", got: small.total, goal: 15, better: 'less' },
    { what: 'lab of 50 nodes in 8 regions, seconds', got: big.total, goal: 60, better: 'less' },
    { what: 'what these labs found wrong', got: small.failures + big.failures, goal: 0, better: 'less' },
  ]);
  for (const { what, boot, converge, probe, teardown, memory } of [small, big]) {
    const phases = { boot, converge, probe, teardown };
    const shown = Object.entries(phases).map(([phase, seconds]) => `${phase} ${seconds.toFixed(2)} s`);
    process.stdout.write(`(${what}: ${shown.join(', ')}; ${memory.toFixed(1)} MiB a daemon)\n`);
  }
}

const WORK = resolve('.cache/bench');

const ms = (seconds: number): string => `${(seconds * 1000).toFixed(0)} ms`;

function run([command = '', ...args]: readonly string[]): void {
  execFileSync(command, args, { stdio: ['ignore', 'ignore', 'inherit'] });
}

/** Median wall time of each command in seconds, by hyperfine, one after the other. */
function medians(commands: readonly (readonly string[])[], runs: number, cwd: string): [number, number] {
  const json = join(WORK, 'hyperfine.json');
  execFileSync(
    'hyperfine',
    [
      '--shell=none',
      '--warmup=2',
      `--runs=${runs}`,
      '--export-json',
      json,
      ...commands.map((words) => words.map((word) => `'${word}'`).join(' ')),
    ],
    { cwd, stdio: ['ignore', 'ignore', 'inherit'], env: { ...process.env, CDK8S_CHECK_UPGRADE: 'false' } },
  );
  const { results } = JSON.parse(readFileSync(json, 'utf8')) as { results: { median: number }[] };
  const [first, second] = results.map((result) => result.median);
  return [first ?? Number.NaN, second ?? Number.NaN];
}

/**
 * The same charts in a project as `cdk8s init typescript-app` makes it: its tsconfig, ts-node with type checks, CommonJS.
 * Its app renders the cluster only, which is less than our synth does.
 */
function defaultProject(): string {
  const project = join(WORK, 'default');
  const packages = join(WORK, 'packages');
  rmSync(project, { recursive: true, force: true });
  mkdirSync(project, { recursive: true });
  for (const folder of ['bird', 'calico', 'topology', 'fabric', 'charts', 'imports']) {
    cpSync(folder, join(project, folder), { recursive: true });
    withoutSuffixes(join(project, folder));
  }
  cpSync('test/fixture/report/topology.yaml', join(project, 'topology.yaml'));
  const template = readFileSync('node_modules/cdk8s-cli/templates/typescript-app/tsconfig.json', 'utf8');
  // Only the language level is raised: our sources use newer library functions than the template's ES2016.
  const newer = template.replace('"es2016"', '"ES2023"').replace('"ES2017"', '"ES2022"');
  writeFileSync(join(project, 'tsconfig.json'), newer);
  const app = readFileSync('main.ts', 'utf8');
  writeFileSync(join(project, 'main.ts'), plainImports(app) + DEFAULT_MAIN);
  writeFileSync(join(project, 'cdk8s.yaml'), 'language: typescript\napp: npx ts-node main.ts\n');
  writeFileSync(join(project, 'package.json'), '{"private": true}\n');
  if (!existsSync(join(packages, 'node_modules/ts-node'))) {
    mkdirSync(packages, { recursive: true });
    writeFileSync(join(packages, 'package.json'), '{"private": true}\n');
    run(['npm', 'install', '--prefix', packages, '--silent', ...DEFAULT_PACKAGES]);
  }
  mkdirSync(join(project, 'node_modules'));
  mkdirSync(join(project, 'node_modules/.bin'));
  linkPackages(resolve('node_modules'), join(project, 'node_modules'));
  linkPackages(join(packages, 'node_modules'), join(project, 'node_modules'));
  return project;
}

/** What `cdk8s init` installs for a TypeScript app beside cdk8s itself. */
const DEFAULT_PACKAGES = ['ts-node@10.9.2', 'typescript@5.9.3', '@types/node@20.19.43'];

const DEFAULT_MAIN = `
import { readFileSync } from 'node:fs';
import { buildFabric } from './fabric';
import { loadTopology } from './topology';

const loaded = loadTopology({ file: 'topology.yaml', bytes: readFileSync('test/fixture/report/topology.yaml') });
if (!loaded.ok) throw new Error('the topology has faults');
clusterApp(buildFabric(loaded.topology, () => undefined), undefined).synth();
`;

/** Later folders win: the default project's TypeScript is not ours. */
function linkPackages(from: string, to: string): void {
  for (const name of readdirSync(from)) {
    if (name === '.bin' || (name.startsWith('@') && name !== '@types')) {
      mkdirSync(join(to, name), { recursive: true });
      linkPackages(join(from, name), join(to, name));
    } else if (!name.startsWith('.')) {
      rmSync(join(to, name), { force: true });
      symlinkSync(join(from, name), join(to, name));
    }
  }
}

function withoutSuffixes(folder: string): void {
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.name.endsWith('.ts')) continue;
    const file = join(entry.parentPath, entry.name);
    writeFileSync(file, plainImports(readFileSync(file, 'utf8')));
  }
}

/** ts-node resolves `./fabric`, not `./fabric/index.ts`. */
const plainImports = (text: string): string =>
  text.replace(/(from '\.[^']*?)(\/index)?\.ts'/g, "$1'").replace(/(import\('\.[^']*?)\.ts'/g, "$1'");

/** One run from nothing on a generated network: wall time, and the kernel's high-water mark of its memory. */
async function largeRun(): Promise<{ seconds: number; mebibytes: number; files: number }> {
  const file = join(WORK, 'large.yaml');
  const out = join(WORK, 'large');
  const topology = largeTopology({ regions: 50, nodes: 1000, reflectors: 1 });
  writeFileSync(file, stringify(topology, { lineWidth: 0 }));
  // Not deleted just before: ext4 skips inodes deleted within the last minute, one by one.
  const earlier = `${out}-earlier`;
  if (existsSync(out)) renameSync(out, earlier);
  const started = performance.now();
  const child = spawn(process.execPath, ['bin/noencap', 'synth', '-q', '-t', file, '-o', out], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  let kibibytes = 0;
  const sampling = setInterval(() => {
    try {
      const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
      kibibytes = Math.max(kibibytes, Number(/^VmHWM:\s+(\d+)/m.exec(status)?.[1] ?? 0));
    } catch {
      // It has ended.
    }
  }, 5);
  const code = await new Promise((done) => child.on('exit', done));
  const seconds = (performance.now() - started) / 1000;
  clearInterval(sampling);
  if (code !== 0) throw new Error(`synth of the large topology ended with ${code}`);
  const files = readdirSync(out, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  rmSync(earlier, { recursive: true, force: true });
  return { seconds, mebibytes: kibibytes / 1024, files: files.length };
}

await bench();
