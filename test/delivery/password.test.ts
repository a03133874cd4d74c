import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  unlinkSync,
} from 'node:fs';
import { join } from 'node:path';
import { inspect as debugText } from 'node:util';
import fc from 'fast-check';
import { Hidden } from '../../delivery/hidden.ts';
import { driftFrom } from '../../delivery/inspection.ts';
import { passwordFault, passwordFile, releaseFor } from '../../delivery/password.ts';
import { preflight } from '../../delivery/preflight.ts';
import { type Release, tarOf } from '../../delivery/release.ts';
import { hold, inspect, type RouterSettings, show } from '../../delivery/router.ts';
import type { Remote } from '../../delivery/ssh/remote.ts';
import { type Bird, local, mainFile, put, startBird, until, type Way } from './bird.ts';
import { busybox } from './script/shells.ts';
import { done, type Steps, stepsOn } from './steps.ts';

const NAME = 'k3s-password.conf';
const ALPHA = 'alpha 4-2?';
const BETA = "beta\\'$(id)`x`";

/** Addresses private to this process, and ports on which no other test's BIRD listens on all addresses: two runs must not collide. */
const net = `127.${84 + (process.pid % 100)}.${(process.pid >> 7) % 250}`;
const ROUTER = `${net}.1 port 27983`;
const NODE = `${net}.2 port 27984`;

const peering = (name: string, from: string, to: string, password: string) => `protocol bgp ${name} {
  local ${from} as 64512;
  neighbor ${to} as 64512;
  strict bind;${name === 'node' ? '' : ' passive;'} connect delay time 1; connect retry time 1; error wait time 1, 2;
  ${password}
  ipv4 { ${name === 'node' ? '' : 'table intra_table_v4; '}import all; export none; };
}
`;

/** What `synth` renders for a router with a password and a single node. */
const files = (session: string, include = `include "../../${NAME}";`) => ({
  'k3s/ibgp.conf': 'include "ibgpeer[s]/*.conf";\n',
  'k3s/ibgpeers/node.conf': peering(session, ROUTER, NODE, include),
});

const release = (session: string, password: string, salt?: Hidden): Release =>
  releaseFor(new Map(Object.entries(files(session))), { name: NAME, password: new Hidden(password) })({
    salt,
  });

let bird: Bird;
let node: Bird;
let steps: Steps;
let settings: RouterSettings;

const nodeMain = (password: string) =>
  `router id 10.0.0.2;\nprotocol device {}\n${peering('node', NODE, ROUTER, `password "${password}";`)}`;

/** A router that was set up by hand, and the node that peers with it. */
async function prepare(remote: Remote = local(), mode = 0o644): Promise<void> {
  bird = startBird((folder) => ({
    'bird.conf': mainFile(folder),
    ...files('theirs'),
    [NAME]: `password "${ALPHA}";\n`,
  }));
  chmodSync(join(bird.config, 'bird.conf'), mode);
  chmodSync(join(bird.config, NAME), 0o600);
  node = startBird(() => ({ 'bird.conf': nodeMain(ALPHA) }));
  settings = { ...bird.settings, secret: NAME };
  steps = stepsOn(bird, done(await hold(remote, settings, 'test')), remote, settings);
}

afterEach(async () => {
  await steps.lock.release();
  bird.end();
  node.end();
});

/** The session is up: both ends have the same password. Waits, since BIRD retries by itself. */
const together = () => until(() => /Established/.test(node.birdc('show protocols')));
const nodeGets = (password: string) => {
  put(join(node.config, 'bird.conf'), nodeMain(password));
  node.birdc('configure');
};
const onDisk = () => readFileSync(join(bird.config, NAME), 'utf8');
const mode = (path: string) => (statSync(join(bird.config, path)).mode & 0o777).toString(8);

const box = busybox();
afterAll(box.end);

