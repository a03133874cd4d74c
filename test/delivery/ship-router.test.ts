import { AsyncLocalStorage } from 'node:async_hooks';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { change } from '../../delivery/change-router.ts';
import type { Delivery } from '../../delivery/delivery.ts';
import { asFault, type RouterFault } from '../../delivery/fault.ts';
import type { GateFinding } from '../../delivery/gate/finding.ts';
import type { Judge } from '../../delivery/gate/gate.ts';
import { look, prepare } from '../../delivery/prepare-router.ts';
import { type Release, releaseOf } from '../../delivery/release.ts';
import { hold } from '../../delivery/router.ts';
import type { Remote } from '../../delivery/ssh/remote.ts';
import { type Bird, by, local, put, session } from './bird.ts';
import { agree, done, NO_HURRY, release, stepsOn, theirs } from './steps.ts';

const [ONE, TWO, THREE] = [release('one'), release('two'), release('three')];

/** A judge with these findings. */
interface Refused {
  readonly fault?: RouterFault;
}

const message =
  (fixedBy: GateFinding['fixedBy'], text: string): Judge =>
  () => ({
    findings: [{ level: 'failure', kind: 'session', about: 'it', message: text, fixedBy }],
    wait: fixedBy === 'nothing' ? 0 : 100,
  });
const WELL: Judge = () => ({ findings: [], wait: 0 });

interface Asked extends Omit<Partial<Delivery>, 'release'> {
  readonly release?: Release;
  readonly judge?: Judge;
  /** One other than the test's own. */
  readonly on?: Bird;
}

/** A router, and deliveries to it. */
interface Scene {
  readonly bird: Bird;
  /** The steps that have begun. */
  readonly steps: string[];
  /** What `ship` does with one router: check, prepare, change. */
  readonly ship: (asked?: Asked) => Promise<{ readonly outcome: string }>;
  /** BIRD runs what it would read at a restart, and the next delivery succeeds and leaves nothing behind. */
  readonly isSound: (runs: string, on?: Bird) => Promise<void>;
}

function sceneOf(bird: Bird): Scene {
  const steps: string[] = [];
  const ship: Scene['ship'] = async ({ release: wanted = ONE, judge = WELL, on = bird, ...more } = {}) => {
    const delivery: Delivery = {
      router: 'r',
      remote: local(),
      settings: on.settings,
      release: () => wanted,
      sysctls: new Map(),
      owner: 'test',
      timeout: NO_HURRY,
      acceptDrift: false,
      report: (step, outcome) => void (outcome === 'started' && steps.push(step)),
      stop: new AbortController().signal,
      ...more,
    };
    const seen = await look(delivery);
    if ('failed' in seen) return { outcome: seen.verdict, fault: asFault(seen.failed) };
    if (seen.verdict === 'unchanged') return { outcome: 'unchanged' };
    const prepared = await prepare(delivery);
    return prepared.outcome === 'ready' ? change(delivery, prepared.ready, judge) : prepared;
  };
  const isSound: Scene['isSound'] = async (runs, on = bird) => {
    expect(on.sessions()).toEqual([runs]);
    expect(readFileSync(join(on.config, 'k3s/ibgp.conf'), 'utf8')).toContain(`protocol bgp ${runs} {`);
    expect(await ship({ release: THREE, acceptDrift: true, on })).toEqual(SHIPPED);
    expect(on.sessions()).toEqual(['three']);
    const lock = done(await hold(local(), on.settings, 'looks'));
    await agree(stepsOn(on, lock, local()));
    await lock.release();
  };
  return { bird, steps, ship, isSound };
}
/** What time it is for a story: others are told at the same time, and none waits for a limit of BIRD's. */
const clock = new AsyncLocalStorage<{ ahead: number }>();
const machine = performance.now.bind(performance);
beforeAll(() => {
  jest.spyOn(performance, 'now').mockImplementation(() => machine() + (clock.getStore()?.ahead ?? 0));
});
afterAll(() => {
  jest.restoreAllMocks();
});

/** So many of BIRD's time limits are over, which reverts what nobody has confirmed. */
function expire(bird: Bird, limits: number): void {
  const now = clock.getStore();
  if (now === undefined) throw new Error('this story has no clock of its own');
  now.ahead += limits * NO_HURRY * 1000;
  if (/undo/i.test(bird.birdc('configure status'))) bird.birdc('configure undo');
}

const SHIPPED = { outcome: 'shipped', warnings: [] };

/** Each has its own router, so that tests can wait for BIRD in parallel. */
const story = (name: string, tell: (scene: Scene) => Promise<void>) =>
  test.concurrent(name, async () => {
    const bird = theirs();
    try {
      await clock.run({ ahead: 0 }, () => tell(sceneOf(bird)));
    } finally {
      bird.end();
    }
  });

