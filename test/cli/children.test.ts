import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { REPORT_FILE } from '../fixture/report.ts';
import { gitIn, noencap, scratch } from './run.ts';

/** What noencap gets and no other program needs. */
const SECRETS = {
  NOENCAP_AGE_KEY: 'AGE-SECRET-KEY-of-the-environment',
  NOENCAP_AGE_KEY_FILE: '/run/key-of-the-environment',
  NOENCAP_PASSWORD_BGP_E1_PASSWORD: 'password-of-the-environment',
  GITHUB_TOKEN: 'token-of-the-environment',
  GH_TOKEN: 'token-of-the-environment',
  K3S_TOKEN: 'token-of-the-environment',
};

let folder: string;

beforeEach(() => {
  folder = scratch();
  copyFileSync(REPORT_FILE, join(folder, 'topology.yaml'));
  gitIn(folder, 'init', '-q', '-b', 'main');
  gitIn(folder, 'add', '.');
  gitIn(folder, 'commit', '-qm', 'a');
  for (const name of ['bin', 'seen']) mkdirSync(join(folder, name));
  writeFileSync(join(folder, 'known_hosts'), `gateway ssh-ed25519 AAAA\n`);
});

afterEach(() => rmSync(folder, { recursive: true }));

/** In front of the real program: records its environment, then runs the real one. */
function spiedOn(name: string): void {
  const script = `#!/bin/sh\nenv >>${folder}/seen/${name}\nPATH=\${PATH#*:} exec ${name} "$@"\n`;
  writeFileSync(join(folder, 'bin', name), script, { mode: 0o755 });
}

const isLabless = process.env.NOENCAP_NO_NETNS === '1';

test.each([
  [['git'], ['diff', '--base', 'HEAD']],
  [['ssh-keygen'], ['ship', '--check']],
  [['kubectl'], ['adopt', '--live', '--router', 'gateway=.']],
  ...(isLabless
    ? []
    : [
        [
          ['nsenter', 'unshare'],
          ['lab', '-q'],
        ] as [string[], string[]],
      ]),
])('%j do not get the secrets in the environment of noencap %j', (names, args) => {
  for (const name of names) spiedOn(name);
  const env = { ...SECRETS, OTHER: 'kept', PATH: `${join(folder, 'bin')}:${process.env.PATH}` };
  noencap(folder, ['synth'], env);
  expectNone(names, noencap(folder, args, env));
});

function expectNone(names: readonly string[], ran: unknown): void {
  expect({ ran, seen: readdirSync(join(folder, 'seen')).sort() }).toEqual({ ran, seen: names });
  for (const name of names) {
    const environment = readFileSync(join(folder, 'seen', name), 'utf8');
    expect(environment).toContain('OTHER=kept\n');
    expect(environment).not.toMatch(/of-the-environment/);
  }
}

test('neither do a topology in TypeScript and its compiler', () => {
  const real = resolve('node_modules/@esbuild/linux-x64/bin/esbuild');
  writeFileSync(
    join(folder, 'bin', 'esbuild'),
    `#!/bin/sh\nenv >>${folder}/seen/esbuild\nexec ${real} "$@"\n`,
    { mode: 0o755 },
  );
  writeFileSync(
    join(folder, 'topology.ts'),
    "throw new Error(`key ${process.env.NOENCAP_AGE_KEY ?? 'gone'}`);",
  );
  const env = { ...SECRETS, OTHER: 'kept', ESBUILD_BINARY_PATH: join(folder, 'bin', 'esbuild') };
  const ran = noencap(folder, ['check', '-t', 'topology.ts'], env);
  expect(ran.stderr).toContain('key gone');
  expectNone(['esbuild'], ran);
});
