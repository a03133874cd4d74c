import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { LARGEST_RELEASE, tarOf } from '../../../delivery/release.ts';
import { hold, inspect, settingsOf, stage } from '../../../delivery/router.ts';
import { forcedCommand, routerScript } from '../../../delivery/script/script.ts';
import type { Remote } from '../../../delivery/ssh/remote.ts';
import { type Bird, local, put } from '../bird.ts';
import { adopted, atWork, done, release, type Steps, stepsOn, theirs } from '../steps.ts';
import { busybox } from './shells.ts';

const ONE = release('one');
const scratch: string[] = [];
const temporary = () => {
  const folder = mkdtempSync(join(tmpdir(), 'noencap-script-'));
  scratch.push(folder);
  return folder;
};
afterAll(() => {
  for (const folder of scratch) rmSync(folder, { recursive: true, force: true });
});

function shellcheck(script: string, ...options: string[]): string {
  const { error, stdout } = spawnSync('shellcheck', [...options, '-'], { input: script, encoding: 'utf8' });
  if (error !== undefined) throw new Error('shellcheck is missing. Run: scripts/setup-tests.sh');
  return stdout;
}

test('shellcheck finds nothing in a part of it, read as an editor does', () => {
  const folder = 'delivery/script';
  const parts = readdirSync(folder).filter((name) => name.endsWith('.sh'));
  expect(parts).toContain('bird.sh');
  const { stdout } = spawnSync('shellcheck', parts, { cwd: folder, encoding: 'utf8' });
  expect(stdout).toBe('');
});

test('shellcheck finds nothing', () => {
  expect(shellcheck(routerScript(), '-s', 'sh')).toBe('');
  expect(shellcheck(forcedCommand(['config=/etc/bird']))).toBe('');
  expect(shellcheck(`${routerScript()}echo $nothing\n`, '-s', 'sh')).toContain('SC2086');
});

test('the script fits into one program argument', () => {
  expect(routerScript().length).toBeLessThan(128 * 1024 - 1);
});

test('while id fails no verb does anything: the account may be root', () => {
  const folder = temporary();
  writeFileSync(join(folder, 'id'), '#!/bin/sh\nexit 1\n', { mode: 0o755 });
  const words = ['-c', routerScript(), 'noencap', `config=${folder}`, 'inspect'];
  const env = { ...process.env, PATH: `${folder}:${process.env.PATH}` };
  const { status, stderr } = spawnSync('sh', words, { encoding: 'utf8', env });
  expect({ status, stderr }).toEqual({
    status: 3,
    stderr: expect.stringContaining('cannot tell which account this is: id -u fails'),
  });
});

/** The fault in lines, with one fix. */
const USAGE = /^code usage\nmessage .*\nfix .*\n$/;

