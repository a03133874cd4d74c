import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Delivery } from '../../delivery/delivery.ts';
import { expectedSessions } from '../../delivery/gate/expected.ts';
import type { Unstamped } from '../../delivery/journal.ts';
import { releaseOf } from '../../delivery/release.ts';
import { hold } from '../../delivery/router.ts';
import { type Shipment, ship } from '../../delivery/ship.ts';
import type { Remote } from '../../delivery/ssh/remote.ts';
import { fabricOf } from '../fabric-of.ts';
import { redundant } from '../lab/topologies.ts';
import { waited } from '../waited.ts';
import { type Bird, by, local, mainFile, session, startBird } from './bird.ts';
import { done, NO_HURRY } from './steps.ts';

/** Three real BIRDs without sessions of the fabric: other tests cover what the gate expects of those. */
const ROUTERS = ['e1', 'e2', 'w1'];
const sessions = fabricOf(redundant()).sessions;
const fabric = { ...fabricOf(redundant()), sessions: [] };

let birds: ReadonlyMap<string, Bird>;
let events: Unstamped[];
beforeEach(() => {
  birds = new Map(ROUTERS.map((router) => [router, startBird(birdFiles)]));
  events = [];
});
afterEach(() => {
  for (const bird of birds.values()) bird.end();
});

const birdFiles = (folder: string) => ({ 'bird.conf': mainFile(folder), 'k3s/ibgp.conf': session('old') });

const birdOf = (router: string): Bird => {
  const bird = birds.get(router);
  if (bird === undefined) throw new Error(`there is no ${router}`);
  return bird;
};

interface Asked extends Partial<Omit<Shipment, 'deliveries'>> {
  /** By router: its `k3s/ibgp.conf`. */
  readonly files?: Readonly<Record<string, string>>;
  readonly remotes?: Readonly<Record<string, Remote>>;
  readonly acceptDrift?: boolean;
  readonly timeout?: number;
}

const same = (text: string) => Object.fromEntries(ROUTERS.map((router) => [router, text]));

/** The old files are the new ones with a comment, so that no session is disturbed and the gate is fast. */
const NEW = `# new\n${session('old')}`;

async function shipped({
  files = same(NEW),
  remotes = {},
  acceptDrift = true,
  timeout = NO_HURRY,
  ...more
}: Asked = {}) {
  const stop = more.stop ?? new AbortController().signal;
  const deliveries = Object.entries(files).map(([router, text]): Delivery => {
    const release = releaseOf(new Map([['k3s/ibgp.conf', text]]));
    return {
      router,
      remote: remotes[router] ?? local(),
      settings: birdOf(router).settings,
      release: () => release,
      sysctls: new Map(),
      owner: 'test',
      timeout,
      acceptDrift,
      report: (step, outcome, details = []) =>
        void events.push({ event: 'step', router, step, outcome, details: [...details] }),
      stop,
    };
  });
  const { outcome, results } = await ship({
    fabric,
    deliveries,
    turn: () => 'now',
    base: () => undefined,
    isClusterFirst: () => false,
    excused: new Set(),
    maxParallel: 4,
    lookOnly: false,
    record: (event) => void events.push(event),
    stop,
    ...more,
  });
  return { outcome, ...Object.fromEntries(results.map((one) => [one.router, one.outcome])) };
}

const begun = (...names: readonly string[]): string[] =>
  events.flatMap((one) =>
    one.event === 'step' && one.outcome === 'started' && names.includes(one.step)
      ? [`${one.router} ${one.step}`]
      : [],
  );
const onDisk = () =>
  ROUTERS.map((router) => readFileSync(join(birdOf(router).config, 'k3s/ibgp.conf'), 'utf8'));
const locks = async () => {
  for (const router of ROUTERS) {
    const lock = done(await hold(local(), birdOf(router).settings, 'after'));
    await lock.release();
  }
};

test('all are prepared before one is changed, and an expendable one is changed first', async () => {
  expect(await shipped()).toEqual({ outcome: 'delivered', e1: 'shipped', e2: 'shipped', w1: 'shipped' });
  const order = begun('check', 'apply');
  expect(order.slice(0, 3).every((one) => one.endsWith('check'))).toBe(true);
  expect(order.slice(3)).toEqual(['e1 apply', expect.any(String), expect.any(String)]);
  expect(events.find(({ event }) => event === 'planned')).toMatchObject({ waves: [['e1'], ['w1', 'e2']] });
  expect(onDisk()).toEqual([NEW, NEW, NEW]);
  await locks();
  events = [];
  expect(await shipped()).toEqual({
    outcome: 'delivered',
    e1: 'unchanged',
    e2: 'unchanged',
    w1: 'unchanged',
  });
  expect(begun('lock', 'apply')).toEqual([]);
});

