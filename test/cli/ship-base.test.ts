import { createHash } from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { baseThatRuns } from '../../cli/ship-base.ts';
import type { Inspection } from '../../delivery/inspection.ts';
import type { Fabric, RouterSpeaker } from '../../fabric/index.ts';
import { drainedFiles } from '../../routers/index.ts';
import { fabricOf } from '../fabric-of.ts';
import { reportText } from '../fixture/report.ts';
import { gitIn, noencap, scratch, tree } from './run.ts';

const home = process.cwd();
let folder: string;
const commits: string[] = [];
/** The content of dist/routers at each commit, by path below dist. */
const states: ReadonlyMap<string, string>[] = [];

const HOLD_TIMES = [15, 20, 25];

const topologyWith = (holdTime: number): string =>
  reportText().replace('asNumber: 64512', `asNumber: 64512\n  holdTime: ${holdTime}`);

const fabricAt = (at: number): Fabric => fabricOf(parse(topologyWith(HOLD_TIMES[at] ?? 0)));

beforeAll(() => {
  folder = scratch();
  gitIn(folder, 'init', '-q', '-b', 'main');
  for (const holdTime of HOLD_TIMES) {
    writeFileSync(join(folder, 'topology.yaml'), topologyWith(holdTime));
    expect(noencap(folder, ['synth']).code).toBe(0);
    gitIn(folder, 'add', '-A');
    gitIn(folder, 'commit', '-qm', `hold time ${holdTime}`);
    commits.push(gitIn(folder, 'rev-parse', 'HEAD'));
    const files = Object.entries(tree(join(folder, 'dist')));
    states.push(new Map(files.filter(([path]) => path.startsWith('routers/'))));
  }
  process.chdir(folder);
});
afterAll(() => {
  process.chdir(home);
  rmSync(folder, { recursive: true });
});

/** A router that has the files of one of these states. */
function having(router: string, state: ReadonlyMap<string, string> | undefined): [string, Inspection] {
  const below = `routers/${router}/`;
  const files = new Map(
    [...(state ?? [])].flatMap(([path, text]): [string, string][] =>
      path.startsWith(`${below}k3s/`)
        ? [[path.slice(below.length), createHash('sha256').update(text).digest('hex')]]
        : [],
    ),
  );
  const live = state === undefined ? undefined : { hash: '0'.repeat(16), manifest: files };
  return [router, { files, live, entries: new Map([['k3s', 'linked']]) } as unknown as Inspection];
}

const MARK = { since: '2026-11-30T09:15:00Z', by: 'test@desk' };

/** A router that was drained in one of these states. */
function drained(name: string, at: number): [string, Inspection] {
  const fabric = fabricAt(at);
  const router = fabric.routers.find((one) => one.name === name) as RouterSpeaker;
  const files = [...drainedFiles(fabric, router, MARK)].map(([path, text]): [string, string] => [
    `routers/${name}/${path}`,
    text,
  ]);
  const [, inspection] = having(name, new Map(files));
  return [name, { ...inspection, drained: MARK }];
}

const found = (base: string | undefined, ...those: readonly (readonly [string, number])[]) =>
  baseThatRuns(
    { topology: 'topology.yaml', out: 'dist', base },
    fabricAt(2),
    states[2] ?? new Map(),
    new Map(those.map(([router, at]) => having(router, states[at]))),
  );

test('the state that all routers run is found among the commits', async () => {
  const base = await found(undefined, ['gateway', 0], ['cn-ns', 0]);
  expect(base?.name).toBe(commits[0]?.slice(0, 7));
  expect(base?.fabric.bgp.holdTime).toBe(15);
  expect((await found('none', ['gateway', 1]))?.fabric.bgp.holdTime).toBe(20);
});

test('routers that already have the change do not hide what the others run', async () => {
  expect((await found(undefined, ['gateway', 2], ['cn-ns', 1]))?.fabric.bgp.holdTime).toBe(20);
});

test('a drained router has the state that it was drained in', async () => {
  const base = (...those: readonly [string, Inspection][]) =>
    baseThatRuns(
      { topology: 'topology.yaml', out: 'dist', base: undefined },
      fabricAt(2),
      states[2] ?? new Map(),
      new Map(those),
    );
  const other = having('cn-ns', states[1]);
  expect((await base(drained('gateway', 1), other))?.fabric.bgp.holdTime).toBe(20);
  expect((await base(drained('gateway', 2), other))?.fabric.bgp.holdTime).toBe(20);
  expect(await base(drained('gateway', 0), other)).toBeUndefined();
});

test('routers that run different commits have no known base', async () => {
  expect(await found(undefined, ['gateway', 0], ['cn-ns', 1])).toBeUndefined();
});

test('a named base is accepted only if the routers have it', async () => {
  expect((await found(commits[1], ['gateway', 1]))?.fabric.bgp.holdTime).toBe(20);
  expect(await found(commits[1], ['gateway', 0])).toBeUndefined();
});
