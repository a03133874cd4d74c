import { readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { type Bird, mainFile, put, session, startBird, until } from './bird.ts';

/**
 * What the delivery relies on in BIRD's timed commit. A BIRD that behaves differently must not get a delivery, so each fact
 * is tested with the installed BIRD.
 */
let bird: Bird;
let candidate: string;
beforeEach(() => {
  bird = startBird((folder) => ({ 'bird.conf': mainFile(folder), 'k3s/ibgp.conf': session('old') }));
  candidate = join(bird.folder, 'candidate.conf');
  put(candidate, `${mainFile(bird.folder, session('new'))}define noencap_candidate = 1;\n`);
});
afterEach(() => bird.end());

const timed = (seconds: number) => bird.birdc(`configure "${candidate}" timeout ${seconds}`);
const pending = () => bird.birdc('configure status').includes('0022-');

test('a removal may leave work to do (0004); then it is done (0003), and unconfirmed (0022)', () => {
  const said = timed(3600);
  expect(said).toMatch(/^0002-Reading configuration from /m);
  expect(said).toMatch(/^0022-Undo scheduled in 3600 s$/m);
  expect(said).toMatch(/^000[34] /m);
  until(() => /^0003-/m.test(bird.birdc('configure status')));
  expect(bird.birdc('configure status')).toMatch(/^0022-.* undo in [\d.]+ s$/m);
  expect(bird.sessions()).toEqual(['new']);
});

test('a confirmation in time is 0018; a late or repeated one is 0019', () => {
  expect(bird.birdc('configure confirm')).toMatch(/^0019 /m);
  timed(3600);
  expect(bird.birdc('configure confirm')).toMatch(/^0018 /m);
  expect(bird.birdc('configure confirm')).toMatch(/^0019 /m);
  expect(pending()).toBe(false);
  expect(bird.sessions()).toEqual(['new']);
});

test('when the time is up, what ran before runs again', () => {
  expect(timed(1)).toMatch(/^0022-Undo scheduled in 1 s$/m);
  until(() => bird.sessions().includes('old'));
  // It may already be over when the test looks.
  expect(readFileSync(join(bird.folder, 'log'), 'utf8')).toMatch(/Adding protocol new$/m);
  expect(bird.birdc('configure confirm')).toMatch(/^0019 /m);
});

test('an undo in time ends the timer and is 0021; with nothing to undo it is 0019', () => {
  timed(3600);
  expect(bird.birdc('configure undo')).toMatch(/^0021-.*\n000[345] /m);
  until(() => bird.sessions().join() === 'old');
  expect(pending()).toBe(false);
});

test('a second configure, even a rejected one, ends the timer: the change stays', () => {
  timed(3600);
  put(`${candidate}.broken`, 'nonsense;\n');
  expect(bird.birdc(`configure "${candidate}.broken"`)).toMatch(/^8002 .*candidate\.conf\.broken:1:\d+ /m);
  expect(pending()).toBe(false);
  expect(bird.sessions()).toEqual(['new']);
});

test('configure check does not end the timer, and names the file that BIRD was started with', () => {
  timed(3600);
  const said = bird.birdc('configure check');
  expect(said).toContain(`0002-Reading configuration from ${join(bird.config, 'bird.conf')}\n`);
  expect(said).toMatch(/^0020 /m);
  expect(bird.birdc(`configure check "${candidate}.none"`)).toMatch(/^8002 /m);
  expect(pending()).toBe(true);
});

test('a configure without a file reads the one that BIRD was started with, whatever was read since', () => {
  timed(3600);
  bird.birdc('configure confirm');
  bird.birdc('configure');
  until(() => bird.sessions().join() === 'old');
});

test('show symbols shows only the running configuration', () => {
  const defined = () => /\tconstant$/m.test(bird.birdc('show symbols noencap_candidate'));
  expect(bird.birdc('show symbols noencap_candidate')).toMatch(/^1010 noencap_candidate\tundefined$/m);
  bird.birdc(`configure check "${candidate}"`);
  expect(defined()).toBe(false);
  timed(3600);
  expect(defined()).toBe(true);
  bird.birdc('configure undo');
  expect(defined()).toBe(false);
});

test('relative includes are searched beside the given path, without following links', () => {
  put(join(bird.folder, 'other/k3s/ibgp.conf'), session('beside'));

  symlinkSync(join(bird.config, 'bird.conf'), join(bird.folder, 'other/bird.conf'));
  bird.birdc(`configure "${join(bird.folder, 'other/bird.conf')}"`);
  until(() => bird.sessions().join() === 'beside');
});
