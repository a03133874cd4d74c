import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  lstatSync,
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
import { compareDist, MANIFEST, outRefusal } from '../../repository/dist.ts';
import { writeDist } from '../../repository/write-dist.ts';

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

test('the manifest is readable by sha256sum --check, and does not list itself', () => {
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

test('files no longer rendered are removed, with their empty folders', () => {
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
  // Each with the hash of its content.
  const hash = (text: string) => createHash('sha256').update(text).digest('hex');
  const line = (path: string, text = 'x') => `${hash(text)}  ${path}\n`;
  writeFileSync(
    join(out, MANIFEST),
    line('../precious') + line(join(folder, 'precious')) + line('a/../../precious') + line('a', '1'),
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

test('the staged files of a killed run are removed', () => {
  mkdirSync(join(folder, '.dist.noencap-new-999999999'));
  writeDist(out, files(['a', '1']));
  expect(readdirSync(folder)).toEqual(['dist']);
});

test('a failure while staging leaves the old tree as it was', () => {
  writeDist(out, files(['a', '1']));
  // A name longer than any file system allows fails in the middle of staging.
  expect(() => writeDist(out, files(['a', '2'], [`b/${'x'.repeat(300)}`, '']))).toThrow(/ENAMETOOLONG/);
  expect(read('a')).toBe('1');
  expect(readdirSync(folder)).toEqual(['dist']);
});

test('an output folder behind a link is replaced at its real path', () => {
  const real = join(folder, 'real');
  mkdirSync(real);
  symlinkSync('real', out);
  writeDist(out, files(['a', '1']));
  expect(readFileSync(join(real, 'a'), 'utf8')).toBe('1');
  expect(readdirSync(folder).sort()).toEqual(['dist', 'real']);
});

test('an output folder that cannot be one is refused', () => {
  writeFileSync(out, '');
  expect(outRefusal(out)?.message).toContain('is not a folder');
  expect(outRefusal('')?.message).toContain('has no name');
  expect(outRefusal('.')?.message).toContain('the working folder');
  expect(outRefusal('..')?.message).toContain('the working folder');
  expect(outRefusal(join(folder, 'new'))).toBeUndefined();
});

test('a link in the place of a rendered file is replaced, and nothing is written through it', () => {
  const victim = join(folder, 'victim');
  writeFileSync(victim, 'precious');
  writeDist(out, files(['routers/a.conf', 'one'], ['routers/b.conf', 'two']));
  rmSync(join(out, 'routers/a.conf'));
  symlinkSync(victim, join(out, 'routers/a.conf'));
  rmSync(join(out, 'routers/b.conf'));
  symlinkSync(join(folder, 'nowhere'), join(out, 'routers/b.conf'));
  expect(compareDist(out, files(['routers/a.conf', 'one'], ['routers/b.conf', 'two'])).changed).toEqual([
    'routers/a.conf',
    'routers/b.conf',
  ]);
  writeDist(out, files(['routers/a.conf', 'one'], ['routers/b.conf', 'two']));
  expect(readFileSync(victim, 'utf8')).toBe('precious');
  expect(existsSync(join(folder, 'nowhere'))).toBe(false);
  expect(lstatSync(join(out, 'routers/a.conf')).isSymbolicLink()).toBe(false);
  expect(read('routers/a.conf')).toBe('one');
});

test('a link in the place of a rendered folder is in the way', () => {
  mkdirSync(join(folder, 'elsewhere'));
  mkdirSync(out);
  symlinkSync(join(folder, 'elsewhere'), join(out, 'routers'));
  expect(compareDist(out, files(['routers/a.conf', 'one'])).foreign).toEqual(['routers/a.conf']);
});

test('a folder in the place of a rendered file is in the way, whatever its origin', () => {
  writeDist(out, files(['a', 'one']));
  rmSync(join(out, 'a'));
  mkdirSync(join(out, 'a'));
  expect(compareDist(out, files(['a', 'one'])).foreign).toEqual(['a']);
});

test('foreign files are reported wherever they are, and kept', () => {
  writeDist(out, files(['routers/r/k3s/ibgpeers/a.conf', '1']));
  writeFileSync(join(out, 'routers/r/k3s/ibgpeers/zz.conf'), 'evil');
  writeFileSync(join(out, 'README'), 'mine');
  const change = writeDist(out, files(['routers/r/k3s/ibgpeers/a.conf', '2']));
  expect(change.stray).toEqual(['README', 'routers/r/k3s/ibgpeers/zz.conf']);
  expect(read('routers/r/k3s/ibgpeers/zz.conf')).toBe('evil');
});

test('a file that is no longer rendered but was edited is not removed', () => {
  writeDist(out, files(['nodes/n/a', '1'], ['nodes/n/b', '1']));
  writeFileSync(join(out, 'nodes/n/a'), 'edited');
  expect(compareDist(out, files(['nodes/n/b', '1']))).toMatchObject({ removed: [], stray: ['nodes/n/a'] });
});

test('folders keep the modes that they were given', () => {
  writeDist(out, files(['a/b', '1']));
  mkdirSync(join(out, 'private'), { mode: 0o700 });
  chmodSync(out, 0o2770);
  chmodSync(join(out, 'a'), 0o750);
  writeDist(out, files(['a/b', '2']));
  expect(statSync(out).mode & 0o7777).toBe(0o2770);
  expect(statSync(join(out, 'a')).mode & 0o777).toBe(0o750);
  expect(statSync(join(out, 'private')).mode & 0o777).toBe(0o700);
});

test('one run at a time; the lock of a dead one counts for nothing', () => {
  writeFileSync(join(folder, '.dist.noencap-lock'), `${process.ppid}\n`);
  expect(() => writeDist(out, files(['a', '1']))).toThrow(/Another run of noencap/);
  expect(existsSync(out)).toBe(false);
  writeFileSync(join(folder, '.dist.noencap-lock'), '999999999\n');
  writeDist(out, files(['a', '1']));
  expect(readdirSync(folder)).toEqual(['dist']);
});

test('a lock whose process has ended does not count, even if its PID is reused', () => {
  const stat = readFileSync(`/proc/${process.ppid}/stat`, 'utf8');
  const born = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  writeFileSync(join(folder, '.dist.noencap-lock'), `${process.ppid} ${born}\n`);
  expect(() => writeDist(out, files(['a', '1']))).toThrow(/Another run of noencap/);
  writeFileSync(join(folder, '.dist.noencap-lock'), `${process.ppid} 1\n`);
  writeDist(out, files(['a', '1']));
  expect(readdirSync(folder)).toEqual(['dist']);
});

test('of two runs that find the lock of a dead one, one removes it', () => {
  writeFileSync(join(folder, '.dist.noencap-lock'), '999999999\n');
  // The first one is about to.
  writeFileSync(join(folder, '.dist.noencap-lock-removing'), `${process.ppid}\n`);
  expect(() => writeDist(out, files(['a', '1']))).toThrow(/if there is none, remove .*lock-removing/);
  expect(readFileSync(join(folder, '.dist.noencap-lock'), 'utf8')).toBe('999999999\n');
  rmSync(join(folder, '.dist.noencap-lock-removing'));
  writeDist(out, files(['a', '1']));
  expect(readdirSync(folder)).toEqual(['dist']);
});

test('a comparison sees the old tree of a run that was killed between its two renames', () => {
  writeDist(out, files(['a', '1']));
  renameSync(out, join(folder, '.dist.noencap-old'));
  expect(compareDist(out, files(['a', '1']))).toMatchObject({ added: [], unchanged: [MANIFEST, 'a'] });
});
