import { setTimeout as sleep } from 'node:timers/promises';
import { waited } from '../../waited.ts';
import type { Runs } from './desk.ts';
import { otherTool } from './desk.ts';
import { type Held, heldAt, type Point, type Step } from './hold.ts';
import type { FleetRouter } from './router.ts';
import { libfaketime } from './router.ts';
import type { Chapter, Scene, Story } from './story.ts';
import type { RouterName } from './topology.ts';

/** The rest of a story with a kill. */
type Kill = Partial<Pick<Story, 'change' | 'tool' | 'args' | 'has'>>;

/** Ship is killed at a step: before the router receives it, or once the router has done it but ship has not heard of that. */
const killed = (router: RouterName, step: Step, when: Point['when'], more: Kill = {}): Story => ({
  fault: when === 'before' ? `as ${step} begins` : `when ${step} is done and the answer on its way`,
  router,
  run: async ({ ship, folder }) => {
    const held = heldAt(folder, { step, when });
    const ran = ship({ env: held.env });
    if (step === 'undo' || step === 'verify') await interrupted(ran, router);
    await stands(held, ran);
    ran.kill();
    held.kill();
    return ran.ended;
  },
  ends: 'killed',
  has: 'old',
  ...(isUnconfirmed(step, when) && more.has !== 'new' ? { waits: true } : {}),
  ...more,
});

/** It is then undone at once, where a gate would wait until little time is left. */
async function interrupted(ran: Runs, router: RouterName): Promise<void> {
  await ran.line(new RegExp(`${router}: gate started`));
  ran.interrupt();
}

/** From `apply` to `confirm` BIRD runs an unconfirmed change. */
const isUnconfirmed = (step: Step, when: Point['when']): boolean =>
  step === 'gate' ||
  (step === 'undo' && when === 'before') ||
  (step === 'apply' ? when === 'after' : step === 'confirm' && when === 'before');

/** Waits until a ship has stopped where it is held; if it has ended before that, throws with its output. */
const stands = (held: Held, ran: Runs): Promise<unknown> =>
  Promise.race([held.reached(), ran.ended.then(({ said }) => Promise.reject(new Error(said)))]);

/** Something happens before a step of ship, which waits for it and goes on. */
const before =
  (
    step: Step,
    happens: (router: FleetRouter, scene: Scene) => Promise<unknown>,
    env: Readonly<Record<string, string>> = {},
  ) =>
  async (scene: Scene) => {
    const { router, ship, folder } = scene;
    const held = heldAt(folder, { step, when: 'before' });
    const ran = ship({ env: { ...env, ...held.env } });
    await stands(held, ran);
    await happens(router, scene);
    held.release();
    return ran.ended;
  };

const whole = ({ ship }: Scene) => ship().ended;

/** The routers filter by the pool: with a different one they accept no route of the running nodes. */
const OTHER_POOL = { pods: '10.142.0.0/16' };

/** bird -p does not open the log file. */
const badLog: NonNullable<Story['tool']> = ({ desk }) =>
  otherTool(
    desk,
    'bad-log',
    'routers/standalone.ts',
    "option('log syslog all')",
    "option('log', string('/var/log/nowhere/bird.log'), 'all')",
  );

const restarted = async (router: FleetRouter) => {
  await router.killBird();
  await router.startBird();
};

