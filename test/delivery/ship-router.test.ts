import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { releaseOf } from '../../delivery/release.ts';
import type { Remote } from '../../delivery/remote.ts';
import { hold } from '../../delivery/router.ts';
import { type Delivery, type Health, type Step, shipRouter } from '../../delivery/ship-router.ts';
import { type Bird, local, put, session } from './bird.ts';
import { agree, done, release, stepsOn, theirs } from './steps.ts';

jest.setTimeout(60_000);

const [ONE, TWO, THREE] = [release('one'), release('two'), release('three')];
const WELL: Health = { wrong: [], mayMend: false };

let bird: Bird;
let steps: Step[];
beforeEach(() => {
  bird = theirs();
  steps = [];
});
afterEach(() => bird.end());

const ship = (change: Partial<Delivery> = {}) =>
  shipRouter({
    remote: local(),
    settings: bird.settings,
    release: ONE,
    owner: 'test',
    timeout: 30,
    acceptDrift: false,
    health: () => WELL,
    report: (step) => void steps.push(step),
    ...change,
  });

/** BIRD runs what it would read at a restart, and the next delivery succeeds and leaves nothing behind. */
async function isSound(runs: string): Promise<void> {
  expect(bird.sessions()).toEqual([runs]);
  expect(readFileSync(join(bird.config, 'k3s/ibgp.conf'), 'utf8')).toContain(`protocol bgp ${runs} {`);
  expect(await ship({ release: THREE, acceptDrift: true })).toEqual({ outcome: 'shipped' });
  expect(bird.sessions()).toEqual(['three']);
  const lock = done(await hold(local(), bird.settings, 'looks'));
  await agree(stepsOn(bird, lock, local()));
  await lock.release();
}

test('the first time the owner of the folder is asked; what is there then is kept', async () => {
  const asked = await ship();
  expect(asked).toMatchObject({ outcome: 'refused', says: expect.stringContaining('--accept-drift') });
  expect(steps).toEqual(['look']);
  expect(bird.sessions()).toEqual(['theirs']);
  steps = [];
  expect(await ship({ acceptDrift: true })).toEqual({ outcome: 'shipped' });
  expect(steps).toEqual(['look', 'lock', 'settle', 'adopt', 'stage', 'check', 'apply', 'gate', 'confirm']);
  await isSound('one');
});

test('where nothing changes nothing is done, and BIRD is not asked to do anything', async () => {
  await ship({ acceptDrift: true });
  const before = bird.birdc('show status');
  steps = [];
  expect(await ship()).toEqual({ outcome: 'unchanged' });
  expect(steps).toEqual(['look']);
  const reconfigured = /Last reconfiguration.*/;
  expect(reconfigured.exec(bird.birdc('show status'))?.[0]).toBe(reconfigured.exec(before)?.[0]);
});

test('what somebody edited on the router is told, and not overwritten without consent', async () => {
  await ship({ acceptDrift: true });
  const file = join(bird.config, 'k3s/ibgp.conf');
  writeFileSync(file, `${readFileSync(file, 'utf8')}# by hand\n`);
  expect(await ship({ release: TWO })).toEqual({
    outcome: 'refused',
    says: expect.stringMatching(/^files are not as they were shipped: k3s\/ibgp\.conf changed\. /),
  });
  expect(bird.sessions()).toEqual(['one']);
  await isSound('one');
});

test('a configuration that BIRD refuses changes nothing, and is shown at its place', async () => {
  await ship({ acceptDrift: true });
  const bad = releaseOf(new Map([['k3s/ibgp.conf', session('bad').replace('passive on;', 'pasive on;')]]));
  const told = await ship({ release: bad });
  expect(told).toMatchObject({ outcome: 'refused' });
  expect((told as { says: string }).says).toMatch(/^BIRD does not take it: k3s\/ibgp\.conf:4:\d+ /);
  expect((told as { says: string }).says).toMatch(/\n {2}4 \| {3}pasive on;\n +\| +\^/);
  await isSound('one');
});

test('what is not well is waited for while it may mend, and undone when it does not', async () => {
  await ship({ acceptDrift: true });
  let looks = 0;
  const slow = () => (++looks < 3 ? { wrong: ['a session is down'], mayMend: true } : WELL);
  expect(await ship({ release: TWO, health: slow })).toEqual({ outcome: 'shipped' });
  expect(looks).toBe(3);
  steps = [];
  const ill = () => ({ wrong: ['all routes are gone'], mayMend: false });
  expect(await ship({ health: ill })).toEqual({ outcome: 'undone', says: 'all routes are gone' });
  expect(steps.slice(-2)).toEqual(['gate', 'undo']);
  await isSound('two');
});

test('what never becomes well is undone before BIRD does it', async () => {
  await ship({ acceptDrift: true });
  const health = () => ({ wrong: ['a session is down'], mayMend: true });
  expect(await ship({ release: TWO, health, timeout: 6 })).toEqual({
    outcome: 'undone',
    says: 'a session is down',
  });
  await isSound('one');
});

/** A way to the router that is gone as soon as this command was sent. */
function cutAfter(verb: string): Remote {
  const way = local();
  let isCut = false;
  const gone = { code: 255, stdout: '', stderr: 'the connection was lost\n' };
  const remote: Remote = {
    ...way,
    run: async (command, input) => {
      if (isCut) return gone;
      if (command.verb !== verb) return way.run(command, input);
      isCut = true;
      await way.run(command, input);
      return gone;
    },
    fresh: async () => remote,
  };
  return remote;
}

test.each(['settle', 'adopt', 'stage', 'check', 'apply', 'undo', 'confirm'])(
  'the way is cut after %s: the router is as before, or has all of the new',
  async (verb) => {
    expect(await ship({ acceptDrift: true })).toEqual({ outcome: 'shipped' });
    const file = join(bird.config, 'k3s/ibgp.conf');
    if (verb === 'adopt') put(file, `${readFileSync(file, 'utf8')}# by hand\n`);
    const health = (): Health => (verb === 'undo' ? { wrong: ['ill'], mayMend: false } : WELL);
    const told = await ship({ release: TWO, remote: cutAfter(verb), timeout: 6, acceptDrift: true, health });
    expect(told.outcome).toBe('lost');
    await sleep(6500);
    // A confirmation that arrived is one, whoever heard of it.
    await isSound(verb === 'confirm' ? 'two' : 'one');
  },
);

test('two at once: the second one says who is at it', async () => {
  const lock = done(await hold(local(), bird.settings, 'another'));
  expect(await ship({ acceptDrift: true })).toEqual({
    outcome: 'refused',
    says: 'another is delivering to it',
  });
  await lock.release();
  await isSound('theirs');
});

test("an operator's own unconfirmed change is not disturbed", async () => {
  await ship({ acceptDrift: true });
  bird.birdc('configure timeout 30');
  expect(await ship({ release: TWO })).toMatchObject({
    outcome: 'refused',
    says: expect.stringMatching(/^a change waits for its confirmation, and is undone in \d+ s/),
  });
  bird.birdc('configure confirm');
  await isSound('one');
});