story(
  'the first time the owner of the folder is asked; what is there then is kept',
  async ({ bird, steps, ship, isSound }) => {
    const asked = await ship();
    expect(asked).toMatchObject({
      outcome: 'refused',
      fault: { code: 'drift', fix: expect.stringContaining('--accept-drift') },
    });
    expect(steps).toEqual(['inspect']);
    expect(bird.sessions()).toEqual(['theirs']);
    steps.length = 0;
    expect(await ship({ acceptDrift: true })).toEqual(SHIPPED);
    expect(steps).toEqual([
      'inspect',
      'lock',
      'settle',
      'adopt',
      'stage',
      'check',
      'apply',
      'gate',
      'confirm',
      'unlock',
    ]);
    await isSound('one');
  },
);

story(
  'where nothing changes nothing is done, and BIRD is not asked to do anything',
  async ({ bird, steps, ship }) => {
    await ship({ acceptDrift: true });
    const before = bird.birdc('show status');
    steps.length = 0;
    expect(await ship()).toEqual({ outcome: 'unchanged' });
    expect(steps).toEqual(['inspect']);
    const reconfigured = /Last reconfiguration.*/;
    expect(reconfigured.exec(bird.birdc('show status'))?.[0]).toBe(reconfigured.exec(before)?.[0]);
  },
);

story(
  'what somebody edited on the router is told, and not overwritten without consent',
  async ({ bird, ship, isSound }) => {
    await ship({ acceptDrift: true });
    const file = join(bird.config, 'k3s/ibgp.conf');
    writeFileSync(file, `${readFileSync(file, 'utf8')}# by hand\n`);
    expect(await ship({ release: TWO })).toEqual({
      outcome: 'refused',
      fault: {
        code: 'drift',
        message: 'files differ from what was shipped: k3s/ibgp.conf changed',
        fix: expect.stringContaining('--accept-drift'),
      },
    });
    expect(bird.sessions()).toEqual(['one']);
    await isSound('one');
  },
);

story(
  'a configuration that BIRD refuses changes nothing, and is shown at its place',
  async ({ ship, isSound }) => {
    await ship({ acceptDrift: true });
    const bad = releaseOf(new Map([['k3s/ibgp.conf', session('bad').replace('passive on;', 'pasive on;')]]));
    const told = await ship({ release: bad });
    expect(told).toMatchObject({ outcome: 'refused' });
    expect((told as Refused).fault?.message).toMatch(/^BIRD rejects it: k3s\/ibgp\.conf:4:\d+ /);
    expect((told as Refused).fault?.message).toMatch(/\n {2}4 \| {3}pasive on;\n +\| +\^/);
    await isSound('one');
  },
);

story(
  'what is not well is waited for while it may mend, and undone when it does not',
  async ({ steps, ship, isSound }) => {
    await ship({ acceptDrift: true });
    let looks = 0;
    const slow: Judge = (...both) =>
      ++looks < 3 ? message('time', 'a session is down')(...both) : WELL(...both);
    expect(await ship({ release: TWO, judge: slow })).toEqual(SHIPPED);
    expect(looks).toBe(3);
    steps.length = 0;
    const ill = message('nothing', 'all routes are gone');
    expect(await ship({ judge: ill })).toMatchObject({
      outcome: 'undone',
      fault: { code: 'gate', message: 'all routes are gone' },
    });
    expect(steps.slice(-4)).toEqual(['gate', 'undo', 'verify', 'unlock']);
    await isSound('two');
  },
);

story('what never becomes well is undone before BIRD does it, or by BIRD', async ({ ship, isSound }) => {
  await ship({ acceptDrift: true });
  const judge = message('time', 'a session is down');
  expect(await ship({ release: TWO, judge, timeout: 20 })).toMatchObject({
    outcome: 'undone',
    // A busy machine may need longer than the time that is left.
    fault: {
      code: 'gate',
      message: expect.stringMatching(/^(BIRD reverted by itself: )?a session is down$/),
    },
  });
  await isSound('one');
});

/** A connection that is lost as soon as this command was sent: for good, or for new connections until that time. */
function cutAfter(verb: string, isBack: () => boolean = () => false): Remote {
  let wasCut = false;
  const isCut = () => wasCut && !isBack();
  const gone = { code: 255, stdout: '', stderr: 'the connection was lost\n' };
  const way = by(local(), (line) => async (command, input) => {
    if (isCut()) return gone;
    const ran = await line.run(command, input);
    if (command.verb !== verb || wasCut) return ran;
    wasCut = true;
    return gone;
  });
  const remote: Remote = {
    ...way,
    start: async (command, ready) => (isCut() ? gone : way.start(command, ready)),
    fresh: () => remote,
  };
  return remote;
}

