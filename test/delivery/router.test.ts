import { chmodSync, lstatSync, mkdirSync, readFileSync, readlinkSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { explainBirdError } from '../../bird/error.ts';
import { driftFrom } from '../../delivery/inspection.ts';
import { releaseOf } from '../../delivery/release.ts';
import { hold, inspect, show } from '../../delivery/router.ts';
import { type Bird, local, mainFile, put, session, startBird, until } from './bird.ts';
import { adopted, done, NO_HURRY, release, type Steps, stepsOn, theirs } from './steps.ts';

const ONE = release('one');
const TWO = release('two');

let bird: Bird;
let steps: Steps;
afterEach(async () => {
  await steps?.lock.release();
  bird.end();
});

async function prepare(): Promise<Steps> {
  steps = await adopted();
  bird = steps.bird;
  return steps;
}

/** Takes the lock of a router in its current state. */
async function on(given: Bird, settings = given.settings): Promise<Steps> {
  bird = given;
  const remote = local();
  steps = stepsOn(bird, done(await hold(remote, settings, 'test')), remote, settings);
  return steps;
}

describe('a delivery', () => {
  test('first runs beside the live files, then becomes the live files', async () => {
    await prepare();
    done(await steps.stage(ONE));
    done(await steps.check(ONE));
    expect(bird.sessions()).toEqual(['theirs']);
    const left = done(await steps.apply(ONE));
    expect(left).toBeGreaterThan(NO_HURRY / 2);
    expect(bird.sessions()).toEqual(['one']);
    expect(steps.onDisk()).toBe('theirs');
    expect(steps.state()).toBe(`applying ${ONE.hash}`);
    expect(await steps.look()).toMatchObject({ running: ONE.hash, settled: true });
    expect((await steps.look()).pending).toBeGreaterThan(NO_HURRY / 2);

    done(await steps.confirm(ONE));
    expect(steps.onDisk()).toBe('one');
    const after = await steps.look();
    expect(after).toMatchObject({
      state: { what: 'shipped', hash: ONE.hash },
      live: { hash: ONE.hash },
      pending: undefined,
      liveError: undefined,
      holder: 'test',
    });
    expect(driftFrom(after, after.live?.manifest ?? new Map())).toEqual([]);
    expect(readlinkSync(join(bird.config, 'k3s'))).toBe('.noencap/live/k3s');
    expect(readlinkSync(join(bird.config, '.noencap/live'))).toBe(`releases/${ONE.hash}`);
    expect(steps.inventory().filter((path) => /staged|incoming|probe|tree|new|link/.test(path))).toEqual([]);
  });

  test('survives a restart, and the previous files are kept', async () => {
    await prepare();
    await steps.ship(ONE);
    bird.stop();
    bird.start();
    expect(bird.sessions()).toEqual(['one']);
    expect((await steps.look()).running).toBeUndefined();
    for (const name of ['two', 'three', 'four']) await steps.ship(release(name));
    const kept = steps.inventory().filter((path) => /^releases\/[^/]+$/.test(path));
    expect(kept.sort()).toEqual(
      ['two', 'three', 'four'].map((name) => `releases/${release(name).hash}`).sort(),
    );
  });

  test('can be repeated step by step', async () => {
    await prepare();
    done(await steps.stage(ONE));
    done(await steps.stage(ONE));
    done(await steps.check(ONE));
    done(await steps.check(ONE));
    done(await steps.apply(ONE));
    const left = (await steps.look()).pending ?? 0;
    // A second configure would have ended the timer; a second apply reports the state.
    expect(done(await steps.apply(ONE))).toBeLessThanOrEqual(left);
    done(await steps.confirm(ONE));
    done(await steps.confirm(ONE));
    expect(done(await steps.settle())).toEqual({ what: 'nothing' });
    expect(done(await steps.undo())).toBe('none');
    done(await steps.discard());
    expect([steps.onDisk(), ...bird.sessions()]).toEqual(['one', 'one']);
  });

  test('that is undone leaves nothing behind, in BIRD or beside the files', async () => {
    await prepare();
    await steps.ship(ONE);
    done(await steps.stage(TWO));
    done(await steps.apply(TWO));
    expect(done(await steps.undo())).toBe(TWO.hash);
    expect(done(await steps.undo())).toBe('none');
    expect([steps.onDisk(), ...bird.sessions()]).toEqual(['one', 'one']);
    expect(steps.state()).toBe(`shipped ${ONE.hash}`);
    expect(await steps.look()).toMatchObject({ pending: undefined, running: ONE.hash });
    await steps.ship(TWO);
    expect(bird.sessions()).toEqual(['two']);
  });

  test('works on a router without a folder of ours', async () => {
    await on(startBird((folder) => ({ 'bird.conf': mainFile(folder, '') })));
    put(join(bird.config, 'bird.conf'), mainFile(bird.folder));
    expect((await steps.look()).entries).toEqual(new Map([['k3s', 'missing']]));
    await steps.ship(ONE);
    expect([steps.onDisk(), ...bird.sessions()]).toEqual(['one', 'one']);
    expect((await steps.look()).entries).toEqual(new Map([['k3s', 'linked']]));
  });

  test('to a standalone router includes its main file, and both change at once', async () => {
    const whole = (name: string) =>
      releaseOf(
        new Map([
          ['bird.conf', mainFile('/tmp').replace(/log .*\n/, '')],
          ['k3s/ibgp.conf', session(name)],
        ]),
      );
    const given = theirs();
    await on(given, { ...given.settings, mode: 'standalone' });
    done(await steps.adopt());
    expect((await steps.look()).entries).toEqual(
      new Map([
        ['bird.conf', 'linked'],
        ['k3s', 'linked'],
      ]),
    );
    await steps.ship(whole('one'));
    expect([steps.onDisk(), ...bird.sessions()]).toEqual(['one', 'one']);
    expect(readlinkSync(join(bird.config, 'bird.conf'))).toBe('.noencap/live/bird.conf');
    await steps.ship(whole('two'));
    bird.stop();
    bird.start();
    expect([steps.onDisk(), ...bird.sessions()]).toEqual(['two', 'two']);
    const include = stepsOn(bird, steps.lock, local());
    expect((await include.stage(ONE)).failed).toMatchObject({
      kind: 'refused',
      code: 'drift',
      message: expect.stringContaining('does not have it'),
      fix: 'Replace it with a file of your own first.',
    });
  });
});

describe('permissions', () => {
  test('are those of the main file', async () => {
    await on(theirs());
    done(await steps.adopt());
    done(await steps.stage(ONE));
    const mode = (path: string) => (statSync(join(bird.config, '.noencap', path)).mode & 0o777).toString(8);
    const paths = [
      '.',
      'releases',
      `releases/${ONE.hash}`,
      `releases/${ONE.hash}/k3s/ibgp.conf`,
      'staged',
      'staged/bird.conf',
    ];
    expect(paths.map(mode)).toEqual(['755', '755', '755', '644', '755', '644']);
  });

  const asRoot = process.getuid?.() === 0 ? test : test.skip;
  asRoot('let a BIRD that is not root read its configuration', async () => {
    await on(theirs({ birdArguments: ['-u', 'nobody', '-g', 'nogroup'] }));
    done(await steps.adopt());
    await steps.ship(ONE);
    expect(bird.sessions()).toEqual(['one']);
  });
});

describe('when the time is up', () => {
  test('BIRD has reverted, the files never changed, and a confirmation is refused', async () => {
    await prepare();
    await steps.ship(ONE);
    done(await steps.stage(TWO));
    const applied = await steps.apply(TWO, 5);
    // On a busy machine the time may be up before apply has checked whether BIRD runs the release.
    if (applied.failed !== undefined) expect(applied.failed.message).toContain('does not run it any more');
    until(() => bird.sessions().includes('one'));
    expect(readFileSync(join(bird.folder, 'log'), 'utf8')).toMatch(/Adding protocol two$/m);
    expect((await steps.confirm(TWO)).failed).toMatchObject({
      kind: 'refused',
      message: expect.stringContaining('too late'),
    });
    expect([steps.onDisk(), ...bird.sessions()]).toEqual(['one', 'one']);
    expect((await steps.stage(TWO)).failed?.fix).toBe('Run settle first.');
    expect(done(await steps.settle())).toEqual({ what: 'undone', hash: TWO.hash });
    await steps.ship(TWO);
    expect([steps.onDisk(), ...bird.sessions()]).toEqual(['two', 'two']);
  });

  test('a confirmation between the look and the undo is refused by its code', async () => {
    await prepare();
    done(await steps.stage(ONE));
    done(await steps.apply(ONE));
    // BIRD gets somebody else's confirmation first, so ours finds nothing to confirm.
    const folder = join(bird.folder, 'late');
    put(
      join(folder, 'birdc'),
      `#!/bin/sh\ncase "$*" in *'configure confirm') ${bird.settings.birdc} -s ${bird.settings.socket} configure confirm >&2 ;; esac\nexec ${bird.settings.birdc} "$@"\n`,
    );
    chmodSync(join(folder, 'birdc'), 0o755);
    const late = stepsOn(bird, steps.lock, local(), { ...bird.settings, birdc: join(folder, 'birdc') });
    expect((await late.confirm(ONE)).failed?.message).toContain('0019 Nothing to do');
    expect(steps.onDisk()).toBe('theirs');
    expect(done(await steps.settle())).toEqual({ what: 'shipped', hash: ONE.hash });
    expect([steps.onDisk(), ...bird.sessions()]).toEqual(['one', 'one']);
  });
});

describe('somebody else', () => {
  test('restarts BIRD before the confirmation: it reads the old files, and the confirmation is refused', async () => {
    await prepare();
    done(await steps.stage(ONE));
    done(await steps.apply(ONE));
    bird.stop();
    bird.start();
    expect((await steps.confirm(ONE)).failed?.message).toContain('BIRD was restarted');
    expect(done(await steps.settle())).toEqual({ what: 'undone', hash: ONE.hash });
    expect([steps.onDisk(), ...bird.sessions()]).toEqual(['theirs', 'theirs']);
  });

  test('runs configure in the window: BIRD has the old files for good', async () => {
    await prepare();
    done(await steps.stage(ONE));
    done(await steps.apply(ONE));
    bird.birdc('configure');
    expect((await steps.confirm(ONE)).failed?.kind).toBe('refused');
    expect(done(await steps.undo())).toBe(ONE.hash);
    expect([steps.onDisk(), ...bird.sessions()]).toEqual(['theirs', 'theirs']);
  });

  test('confirms what nobody has judged: it is undone', async () => {
    await prepare();
    done(await steps.stage(ONE));
    done(await steps.apply(ONE));
    bird.birdc('configure confirm');
    expect((await steps.confirm(ONE)).failed?.message).toContain('0019');
    done(await steps.undo());
    expect([steps.onDisk(), ...bird.sessions()]).toEqual(['theirs', 'theirs']);
  });

  test('has a pending change of their own: we neither confirm nor undo it', async () => {
    await prepare();
    done(await steps.stage(ONE));
    bird.birdc(`configure timeout ${NO_HURRY}`);
    expect((await steps.look()).pending).toBeGreaterThan(NO_HURRY / 2);
    done(await steps.check(ONE));
    expect((await steps.apply(ONE)).failed?.message).toContain("not noencap's awaits confirmation");
    expect(done(await steps.undo())).toBe('none');
    expect((await steps.look()).pending).toBeGreaterThan(NO_HURRY / 2);
    expect(bird.birdc('configure confirm')).toContain('0018');
  });

  test('edits what was shipped: that is noticed, adopted, and can be overwritten', async () => {
    await prepare();
    await steps.ship(ONE);
    put(join(bird.config, 'k3s/ibgp.conf'), session('edited'));
    put(join(bird.config, 'k3s/more.conf'), '');
    put(join(bird.config, 'k3s/odd $(name).conf~'), '');
    const seen = await steps.look();
    expect(driftFrom(seen, seen.live?.manifest ?? new Map())).toEqual([
      { path: 'k3s/ibgp.conf', is: 'changed' },
      { path: 'k3s/more.conf', is: 'added' },
    ]);
    expect(seen.odd).toEqual(['k3s/odd???name?.conf?']);
    expect((await steps.adopt()).failed?.message).toContain('a file below');
    rmSync(join(bird.config, 'k3s/odd $(name).conf~'));
    expect(done(await show(local(), bird.settings, 'k3s/ibgp.conf'))).toBe(session('edited'));
    expect((await steps.stage(ONE)).failed?.message).toContain('were edited after release');
    expect(steps.onDisk()).toBe('edited');
    const saved = done(await steps.adopt());
    expect(steps.onDisk()).toBe('edited');
    await steps.ship(ONE);
    expect([steps.onDisk(), ...bird.sessions()]).toEqual(['one', 'one']);
    expect(steps.inventory()).toContain(`releases/${saved}/k3s/more.conf`);
  });

  test('changes the manifest on the router: it is no longer a release of ours', async () => {
    await prepare();
    await steps.ship(ONE);
    put(join(bird.config, '.noencap/live/manifest'), `${'0'.repeat(64)}  k3s/ibgp.conf\n`);
    expect((await inspect(local(), bird.settings)).failed).toMatchObject({
      kind: 'refused',
      message: expect.stringContaining('manifest'),
    });
  });
});

describe('is refused', () => {
  test("a release that BIRD's parser rejects, with its message and the place", async () => {
    await prepare();
    const files = new Map([['k3s/ibgp.conf', `${session('one')}protocol bgp {\n  nonsense;\n}\n`]]);
    const broken = releaseOf(files);
    done(await steps.stage(broken));
    const { failed } = await steps.check(broken);
    expect(failed).toMatchObject({
      kind: 'refused',
      birdError: expect.stringMatching(/^k3s\/ibgp\.conf:8:3 /),
    });
    expect(explainBirdError(failed?.birdError ?? '', files)).toContain('  8 |   nonsense;\n    |   ^');
    expect((await steps.apply(broken)).failed).toMatchObject({
      kind: 'refused',
      birdError: failed?.birdError,
    });
    expect(steps.state()).toMatch(/^shipped /);
    expect([steps.onDisk(), ...bird.sessions()]).toEqual(['theirs', 'theirs']);
    await steps.ship(ONE);
  });

  test('a main file that includes ours by its full path: inspect names the line, check proves it', async () => {
    await on(
      startBird((folder) => ({
        'bird.conf': mainFile(folder, `include "peers/*.conf";`),
        'peers/ours.conf': `\ninclude "${folder}/etc/k3s/ibgp.conf";\n`,
        'k3s/ibgp.conf': session('theirs'),
      })),
    );
    const at = join(bird.config, 'peers/ours.conf');
    expect((await steps.look()).absoluteIncludes).toEqual([
      { place: `${at}:2`, path: join(bird.config, 'k3s/ibgp.conf') },
    ]);
    done(await steps.adopt());
    done(await steps.stage(ONE));
    expect((await steps.check(ONE)).failed?.message).toContain(
      'does not read k3s/ibgp.conf of a staged copy',
    );
  });

  test('a main file that does not include ours', async () => {
    await on(
      startBird((folder) => ({ 'bird.conf': mainFile(folder, ''), 'k3s/ibgp.conf': session('theirs') })),
    );
    done(await steps.adopt());
    done(await steps.stage(ONE));
    expect((await steps.check(ONE)).failed?.fix).toContain('Include it in');
  });

  test('a folder that we did not ship, until it is adopted', async () => {
    await on(theirs());
    done(await steps.stage(ONE));
    done(await steps.check(ONE));
    expect((await steps.apply(ONE)).failed).toMatchObject({ code: 'drift', fix: 'Adopt it first.' });
    expect(lstatSync(join(bird.config, 'k3s')).isDirectory()).toBe(true);
    done(await steps.adopt());
    expect(readFileSync(join(bird.config, 'k3s/ibgp.conf'), 'utf8')).toBe(session('theirs'));
  });

  test('a release that was not staged, applied or checked before', async () => {
    await prepare();
    expect((await steps.check(ONE)).failed?.message).toContain('is not staged');
    expect((await steps.apply(ONE)).failed?.message).toContain('is not staged');
    expect((await steps.confirm(ONE)).failed?.message).toContain('is not applied');
    done(await steps.stage(TWO));
    expect((await steps.apply(ONE)).failed?.message).toContain('is not staged');
    done(await steps.apply(TWO));
    expect((await steps.confirm(ONE)).failed?.message).toContain('is not applied');
    expect((await steps.apply(ONE)).failed?.fix).toBe('Run settle first.');
    expect((await steps.discard()).failed?.fix).toBe('Run settle first.');
    done(await steps.undo());
  });

  test('live files that BIRD itself would reject are reported', async () => {
    await prepare();
    put(join(bird.config, 'bird.conf'), 'nonsense;\n');
    expect((await steps.look()).liveError).toMatch(/^8002 .*bird\.conf:1:/);
  });
});

describe('a router that lacks something', () => {
  test('BIRD does not run', async () => {
    await prepare();
    bird.stop();
    expect((await inspect(local(), bird.settings)).failed).toMatchObject({
      kind: 'lacking',
      message: expect.stringContaining('BIRD does not answer on its control socket'),
    });
    expect((await steps.stage(ONE)).failed?.kind).toBe('lacking');
  });

  test('its configuration is in another folder', async () => {
    await prepare();
    const elsewhere = { ...bird.settings, configDir: join(bird.folder, 'elsewhere') };
    mkdirSync(elsewhere.configDir);
    expect((await inspect(local(), elsewhere)).failed).toMatchObject({
      kind: 'lacking',
      code: 'main-file',
      fix: expect.stringContaining(`Set bird.configDir of this router to ${bird.config}`),
    });
    const nowhere = { ...bird.settings, configDir: join(bird.folder, 'nowhere') };
    expect((await inspect(local(), nowhere)).failed?.message).toContain('there is no folder');
  });
});
