import { spawn } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { colours, visible } from '../../cli/colour.ts';
import { changeLines, tableText } from '../../cli/verify-watch.ts';
import { UNPRINTABLE } from '../../topology/foreign.ts';
import { changesBetween, type Verdict } from '../../verify/index.ts';
import { reportText } from '../fixture/report.ts';
import { type ApiServer, startApiServer } from '../live/cluster/api-server.ts';
import { node, reportCluster } from '../live/cluster/report-cluster.ts';
import { waited } from '../waited.ts';
import { noencap, scratch } from './run.ts';

const verdict = (change: Partial<Verdict>): Verdict => ({
  about: { kind: 'session', name: 'a--b/ipv4', machine: 'a' },
  is: 'different',
  kind: 'session-down',
  expected: 'Established',
  found: 'Active',
  cause: { message: 'nothing comes', evidence: [] },
  next: 'ssh a ping -c 3 10.0.0.1',
  ...change,
});

const TIME = '2026-01-02T03:04:05Z';
const table = (verdicts: readonly Verdict[], rows = 40, isColoured = false) =>
  tableText(
    'home',
    { routers: verdicts, cluster: undefined },
    { looks: 2, time: TIME, rows, columns: 80 },
    colours(isColoured),
  );

test('the table: a row for each machine, then what is wrong with the next command', () => {
  const fine = verdict({
    is: 'as-promised',
    kind: 'session',
    about: { kind: 'session', name: 'c--d/ipv4', machine: 'c' },
  });
  expect(table([verdict({}), fine])).toBe(`home  2 looks, the last at ${TIME}; Ctrl-C ends

   as promised  differ  unknown
a  0            1       0
c  1            0       0

a session a--b/ipv4: differs, expected Established, found Active, likely
  nothing comes
  next: ssh a ping -c 3 10.0.0.1`);
});

test('the table is never higher than the screen, whatever is wrong, and says how much it leaves out', () => {
  const many = [...Array(50).keys()].map((at) =>
    verdict({ about: { kind: 'session', name: `${at}`, machine: 'a' }, next: `ssh a ${'x '.repeat(60)}` }),
  );
  for (const rows of [5, 20, 40]) {
    for (const isColoured of [true, false]) {
      const lines = table(many, rows, isColoured).split('\n');
      const taken = lines.reduce((sum, line) => sum + Math.max(1, Math.ceil(visible(line) / 80)), 0);
      expect(taken).toBeLessThanOrEqual(rows);
      expect(lines.at(-1)).toMatch(/^and \d+ more lines$/);
    }
  }
});

test('a line for each change, and for many things unknown for one reason one line', () => {
  const unread = (name: string) =>
    verdict({
      about: { kind: 'session', name, machine: 'a' },
      is: 'unknown',
      found: undefined,
      cause: { message: 'no route', evidence: [] },
    });
  const fine = ['x', 'y', 'z'].map((name) => ({ ...unread(name), is: 'as-promised' as const }));
  expect(changeLines(changesBetween(fine, ['x', 'y', 'z'].map(unread)), TIME)).toEqual([
    `${TIME} a session x: unknown, expected Established, because no route; next: ssh a ping -c 3 10.0.0.1 (and 2 more for this reason)`,
  ]);
  expect(changeLines(changesBetween(['x'].map(unread), fine.slice(0, 1)), TIME)).toEqual([
    `${TIME} a session x: as promised again`,
  ]);
  expect(changeLines(changesBetween(['x', 'y', 'z'].map(unread), fine), TIME)).toEqual([
    `${TIME} a session x: as promised again (and 2 more there)`,
  ]);
});

test('of many machines the table has those where something is wrong, and what it is', () => {
  const many = [...Array(50).keys()].map((at) =>
    verdict({
      is: at === 30 ? 'different' : 'as-promised',
      about: { kind: 'session', name: 's', machine: `m${at}` },
    }),
  );
  const shown = table(many, 20);
  expect(shown).toContain(
    'm30  0            1       0\nand 49 more, all as promised\n\nm30 session s: differs',
  );
  const down = table(
    many.map((one) => ({ ...one, is: 'different' as const })),
    20,
  );
  expect(down).toContain('\nand 40 more where something is wrong\n');
  expect(down).toContain('m0 session s: differs');
});

test('what a router says stays in its line, in the table and in lines', () => {
  const hostile = verdict({ found: 'x\n::error::y\u001b[2J\u202e' });
  const lines = [...changeLines(changesBetween([], [hostile]), TIME), ...table([hostile]).split('\n')];
  expect(lines.filter((line) => line.search(UNPRINTABLE) >= 0 || line.startsWith('::'))).toEqual([]);
});

describe('running', () => {
  let folder: string;
  let server: ApiServer;
  beforeEach(async () => {
    folder = scratch();
    writeFileSync(join(folder, 'topology.yaml'), reportText());
    server = await startApiServer(reportCluster());
  });
  afterEach(async () => {
    await server.close();
    rmSync(folder, { recursive: true });
  });

  const ARGS = ['verify', '--watch', '--node', 'kubenode-hkg04'];
  const unlabelled = () =>
    server.lists.set('/api/v1/nodes', [
      node('kubemaster', 'WDS', '192.168.100.251'),
      node('kubenode-hkg04', undefined, '10.2.5.7', '10.2.5.7/32'),
      node('kubenode-wds-1', 'WDS', '192.168.100.252'),
    ]);

  function start(command: string, args: readonly string[]) {
    const { CI: _, GITHUB_ACTIONS: __, NO_COLOR: ___, ...env } = process.env;
    const child = spawn(command, args, {
      cwd: folder,
      env: { ...env, TERM: 'xterm' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let said = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        said += text;
      });
    }
    const ended = new Promise<number | null>((done) => child.on('close', done));
    return { child, ended, said: () => said };
  }

  test('where there is no terminal: all of the first look, then what changed, and Ctrl-C ends it with the last code', async () => {
    const { child, ended, said } = start(process.execPath, [resolve('bin/noencap'), ...ARGS]);
    await waited('the first look', async () => said().includes('as promised'));
    expect(said()).not.toContain('kubectl label');
    unlabelled();
    await waited('the change', async () => said().includes('kubectl label'));
    const line = said()
      .split('\n')
      .find((one) => one.includes('kubectl label'));
    expect(line).toMatch(
      /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ node kubenode-hkg04: differs, expected region=Global, found no label region/,
    );
    child.kill('SIGINT');
    expect(await ended).toBe(1);
    expect(said()).toMatch(/Ended\.\n$/);
    expect(said()).not.toContain('\u001b');
  });

  test('on a terminal the table is drawn anew in place', async () => {
    const command = `stty rows 24 cols 80; exec ${process.execPath} ${resolve('bin/noencap')} ${ARGS.join(' ')}`;
    const { child, ended, said } = start('script', ['-qefc', command, '/dev/null']);
    await waited('the first look', async () => said().includes('1 look, '));
    unlabelled();
    await waited('the change', async () => said().includes('kubectl label'));
    expect(said().split('\u001b[H').length).toBeGreaterThan(2);
    child.kill('SIGTERM');
    await ended;
  });

  test('with --json or --wait it is refused', () => {
    expect(noencap(folder, [...ARGS, '--json'])).toMatchObject({ code: 2 });
    expect(noencap(folder, [...ARGS, '--wait', '3'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('--wait'),
    });
  });
});