test('what BIRD rejects on one router is delivered to none', async () => {
  const bad = session('old').replace('passive on;', 'pasive on;');
  expect(await shipped({ files: { ...same(NEW), w1: bad } })).toEqual({
    outcome: 'stopped',
    e1: 'untouched',
    e2: 'untouched',
    w1: 'refused',
  });
  expect(begun('apply')).toEqual([]);
  expect(onDisk()).toEqual(Array(3).fill(session('old')));
  await locks();
  expect(await shipped()).toMatchObject({ outcome: 'delivered' });
});

test('an unreachable or foreign router stops everything before anything is touched', async () => {
  const gone: Remote = { ...local(), run: async () => ({ code: 255, stdout: '', stderr: 'no route\n' }) };
  expect(await shipped({ remotes: { e2: gone } })).toEqual({
    outcome: 'stopped',
    e1: 'untouched',
    e2: 'unreachable',
    w1: 'untouched',
  });
  expect(await shipped({ acceptDrift: false })).toEqual({
    outcome: 'stopped',
    e1: 'refused',
    e2: 'refused',
    w1: 'refused',
  });
  expect(begun('lock')).toEqual([]);
});

test('the first failure stops it, the rest stays, and the next run continues there', async () => {
  await shipped();
  const NEWER = NEW.replace('# new', '# newer');
  // Its BIRD is dead when its turn comes.
  const failing = by(local(), (line) => (command, input) => {
    if (command.verb === 'apply') birdOf('e1').stop();
    return line.run(command, input);
  });
  const told = await shipped({ files: same(NEWER), remotes: { e1: failing } });
  expect(told).toMatchObject({ outcome: 'stopped', e2: 'untouched', w1: 'untouched' });
  expect(begun('apply').slice(3)).toEqual(['e1 apply']);
  expect(onDisk()).toEqual([NEW, NEW, NEW]);
  birdOf('e1').start();
  expect(await shipped({ files: same(NEWER) })).toMatchObject({ outcome: 'delivered', e1: 'shipped' });
  expect(onDisk()).toEqual([NEWER, NEWER, NEWER]);
});

test('waves delivered one by one: each requires the earlier ones, and touches no later one', async () => {
  const turn = (router: string) => (router === 'e1' ? 'earlier' : router === 'e2' ? 'now' : 'later');
  expect(await shipped({ turn })).toEqual({
    outcome: 'stopped',
    e1: 'refused',
    e2: 'untouched',
    w1: 'ready',
  });
  expect(begun('lock')).toEqual([]);
  expect(await shipped({ turn: (router) => (router === 'e1' ? 'now' : 'later') })).toMatchObject({
    outcome: 'delivered',
    e1: 'shipped',
    e2: 'ready',
  });
  expect(await shipped({ turn })).toMatchObject({ outcome: 'delivered', e2: 'shipped', w1: 'ready' });
});

test('a mere check changes nothing', async () => {
  expect(await shipped({ lookOnly: true })).toEqual({
    outcome: 'delivered',
    e1: 'ready',
    e2: 'ready',
    w1: 'ready',
  });
  expect(new Set(begun('inspect', 'lock', 'stage'))).toEqual(
    new Set(['e1 inspect', 'e2 inspect', 'w1 inspect']),
  );
});

describe('a check of a router that drops packets although all its sessions are up', () => {
  // Its BIRD's output, with a session of the fabric in addition to its own.
  const message = (state: string, unresolved: number): string =>
    [
      'all k3s_e_a_v4 BGP        ---        up     2025-08-01    Established',
      `all   BGP state:          ${state}`,
      'all     Neighbor address: 192.168.1.11',
      'all   Channel ipv4',
      'all     State:          UP',
      'all     Routes:         40 imported, 3 exported, 40 preferred',
      ...(unresolved === 0 ? [] : [`unresolved ${unresolved} k3s_e_a_v4`, 'unresolved 9 some_other']),
    ].join('\n');
  const looking = (state: string, unresolved: number) =>
    by(local(), (line) => async (command, input) => {
      const ran = await line.run(command, input);
      return { ...ran, stdout: ran.stdout.replace(/^end$/m, `${message(state, unresolved)}\nend`) };
    });
  const lookedAt = (state: string, unresolved: number, lookOnly = true) =>
    shipped({ lookOnly, fabric: fabricOf(redundant()), remotes: { e1: looking(state, unresolved) } });
  const whole = { e1: 'ready', e2: 'ready', w1: 'ready' };

  test('reports a problem, and the session', async () => {
    expect(await lookedAt('Established', 38)).toEqual({ outcome: 'unhealthy', ...whole });
    expect(events.at(-1)).toMatchObject({
      routers: [
        {
          router: 'e1',
          fault: {
            code: 'unresolved',
            message:
              "e-a--e1/ipv4: 38 of the 40 routes that it brings lead nowhere: the session's table has no route to their next hops, or only one that drops packets",
            fix: 'Let protocol direct and the IGP fill the table of these sessions.',
          },
        },
        { router: 'e2', fault: null },
        { router: 'w1', fault: null },
      ],
    });
  });

  test('is fine if no route is unreachable, or if the session is down', async () => {
    expect(await lookedAt('Established', 0)).toEqual({ outcome: 'delivered', ...whole });
    expect(await lookedAt('Active', 38)).toEqual({ outcome: 'delivered', ...whole });
  });
});

