import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { program } from '../../cli/program.ts';
import { VERDICT_KINDS } from '../../verify/verdict.ts';
import { gitIn, scratch } from '../cli/run.ts';
import { noencapMeanwhile } from '../cli/run-async.ts';
import { REPORT } from '../fixture/report.ts';
import { podWith } from '../live/cluster/addresses.ts';
import { type ApiServer, startApiServer } from '../live/cluster/api-server.ts';
import { reportCluster } from '../live/cluster/report-cluster.ts';

const PAGE = readFileSync('docs/on-call.md', 'utf8');

/** What the page says to type, in its order. */
const COMMANDS = [...PAGE.matchAll(/^workstation\$ npx noencap (.*)$/gm)].map(([, line = '']) => line);

/** The commands that tables name in passing: `ship --check ROUTER`. */
const NAMED = [
  ...PAGE.matchAll(/`((?:explain|path|verify|ship|drift|status|check|mtu|undrain|drain)\b[^`]*)`/g),
].map(([, text = '']) => text);

let folder: string;
let server: ApiServer;
beforeAll(async () => {
  folder = scratch();
  for (const entry of ['topology.yaml', 'dist'])
    cpSync(join(REPORT, entry), join(folder, entry), { recursive: true });
  gitIn(folder, 'init', '-q');
  gitIn(folder, 'add', '.');
  gitIn(folder, 'commit', '-qm', 'The network');
  const lists = reportCluster();
  lists.set('/api/v1/pods', [podWith('web', 'kubenode-hkg04', ['10.42.253.137'])]);
  server = await startApiServer(lists);
  const keys = ['gateway', 'cn-ns', 'global-ns'].map((one) => `${one} ${KEY}\n`);
  writeFileSync(join(folder, 'known_hosts'), keys.join(''));
  // No router is there: what a page says to type must be told that, and not refused.
  mkdirSync(join(folder, 'bin'));
  writeFileSync(
    join(folder, 'bin/ssh'),
    '#!/bin/sh\necho "ssh: connect to host: No route to host" >&2\nexit 255\n',
    {
      mode: 0o755,
    },
  );
});
afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true });
});

const KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJnsYjdkp0X7n9BXaP1EJ0iNd0J7FHGpQh1qXnVb1z0c';

const run = (line: string) => {
  // Two minutes are for people.
  const args = line.replace('--wait 120', '--wait 1').split(' ');
  return noencapMeanwhile(folder, args, { PATH: `${join(folder, 'bin')}:${process.env.PATH}` });
};

test('each command is there, in the order of the page, with what it reads', async () => {
  expect(COMMANDS.length).toBeGreaterThan(15);
  for (const line of COMMANDS) {
    const { code, stdout, stderr } = await run(line);
    // Neither refused nor a bug: it holds, does not hold, or the routers are not there.
    expect({
      line,
      refused: code === 2 || code === null,
      code,
      stderr,
      hasAnswer: stdout !== '' || code === 3,
    }).toMatchObject({
      line,
      refused: false,
      hasAnswer: true,
    });
  }
  expect(existsSync(join(folder, '.cache/live/blocks.json'))).toBe(true);
});

test('what the page promises of the answers is there', async () => {
  expect((await run('explain 10.42.253.137 --live')).stdout).toContain(
    'used   by pod default/web on kubenode-hkg04',
  );
  expect((await run('path kubemaster kubenode-hkg04')).stdout).toContain('path MTU 1420');
  expect((await run('path kubemaster kubenode-hkg04 --fail gateway')).code).toBe(1);
});

test('each command and option that a table names exists', () => {
  const commands = new Map(program().commands.map((one) => [one.name(), one]));
  const unknown = NAMED.filter((text) => {
    const [name = '', ...words] = text.split(' ');
    const options = words.filter((word) => word.startsWith('--'));
    const known = commands.get(name)?.options.map(({ long }) => long) ?? [];
    return !commands.has(name) || options.some((option) => !known.includes(option));
  });
  expect(NAMED.length).toBeGreaterThan(8);
  expect(unknown).toEqual([]);
});

test('every kind of verdict is on the page', () => {
  const named = new Set([...PAGE.matchAll(/`([a-z][a-z-]*)`/g)].map(([, kind]) => kind));
  expect(VERDICT_KINDS.filter((kind) => !named.has(kind))).toEqual([]);
});

test('each symptom of the field report is a heading or a line of the page', () => {
  // What its author looked at by hand, and what he mended by hand.
  for (const symptom of [
    'NotReady',
    'Established',
    'ping',
    'ip route',
    'ping -M do',
    'label',
    'firstFound',
    'hairpin',
    'image',
  ])
    expect(PAGE).toContain(symptom);
});