describe('arguments', () => {
  const run = (...words: string[]) => {
    const { status, stdout, stderr } = spawnSync('sh', ['-c', routerScript(), 'noencap', ...words], {
      encoding: 'utf8',
    });
    return { status, stdout, stderr };
  };

  test.each([
    [[], 'is not a verb'],
    [['nonsense'], 'is not a verb'],
    [['inspect', 'x'], 'takes 0 arguments'],
    [['confirm'], 'takes 1 arguments'],
    [['confirm', 'xyz'], '16 hexadecimal digits'],
    [['confirm', '0123456789ABCDEF'], '16 hexadecimal digits'],
    [['confirm', '0123456789abcde'], '16 hexadecimal digits'],
    [['confirm', '0123456789abcdef0'], '16 hexadecimal digits'],
    [['confirm', '../../etc/passwd'], '16 hexadecimal digits'],
    [['confirm', '0123456789abcdef'], 'needs owner='],
    [['confirm', '$(touch${IFS}x)'], 'characters other than'],
    [['confirm', 'a;b'], 'characters other than'],
    [['confirm', 'a b'], 'characters other than'],
    [['confirm', 'a\nb'], 'characters other than'],
    [['confirm', ''], 'is empty'],
    [['confirm', '*'], 'characters other than'],
    [['-c', 'id'], 'characters other than'],
    [['confirm', 'a'.repeat(1001)], 'longer than 1000'],
    [['apply', '0123456789abcdef', '4'], 'not between'],
    [['apply', '0123456789abcdef', '99999'], 'not between'],
    [['apply', '0123456789abcdef', '-1'], 'characters other than'],
    [['apply', '0123456789abcdef', '1e3'], 'not a number'],
    [['apply', '0123456789abcdef', '999999999999999999999'], 'not a number'],
    [['config=etc', 'inspect'], 'not an absolute path'],
    [['config=/etc/../root', 'inspect'], '. or ..'],
    [['config=/etc//bird', 'inspect'], '. or ..'],
    [['birdc=id', 'inspect'], 'not an absolute path'],
    [['entry=passwd', 'inspect'], 'is not a setting'],
    [['secret=bird.conf', 'inspect'], 'not a valid name for a password file'],
    [['secret=k3s', 'inspect'], 'not a valid name for a password file'],
    [['secret=envvars', 'inspect'], 'not a valid name for a password file'],
    [['secret=.noencap', 'inspect'], 'not a valid name for a password file'],
    [['secret=..', 'inspect'], 'not a valid name for a password file'],
    [['secret=k3s/x.conf', 'inspect'], 'not a valid name for a password file'],
    [['secret=', 'inspect'], 'not a valid name for a password file'],
    [['secret=a:b', 'inspect'], 'not a valid name for a password file'],
    [[`secret=${'a'.repeat(101)}`, 'inspect'], 'at most 100'],
    [['secret=k3s-password.conf', 'show', 'k3s-password.conf'], "is not noencap's"],
    [['secret=k3s-password.conf', 'show', 'k3s/../k3s-password.conf'], 'leaves the folder'],
    [['fixed', 'config=/tmp', '--', 'secret=a.conf', 'inspect'], 'set the account up again'],
    [['fixed', 'config=/tmp', 'secret=a.conf', '--', 'secret=b.conf', 'inspect'], 'may not choose'],
    [['PATH=/tmp', 'inspect'], 'is not a setting'],
    [['owner=a,b', 'inspect'], 'characters other than'],
    [['owner=a/b', 'inspect'], 'is not a valid owner'],
    [['sysctl=../../etc/passwd', 'inspect'], 'not a kernel setting'],
    [['sysctl=net..x', 'inspect'], 'not a kernel setting'],
    [['show', 'k3s/../bird.conf'], 'leaves the folder'],
    [['show', '/etc/passwd'], 'leaves the folder'],
    [['show', 'passwd'], "is not noencap's"],
    [['show', '.noencap/state'], "is not noencap's"],
    [['hold', 'a', '0'], 'not between'],
    [['fixed', 'config=/tmp'], 'end with --'],
    [['fixed', 'config=/tmp', '--', 'config=/etc', 'inspect'], 'may not choose'],
    [['fixed', 'config=/tmp', '--', 'birdc=/tmp/x', 'inspect'], 'may not choose'],
    [['fixed', '--', 'fixed', '--', 'inspect'], 'characters other than'],
  ])('%j is wrong use', (words, why) => {
    // Most are wrong before anything is looked up; the others need an existing folder.
    const here = words.some((word) => word.startsWith('config=')) ? words : ['config=/tmp', ...words];
    const found = run(...(words[0] === 'fixed' ? words : here));
    expect(found).toMatchObject({
      status: 2,
      stdout: expect.stringMatching(USAGE),
      stderr: expect.stringContaining(why),
    });
    expect(found.stderr.trim().split('\n')).toHaveLength(found.stderr.includes('a\nb') ? 2 : 1);
  });
});

describe('a forced command', () => {
  let bird: Bird;
  let file: string;
  beforeAll(() => {
    bird = theirs();
    file = join(temporary(), 'router');
    writeFileSync(file, forcedCommand(settingsOf(bird.settings)), { mode: 0o755 });
  });
  afterAll(() => bird.end());
  const ask = (original: string) =>
    spawnSync(file, { encoding: 'utf8', env: { ...process.env, SSH_ORIGINAL_COMMAND: original } });

  test('accepts verbs, with or without its own settings', () => {
    expect(ask('inspect').stdout).toMatch(/\nend\n$/);
    expect(ask([...settingsOf(bird.settings), 'inspect'].join(' ')).stdout).toMatch(/\nend\n$/);
  });

  test.each([
    '',
    'id',
    'sh -c id',
    'inspect; id',
    'inspect && id',
    '$(id)',
    '`id`',
    '*',
    'config=/root inspect',
    'birdc=/bin/sh inspect',
    'fixed birdc=/bin/sh -- inspect',
    'scp -t /etc',
    '/usr/lib/openssh/sftp-server',
  ])('does not accept %j', (original) => {
    const { status, stdout } = ask(original);
    expect({ status, stdout }).toEqual({ status: 2, stdout: expect.stringMatching(USAGE) });
  });

  test('does not accept thousands of words', () => {
    expect(ask(`inspect ${'x '.repeat(5000)}`)).toMatchObject({
      status: 2,
      stdout: expect.stringMatching(USAGE),
    });
  });

  test('is made only of settings', () => {
    expect(() => forcedCommand(['config=/etc/bird; id'])).toThrow('is not a setting');
    expect(() => forcedCommand(['owner=x'])).toThrow('is not a setting');
    expect(forcedCommand(['config=/etc/bird', 'secret=k3s-password.conf'])).toContain(
      'set -- fixed config=/etc/bird secret=k3s-password.conf -- ',
    );
  });
});

