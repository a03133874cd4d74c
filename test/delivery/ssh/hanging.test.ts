import { spawn } from 'node:child_process';
import { readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { change } from '../../../delivery/change-router.ts';
import type { Delivery } from '../../../delivery/delivery.ts';
import type { Judge } from '../../../delivery/gate/gate.ts';
import { prepare } from '../../../delivery/prepare-router.ts';
import { hold } from '../../../delivery/router.ts';
import { routerScript } from '../../../delivery/script/script.ts';
import { LIMITS, type Limits } from '../../../delivery/ssh/limits.ts';
import type { Remote, Running } from '../../../delivery/ssh/remote.ts';
import { type SshTarget, sshRemote } from '../../../delivery/ssh/ssh.ts';
import { waited } from '../../waited.ts';
import { agree, done, release, stepsOn, theirs } from '../steps.ts';
import { type Agent, clientsOf, endSshd, programIn, type Sshd, startAgent, startSshd } from './sshd.ts';
import { listener, type Odd, silentAfter } from './stalling.ts';

/** As in the product, but with a short limit either for the login or for a verb, and none for the other. */
const IN: Limits = { ...LIMITS, way: 3, of: (verb) => ({ ...LIMITS.of(verb), seconds: 3600 }) };
const ENDED: Limits = {
  ...LIMITS,
  way: 3600,
  of: (verb) => ({ ...LIMITS.of(verb), seconds: verb === 'hold' ? 10 : 3 }),
};
/** For what no limit of ours may end. */
const NEVER: Limits = { ...ENDED, of: IN.of };

let key: Sshd;
let agent: Agent;

beforeAll(async () => {
  key = await startSshd();
  agent = startAgent();
  agent.add(key.key);
});
afterAll(async () => {
  agent.end();
  await endSshd(key);
});

/** The resources of one test, so that tests can wait in parallel. */
interface Place {
  readonly sshd: Sshd;
  readonly to: (target: SshTarget, script: string | ((verb: string) => string), limits: Limits) => Remote;
  readonly odd: (starting: Promise<Odd>) => Promise<SshTarget>;
  /** Run at the end of the test, the last one first. */
  readonly ends: (() => Promise<unknown>)[];
  readonly noClients: () => Promise<void>;
}

const alone =
  (tell: (place: Place) => Promise<void>, authorized = '') =>
  async (): Promise<void> => {
    const sshd = await startSshd(authorized, [], key.key);
    const ends: Place['ends'] = [() => endSshd(sshd)];
    try {
      await tell({
        sshd,
        ends,
        to: (target, script, limits) => {
          const own = { script: typeof script === 'string' ? () => script : script };
          const remote = sshRemote(target, own, limits);
          ends.push(remote.end);
          return remote;
        },
        odd: async (starting) => {
          const started = await starting;
          ends.push(started.end);
          return started.target;
        },
        noClients: () => waited('no ssh is left', () => clientsOf(sshd).length === 0),
      });
    } finally {
      for (const end of ends.reverse()) await end();
    }
  };

/** A stopped or deaf shell stays behind on the machine that plays the router. */
const ENDS = '(sleep 60; kill -KILL $$) </dev/null >/dev/null 2>&1 & ';

const command = (verb: string, ...args: string[]) => ({ verb, settings: [], args });

describe('a router where no login succeeds', () => {
  const NOBODY = /^\[127\.0\.0\.1\]:\d+ did not let \S+ in within 3 s\.\n.+\n$/;

  test.concurrent.each<[string, (socket: import('node:net').Socket) => void]>([
    ['takes the connection and says nothing', () => {}],
    ['greets without end', (client) => repeated(client, 'Welcome\r\n')],
    ['greets byte by byte', (client) => repeated(client, 'S')],
    ['says that it is ssh, and no more', (client) => void client.write('SSH-2.0-OpenSSH_9.2\r\n')],
    [
      'says that it is ssh, and dribbles',
      (client) => {
        client.write('SSH-2.0-OpenSSH_9.2\r\n');
        repeated(client, '\0');
      },
    ],
  ])('%s', (_, talk) =>
    alone(async ({ to, odd, sshd }) => {
      const ran = await to(await odd(listener(sshd, talk)), 'echo', IN).run(command('inspect'));
      expect(ran).toMatchObject({ code: 255, stdout: '' });
      // ssh itself may notice it first.
      expect(ran.stderr).toMatch(
        / did not let \S+ in within 3 s|closes the connection before login|ssh to \S+ failed/,
      );
    })(),
  );

  // The greeting, the key exchange, its end, the login.
  test.concurrent.each([10, 45, 700, 1400, 1800, 2200, 2600])('falls silent after %i bytes', (bytes) =>
    alone(async ({ to, odd, sshd }) => {
      const ran = await to(await odd(silentAfter(bytes, sshd)), 'sleep 60', IN).run(command('inspect'));
      expect(ran).toMatchObject({ code: 255 });
      expect(ran.stderr).toMatch(NOBODY);
    })(),
  );

  test.concurrent(
    'has a login shell that does not go on',
    alone(async ({ to, sshd, noClients }) => {
      const remote = to(sshd.target, 'echo', IN);
      expect((await remote.run(command('inspect'))).stderr).toMatch(NOBODY);
      expect(await remote.start(command('hold'), 'held')).toMatchObject({
        code: 255,
        stderr: expect.stringMatching(NOBODY),
      });
      await remote.end();
      await noClients();
    }, 'command="sleep 60"'),
  );
});

const repeated = (client: import('node:net').Socket, text: string) => {
  const timer = setInterval(() => client.write(text), 50);
  client.on('close', () => clearInterval(timer));
};

describe('a verb that never ends', () => {
  const LATE =
    /^(\S+) at \[127\.0\.0\.1\]:\d+ did not end within (3|10) s; how far it got is unknown\.\n.+\n$/;

  test.concurrent.each([
    ['says nothing', 'sleep 60'],
    ['is stopped', `${ENDS}echo protocol 3; kill -STOP $$`],
    ['dribbles', `${ENDS}while :; do echo "all x"; sleep 0.2; done`],
    ['reads what never comes', 'cat; sleep 60'],
    ['ignores that nobody listens', `${ENDS}trap '' HUP TERM PIPE INT; sleep 60`],
  ])('%s', (_, script) =>
    alone(async ({ to, sshd, noClients }) => {
      const remote = to(sshd.target, script, ENDED);
      for (const access of [remote, remote.fresh()]) {
        const ran = await access.run(command('inspect'));
        expect(ran.code).toBe(255);
        expect(ran.stderr).toMatch(LATE);
      }
      await remote.end();
      await noClients();
    })(),
  );

  test.concurrent(
    'of a session ends the session, and what was asked behind it',
    alone(async ({ to, sshd }) => {
      const remote = to(sshd.target, `${ENDS}echo held; read -r line; kill -STOP $$`, ENDED);
      const running = (await remote.start(command('hold'), 'held')) as Running;
      const [first, second] = await Promise.all([
        running.run(command('settle')),
        running.run(command('inspect')),
      ]);
      expect(first.stderr).toMatch(LATE);
      expect(second.code).toBe(255);
      expect((await running.close()).code).toBe(255);
    }),
  );

  test.concurrent(
    'of a session whose lock is not let go ends all the same',
    alone(async ({ to, sshd }) => {
      const remote = to(sshd.target, "trap '' HUP; echo held; cat; sleep 60", ENDED);
      const running = (await remote.start(command('hold'), 'held')) as Running;
      expect((await running.close()).stderr).toMatch(LATE);
    }),
  );

  test.concurrent(
    'is not waited for after an interrupt',
    alone(async ({ to, sshd, noClients }) => {
      const remote = to(sshd.target, 'echo ready; cat; sleep 60', NEVER);
      const stop = new AbortController();
      const running = remote.run(command('inspect'), undefined, stop.signal);
      const later = (await remote.fresh().start(command('protocols'), 'ready')) as Running;
      const closing = later.close(stop.signal);
      await waited('they are connected', () => clientsOf(sshd).length > 0);
      stop.abort();
      for (const ran of await Promise.all([running, closing])) {
        expect(ran).toMatchObject({ code: 255, stderr: expect.stringContaining('was interrupted') });
      }
      await remote.end();
      await noClients();
    }),
  );
});

test.concurrent.each(['SIGKILL', 'SIGTERM', 'SIGINT'] as const)(
  'no ssh outlives its parent, which gets %s',
  (signal) =>
    alone(async ({ sshd, ends, noClients }) => {
      const deaf = `${ENDS}trap '' HUP TERM PIPE INT; echo held; while :; do sleep 1; done`;
      const program = programIn(
        sshd.folder,
        'parent',
        `import { sshRemote } from './delivery/ssh/ssh.ts';
const remote = sshRemote(${JSON.stringify(sshd.target)}, { script: () => ${JSON.stringify(deaf)} });
const running = await remote.start({ verb: 'hold', settings: [], args: [] }, 'held');
remote.fresh().run({ verb: 'inspect', settings: [], args: [] });
console.log('firstOutput' in running ? 'held' : running.stderr);
setInterval(() => {}, 1000);
`,
      );
      const child = spawn(process.execPath, [program], {
        stdio: ['ignore', 'pipe', 'inherit'],
        env: process.env,
      });
      ends.push(async () => child.kill('SIGKILL'));
      const said = await new Promise((done) => {
        child.stdout.setEncoding('utf8').once('data', done);
        child.once('exit', done);
      });
      expect(said).toBe('held\n');
      await waited('both are connected', () => clientsOf(sshd).length >= 2);
      child.kill(signal);
      await noClients();
    })(),
);

describe('a stopped shell on the router', () => {
  const [ONE, TWO] = [release('one'), release('two')];

  /** A delivery during which this happens to the shell that holds the lock. */
  async function shipped({ sshd, ends, to }: Place, moment: 'judge' | 'apply') {
    const bird = theirs();
    ends.push(async () => bird.end());
    const remote = to(sshd.target, routerScript, LIMITS);
    const first = stepsOn(bird, done(await hold(remote, bird.settings, 'test')), remote);
    done(await first.adopt());
    await first.ship(ONE);
    await first.lock.release();
    const stopHolder = () => {
      const holder = readlinkSync(join(bird.config, '.noencap/lock')).split(',')[1] ?? '';
      process.kill(Number(/\d+/.exec(holder)?.[0]), 'SIGSTOP');
    };
    const steps: string[] = [];
    const delivery: Delivery = {
      router: 'r',
      remote,
      settings: bird.settings,
      release: () => TWO,
      sysctls: new Map(),
      owner: 'test',
      timeout: 25,
      acceptDrift: false,
      report: (step, outcome) => {
        if (outcome === 'started') steps.push(step);
        if (moment === 'apply' && step === 'apply' && outcome === 'started') stopHolder();
      },
      stop: new AbortController().signal,
    };
    const prepared = await prepare(delivery);
    if (prepared.outcome !== 'ready') throw new Error(JSON.stringify(prepared));
    const judge: Judge = () => {
      if (moment === 'judge') stopHolder();
      return { findings: [], wait: 0 };
    };
    const changed = await change(delivery, prepared.ready, judge);
    return { changed, steps, bird, remote };
  }

  test.concurrent(
    'after apply: BIRD reverts by itself, which is reported, and nothing blocks the next delivery',
    alone(async (place) => {
      const { changed, steps, bird, remote } = await shipped(place, 'judge');
      expect(changed).toEqual({
        outcome: 'undone',
        fault: {
          code: 'ssh',
          message: expect.stringMatching(/^BIRD reverted by itself: confirm at \S+ did not end in time/),
          fix: 'Check what the router is busy with, and run it again.',
        },
      });
      expect(steps.slice(-4)).toEqual(['confirm', 'settle', 'verify', 'unlock']);
      expect(bird.sessions()).toEqual(['one']);
      const next = stepsOn(bird, done(await hold(remote, bird.settings, 'test')), remote);
      await agree(next);
      await next.ship(TWO);
      await next.lock.release();
    }),
  );

  test.concurrent(
    'before apply: nothing of it runs',
    alone(async (place) => {
      const { changed, bird } = await shipped(place, 'apply');
      expect(changed.outcome).toBe('undone');
      expect(bird.sessions()).toEqual(['one']);
    }),
  );
});
