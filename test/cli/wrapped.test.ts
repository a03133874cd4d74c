import { spawnSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fitted } from '../../cli/wrapped.ts';
import { reportText } from '../fixture/report.ts';
import { noencap, scratch } from './run.ts';

const folder = scratch();
afterAll(() => rmSync(folder, { recursive: true }));

/** What a terminal of 60 columns shows, on stdout and stderr together, without colours. */
function onTerminal(...args: readonly string[]): string[] {
  const line = `stty cols 60; ${process.execPath} ${resolve('bin/noencap')} ${args.join(' ')} --no-color`;
  const { stdout } = spawnSync('script', ['-qec', line, '/dev/null'], { cwd: folder, encoding: 'utf8' });
  return stdout.replaceAll('\r', '').split('\n');
}

const longest = (lines: readonly string[]): number => Math.max(...lines.map((line) => line.length));

test('lines of prose break between words, and go on two columns further in', () => {
  expect(fitted('  one two three\nfour', 11)).toBe('  one two\n    three\nfour');
  expect(fitted('one two', Number.POSITIVE_INFINITY)).toBe('one two');
  expect(fitted('aaaaaaaaaaaaaaaa b', 8)).toBe('aaaaaaaaaaaaaaaa\n  b');
});

test('findings fit the terminal; a pipe has them whole', () => {
  writeFileSync(join(folder, 'topology.yaml'), reportText());
  const lines = onTerminal('check', '-q');
  expect(lines.join('\n')).toContain('NE201');
  expect(longest(lines)).toBeLessThanOrEqual(60);
  expect(longest(noencap(folder, ['check', '-q']).stdout.split('\n'))).toBeGreaterThan(120);
});

test('so do faults of a topology, but for the line of the file and its carets', () => {
  writeFileSync(join(folder, 'topology.yaml'), reportText().replace('version: v3.32.1', 'version: "3.32.1"'));
  const lines = onTerminal('check');
  expect(lines.join(' ')).toMatch(/is not a +Calico release/);
  expect(longest(lines)).toBeLessThanOrEqual(60);
  expect(lines).toContain('    19 |   version: "3.32.1"'.slice(2));
});

test('so do refusals, and the end of a help text', () => {
  writeFileSync(join(folder, 'topology.yaml'), reportText());
  expect(longest(onTerminal('explain', 'kubemastr', 'gateway'))).toBeLessThanOrEqual(60);
  expect(longest(onTerminal('--help'))).toBeLessThanOrEqual(60);
});
