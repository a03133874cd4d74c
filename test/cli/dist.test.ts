import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compareDist, MANIFEST, outIsUsable, writeDist } from '../../cli/dist.ts';

let folder: string;
let out: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'noencap-dist-'));
  out = join(folder, 'dist');
});

afterEach(() => rmSync(folder, { recursive: true }));

const files = (...entries: [string, string][]) => new Map(entries);
const read = (path: string) => readFileSync(join(out, path), 'utf8');

test('a first run writes every file, scripts executable', () => {
  writeDist(out, files(['a/one.yaml', 'one\n'], ['b/install.sh', '#!/bin/sh\n']));
  expect(read('a/one.yaml')).toBe('one\n');
  expect(statSync(join(out, 'a/one.yaml')).mode & 0o777).toBe(0o644);
  expect(statSync(join(out, 'b/install.sh')).mode & 0o777).toBe(0o755);
});

test('the manifest is what sha256sum --check reads, and lists itself nowhere', () => {
  writeDist(out, files(['b', 'two'], ['a', 'one']));
  expect(read(MANIFEST)).toBe(
    '7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed  a\n' +
      '3fc4ccfe745870e2c0d99f71f30ff0656c8dedd41cc1d7d3d376b0dbe685e2f3  b\n',
  );
});

test('a second run with the same files touches nothing, not even a time', () => {
  writeDist(out, files(['a', 'one']));
  const before = statSync(out);
  const change = writeDist(out, files(['a', 'one']));
  expect(change).toMatchObject({ added: [], changed: [], removed: [], unchanged: ['MANIFEST.sha256', 'a'] });
  expect(statSync(out)).toMatchObject({ ino: before.ino, mtimeMs: before.mtimeMs });
});

test('an unchanged file keeps its inode and time when others change', () => {
  writeDist(out, files(['same', 'x'], ['other', '1']));
  const before = statSync(join(out, 'same'));
  writeDist(out, files(['same', 'x'], ['other', '2']));
  expect(statSync(join(out, 'same'))).toMatchObject({ ino: before.ino, mtimeMs: before.mtimeMs });
  expect(read('other')).toBe('2');
});

test('what is no longer rendered goes, with its empty folder', () => {
  writeDist(out, files(['keep', '1'], ['nodes/gone/config.yaml', '2']));
  const change = writeDist(out, files(['keep', '1']));
  expect(change.removed).toEqual(['nodes/gone/config.yaml']);
  expect(existsSync(join(out, 'nodes'))).toBe(false);
});

test("the user's own files, links and empty folders stay", () => {
  writeDist(out, files(['a', '1']));
  mkdirSync(join(out, 'mine/empty'), { recursive: true });
  writeFileSync(join(out, 'mine/notes.txt'), 'hands off');
  symlinkSync('notes.txt', join(out, 'mine/link'));
  writeDist(out, files(['a', '2']));
  expect(read('mine/notes.txt')).toBe('hands off');
  expect(read('mine/link')).toBe('hands off');
  expect(existsSync(join(out, 'mine/empty'))).toBe(true);
});

test('a file that noencap did not write is in the way, not overwritten', () => {
  mkdirSync(join(out, 'cluster'), { recursive: true });
  writeFileSync(join(out, 'cluster/a.yaml'), 'mine');
  expect(compareDist(out, files(['cluster/a.yaml', 'rendered'])).foreign).toEqual(['cluster/a.yaml']);
});

test('a foreign file where a folder must be is in the way', () => {
  mkdirSync(out);
  writeFileSync(join(out, 'cluster'), 'mine');
  expect(compareDist(out, files(['cluster/a.yaml', 'rendered'])).foreign).toEqual(['cluster/a.yaml']);
});

test('an edit by hand to a rendered file counts as changed, and is undone', () => {
  writeDist(out, files(['a', 'rendered']));
  writeFileSync(join(out, 'a'), 'edited');
  expect(compareDist(out, files(['a', 'rendered'])).changed).toEqual(['a']);
  writeDist(out, files(['a', 'rendered']));
  expect(read('a')).toBe('rendered');
});

test('a manifest that names files outside the folder removes nothing there', () => {
  writeFileSync(join(folder, 'precious'), 'x');
  writeDist(out, files(['a', '1']));
  const line = (path: string) => `${'0'.repeat(64)}  ${path}\n`;
  writeFileSync(
    join(out, MANIFEST),
    line('../precious') + line(join(folder, 'precious')) + line('a/../../precious') + line('a'),
  );
  expect(writeDist(out, files(['b', '1'])).removed).toEqual(['a']);
  expect(readFileSync(join(folder, 'precious'), 'utf8')).toBe('x');
});

test('a run killed between its two renames is recovered by the next', () => {
  writeDist(out, files(['a', '1']));
  renameSync(out, join(folder, '.dist.noencap-old'));
  writeDist(out, files(['a', '1'], ['b', '2']));
  expect(read('a')).toBe('1');
  expect(readdirSync(folder)).toEqual(['dist']);
});

test('what a killed run had staged is cleared away', () => {
  mkdirSync(join(folder, '.dist.noencap-new-999999999'));
  writeDist(out, files(['a', '1']));
  expect(readdirSync(folder)).toEqual(['dist']);
});

test('a failure while staging leaves the old tree as it was', () => {
  writeDist(out, files(['a', '1']));
  // A name longer than any file system takes fails in the middle of staging.
  expect(() => writeDist(out, files(['a', '2'], [`b/${'x'.repeat(300)}`, '']))).toThrow(/ENAMETOOLONG/);
  expect(read('a')).toBe('1');
  expect(readdirSync(folder)).toEqual(['dist']);
});

test('an output folder behind a link is replaced where it really is', () => {
  const real = join(folder, 'real');
  mkdirSync(real);
  symlinkSync('real', out);
  writeDist(out, files(['a', '1']));
  expect(readFileSync(join(real, 'a'), 'utf8')).toBe('1');
  expect(readdirSync(folder).sort()).toEqual(['dist', 'real']);
});

test('a file is no output folder', () => {
  writeFileSync(out, '');
  expect(outIsUsable(out)).toBe(false);
});
