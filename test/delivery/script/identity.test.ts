import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Delivery } from '../../../delivery/delivery.ts';
import { faultText } from '../../../delivery/fault.ts';
import { parseInspection } from '../../../delivery/inspection.ts';
import { releaseOf } from '../../../delivery/release.ts';
import { hold, inspect, type Meant, stage } from '../../../delivery/router.ts';
import { ship } from '../../../delivery/ship.ts';
import type { Ran, RemoteCommand } from '../../../delivery/ssh/remote.ts';
import { isMeant as isMeantToBe } from '../../../fabric/index.ts';
import { fabricOf } from '../../fabric-of.ts';
import { redundant } from '../../lab/topologies.ts';
import { type Bird, local, mainFile, session, startBird } from '../bird.ts';
import { done, NO_HURRY } from '../steps.ts';
import { busybox } from './shells.ts';

/** A machine accepts nothing meant for another router: it proves its identity by noencap's mark, before the first delivery by BIRD's router ID. */
const GATEWAY: Meant = { network: 'home', name: 'gateway', id: '10.0.0.1' };
const OTHER: Meant = { network: 'home', name: 'edge', id: '10.0.0.2' };

const box = busybox();
afterAll(() => box.end());

describe.each([
  ['dash', {}],
  ['busybox', box],
])('a router with %s', (_, way) => {
  let bird: Bird;
  const birdWith = (define = '') =>
    startBird((folder) => ({
      'bird.conf': `${define}${mainFile(folder)}`,
      'k3s/ibgp.conf': session('theirs'),
    }));
  beforeEach(() => {
    bird = birdWith();
  });
  afterEach(() => bird.end());

  const own = () => join(bird.config, '.noencap');
  const mark = (text: string) => {
    mkdirSync(own(), { recursive: true });
    writeFileSync(join(own(), 'router'), text);
  };
  const settings = (router: Meant) => ({ ...bird.settings, router });
  const stranger = async (router: Meant) => {
    const { stranger: fault } = done(await inspect(local(way), settings(router)));
    return fault && faultText(fault);
  };
  const held = async (router: Meant) => {
    const lock = await hold(local(way), settings(router), 'test');
    await lock.done?.release();
    return lock.failed && faultText(lock.failed);
  };

  test('without a mark is known by the router ID of its BIRD', async () => {
    expect(await stranger(GATEWAY)).toBeUndefined();
    expect(await held(GATEWAY)).toBeUndefined();
  });

  test('without a mark is known by the constant that its sessions take their ID from', async () => {
    bird.end();
    bird = birdWith('define INTRA_ROUTER_ID = 10.0.0.2;\n');
    expect(await stranger({ ...OTHER, constant: 'INTRA_ROUTER_ID' })).toBeUndefined();
    expect(await stranger({ ...OTHER, constant: 'NO_SUCH_CONSTANT' })).toMatch(/^nothing shows/);
    expect(await stranger(OTHER)).toMatch(/^nothing shows/);
  });

  test('with a different ID is refused before anything is written, with the fix', async () => {
    const message = `nothing shows that this machine is the router home/edge/10.0.0.2: its BIRD has the router ID 10.0.0.1`;
    expect(await stranger(OTHER)).toContain(message);
    const refusal = await held(OTHER);
    expect(refusal).toContain(message);
    expect(readdirSync(bird.config)).toEqual(['bird.conf', 'k3s']);
    // The way out that it names works.
    const [, command = ''] = /may write to \S+: (mkdir .*)$/m.exec(refusal ?? '') ?? [];
    const [, text = '', file = ''] = /&& echo (\S+) > (\S+)$/.exec(command) ?? [];
    expect(file).toBe(join(own(), 'router'));
    mark(`${text}\n`);
    expect(await held(OTHER)).toBeUndefined();
  });

  test('of the longest names that a topology can have is known', async () => {
    const [a, b] = ['a'.repeat(63), 'b'.repeat(63)];
    mark(`${a}/${b}/192.168.100.100\n`);
    const longest = { network: a, name: b, id: '192.168.100.100', constant: 'C'.repeat(64) };
    expect(await stranger(longest)).toBeUndefined();
  });

  test('has its mark from the first delivery on, not before', async () => {
    const lock = done(await hold(local(way), settings(GATEWAY), 'test'));
    expect(existsSync(join(own(), 'router'))).toBe(false);
    done(await stage(lock, settings(GATEWAY), lock, releaseOf(new Map([['k3s/ibgp.conf', session('one')]]))));
    await lock.release();
    expect(readFileSync(join(own(), 'router'), 'utf8')).toBe('home/gateway/10.0.0.1\n');
    expect(await stranger(OTHER)).toMatch(
      /^this machine is the router home\/gateway\/10\.0\.0\.1, but home\/edge\/10\.0\.0\.2 is meant/,
    );
    expect(await held(OTHER)).toMatch(/^this machine is the router home\/gateway/);
  });

  test.each<[string, string, boolean]>([
    ['is renamed', 'home/old-gateway/10.0.0.1', true],
    ['gets another ID', 'home/gateway/10.9.9.9', true],
    ['is of a network that is renamed', 'house/gateway/10.0.0.1', true],
    ['is another one of the network', 'home/edge/10.0.0.2', false],
    ['has its name in another network', 'lab/gateway/10.9.9.9', false],
    ['has its ID in another network', 'lab/edge/10.0.0.1', false],
    ['is a stranger', 'lab/edge/10.9.9.9', false],
    ['has a mark that nobody can read', '$(id)', false],
    ['has half a mark', 'gateway', false],
    ['has an empty mark', '', false],
  ])('that %s: %j', async (_, text, isMeant) => {
    mark(`${text}\n`);
    expect((await stranger(GATEWAY)) === undefined).toBe(isMeant);
    expect((await held(GATEWAY)) === undefined).toBe(isMeant);
    // The forecast of a review follows the same rule.
    const [network = '', name = '', id = ''] = text.split('/');
    expect(isMeantToBe({ network, name, id }, GATEWAY)).toBe(isMeant);
  });

  test('a mark that is a link does not count', async () => {
    mkdirSync(own());
    writeFileSync(join(bird.folder, 'mark'), 'home/gateway/10.0.0.1\n');
    symlinkSync(join(bird.folder, 'mark'), join(own(), 'router'));
    expect(await stranger(GATEWAY)).toMatch(/^this machine is the router \?\/\?\/\?/);
  });

  test('a line that leads to another machine during a delivery changes nothing there', async () => {
    const lock = done(await hold(local(way), settings(GATEWAY), 'test'));
    mark('home/edge/10.0.0.2\n');
    const staged = await stage(
      lock,
      settings(GATEWAY),
      lock,
      releaseOf(new Map([['k3s/ibgp.conf', session('one')]])),
    );
    expect(staged.failed?.message).toBe(
      'this machine is the router home/edge/10.0.0.2, but home/gateway/10.0.0.1 is meant',
    );
    await lock.release();
  });

  test.each(['home/gateway', 'home/gateway/10.0.0.1/', 'a/b/c/d/e', 'home/gateway/x/CONST', '../../etc'])(
    'router=%s is wrong use',
    async (text) => {
      const ran = await local(way).run({ verb: 'inspect', settings: [`router=${text}`], args: [] });
      expect(ran).toMatchObject({
        code: 2,
        stdout: expect.stringMatching(/^code usage\nmessage .*\nfix .*\n$/),
      });
    },
  );
});

