import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { colours } from '../../cli/colour.ts';
import { verdictsText } from '../../cli/verify-text.ts';
import { UNPRINTABLE } from '../../topology/foreign.ts';
import type { Verdict } from '../../verify/index.ts';
import { reportText } from '../fixture/report.ts';
import { documentIn, noencap, scratch } from './run.ts';

let folder: string;
beforeEach(() => {
  folder = scratch();
  writeFileSync(join(folder, 'topology.yaml'), reportText());
});
afterEach(() => rmSync(folder, { recursive: true }));

const verify = (...args: readonly string[]) =>
  noencap(folder, ['verify', ...args], { PATH: `${folder}:${process.env.PATH}` });

const KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJnsYjdkp0X7n9BXaP1EJ0iNd0J7FHGpQh1qXnVb1z0c';

test('routers that cannot be read are unknown, each with its reason, and the exit code says so', () => {
  writeFileSync(join(folder, 'known_hosts'), `gateway ${KEY}\n`);
  writeFileSync(
    join(folder, 'ssh'),
    '#!/bin/sh\necho "ssh: connect to host gateway port 22: Connection refused" >&2\nexit 255\n',
    { mode: 0o755 },
  );
  const { code, stdout } = verify();
  expect(code).toBe(3);
  expect(stdout).toContain('cn-ns\n  unknown (and ');
  expect(stdout).toContain('    because: known_hosts has no host key for cn-ns\n');
  expect(stdout).toContain('    because: the connection to gateway was lost during inspect');
  expect(stdout).toContain('    next: bin/noencap ship --check gateway\n');
  expect(stdout).toMatch(/\nhome: 0 as promised, 0 differ, \d+ unknown\.\n$/);
  const { verdicts, ok } = documentIn(verify('--json', '--router', 'gateway').stdout);
  expect(ok).toBe(false);
  expect(new Set(verdicts.map(({ is }: Verdict) => is))).toEqual(new Set(['unknown']));
});

test('a router that the topology does not have is bad input', () => {
  expect(verify('--router', 'gatway')).toMatchObject({
    code: 2,
    stdout: '',
    stderr: expect.stringContaining('Did you mean "gateway"?'),
  });
});

const verdict = (change: Partial<Verdict>): Verdict => ({
  about: { kind: 'session', name: 'a--b/ipv4', machine: 'a' },
  is: 'different',
  kind: 'session-down',
  expected: 'Established with 10.0.0.1',
  found: 'Active',
  cause: { message: 'nothing comes', evidence: ['BGP state: Active'] },
  next: 'ssh a ping -c 3 10.0.0.1',
  ...change,
});

const text = (...verdicts: readonly Verdict[]) =>
  verdictsText('home', { routers: verdicts, cluster: undefined }, { colour: colours(false) });

test('differences, their cause and the next command; of what holds the number', () => {
  const holds = verdict({ is: 'as-promised', kind: 'session', cause: undefined, next: undefined });
  expect(text(verdict({}), holds, holds, { ...holds, kind: 'sysctl' })).toBe(`a
  differs session a--b/ipv4: expected Established with 10.0.0.1, found Active
    likely: nothing comes
      BGP state: Active
    next: ssh a ping -c 3 10.0.0.1
  as promised: 2 sessions, 1 kernel setting

home: 3 as promised, 1 differs, 0 unknown.`);
});

test('what a router says stays in its line', () => {
  const hostile = 'Received: x\n::error::y\u001b[31m\u202e';
  const printed = text(verdict({ found: hostile, cause: { message: hostile, evidence: [hostile] } }));
  expect(printed.split('\n')).toHaveLength(7);
  expect(
    printed.split('\n').filter((line) => line.search(UNPRINTABLE) >= 0 || line.startsWith('::')),
  ).toEqual([]);
  expect(printed).toContain('Received: x<U+000A>::error::y<U+001B>[31m<U+202E>');
});