test.each([
  ['before the first one', 'planned', 'untouched'],
  ['while the first one is judged', 'apply', 'undone'],
])('an interrupt %s leaves everything as it was', async (_when, moment, e1) => {
  const stop = new AbortController();
  const at = (what: string) => {
    if (what === moment) stop.abort();
  };
  const interrupting = by(local(), (line) => async (command, input) => {
    const ran = await line.run(command, input);
    at(command.verb);
    return ran;
  });
  expect(
    await shipped({
      stop: stop.signal,
      record: ({ event }) => at(event),
      remotes: { e1: interrupting },
    }),
  ).toEqual({ outcome: 'stopped', e1, e2: 'untouched', w1: 'untouched' });
  expect(onDisk()).toEqual(Array(3).fill(session('old')));
  await locks();
});

test('a router whose answer makes noencap fail does not affect the report of others', async () => {
  const broken: Remote = {
    ...local(),
    run: async () => {
      throw new RangeError('Invalid string length');
    },
  };
  expect(await shipped({ remotes: { e2: broken }, lookOnly: true })).toEqual({
    outcome: 'stopped',
    e1: 'ready',
    e2: 'refused',
    w1: 'ready',
  });
  const confused = by(local(), (line) => (command, input) => {
    if (command.verb === 'confirm') throw new RangeError('Invalid string length');
    return line.run(command, input);
  });
  expect(await shipped({ remotes: { e1: confused } })).toEqual({
    outcome: 'stopped',
    e1: 'undone',
    e2: 'untouched',
    w1: 'untouched',
  });
  expect(onDisk()).toEqual(Array(3).fill(session('old')));
  await locks();
});

test('a free slot is used at once, by a router that shares no region with those at work', async () => {
  const { regions, routers, underlay: _, ...rest } = redundant();
  const four = fabricOf({
    ...rest,
    regions: { ...regions, west: { routers: ['w1', 'w2'] } },
    routers: {
      ...routers,
      w2: { routerId: '10.0.0.4', nodeAddress: '192.168.2.2', backboneAddress: '10.0.0.4' },
    },
  });
  birds = new Map([...birds, ['w2', startBird(birdFiles)]]);
  // Its change takes until e1 has had its own change, or until its time is up if e1 waits for it.
  const isDone = () =>
    events.some(
      (one) => one.event === 'step' && one.router === 'e1' && one.step === 'unlock' && one.outcome === 'done',
    );
  const slowly = by(local(), (line) => async (command, input) => {
    if (command.verb === 'apply') await waited('e1 has its change', isDone, 200);
    return line.run(command, input);
  });
  const told = await shipped({
    fabric: { ...four, sessions: [] },
    files: { ...same(NEW), w2: NEW },
    remotes: { w2: slowly },
  });
  expect(told).toMatchObject({ outcome: 'delivered' });
  expect(events).toContainEqual(expect.objectContaining({ waves: [['w1'], ['w2', 'e2'], ['e1']] }));
  const taken = events.flatMap((one) =>
    one.event === 'step' && one.step === (one.outcome === 'started' ? 'apply' : 'confirm')
      ? [`${one.router} ${one.outcome}`]
      : [],
  );
  expect(taken).toEqual([
    'w1 started',
    'w1 done',
    'w2 started',
    'e2 started',
    'e2 done',
    'e1 started',
    'e1 done',
    'w2 done',
  ]);
});

test('a session between two routers of one wave is checked again once both have it', async () => {
  const between = sessions.filter(({ id }) => id === 'e2--w1/ipv4');
  /** The session that the fabric wants at this end, never up: nothing is at the other address. */
  const file = (router: string) => {
    const [expected] = expectedSessions({ ...fabric, sessions: between }, router);
    const text = session(expected?.protocol ?? '').replace('127.83.0.2', expected?.remote.address.text ?? '');
    return `${session('old').replace('17983', '17984')}${text.replace('passive on;', 'passive on; multihop;')}`;
  };
  const files = { e2: file('e2'), w1: file('w1') };
  const asked = { fabric: { ...fabric, sessions: between }, files, maxParallel: 2, timeout: 60 };
  // The first router is alone in its wave; e1 comes first, so that these two share a wave.
  const told = await shipped({ ...asked, files: { e1: NEW, ...files } });
  expect(told).toEqual({ outcome: 'unhealthy', e1: 'shipped', e2: 'shipped', w1: 'shipped' });
  expect(begun('verify').sort()).toEqual(['e2 verify', 'w1 verify']);
});