const box = busybox();
afterAll(box.end);

describe.each([
  ['dash', {}],
  ['busybox', box],
])('with %s', (_, way) => {
  let remote: Remote;
  let steps: Steps;
  let bird: Bird;
  beforeEach(async () => {
    remote = local(way);
    bird = theirs();
    steps = await adopted(bird, remote);
  });
  afterEach(async () => {
    await steps.lock.release();
    bird.end();
  });

  test('a release is shipped, undone, and shipped after all', async () => {
    await steps.ship(ONE);
    const two = release('two');
    done(await steps.stage(two));
    done(await steps.apply(two));
    done(await steps.undo());
    expect(bird.sessions()).toEqual(['one']);
    await steps.ship(two);
    expect([steps.onDisk(), ...bird.sessions()]).toEqual(['two', 'two']);
    expect(await inspect(remote, bird.settings, ['net.ipv4.ip_forward', 'net.no.such'])).toMatchObject({
      done: {
        inodes: expect.any(Number),
        sysctls: new Map([
          ['net.ipv4.ip_forward', expect.stringMatching(/^[01]$/)],
          ['net.no.such', ''],
        ]),
      },
    });
    put(join(bird.config, 'k3s/ibgp.conf'), '# edited\n');
    expect(done(await steps.adopt())).toMatch(/^[0-9a-f]{16}$/);
  });

  test('one holds the lock, and the others learn its name', async () => {
    expect((await hold(remote, bird.settings, 'other')).failed).toMatchObject({
      kind: 'refused',
      message: expect.stringContaining('the lock of this router belongs to test'),
    });
    const other = { ...steps.lock, owner: 'other' };
    expect((await stage(remote, bird.settings, other, ONE)).failed?.message).toContain(
      'belongs to test, not to other',
    );
    await steps.lock.release();
    expect((await steps.stage(ONE, remote)).failed?.message).toContain('nobody holds the lock');
    const next = done(await hold(remote, bird.settings, 'other'));
    expect(next.stale).toBeUndefined();
    await next.release();
    expect(readdirSync(join(bird.config, '.noencap')).filter((name) => /lock|busy|stale/.test(name))).toEqual(
      [],
    );
  });

  test('the lock of a dead process is taken over, which is reported', async () => {
    const link = join(bird.config, '.noencap/lock');
    const [, pid = ''] = readlinkSync(link).split(',');
    process.kill(Number(pid), 'SIGKILL');
    await steps.lock.broken;
    expect(readlinkSync(link)).toMatch(/^test,/);
    const next = done(await hold(remote, bird.settings, 'next'));
    expect(next.stale).toBe('test');
    await next.release();
  });

  test.each([
    ['another boot', (mine: string) => mine.replace(/,[^,]*$/, ',00000000-0000-0000-0000-000000000000')],
    ['another process with its number', (mine: string) => mine.replace(/,\d+,([^,]*)$/, ',1,$1')],
    ['nobody', () => 'nonsense'],
  ])('a lock of %s is taken over', async (_name, from) => {
    await steps.lock.release();
    const own = (await hold(remote, bird.settings, 'own')).done;
    const link = join(bird.config, '.noencap/lock');
    const text = readlinkSync(link);
    await own?.release();
    symlinkSync(from(text), link);
    const next = done(await hold(remote, bird.settings, 'next'));
    expect(next.stale).toBe(from(text).split(',')[0]);
    await next.release();
  });

  test('a lock with a silent holder is released; one with an active holder is kept', async () => {
    await steps.lock.release();
    const silent = await remote.start(
      { verb: 'hold', settings: settingsOf(bird.settings), args: ['silent', '1'] },
      'held',
    );
    if ('ended' in silent) await silent.ended;
    // Twice the allowed silence, and far longer than a busy machine delays a word.
    const speaking = done(await hold(remote, bird.settings, 'speaking', { seconds: 9 }));
    const lost = await Promise.race([speaking.broken, sleep(20_000)]);
    expect(lost).toBeUndefined();
    await speaking.release();
  });

  test('an owner that lost its line takes the lock again over another one', async () => {
    const again = done(await hold(remote, bird.settings, steps.lock.owner));
    // The end of the first line removes nothing.
    await steps.lock.release();
    expect((await hold(remote, bird.settings, 'another')).failed?.message).toContain('belongs to test');
    await again.release();
  });

  test('a verb that a lost line left running is waited for', async () => {
    const slow = join(bird.folder, 'birdc');
    put(slow, `#!/bin/sh\nsleep 2\nexec ${bird.settings.birdc} "$@"\n`);
    spawnSync('chmod', ['755', slow]);
    const lazy = stepsOn(bird, steps.lock, remote, { ...bird.settings, birdc: slow });
    const first = lazy.stage(ONE, remote);
    await atWork(bird, 'stage');
    done(await steps.discard());
    // Everything was there by then, and what was to be discarded no longer is.
    expect(existsSync(join(bird.config, '.noencap/releases', ONE.hash))).toBe(true);
    expect(existsSync(join(bird.config, '.noencap/staged'))).toBe(false);
    done(await first);
  });

  describe('an upload', () => {
    const whole = tarOf(ONE);
    let before: string[];
    beforeEach(() => {
      before = steps.inventory();
    });
    const upload = (bytes: Uint8Array) =>
      remote.run(
        { verb: 'stage', settings: [...settingsOf(bird.settings), 'owner=test'], args: [ONE.hash] },
        bytes,
      );
    const refused = async (bytes: Uint8Array, why: RegExp) => {
      const { code, stderr } = await upload(bytes);
      expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringMatching(why) });
      expect(steps.inventory()).toEqual(before);
    };

    test.each([0, 1, 511, 512, 700, 1024, 1300, Math.floor(whole.length / 2), whole.length - 1536])(
      'that is cut off after %d bytes leaves nothing',
      async (length) => {
        await refused(whole.subarray(0, length), /cut off|do not match|something other/);
      },
    );

    test('with a wrong byte leaves nothing', async () => {
      const at = whole.findIndex(
        (_byte, index) => index > 512 && String.fromCharCode(...whole.subarray(index, index + 3)) === 'bgp',
      );
      const wrong = Uint8Array.from(whole);
      wrong[at] = 'B'.charCodeAt(0);
      await refused(wrong, /do not match|not a tar|something other/);
    });

    test('of another release leaves nothing', async () => {
      await refused(tarOf(release('two')), /is not release/);
    });

    test('that is too large leaves nothing', async () => {
      await refused(new Uint8Array(LARGEST_RELEASE + 600), /larger than/);
    });

    test.each([
      ['a path upwards', 'echo x >a; tar -cPf tar --transform "s|^a|../../../a|" a'],
      ['an absolute path', 'echo x >a; tar -cPf tar --transform "s|^a|/tmp/noencap-hostile|" a'],
      ['a symbolic link', 'ln -s /etc k3s; tar -cf tar k3s'],
      [
        'a symbolic link and a file behind it',
        'mkdir k3s; echo x >k3s/x; tar -cf tar k3s; rm -r k3s; ln -s /tmp k3s; tar --append -f tar k3s',
      ],
      ['a hard link', 'echo x >a; ln a b; tar -cf tar a b'],
      ['a pipe', 'mkfifo a; tar -cf tar a'],
      ['a name with a space', 'echo x >"a b"; tar -cf tar "a b"'],
      ['a name with a newline', 'echo x >"$(printf "a\\nb")"; tar -cf tar a*'],
      ['a name that a shell would run', 'echo x >"\\$(id)"; tar -cf tar -- *id*'],
      ['a name that begins with a dash', 'echo x >-rf; tar -cf tar -- -rf'],
      [
        'a file beside the manifest',
        'tar -xf whole; echo x >k3s/extra.conf; tar -cf tar manifest k3s sysctl.d',
      ],
      ['a file less than the manifest', 'tar -xf whole; rm -r sysctl.d; tar -cf tar manifest k3s'],
      ['no manifest', 'tar -xf whole; tar -cf tar k3s sysctl.d'],
      [
        'a manifest that names a file outside',
        'tar -xf whole; sha256sum /etc/passwd >>manifest; tar -cf tar manifest k3s sysctl.d',
      ],
    ])('with %s leaves nothing', async (_name, making) => {
      const folder = temporary();
      writeFileSync(join(folder, 'whole'), whole);
      const made = spawnSync('sh', ['-ec', making], { cwd: folder, encoding: 'utf8' });
      expect(made).toMatchObject({ status: 0 });
      await refused(readFileSync(join(folder, 'tar')), /something other|do not match|cut off/);
      expect(existsSync('/tmp/noencap-hostile')).toBe(false);
    });
  });
});
