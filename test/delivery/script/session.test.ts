import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { chmodSync, existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { tarOf } from '../../../delivery/release.ts';
import { hold, inspect, settingsOf } from '../../../delivery/router.ts';
import { forcedCommand, routerScript } from '../../../delivery/script/script.ts';
import { type Bird, local, put, type Way } from '../bird.ts';
import { adopted, agree, atWork, done, release, stepsOn, theirs } from '../steps.ts';
import { busybox } from './shells.ts';

const [ONE, TWO] = [release('one'), release('two')];

/** How an answer ends. */
const RAN = '\u0001ran';

/** A session over which a test sends raw bytes. */
interface Raw {
  readonly child: ChildProcessWithoutNullStreams;
  readonly said: { stdout: string; stderr: string };
  readonly ended: Promise<number | null>;
  /** Waits until its answers end with this one. */
  answered(number: number): Promise<void>;
}

const box = busybox();
afterAll(box.end);

/** A fault in the answer to a verb. */
const FAULT = 'code \\S+\nmessage .*\nfix .*\n';

describe.each([
  ['dash', {}],
  ['busybox', box],
])('with %s', (_, way: Way) => {
  /** The resources of one test, so that tests can wait in parallel: a router that runs ONE, and sessions with it. */
  interface Scene {
    readonly bird: Bird;
    readonly words: () => string;
    readonly holds: () => boolean;
    readonly raw: (seconds?: string, script?: string, settings?: readonly string[]) => Promise<Raw>;
    /** Nothing is staged and nobody holds the lock. */
    readonly isQuiet: () => void;
    /** The same, and the next delivery succeeds. */
    readonly isSound: (runs: string) => Promise<void>;
    readonly end: () => Promise<void>;
  }

  async function sceneOf(): Promise<Scene> {
    const raws: Raw[] = [];
    const bird = theirs();
    const steps = await adopted(bird, local(way));
    await steps.ship(ONE);
    await steps.lock.release();
    const holds = () => {
      try {
        return readlinkSync(join(bird.config, '.noencap/lock')).startsWith('test,');
      } catch {
        return false;
      }
    };
    const isQuiet = () => {
      expect(existsSync(join(bird.config, '.noencap/staged'))).toBe(false);
      expect(holds()).toBe(false);
    };
    return {
      bird,
      words: () => [...settingsOf(bird.settings), 'owner=test'].join(' '),
      holds,
      isQuiet,
      raw: async (seconds = '3600', script = routerScript(), settings = settingsOf(bird.settings)) => {
        const [program = 'sh', ...before] = way.shell ?? ['sh'];
        const own = [...before, '-c', script, 'noencap', ...settings, 'hold', 'test', seconds];
        const child = spawn(program, own, { env: { PATH: way.path ?? process.env.PATH } });
        child.stdin.on('error', () => {});
        const said = { stdout: '', stderr: '' };
        for (const name of ['stdout', 'stderr'] as const) {
          child[name].setEncoding('utf8').on('data', (text: string) => {
            said[name] += text;
          });
        }
        const ended = new Promise<number | null>((end) => child.on('close', end));
        const until = async (holds: () => boolean) => {
          for (let tries = 0; !holds() && tries < 12_000; tries++) await sleep(20);
          if (!holds()) throw new Error(`it says: ${said.stdout}${said.stderr}`);
        };
        const one: Raw = {
          child,
          said,
          ended,
          answered: (number) =>
            until(
              () =>
                new RegExp(`${RAN} ${number} \\d+\n$`).test(said.stdout) &&
                said.stderr.endsWith(`${RAN} ${number}\n`),
            ),
        };
        raws.push(one);
        await until(() => said.stdout.includes('held\n'));
        return one;
      },
      isSound: async (runs) => {
        isQuiet();
        const remote = local(way);
        const next = stepsOn(bird, done(await hold(remote, bird.settings, 'next')), remote);
        done(await next.settle());
        await agree(next);
        expect(next.onDisk()).toBe(runs);
        await next.ship(release('three'));
        await agree(next);
        await next.lock.release();
      },
      end: async () => {
        for (const { child, ended } of raws) {
          child.kill('SIGKILL');
          await ended;
        }
        bird.end();
      },
    };
  }

  const alone = (tell: (scene: Scene) => Promise<void>) => async () => {
    const scene = await sceneOf();
    try {
      await tell(scene);
    } finally {
      await scene.end();
    }
  };

  test.concurrent(
    'a line that is cut off is not done',
    alone(async ({ words, raw, isSound }) => {
      const whole = `run 0 ${words()} adopt\n`;
      for (const length of [1, 3, 4, 6, 20, whole.length - 4, whole.length - 1]) {
        const { child, said, ended } = await raw();
        child.stdin.end(whole.slice(0, length));
        expect([await ended, said.stdout, said.stderr]).toEqual([0, 'held\nend\n', '']);
      }
      await isSound('one');
    }),
  );

  test.concurrent(
    'an archive that is cut off leaves nothing',
    alone(async ({ words, raw, isSound }) => {
      const tar = tarOf(TWO);
      const line = `run ${tar.length} ${words()} stage ${TWO.hash}\n`;
      for (const length of [0, 1, 511, 512, 1024, tar.length - 1024, tar.length - 512, tar.length - 1]) {
        const { child, said, ended } = await raw();
        child.stdin.write(line);
        child.stdin.end(tar.subarray(0, length));
        expect(await ended).toBe(0);
        expect(said.stderr).toMatch(/cut off|do not match|something other/);
        expect(said.stdout).toMatch(new RegExp(`^held\n${FAULT}${RAN} 1 1\nend\n$`));
      }
      await isSound('one');
    }),
  );

  test.concurrent(
    'what a verb leaves of its input is not taken for a line',
    alone(async ({ words, raw, isSound }) => {
      const one = await raw();
      const hostile = `\nrun 0 ${words()} discard\n`.repeat(4000);
      one.child.stdin.write(`run ${hostile.length} ${words()} stage nonsense\n${hostile}`);
      await one.answered(1);
      expect(one.said).toEqual({
        stdout: expect.stringMatching(new RegExp(`^held\n${FAULT}${RAN} 1 2\n$`)),
        stderr: expect.stringMatching(new RegExp(`^nonsense is not a valid release.*\\n${RAN} 1\\n$`)),
      });
      one.child.stdin.write(`run 0 ${words()} discard\n`);
      await one.answered(2);
      one.child.stdin.end();
      await one.ended;
      await isSound('one');
    }),
  );

  test.concurrent(
    'lines that come while a verb runs are answered after it, in their order',
    alone(async ({ words, raw, isSound }) => {
      const one = await raw();
      one.child.stdin.write(`run 0 ${words()} discard\n\nrun 0 ${words()} confirm ${TWO.hash}\n\n`);
      one.child.stdin.end(`run 0 ${words()} undo\n`);
      expect(await one.ended).toBe(0);
      expect(one.said.stdout).toMatch(
        new RegExp(
          `^held\ndiscarded\nend\n${RAN} 1 0\n${FAULT}${RAN} 2 1\nundone none\nend\n${RAN} 3 0\nend\n$`,
        ),
      );
      await isSound('one');
    }),
  );

  test.concurrent(
    'a verb that takes longer than anybody may be silent is finished, and the lock is kept',
    alone(async ({ bird, holds, raw, isSound }) => {
      const slow = join(bird.folder, 'birdc');
      // Once is enough: nothing was said for that long.
      put(
        slow,
        `#!/bin/sh\nmkdir ${bird.folder}/once 2>/dev/null && sleep 14\nexec ${bird.settings.birdc} "$@"\n`,
      );
      chmodSync(slow, 0o755);
      const settings = settingsOf({ ...bird.settings, birdc: slow });
      const one = await raw('9', routerScript(), settings);
      one.child.stdin.write(`run 0 ${settings.join(' ')} protocols\n`);
      await one.answered(1);
      expect(one.said.stdout).toMatch(new RegExp(`\\nend\\n${RAN} 1 0\\n$`));
      expect(holds()).toBe(true);
      // Then silence.
      expect(await one.ended).toBe(1);
      await isSound('one');
    }),
  );

  test.concurrent.each(['stage', 'inspect'])('a BIRD that hangs ends %s, and not the session', (verb) =>
    alone(async ({ bird, isSound }) => {
      const hurried = { ...way, script: routerScript().replace('patience=60', 'patience=2') };
      const remote = local(hurried);
      const held = done(await hold(remote, bird.settings, 'test', { seconds: 9 }));
      const steps = stepsOn(bird, held, remote);
      const daemon = Number(readFileSync(join(bird.folder, 'pid'), 'utf8'));
      process.kill(daemon, 'SIGSTOP');
      const asked = verb === 'stage' ? steps.stage(TWO) : inspect(held, bird.settings);
      const { failed } = await asked;
      const alone = await inspect(remote, bird.settings);
      process.kill(daemon, 'SIGCONT');
      const message = expect.stringContaining('BIRD did not answer within 2 seconds (no answer)');
      const fault = { kind: 'lacking', code: 'bird', message, fix: 'Check what it is busy with.' };
      expect([failed, alone.failed]).toEqual([fault, fault]);
      await steps.ship(TWO);
      await held.release();
      await isSound('two');
    })(),
  );

  test.concurrent(
    'a line that dies lets a verb that has begun end, and then lets the lock go',
    alone(async ({ bird, isSound }) => {
      const slow = join(bird.folder, 'birdc');
      put(slow, `#!/bin/sh\nsleep 1\nexec ${bird.settings.birdc} "$@"\n`);
      chmodSync(slow, 0o755);
      const remote = local(way);
      const lazy = { ...bird.settings, birdc: slow };
      const held = done(await hold(remote, lazy, 'test'));
      const steps = stepsOn(bird, held, remote, lazy);
      done(await steps.stage(TWO));
      done(await steps.apply(TWO));
      const confirmation = steps.confirm(TWO);
      await atWork(bird, 'confirm');
      const [child] = remote.children;
      child?.stdout?.destroy();
      child?.stderr?.destroy();
      child?.stdin?.destroy();
      child?.kill('SIGHUP');
      child?.kill('SIGPIPE');
      expect((await confirmation).failed?.kind).toBe('lost');
      await held.broken;
      expect(steps.state()).toBe(`shipped ${TWO.hash}`);
      await isSound('two');
    }),
  );

  test.concurrent(
    'a session whose process is killed leaves its verb to end, and the next one waits for that',
    alone(async ({ bird, isSound }) => {
      const slow = join(bird.folder, 'birdc');
      put(slow, `#!/bin/sh\nsleep 1\nexec ${bird.settings.birdc} "$@"\n`);
      chmodSync(slow, 0o755);
      const remote = local(way);
      const lazy = { ...bird.settings, birdc: slow };
      const held = done(await hold(remote, lazy, 'test'));
      const steps = stepsOn(bird, held, remote, lazy);
      const staging = steps.stage(TWO);
      await atWork(bird, 'stage');
      remote.children[0]?.kill('SIGKILL');
      const next = done(await hold(remote, bird.settings, 'next'));
      expect(next.stale).toBe('test');
      done(await stepsOn(bird, next, remote).settle());
      // The verb has left its final state, and it is settled.
      expect(existsSync(join(bird.config, '.noencap/releases', TWO.hash))).toBe(true);
      expect(existsSync(join(bird.config, '.noencap/staged'))).toBe(false);
      expect((await staging).failed?.kind).toBe('lost');
      await next.release();
      await isSound('one');
    }),
  );

  describe('an invalid line ends the session:', () => {
    let scene: Scene;
    beforeAll(async () => {
      scene = await sceneOf();
    });
    afterAll(() => scene.end());
    test.each([
      ['another word', 'go 0 inspect'],
      ['no verb', 'run 0'],
      ['no number', 'run x inspect'],
      ['a negative number', 'run -1 inspect'],
      ['an octal number', 'run 010 inspect'],
      ['more than any release has', 'run 33554433 stage 0123456789abcdef'],
      ['more than a shell can count', 'run 99999999999999999999 stage 0123456789abcdef'],
      ['bytes that are no text', '\u0000\u0001\u00ff'],
      ['a pattern', '*'],
    ])('%s', async (_name, line) => {
      const { child, said, ended } = await scene.raw();
      child.stdin.write(`${line}\n`);
      expect(await ended).toBe(2);
      expect(said.stdout).toMatch(new RegExp(`^held\n${FAULT}$`));
      expect(said.stderr).not.toBe('');
      scene.isQuiet();
    });
    test('after all of them the router is sound', () => scene.isSound('one'));
  });

  describe('an invalid verb is refused, and the session goes on:', () => {
    let scene: Scene;
    beforeAll(async () => {
      scene = await sceneOf();
    });
    afterAll(() => scene.end());
    test.each([
      'hold test 60',
      'show k3s/ibgp.conf',
      'sh',
      'inspect;touch pwned',
      '$(touch pwned)',
      '`touch pwned`',
      'config=/etc/../root inspect',
      'fixed birdc=/bin/sh -- inspect',
      'stage ../../etc',
      '*',
    ])('%j', async (verb) => {
      const { bird, words, holds, raw, isQuiet } = scene;
      const one = await raw();
      one.child.stdin.write(`run 0 ${verb}\n`);
      await one.answered(1);
      expect(one.said.stdout).toMatch(new RegExp(`^held\n${FAULT}${RAN} 1 [123]\n$`));
      expect(holds()).toBe(true);
      one.child.stdin.write(`run 0 ${words()} discard\n`);
      await one.answered(2);
      one.child.stdin.end();
      await one.ended;
      expect(readdirSync(bird.config)).not.toContain('pwned');
      isQuiet();
    });
    test('after all of them the router is sound', () => scene.isSound('one'));
  });

  test.concurrent(
    'a forced command fixes the settings of every line, too',
    alone(async ({ bird, raw, isSound }) => {
      const script = forcedCommand(settingsOf(bird.settings));
      const one = await raw('60', `SSH_ORIGINAL_COMMAND="$*"\n${script}`, []);
      const lines = ['birdc=/bin/sh inspect', 'config=/etc inspect', 'socket=/tmp/other inspect', 'inspect'];
      for (const [index, line] of lines.entries()) {
        one.child.stdin.write(`run 0 ${line}\n`);
        await one.answered(index + 1);
      }
      expect(one.said.stdout).toMatch(
        new RegExp(`^held\n${FAULT}${RAN} 1 2\n${FAULT}${RAN} 2 2\n${FAULT}${RAN} 3 2\nprotocol 7\n`),
      );
      expect(one.said.stdout).toMatch(new RegExp(`\\nend\\n${RAN} 4 0\\n$`));
      expect(one.said.stderr.match(/may not choose these settings/g)).toHaveLength(3);
      one.child.stdin.end();
      await one.ended;
      await isSound('one');
    }),
  );

  test.concurrent(
    'a verb of a session is as one of its own',
    alone(async ({ bird }) => {
      const remote = local(way);
      const held = done(await hold(remote, bird.settings, 'test'));
      const [there, alone] = [await inspect(held, bird.settings), await inspect(remote, bird.settings)];
      const steady = ({ done: found }: typeof there) => ({ ...found, diskKb: 0, inodes: 0 });
      expect(steady(there)).toEqual(steady(alone));
      await held.release();
      expect((await inspect(held, bird.settings)).failed?.kind).toBe('lost');
    }),
  );
});
