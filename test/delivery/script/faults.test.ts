import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, lstatSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Hidden } from '../../../delivery/hidden.ts';
import { releaseFor } from '../../../delivery/password.ts';
import type { Release } from '../../../delivery/release.ts';
import { hold, type Lock } from '../../../delivery/router.ts';
import { routerScript } from '../../../delivery/script/script.ts';
import type { Line, Remote } from '../../../delivery/ssh/remote.ts';
import { type Bird, local, put, session } from '../bird.ts';
import { adopted, agree, atWork, done, NO_HURRY, release, type Steps, stepsOn, theirs } from '../steps.ts';

const ONE = release('one');
const TWO = release('two');

/** The programs that change something on a router. Between two of these, a script that dies leaves the same state as just before. */
const MOVES = ['birdc', 'chgrp', 'chmod', 'cp', 'head', 'ln', 'mkdir', 'mv', 'rm', 'sync', 'tar', 'touch'];

/**
 * Runs the script and kills it with SIGKILL just before its n-th change: each program in PATH counts, then runs
 * the real one.
 */
function killing(bird: Bird): {
  remote: (at: number) => Remote;
  birdc: string;
  killedAt: () => string | undefined;
} {
  const folder = join(bird.folder, 'moves');
  mkdirSync(folder, { recursive: true });
  const count = join(bird.folder, 'count');
  const killed = join(bird.folder, 'killed');
  for (const name of MOVES) {
    const real =
      name === 'birdc'
        ? bird.settings.birdc
        : spawnSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).stdout.trim();
    put(
      join(folder, name),
      `#!/bin/sh
read -r n <${count}
n=$((n + 1))
echo $n >${count}
if [ "$n" -eq "$KILL_AT" ]; then
  echo "${name} $*" >${killed}
  kill -9 "$VICTIM"
  exit 137
fi
exec ${real} "$@"
`,
    );
    chmodSync(join(folder, name), 0o755);
  }
  return {
    birdc: join(folder, 'birdc'),
    remote: (at) => {
      put(count, '0\n');
      spawnSync('rm', ['-f', killed]);
      return local({
        path: `${folder}:${process.env.PATH}`,
        env: { KILL_AT: String(at) },
        script: `VICTIM=$$\nexport VICTIM\n${routerScript()}`,
      });
    },
    killedAt: () => (existsSync(killed) ? readFileSync(killed, 'utf8').trim() : undefined),
  };
}

let bird: Bird;