/** All of them at once: each mostly waits until BIRD has reverted. */
story(
  'the way is cut for good after any step: the router is as before, or has all of the new',
  async ({ ship, isSound }) => {
    const cut = (verb: string) => clock.run({ ahead: 0 }, () => cutAt(verb));
    const cutAt = async (verb: string): Promise<void> => {
      const on = theirs();
      try {
        expect(await ship({ acceptDrift: true, on })).toEqual(SHIPPED);
        const file = join(on.config, 'k3s/ibgp.conf');
        if (verb === 'adopt') put(file, `${readFileSync(file, 'utf8')}# by hand\n`);
        const judge = verb === 'undo' ? message('nothing', 'ill') : WELL;
        let isApplied = false;
        const report: Delivery['report'] = (step, outcome) => {
          isApplied ||= step === 'apply';
          // Where ship waits until BIRD has reverted, and then for the router until as much time has passed again.
          if (isApplied && step === 'settle' && outcome === 'started') expire(on, 2);
        };
        const asked = { release: TWO, remote: cutAfter(verb), report, acceptDrift: true, judge, on };
        const { outcome } = await ship(asked);
        expect(outcome).toBe(['apply', 'undo', 'confirm'].includes(verb) ? 'lost' : 'unreachable');
        // A confirmation that arrived counts, even if the answer is lost.
        await isSound(verb === 'confirm' ? 'two' : 'one', on);
      } catch (fault) {
        throw new Error(`cut after ${verb}: ${fault}`);
      } finally {
        on.end();
      }
    };
    await Promise.all(['settle', 'adopt', 'stage', 'check', 'apply', 'undo', 'confirm'].map(cut));
  },
);

story(
  'a change that cuts the way is undone by BIRD, and that is seen',
  async ({ bird, steps, ship, isSound }) => {
    expect(await ship({ acceptDrift: true })).toEqual(SHIPPED);
    steps.length = 0;
    // The connection works again when ship waits for BIRD to revert.
    const remote = cutAfter('apply', () => steps.lastIndexOf('settle') > steps.indexOf('apply'));
    const report: Delivery['report'] = (step, outcome) => {
      if (outcome !== 'started') return;
      steps.push(step);
      if (step === 'settle' && steps.includes('apply')) expire(bird, 1);
    };
    const told = await ship({ release: TWO, remote, report });
    expect(told).toMatchObject({
      outcome: 'undone',
      fault: { code: 'ssh', message: 'BIRD reverted by itself: the connection was lost' },
    });
    expect(steps.slice(-5)).toEqual(['apply', 'undo', 'settle', 'verify', 'unlock']);
    await isSound('one');
  },
);

story('a confirmation whose answer is lost is asked for again', async ({ ship, isSound }) => {
  expect(await ship({ acceptDrift: true })).toEqual(SHIPPED);
  expect(await ship({ release: TWO, remote: cutAfter('confirm', () => true) })).toEqual(SHIPPED);
  await isSound('two');
});

story('an interrupt undoes what is not confirmed', async ({ ship, isSound }) => {
  expect(await ship({ acceptDrift: true })).toEqual(SHIPPED);
  const stop = new AbortController();
  const judge: Judge = (...both) => {
    stop.abort();
    return message('time', 'a session is down')(...both);
  };
  expect(await ship({ release: TWO, judge, stop: stop.signal })).toEqual({
    outcome: 'undone',
    fault: { code: 'interrupted', message: 'it was interrupted', fix: 'Ship again.' },
  });
  await isSound('one');
});

story('two at once: the second one says who is at it', async ({ bird, ship, isSound }) => {
  const lock = done(await hold(local(), bird.settings, 'another'));
  expect(await ship({ acceptDrift: true })).toEqual({
    outcome: 'refused',
    fault: {
      code: 'lock',
      message: 'another is delivering to it',
      fix: 'Wait until that delivery ends.',
    },
  });
  await lock.release();
  await isSound('theirs');
});

story("an operator's own unconfirmed change is not disturbed", async ({ bird, ship, isSound }) => {
  await ship({ acceptDrift: true });
  bird.birdc(`configure timeout ${NO_HURRY}`);
  expect(await ship({ release: TWO })).toMatchObject({
    outcome: 'refused',
    fault: {
      code: 'state',
      message: expect.stringMatching(/^a change awaits confirmation and is undone in \d+ s$/),
      fix: 'Confirm it or wait.',
    },
  });
  bird.birdc('configure confirm');
  await isSound('one');
});
