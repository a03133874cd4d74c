import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ownProgram } from '../../machine/index.ts';

const UID = process.getuid?.() ?? 0;
let root: string;

beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'noencap-own-')));
  mkdirSync(join(root, 'in', 'sbin'), { recursive: true, mode: 0o755 });
  writeFileSync(join(root, 'in', 'sbin', 'bird'), '#!/bin/sh\n', { mode: 0o755 });
});

afterEach(() => rmSync(root, { recursive: true }));

const look = (file = join(root, 'in', 'sbin', 'bird'), trusted = root) => ownProgram(file, trusted);

test("what is this user's own may be run", () => {
  expect(look()).toEqual({ path: join(root, 'in', 'sbin', 'bird') });
});

test.each([
  ['the file', 'in/sbin/bird', 0o757, '0757'],
  ['its folder', 'in/sbin', 0o777, '0777'],
  ['a folder above', 'in', 0o757, '0757'],
])('not where others can write %s', (_, part, mode, bits) => {
  chmodSync(join(root, part), mode);
  expect(look()).toEqual({ foreign: `${join(root, part)} can be written by other users (mode ${bits})` });
});

test('in a sticky folder nobody can replace the files of another user', () => {
  chmodSync(join(root, 'in'), 0o1777);
  expect(look()).toEqual({ path: join(root, 'in', 'sbin', 'bird') });
});

test('a link is followed, and its target is checked up to the root of the file system', () => {
  const clone = mkdtempSync(join(root, 'clone-'));
  symlinkSync(join(root, 'in'), join(clone, 'bird1'));
  expect(look(join(clone, 'bird1', 'sbin', 'bird'), clone)).toEqual({
    path: join(root, 'in', 'sbin', 'bird'),
  });
  chmodSync(join(root, 'in'), 0o777);
  expect(look(join(clone, 'bird1', 'sbin', 'bird'), clone)).toEqual({
    foreign: `${join(root, 'in')} can be written by other users (mode 0777)`,
  });
});

const asRoot = UID === 0 ? test : test.skip;

asRoot("another user's file is foreign to root and everybody else; root's own is not", () => {
  const file = join(root, 'in', 'sbin', 'bird');
  expect(ownProgram(file, root, 1234)).toEqual({ path: file });
  chownSync(file, 65534, 65534);
  expect(ownProgram(file, root)).toEqual({ foreign: `${file} belongs to another user (65534)` });
  expect(ownProgram(file, root, 1234)).toEqual({ foreign: `${file} belongs to another user (65534)` });
  expect(ownProgram(file, root, 65534)).toEqual({ path: file });
});

asRoot("a group that is not the owner's own counts as others", () => {
  const file = join(root, 'in', 'sbin', 'bird');
  chmodSync(file, 0o775);
  expect(look()).toEqual({ path: file });
  chownSync(file, 0, 1234);
  expect(look()).toEqual({ foreign: `${file} can be written by other users (mode 0775)` });
});