describe.each([
  ['a command of its own', (remote: Remote): Promise<Line | undefined> => Promise.resolve(remote)],
  // Here the session is killed, and its current verb goes on.
  ['a session', async (remote: Remote) => (await hold(remote, bird.settings, 'test')).done],
])('killed at every file operation of %s', (way, lineOver) => {
  afterEach(() => bird.end());

  const isOurs = (entry = 'k3s'): boolean =>
    lstatSync(join(bird.config, entry), { throwIfNoEntry: false })?.isSymbolicLink() ?? true;

  /** Kills one verb at its first change, its second, and so on until it gets through. */
  async function enumerate(
    prepare: (steps: Steps) => Promise<void>,
    verb: (steps: Steps, by: Line) => Promise<unknown>,
    then: (steps: Steps, at: string) => void,
    router: () => Bird = theirs,
  ): Promise<number> {
    bird = router();
    const kill = killing(bird);
    let where = 'at no move';
    for (let at = 1; ; at += 1) {
      if (at > 200) throw new Error('it never gets through');
      const first = stepsOn(bird, done(await hold(local(), bird.settings, 'test')), local());
      // As a delivery does: only if something is not noencap's yet, or no longer is.
      if (!isOurs('k3s') || !isOurs(bird.settings.secret)) done(await first.adopt());
      await prepare(first).catch((fault) => {
        throw new Error(`the next delivery, killed before ${where}: ${fault}`);
      });
      const faulty = stepsOn(bird, first.lock, local(), { ...bird.settings, birdc: kill.birdc });
      const line = await lineOver(kill.remote(at));
      if (line !== undefined) await verb(faulty, line);
      if (line !== undefined && 'release' in line) await (line as Lock).release();
      const killedAt = kill.killedAt();
      await first.lock.release();
      const lock = done(await hold(local(), bird.settings, 'next'));
      const steps = stepsOn(bird, lock, local());
      done(await steps.settle());
      try {
        await agree(steps);
        then(steps, killedAt ?? 'done');
      } catch (fault) {
        throw new Error(`killed before move ${at}, ${killedAt}: ${fault}`);
      } finally {
        await lock.release();
      }
      where = `move ${at}, ${killedAt}`;
      if (killedAt === undefined) return at - 1;
    }
  }

  const isOld = (steps: Steps) => expect(steps.onDisk()).toBe('one');
  const shipped = async (steps: Steps) => steps.ship(ONE);

  test('stage', async () => {
    const moves = await enumerate(shipped, (steps, by) => steps.stage(TWO, by), isOld);
    expect(moves).toBeGreaterThan(10);
  });

  test('check', async () => {
    const prepare = async (steps: Steps) => {
      await shipped(steps);
      done(await steps.stage(TWO));
    };
    const moves = await enumerate(prepare, (steps, by) => steps.check(TWO, by), isOld);
    expect(moves).toBeGreaterThan(5);
  });

  test('apply', async () => {
    const prepare = async (steps: Steps) => {
      await shipped(steps);
      done(await steps.stage(TWO));
    };
    const moves = await enumerate(prepare, (steps, by) => steps.apply(TWO, NO_HURRY, by), isOld);
    expect(moves).toBeGreaterThan(5);
  });

  test('confirm', async () => {
    const seen = new Set<string | undefined>();
    const prepare = async (steps: Steps) => {
      await shipped(steps);
      done(await steps.stage(TWO));
      done(await steps.apply(TWO));
    };
    const moves = await enumerate(
      prepare,
      (steps, by) => steps.confirm(TWO, by),
      (steps, at) => {
        seen.add(steps.onDisk());
        if (at === 'done') expect(steps.onDisk()).toBe('two');
      },
    );
    // Before BIRD has confirmed, the change is undone; after that it is completed.
    expect([...seen].sort()).toEqual(['one', 'two']);
    expect(moves).toBeGreaterThan(8);
  });

  test('undo', async () => {
    const prepare = async (steps: Steps) => {
      await shipped(steps);
      done(await steps.stage(TWO));
      done(await steps.apply(TWO));
    };
    const moves = await enumerate(prepare, (steps, by) => steps.undo(by), isOld);
    expect(moves).toBeGreaterThan(4);
  });

  test('adopt, of a folder that was set up by hand', async () => {
    const prepare = async (steps: Steps) => {
      await shipped(steps);
      spawnSync('sh', ['-c', 'rm k3s && mkdir k3s'], { cwd: bird.config });
      put(join(bird.config, 'k3s/ibgp.conf'), session('edited'));
      bird.birdc('configure');
    };
    const moves = await enumerate(
      prepare,
      (steps, by) => steps.adopt(by),
      (steps) => expect(steps.onDisk()).toBe('edited'),
    );
    expect(moves).toBeGreaterThan(10);
  });

  test('settle, of a confirmation that was cut off', async () => {
    const prepare = async (steps: Steps) => {
      await shipped(steps);
      done(await steps.stage(TWO));
      done(await steps.apply(TWO));
      put(join(bird.config, '.noencap/state'), `confirming ${TWO.hash}\n`);
      bird.birdc('configure confirm');
    };
    await enumerate(
      prepare,
      (steps, by) => steps.settle(by),
      // A verb that goes on sees a program fail instead: it reverts what it cannot put in place.
      (steps) => expect(way === 'a session' ? ['one', 'two'] : ['two']).toContain(steps.onDisk()),
    );
  });

  describe('a password', () => {
    const secret = 'k3s-password.conf';
    const router = (): Bird => {
      const plain = theirs();
      return { ...plain, settings: { ...plain.settings, secret } };
    };
    const withPassword = (name: string): Release =>
      releaseFor(
        new Map([
          ['k3s/ibgp.conf', session(name).replace('passive on;', `passive on;\n  include "../${secret}";`)],
        ]),
        { name: secret, password: new Hidden(`of ${name}`) },
      )({ salt: undefined });
    const confirm = (from: Release, to: Release) =>
      enumerate(
        async (steps) => {
          await steps.ship(from);
          done(await steps.stage(to));
          done(await steps.apply(to));
        },
        (steps, by) => steps.confirm(to, by),
        agrees,
        router,
      );
    /** The password on disk is that of the session on disk; if that has none, no password is left. */
    const agrees = (steps: Steps) => {
      const path = join(bird.config, secret);
      const isThere = lstatSync(path, { throwIfNoEntry: false }) !== undefined;
      const found = isThere ? readFileSync(path, 'utf8').split('\n')[1] : 'none';
      const live = readFileSync(join(bird.config, 'k3s/ibgp.conf'), 'utf8');
      expect(found).toBe(live.includes(secret) ? `password "of ${steps.onDisk()}";` : 'none');
    };

    test('is added', async () => {
      expect(await confirm(ONE, withPassword('two'))).toBeGreaterThan(8);
    });

    test('changes', async () => {
      expect(await confirm(withPassword('one'), withPassword('two'))).toBeGreaterThan(8);
    });

    test('is removed', async () => {
      expect(await confirm(withPassword('one'), TWO)).toBeGreaterThan(8);
    });

    test('that was put there by hand is adopted', async () => {
      const moves = await enumerate(
        async (steps) => {
          await steps.ship(withPassword('one'));
          spawnSync('sh', ['-c', `cp -L ${secret} own && sed -i 1d own && mv own ${secret}`], {
            cwd: bird.config,
          });
        },
        (steps, by) => steps.adopt(by),
        agreesUnsalted,
        router,
      );
      expect(moves).toBeGreaterThan(10);
    });
    const agreesUnsalted = () =>
      expect(readFileSync(join(bird.config, secret), 'utf8')).toContain('password "of one";\n');
  });
});

