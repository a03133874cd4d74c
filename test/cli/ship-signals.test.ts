import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';
import { leftText } from '../../cli/ship-report.ts';
import type { JournalEvent } from '../../delivery/journal.ts';
import { runs } from '../delivery/bird.ts';
import { reportText } from '../fixture/report.ts';
import { waited } from '../waited.ts';
import { noencap, scratch } from './run.ts';

let folder: string;
beforeEach(() => {
  folder = scratch();
});
afterEach(() => rmSync(folder, { recursive: true }));

test.each([
  ['SIGINT', []],
  ['SIGTERM', ['--check']],
  ['SIGHUP', ['--json']],
] as const)('an interrupt ends the check of a silent router: %s', async (signal, args) => {
  mkdirSync(join(folder, 'bin'));
  const ssh = join(folder, 'bin/ssh');
  writeFileSync(ssh, `#!/bin/sh\necho $$ >>'${folder}/pids'\nexec sleep 60\n`);
  chmodSync(ssh, 0o755);
  writeFileSync(join(folder, 'topology.yaml'), reportText());
  const key = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJnsYjdkp0X7n9BXaP1EJ0iNd0J7FHGpQh1qXnVb1z0c';
  writeFileSync(join(folder, 'known_hosts'), `* ${key}\n`);
  expect(noencap(folder, ['synth']).code).toBe(0);
  const child = spawn(process.execPath, [resolve('bin/noencap'), 'ship', ...args], {
    cwd: folder,
    env: { ...process.env, PATH: `${join(folder, 'bin')}${delimiter}${process.env.PATH}` },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
  }
  const ended = new Promise((done) => child.once('close', done));
  const pids = () =>
    existsSync(join(folder, 'pids')) ? readFileSync(join(folder, 'pids'), 'utf8').trim().split('\n') : [];
  await waited('all routers are asked', () => pids().length >= 3);
  child.kill(signal);
  expect(await ended).toBe(1);
  expect(said).toContain(args[0] === '--json' ? '"outcome": "untouched"' : '3 routers: 3 not touched.');
  await waited('no ssh is left', () => pids().every((pid) => !runs(Number(pid))));
});

test('what is left at the second interrupt is reported', () => {
  const step = (router: string, what: 'apply' | 'confirm' | 'unlock', outcome: 'started' | 'done') =>
    ({ event: 'step', at: '', router, step: what, outcome, details: [] }) satisfies JournalEvent;
  const events = [
    step('a', 'apply', 'started'),
    step('b', 'apply', 'done'),
    step('b', 'confirm', 'started'),
    step('c', 'confirm', 'done'),
    step('c', 'unlock', 'done'),
  ];
  expect(leftText(events, 120)).toBe(
    'a: BIRD reverts by itself within 120 s of its change.\nb: confirmed or not is unknown, ship --check tells.',
  );
  expect(leftText([], 120)).toBe('');
});
