import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Remote } from '../../delivery/remote.ts';
import { hold } from '../../delivery/router.ts';
import { routerScript } from '../../delivery/router-script.ts';
import { type Bird, local, put, session } from './bird.ts';
import { type Space, smallSpace } from './space.ts';
import { adopted, done, release, type Steps, stepsOn, theirs } from './steps.ts';

jest.setTimeout(240_000);

const ONE = release('one');
const TWO = release('two');

/** What changes something on a router. Between two of these, a script that dies leaves what it would have left before. */
const MOVES = ['birdc', 'chgrp', 'chmod', 'cp', 'head', 'ln', 'mkdir', 'mv', 'rm', 'sync', 'tar', 'touch'];

/**
 * A way to run the script that kills it with SIGKILL just before its n-th move: each program in PATH counts, then runs
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

/** What holds after every fault, once it is settled: BIRD runs what it would read at a restart, and nothing waits. */
async function agree(steps: Steps): Promise<void> {
  const found = await steps.look();
  expect({
    runs: steps.bird.sessions(),
    pending: found.pending,
    state: found.state,
    liveError: found.liveError,
    left: steps.inventory().filter((path) => /incoming|tree|probe|staged|new|link\.|replaced/.test(path)),
  }).toEqual({
    runs: [steps.onDisk()],
    pending: undefined,
    state: { what: 'shipped', hash: found.live?.hash },
    liveError: undefined,
    left: [],
  });
}

describe('killed at each of its moves', () => {
  let bird: Bird;
  afterEach(() => bird.end());

  /** Kills one verb at its first move, its second, and so on until it gets through. */
  async function enumerate(
    prepare: (steps: Steps) => Promise<void>,
    verb: (steps: Steps, by: Remote) => Promise<unknown>,
    then: (steps: Steps, at: string) => void,
  ): Promise<number> {
    bird = theirs();
    const kill = killing(bird);
    let where = 'at no move';
    for (let at = 1; ; at += 1) {
      if (at > 200) throw new Error('it never gets through');
      const first = await adopted(bird);
      await prepare(first).catch((fault) => {
        throw new Error(`the next delivery, killed before ${where}: ${fault}`);
      });
      const faulty = stepsOn(bird, first.lock, local(), { ...bird.settings, birdc: kill.birdc });
      await verb(faulty, kill.remote(at));
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
    expect(moves).toBeGreaterThan(15);
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
    const moves = await enumerate(prepare, (steps, by) => steps.apply(TWO, 60, by), isOld);
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
    // Before BIRD has confirmed it is undone, after that it is brought to its end.
    expect([...seen].sort()).toEqual(['one', 'two']);
    expect(moves).toBeGreaterThan(10);
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

  test("adopt, of a folder that is somebody else's", async () => {
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
      (steps) => expect(steps.onDisk()).toBe('two'),
    );
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

describe('a line that dies', () => {
  let bird: Bird;
  afterEach(() => bird.end());

  test('does not stop a confirmation that has begun', async () => {
    const steps = await adopted();
    bird = steps.bird;
    done(await steps.stage(ONE));
    done(await steps.apply(ONE));
    const slow = join(bird.folder, 'birdc');
    put(slow, `#!/bin/sh\nsleep 0.2\nexec ${bird.settings.birdc} "$@"\n`);
    chmodSync(slow, 0o755);
    const line = local();
    const lost = stepsOn(bird, steps.lock, line, { ...bird.settings, birdc: slow });
    const confirmation = lost.confirm(ONE);
    await sleep(150);
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

describe('a small file system', () => {
  let space: Space;
  let bird: Bird;
  let steps: Steps;
  beforeEach(async () => {
    space = smallSpace();
    const around = {
      enter: space.enter,
      config: { inside: join(space.folder, 'etc'), seen: join(space.seen, 'etc') },
    };
    bird = theirs(around);
    steps = await adopted(bird, local({ shell: [...space.enter, 'sh'] }));
    await steps.ship(ONE);
  });
  afterEach(async () => {
    await steps.lock.release();
    bird.end();
    space.end();
  });

  test.each([0, 4, 8, 12, 16, 20, 24, 28, 32, 40, 48])(
    'with %d kB left takes a release or leaves nothing of it',
    async (kilobytes) => {
      const before = steps.inventory();
      space.fill(kilobytes);
      const { failed } = await steps.stage(TWO);
      if (failed !== undefined) {
        expect(failed).toMatchObject({ kind: 'lacking', says: expect.stringMatching(/free|space/) });
        const left = steps.inventory().filter((path) => !path.startsWith(`releases/${TWO.hash}`));
        expect(left).toEqual(before);
      }
      expect([steps.onDisk(), ...bird.sessions()]).toEqual(['one', 'one']);
      space.empty();
      await steps.ship(TWO);
      await agree(steps);
    },
  );

  test.each([0, 2, 4, 6, 8, 10, 12, 14])('with %d inodes left does so too', async (inodes) => {
    space.fill(500, inodes);
    const { failed } = await steps.stage(TWO);
    if (failed !== undefined) expect(failed.kind).toBe('lacking');
    expect([steps.onDisk(), ...bird.sessions()]).toEqual(['one', 'one']);
    space.empty();
    await steps.ship(TWO);
    await agree(steps);
  });

  test('that is full when BIRD is to be told, or to be asked to keep it, changes nothing', async () => {
    done(await steps.stage(TWO));
    done(await steps.check(TWO));
    space.fill(0, 0);
    expect((await steps.apply(TWO)).failed?.kind).toBe('lacking');
    expect(bird.sessions()).toEqual(['one']);
    space.empty();
    done(await steps.apply(TWO));
    space.fill(0, 0);
    expect((await steps.confirm(TWO)).failed?.kind).toBe('lacking');
    expect(steps.onDisk()).toBe('one');
    space.empty();
    done(await steps.undo());
    await agree(steps);
  });

  test('that can only be read changes nothing', async () => {
    const before = steps.inventory();
    space.mount('remount,ro');
    expect((await steps.look()).writable).toBe(false);
    expect((await steps.stage(TWO)).failed?.kind).toBe('lacking');
    space.mount('remount,rw');
    expect(steps.inventory()).toEqual(before);
    done(await steps.stage(TWO));
    done(await steps.apply(TWO));
    space.mount('remount,ro');
    expect((await steps.confirm(TWO)).failed?.kind).toBe('lacking');
    expect((await steps.look()).pending).toBeGreaterThan(0);
    space.mount('remount,rw');
    done(await steps.settle());
    expect(steps.onDisk()).toBe('one');
    await agree(steps);
    await steps.ship(TWO);
    await agree(steps);
  });

  test('that can only be read from the moment of the confirmation on: BIRD goes back', async () => {
    done(await steps.stage(TWO));
    done(await steps.apply(TWO));
    const folder = join(bird.folder, 'late');
    put(
      join(folder, 'birdc'),
      `#!/bin/sh
${bird.settings.birdc} "$@"
code=$?
case "$*" in *'configure confirm') mount -o remount,ro ${space.folder} ;; esac
exit $code
`,
    );
    chmodSync(join(folder, 'birdc'), 0o755);
    const late = stepsOn(bird, steps.lock, local({ shell: [...space.enter, 'sh'] }), {
      ...bird.settings,
      birdc: join(folder, 'birdc'),
    });
    expect((await late.confirm(TWO)).failed).toBeDefined();
    expect([steps.onDisk(), ...bird.sessions()]).toEqual(['one', 'one']);
    space.mount('remount,rw');
    done(await steps.settle());
    await agree(steps);
    await steps.ship(TWO);
    await agree(steps);
  });
});