describe('BIRD restarts while a confirmation is cut off', () => {
  let bird: Bird;
  afterEach(() => bird.end());

  test.each([
    ['before the files are in place', false, 'one'],
    ['after the files are in place', true, 'two'],
  ])('%s', async (_when, flipped, ends) => {
    const steps = await adopted();
    bird = steps.bird;
    await steps.ship(ONE);
    done(await steps.stage(TWO));
    done(await steps.apply(TWO));
    put(join(bird.config, '.noencap/state'), `confirming ${TWO.hash}\n`);
    bird.birdc('configure confirm');
    const flip = () => spawnSync('ln', ['-sfn', `releases/${TWO.hash}`, join(bird.config, '.noencap/live')]);
    if (flipped) flip();
    bird.stop();
    bird.start();
    expect(bird.sessions()).toEqual([ends]);
    done(await steps.settle());
    expect(steps.onDisk()).toBe(ends);
    await agree(steps);
    await steps.lock.release();
  });

  test('between the confirmation and the files: BIRD reads the files again', async () => {
    const steps = await adopted();
    bird = steps.bird;
    await steps.ship(ONE);
    done(await steps.stage(TWO));
    put(join(bird.config, '.noencap/state'), `confirming ${TWO.hash}\n`);
    bird.stop();
    bird.start();
    spawnSync('ln', ['-sfn', `releases/${TWO.hash}`, join(bird.config, '.noencap/live')]);
    expect([steps.onDisk(), ...bird.sessions()]).toEqual(['two', 'one']);
    expect(done(await steps.settle())).toEqual({ what: 'shipped', hash: TWO.hash });
    await agree(steps);
    await steps.lock.release();
  });
});

describe('a connection that dies', () => {
  let bird: Bird;
  afterEach(() => bird.end());

  test('does not stop a confirmation that has begun', async () => {
    const steps = await adopted();
    bird = steps.bird;
    done(await steps.stage(ONE));
    done(await steps.apply(ONE));
    const slow = join(bird.folder, 'birdc');
    put(slow, `#!/bin/sh\nsleep 1\nexec ${bird.settings.birdc} "$@"\n`);
    chmodSync(slow, 0o755);
    const line = local();
    const lost = stepsOn(bird, steps.lock, line, { ...bird.settings, birdc: slow });
    const confirmation = lost.confirm(ONE);
    await atWork(bird, 'confirm');
    const [child] = line.children;
    child?.stdout?.destroy();
    child?.stderr?.destroy();
    child?.stdin?.destroy();
    child?.kill('SIGHUP');
    child?.kill('SIGPIPE');
    await confirmation;
    expect(steps.state()).toBe(`shipped ${ONE.hash}`);
    await agree(steps);
    await steps.lock.release();
  });
});