describe.each([
  ['dash', {} as Way],
  ['busybox', box],
])('with %s, a password', (_, way) => {
  test('comes with a delivery, runs before it is on disk, and is undone with it', async () => {
    const remote = local(way);
    await prepare(remote);
    together();
    done(await steps.adopt());
    const one = release('one', ALPHA);
    await steps.ship(one);
    together();
    expect(readlinkSync(join(bird.config, NAME))).toBe(`.noencap/live/${NAME}`);
    expect(onDisk()).toMatch(/^# [0-9a-f]{32}\n/);
    expect(onDisk().split('\n')[1]).toBe(`password "${ALPHA}";`);
    const found = await steps.look();
    expect(found.entries.get(NAME)).toBe('linked');

    const two = release('one', BETA, found.salt);
    expect(two.hash).not.toBe(one.hash);
    done(await steps.stage(two));
    done(await steps.check(two));
    done(await steps.apply(two));
    nodeGets(BETA);
    together();
    expect(onDisk()).toContain(ALPHA);
    done(await steps.undo());
    nodeGets(ALPHA);
    together();
    expect(onDisk()).toContain(ALPHA);

    // Restarted before the confirmation: BIRD reads what is on disk.
    done(await steps.stage(two));
    done(await steps.apply(two));
    bird.stop();
    bird.start();
    together();
    expect((await steps.confirm(two)).failed?.message).toContain('BIRD was restarted');
    expect(done(await steps.settle())).toEqual({ what: 'undone', hash: two.hash });
    expect(onDisk()).toContain(ALPHA);

    await steps.ship(two);
    nodeGets(BETA);
    together();
    expect(onDisk()).toContain(BETA);
    bird.stop();
    bird.start();
    together();
  });

  test('is removed with the last release that had one, together with its link', async () => {
    const remote = local(way);
    await prepare(remote);
    done(await steps.adopt());
    await steps.ship(release('one', ALPHA));
    const none = releaseFor(new Map(Object.entries(files('plain', ''))))({ salt: undefined });
    for (const without of [settings, bird.settings]) {
      const after = stepsOn(bird, steps.lock, remote, without);
      done(await after.stage(none));
      done(await after.check(none));
      done(await after.apply(none));
      expect(lstatSync(join(bird.config, NAME)).isSymbolicLink()).toBe(true);
      done(await after.undo());
      expect(onDisk()).toContain(ALPHA);
    }
    const after = stepsOn(bird, steps.lock, remote, bird.settings);
    // Everything live is adopted, whether the topology still has the password or not.
    put(join(bird.config, 'k3s/ibgp.conf'), `# mine\n${files('')['k3s/ibgp.conf']}`);
    done(await after.adopt());
    expect((await after.look()).liveError).toBeUndefined();
    await after.ship(none);
    expect(() => lstatSync(join(bird.config, NAME))).toThrow('ENOENT');
    expect((await after.look()).entries).toEqual(new Map([['k3s', 'linked']]));
    expect(bird.sessions()).toEqual(['plain']);
  });

  test('is readable only by BIRD and its group, at every moment', async () => {
    await prepare();
    await steps.lock.release();
    const programs = join(bird.folder, 'programs');
    const log = join(bird.folder, 'modes');
    const path = way.path ?? process.env.PATH;
    for (const program of ['chmod', 'cp', 'mv', 'tar', 'chgrp', 'ln', 'sync']) {
      const file = join(programs, program);
      put(
        file,
        `#!/bin/sh\nPATH=${path}\n${program} "$@"\ncode=$?\nfind ${bird.config}/.noencap -name '${NAME}*' -type f -exec ls -l '{}' + >>${log}\nexit $code\n`,
      );
      chmodSync(file, 0o755);
    }
    const remote = local({ ...way, path: `${programs}:${path}` });
    steps = stepsOn(bird, done(await hold(remote, settings, 'test')), remote, settings);
    done(await steps.adopt());
    await steps.ship(release('one', BETA));
    const seen = [...readFileSync(log, 'utf8').matchAll(/^(\S{10})/gm)].map(([, bits]) => bits);
    expect(seen.length).toBeGreaterThan(10);
    expect([...new Set(seen)].sort()).toEqual(['-rw-------', '-rw-r-----']);
    expect([mode(NAME), mode('k3s/ibgp.conf')]).toEqual(['640', '644']);
  });
});

test.each([
  [0o644, '640'],
  [0o640, '640'],
  [0o600, '600'],
])('beside a main file of mode %o it has %s', async (main, expected) => {
  await prepare(local(), main);
  done(await steps.adopt());
  expect(mode(NAME)).toBe(expected);
  await steps.ship(release('one', BETA));
  expect(mode(NAME)).toBe(expected);
});

const asRoot = process.getuid?.() === 0 ? test : test.skip;
asRoot('a BIRD that may not read it does not get it, and the message has the fix', async () => {
  await prepare();
  bird.stop();
  bird.end();
  bird = startBird(
    (folder) => ({ 'bird.conf': mainFile(folder), ...files('theirs'), [NAME]: `password "${ALPHA}";\n` }),
    { birdArguments: ['-u', 'nobody', '-g', 'nogroup'] },
  );
  const remote = local();
  settings = { ...bird.settings, secret: NAME };
  await steps.lock.release();
  steps = stepsOn(bird, done(await hold(remote, settings, 'test')), remote, settings);
  const one = release('one', BETA);
  done(await steps.stage(one));
  expect((await steps.check(one)).failed?.fix).toContain("Set that to BIRD's own group");
  chownSync(join(bird.config, 'bird.conf'), 0, statSync(join(bird.folder, 'ctl')).gid);
  chmodSync(join(bird.config, 'bird.conf'), 0o640);
  done(await steps.adopt());
  await steps.ship(one);
  expect(bird.sessions()).toEqual(['one']);
});

test('an existing password is adopted with a salt: otherwise its hash would reveal it', async () => {
  await prepare();
  const adopted = done(await steps.adopt());
  expect(onDisk()).toMatch(/^# [0-9a-f]{32}\npassword "alpha/);
  expect(done(await steps.adopt())).toBe(adopted);
  const found = await steps.look();
  expect(found.live?.hash).toBe(adopted);
  // The same password and the same files: nothing to deliver.
  const same = release('theirs', ALPHA, found.salt);
  expect(same.hash).toBe(adopted);
  expect(preflight({ ...found, holder: undefined }, same, false)).toEqual({ verdict: 'unchanged' });
  const other = release('theirs', BETA, found.salt);
  expect(preflight({ ...found, holder: undefined }, other, false)).toMatchObject({ verdict: 'ready' });
});

test('a staged copy reads its own password, never the live one', async () => {
  await prepare();
  done(await steps.adopt());
  await steps.ship(release('one', ALPHA));
  unlinkSync(join(bird.config, NAME));
  put(join(bird.config, NAME), 'nonsense;\n');
  const two = release('two', BETA);
  done(await steps.stage(two));
  done(await steps.check(two));
  put(join(bird.config, '.noencap/live', NAME), 'nonsense;\n');
  done(await steps.check(two));
});

test('a manual copy of the files reads the password beside it', async () => {
  await prepare();
  expect(lstatSync(join(bird.config, 'k3s')).isDirectory()).toBe(true);
  together();
  put(join(bird.config, NAME), 'nonsense;\n');
  expect(bird.birdc('configure check')).toContain(`${NAME}:1:1`);
});

test("the operator's own main file may include it too", async () => {
  await prepare();
  done(await steps.adopt());
  await steps.ship(release('one', ALPHA));
  const more = `${mainFile(bird.folder)}protocol bgp more {\n  local ${net}.3 port 27985 as 1;\n  neighbor ${net}.4 as 2;\n  include "${NAME}";\n  ipv4 { table intra_table_v4; import none; export none; }; }\n`;
  put(join(bird.config, 'bird.conf'), more);
  bird.birdc('configure');
  await steps.ship(release('two', BETA));
  expect(bird.sessions().sort()).toEqual(['more', 'two']);
  const none = releaseFor(new Map(Object.entries(files('plain', ''))))({ salt: undefined });
  done(await steps.stage(none));
  expect((await steps.check(none)).failed?.message).toContain(`${NAME}: No such file`);
});

describe('nothing reveals it', () => {
  test("not `show`, not a drift, not BIRD's error about a line of it", async () => {
    await prepare();
    done(await steps.adopt());
    await steps.ship(release('one', ALPHA));
    expect((await show(local(), settings, NAME)).failed?.message).toContain("is not noencap's");
    put(join(bird.config, NAME), '# edited\npassword oops-the-word;\n');
    const found = await steps.look();
    expect(driftFrom(found, found.live?.manifest ?? new Map())).toEqual([{ path: NAME, is: 'changed' }]);
    expect(found.liveError).toMatch(/\/k3s-password\.conf:2:\d+ this is not a line of a password file$/);
    expect(found.salt).toBeUndefined();
    const refused = preflight(
      { ...found, holder: undefined, liveError: undefined },
      release('one', ALPHA),
      false,
    );
    expect(JSON.stringify(refused)).toContain(`${NAME} changed`);
    expect(JSON.stringify([found, refused])).not.toContain('oops');
  });

  test('its name must not be that of a folder or the main file', async () => {
    await prepare();
    unlinkSync(join(bird.config, NAME));
    mkdirSync(join(bird.config, NAME));
    expect((await steps.adopt()).failed?.message).toContain('is a folder, not a password file');
    expect(existsSync(join(bird.config, '.noencap/live'))).toBe(false);
    const other = { ...settings, secret: 'other.conf' };
    expect(
      (await inspect(local(), { ...other, main: join(bird.config, 'other.conf') })).failed?.message,
    ).toContain("is BIRD's main file");
  });
});

describe('a release', () => {
  beforeEach(() => prepare());
  const printable = fc.stringMatching(/^[\x21\x23-\x7e]([\x20\x21\x23-\x7e]{6,60}[\x21\x23-\x7e])$/);

  test('never shows its password when printed', () => {
    fc.assert(
      fc.property(printable, (password) => {
        const made = release('one', password);
        const shown = [
          JSON.stringify(made),
          debugText(made, { depth: 9, showHidden: true }),
          `${made.secret?.content}`,
          made.manifest,
          String(made.secret?.content),
        ].join('\n');
        expect(shown).not.toContain(password);
        expect(Buffer.from(tarOf(made)).toString('latin1')).toContain(`password "${password}";\n`);
      }),
    );
  });

  test('has a name that depends on the password and a secret salt', () => {
    const salt = new Hidden('0'.repeat(32));
    expect(release('one', ALPHA, salt).hash).toBe(release('one', ALPHA, salt).hash);
    expect(release('one', ALPHA, salt).hash).not.toBe(release('one', BETA, salt).hash);
    expect(release('one', ALPHA).hash).not.toBe(release('one', ALPHA).hash);
    const make = releaseFor(new Map(Object.entries(files('one'))), {
      name: NAME,
      password: new Hidden(ALPHA),
    });
    expect(make({ salt: undefined }).hash).toBe(make({ salt: undefined }).hash);
  });

  test.each([
    ['', 'is empty'],
    ['a\nb', 'has a line break'],
    ['hunter2\n', 'has a line break'],
    ['a"b', 'has a "'],
    ['pässword', 'not printable ASCII'],
    ['a\tb', 'not printable ASCII'],
    [' a', 'begins or ends with a space'],
    ['a ', 'begins or ends with a space'],
    ['a'.repeat(81), 'longer than 80'],
  ])('%j is not a valid password', (text, why) => {
    expect(passwordFault(text)).toContain(why);
    expect(() => passwordFile(new Hidden(text), new Hidden('0'.repeat(32)))).toThrow(why);
  });

  test('80 characters of any kind that BIRD can write are valid', () => {
    expect(passwordFault('a'.repeat(80))).toBeUndefined();
    expect(passwordFault(`!#$%&'()*+,-./:;<=>?@[\\]^_\`{|}~`)).toBeUndefined();
  });
});
