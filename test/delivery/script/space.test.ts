import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { type Bird, local, put } from '../bird.ts';
import { adopted, agree, done, release, type Steps, stepsOn, theirs } from '../steps.ts';
import { type Space, smallSpace } from './space.ts';

const ONE = release('one');
const TWO = release('two');

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
        expect(failed).toMatchObject({ kind: 'lacking', message: expect.stringMatching(/free|space/) });
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

  test('that is full when BIRD should apply or confirm changes nothing', async () => {
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

  test('that is full at the undo has room for it: the staged files are removed first', async () => {
    done(await steps.stage(TWO));
    done(await steps.apply(TWO));
    space.fill(0);
    expect((await steps.confirm(TWO)).failed?.kind).toBe('lacking');
    done(await steps.undo());
    expect([steps.state(), steps.onDisk(), ...bird.sessions()]).toEqual([
      expect.stringMatching(/^shipped /),
      'one',
      'one',
    ]);
    await agree(steps);
  });

  test('that is read-only changes nothing', async () => {
    const before = steps.inventory();
    space.mount('remount,bind,ro');
    expect((await steps.look()).writable).toBe(false);
    expect((await steps.stage(TWO)).failed?.kind).toBe('lacking');
    space.mount('remount,bind,rw');
    expect(steps.inventory()).toEqual(before);
    done(await steps.stage(TWO));
    done(await steps.apply(TWO));
    space.mount('remount,bind,ro');
    expect((await steps.confirm(TWO)).failed?.kind).toBe('lacking');
    expect((await steps.look()).pending).toBeGreaterThan(0);
    space.mount('remount,bind,rw');
    done(await steps.settle());
    expect(steps.onDisk()).toBe('one');
    await agree(steps);
    await steps.ship(TWO);
    await agree(steps);
  });

  test('that is read-only from the confirmation on: BIRD reverts', async () => {
    done(await steps.stage(TWO));
    done(await steps.apply(TWO));
    const folder = join(bird.folder, 'late');
    put(
      join(folder, 'birdc'),
      `#!/bin/sh
${bird.settings.birdc} "$@"
code=$?
case "$*" in *'configure confirm') mount -o remount,bind,ro ${space.folder} ;; esac
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
    space.mount('remount,bind,rw');
    done(await steps.settle());
    await agree(steps);
    await steps.ship(TWO);
    await agree(steps);
  });
});