/** Chapters of stories that do not interfere with each other. If one router's routes are lost, no other router can pass its gate. */
export const CHAPTERS: readonly Chapter[] = [
  {
    // The first delivery to routers that were set up by hand.
    stories: [
      killed('e1', 'adopt', 'before', { args: ['--accept-drift'] }),
      killed('e2', 'adopt', 'after', { args: ['--accept-drift'] }),
      killed('w1', 'settle', 'before', { args: ['--accept-drift'] }),
      killed('w2', 'lock', 'before', { args: ['--accept-drift'] }),
    ],
    patient: true,
    next: ['--accept-drift'],
  },
  {
    stories: [
      killed('e1', 'inspect', 'before'),
      killed('e2', 'stage', 'before'),
      killed('w1', 'stage', 'after'),
      killed('w2', 'check', 'before'),
    ],
    patient: true,
  },
  {
    stories: [
      killed('e1', 'apply', 'before'),
      killed('e2', 'apply', 'after'),
      killed('w1', 'gate', 'before'),
      killed('w2', 'confirm', 'before'),
    ],
    patient: true,
  },
  {
    stories: [
      {
        ...killed('e1', 'gate', 'before'),
        fault: 'as gate begins, and the next one comes before BIRD reverts',
      },
      killed('e2', 'confirm', 'after', { has: 'new' }),
      killed('w1', 'unlock', 'after', { has: 'new' }),
      {
        fault: 'a second ship at the same time',
        router: 'w2',
        run: async ({ ship, other, folder }) => {
          const held = heldAt(folder, { step: 'gate', when: 'before' });
          const first = other({ env: held.env });
          await stands(held, first);
          const second = await ship().ended;
          held.release();
          const { code, said } = await first.ended;
          if (code !== 0) throw new Error(`the first ship ended with ${code}:\n${said}`);
          return second;
        },
        ends: 1,
        has: 'new',
      },
    ],
    patient: false,
  },
  {
    stories: [
      killed('e1', 'discard', 'before', { tool: badLog }),
      killed('e2', 'undo', 'before', { change: OTHER_POOL }),
      killed('w2', 'undo', 'after', { change: OTHER_POOL }),
      {
        fault: 'a host key other than the pinned one',
        router: 'w1',
        before: (router) => otherKey(router, 'other'),
        run: whole,
        fix: (router) => otherKey(router, 'pinned'),
        ends: 3,
        has: 'old',
      },
    ],
    patient: true,
  },
  {
    stories: [
      {
        fault: 'a configuration that BIRD accepts but that loses all routes',
        router: 'w1',
        change: OTHER_POOL,
        isRace: true,
        run: whole,
        ends: 1,
        has: 'old',
      },
      killed('e2', 'verify', 'before', { change: OTHER_POOL }),
    ],
    patient: true,
  },
  {
    stories: [
      {
        fault: "a configuration that cuts ship's own way to the router",
        router: 'w1',
        change: { loopback: ['w1', '10.0.0.33'] },
        run: whole,
        isRace: true,
        ends: 1,
        has: 'old',
      },
      {
        fault: 'the disk is full',
        router: 'e2',
        before: (router) => router.fillDisk(),
        run: whole,
        fix: (router) => router.freeDisk(),
        ends: 1,
        has: 'old',
      },
      {
        fault: 'the file system is read-only',
        router: 'w2',
        before: (router) => router.remount('ro'),
        run: whole,
        fix: (router) => router.remount('rw'),
        ends: 1,
        has: 'old',
      },
    ],
    patient: true,
  },
  {
    stories: [
      {
        fault: 'the disk becomes full before confirm',
        router: 'e1',
        run: before('gate', (router) => router.fillDisk()),
        fix: (router) => router.freeDisk(),
        ends: 1,
        has: 'old',
      },
      {
        fault: 'the file system becomes read-only before confirm',
        router: 'e2',
        // Nobody can undo it there.
        isRace: true,
        run: before('gate', (router) => router.remount('ro')),
        fix: (router) => router.remount('rw'),
        ends: 1,
        has: 'old',
      },
      {
        fault: 'sshd is killed while files are staged',
        router: 'w1',
        // The connection is lost, or already gone with nothing accepting the next one.
        isVague: true,
        run: before('stage', (router) => router.killSshd()),
        fix: (router) => router.startSshd(),
        ends: 3,
        has: 'old',
      },
      {
        fault: "the clock of the router jumps by days before confirm, ship's is a day behind",
        router: 'w2',
        before: async (router) => router.setClock('-26h'),
        run: before('gate', async (router) => router.setClock('+3d'), {
          LD_PRELOAD: libfaketime(),
          FAKETIME: '-1d',
          FAKETIME_DONT_FAKE_MONOTONIC: '1',
        }),
        fix: async (router) => router.setClock('+0'),
        ends: 0,
        has: 'new',
      },
    ],
    patient: true,
  },
  {
    stories: [
      {
        fault: 'a configuration that bird -p accepts but the running BIRD rejects',
        router: 'e1',
        tool: badLog,
        run: whole,
        ends: 1,
        has: 'old',
      },
      {
        fault: 'BIRD is restarted before confirm',
        cutsSessions: true,
        router: 'e2',
        run: before('gate', restarted),
        ends: 1,
        has: 'old',
      },
      {
        fault: 'sshd is killed before confirm, and comes back when BIRD has reverted',
        router: 'w2',
        isRace: true,
        run: before('gate', async (router, { limit }) => {
          await router.killSshd();
          await waited('BIRD reverts', async () => !(await router.waits()), limit + 240);
          await router.startSshd();
        }),
        ends: 1,
        has: 'old',
      },
    ],
    patient: true,
  },
  {
    // Alone: its neighbours would lack the routes that it has not sent yet.
    stories: [
      {
        fault: 'BIRD hangs before confirm, and goes on when its time is over',
        router: 'w1',
        // It hangs for longer than OSPF's dead interval and BGP's hold time.
        cutsSessions: true,
        isRace: true,
        run: before('gate', async (router, { limit }) => {
          await router.hangBird('hang');
          await sleep((limit + 5) * 1000);
          await router.hangBird('go on');
        }),
        ends: 1,
        has: 'old',
      },
    ],
    patient: true,
  },
];

async function otherKey(router: FleetRouter, which: 'pinned' | 'other'): Promise<void> {
  await router.killSshd();
  router.showKey(which);
  await router.startSshd();
}