describe('two routers whose names lead to one machine', () => {
  const fabric = { ...fabricOf(redundant()), sessions: [] };
  let bird: Bird;
  beforeEach(() => {
    bird = startBird((folder) => ({ 'bird.conf': mainFile(folder), 'k3s/ibgp.conf': session('old') }));
  });
  afterEach(() => bird.end());

  const toBoth = async (names: readonly Meant[], textOf = (name: string) => `# of ${name}\n`) => {
    const stop = new AbortController().signal;
    const deliveries = names.map((router, index): Delivery => {
      const release = releaseOf(new Map([['k3s/ibgp.conf', `${textOf(router.name)}${session('old')}`]]));
      return {
        router: router.name,
        remote: local(),
        settings: { ...bird.settings, router },
        release: () => release,
        sysctls: new Map(),
        owner: `test.${index}`,
        timeout: NO_HURRY,
        acceptDrift: true,
        report: () => {},
        stop,
      };
    });
    const { results } = await ship({
      fabric,
      deliveries,
      turn: () => 'now',
      base: () => undefined,
      isClusterFirst: () => false,
      excused: new Set(),
      maxParallel: 4,
      lookOnly: false,
      record: () => {},
      stop,
    });
    return Object.fromEntries(results.map(({ router, outcome }) => [router, outcome]));
  };
  const e1 = { network: 'redundant', name: 'e1', id: '10.0.0.1' };
  const e2 = { network: 'redundant', name: 'e2', id: '10.0.0.2' };
  const onDisk = () => readFileSync(join(bird.config, 'k3s/ibgp.conf'), 'utf8');

  test.each([
    ['in either order', [e1, e2]],
    ['of which the wrong one comes first', [e2, e1]],
  ])('get nothing, %s', async (_, names) => {
    expect(await toBoth(names)).toEqual({ e1: 'untouched', e2: 'refused' });
    expect(onDisk()).toBe(session('old'));
  });

  test('and once one has it, the other does not', async () => {
    expect(await toBoth([e1])).toEqual({ e1: 'shipped' });
    expect(await toBoth([e2])).toEqual({ e2: 'refused' });
    expect(onDisk()).toContain('# of e1\n');
  });

  test('its name, its ID and the name of its network change one after the other, even if no file does', async () => {
    const mark = () => readFileSync(join(bird.config, '.noencap/router'), 'utf8');
    const same = () => '# the same\n';
    const renamed = { ...e1, name: 'edge' };
    const moved = { ...renamed, network: 'other' };
    expect(await toBoth([e1], same)).toEqual({ e1: 'shipped' });
    for (const next of [renamed, moved, { ...moved, id: '10.0.0.9' }]) {
      expect(await toBoth([next], same)).toEqual({ [next.name]: 'unchanged' });
      expect(mark()).toBe(`${next.network}/${next.name}/${next.id}\n`);
    }
    expect(await toBoth([e1], same)).toEqual({ e1: 'refused' });
    expect(mark()).toBe('other/edge/10.0.0.9\n');
  });

  test('cannot both hold its lock, whatever its name', async () => {
    const one = done(await hold(local(), bird.settings, 'test.0'));
    expect((await hold(local(), bird.settings, 'test.1')).failed?.message).toContain('belongs to test.0');
    await one.release();
  });
});

test('an account with an older program must be set up again', () => {
  for (const words of ['is no setting', 'is not a setting']) {
    const ran: Ran = { code: 2, stdout: '', stderr: `router=home/gateway/10.0.0.1 ${words}\n` };
    expect(parseInspection(ran).failed).toMatchObject({
      kind: 'refused',
      fix: 'Set the account up again with ship --setup.',
    });
  }
  const command: RemoteCommand = { verb: 'inspect', settings: ['nonsense=1'], args: [] };
  return expect(local().run(command)).resolves.toMatchObject({
    code: 2,
    stdout: expect.stringMatching(/^code usage\nmessage nonsense=1 is not a setting\nfix .*ship --setup/),
  });
});
