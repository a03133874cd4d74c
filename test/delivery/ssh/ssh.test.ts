import { spawn, spawnSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Ran, Running } from '../../../delivery/ssh/remote.ts';
import { type SshTarget, sshRemote } from '../../../delivery/ssh/ssh.ts';
import { waited } from '../../waited.ts';
import { type Agent, clientsOf, endSshd, programIn, type Sshd, startAgent, startSshd } from './sshd.ts';

/** Prints its arguments and its standard input. */
const ECHO = 'for word in "$@"; do printf "<%s>" "$word"; done; printf "\\n"; cat';

let sshd: Sshd;
let agent: Agent;

beforeAll(async () => {
  sshd = await startSshd();
  agent = startAgent();
  agent.add(sshd.key);
});

afterAll(async () => {
  agent.end();
  await endSshd(sshd);
});

const command = (verb: string, ...args: string[]) => ({ verb, settings: ['folder=/etc/bird'], args });
const to = (change: Partial<SshTarget> = {}, script: string | undefined = ECHO) =>
  sshRemote({ ...sshd.target, ...change }, { script: script === undefined ? script : () => script });

async function once(change: Partial<SshTarget> = {}, script: string | undefined = ECHO): Promise<Ran> {
  const remote = to(change, script);
  try {
    return await remote.run(command('inspect'));
  } finally {
    await remote.end();
  }
}

test('words and input arrive unchanged, whatever a shell would make of them', async () => {
  const remote = to();
  const odd = ["a b'c", '$(id)', '`id`', '"; exit 7; "', '\\', '*', 'ü', ''];
  const bytes = Buffer.from([...Array(256).keys()]);
  try {
    const { code, stdout } = await remote.run(command('stage', ...odd));
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: `<folder=/etc/bird><stage>${odd.map((word) => `<${word}>`).join('')}\n`,
    });
    const counter = to({}, 'wc -c');
    const counted = await counter.run(command('stage'), bytes);
    await counter.end();
    expect(counted.stdout.trim()).toBe('256');
  } finally {
    await remote.end();
  }
});

test('exit code and both outputs of the script are returned', async () => {
  expect(await once({}, 'echo out; echo err >&2; exit 1')).toEqual({
    code: 1,
    stdout: 'out\n',
    stderr: 'err\n',
  });
});

test('commands share one connection, which leaves nothing behind', async () => {
  const remote = to({}, 'echo $SSH_CONNECTION');
  const first = await remote.run(command('inspect'));
  const second = await remote.run(command('inspect'));
  const fresh = remote.fresh();
  const other = await fresh.run(command('inspect'));
  await remote.end();
  expect(second.stdout).toBe(first.stdout);
  expect(other.stdout).not.toBe(first.stdout);
  await waited('no client is left', () => clientsOf(sshd).length === 0);
});

test('a command runs as long as its input is open', async () => {
  const remote = to({}, 'echo held; cat >/dev/null; echo released');
  const running = (await remote.start(command('hold'), 'held')) as Running;
  expect(running.firstOutput).toBe('held\n');
  expect(await Promise.race([running.ended, sleep(300, 'still there')])).toBe('still there');
  expect(await running.close()).toMatchObject({ code: 0, stdout: 'held\nreleased\n' });
  const other = to({}, 'echo "no" >&2; exit 1');
  const refused = await other.start(command('hold'), 'held');
  await other.end();
  expect(refused).toEqual({ code: 1, stdout: '', stderr: 'no\n' });
  await remote.end();
});

test('an unpinned key, a different key and a missing key file fail closed, each with the fix', async () => {
  const { folder, target } = sshd;
  const empty = join(folder, 'empty');
  writeFileSync(empty, '');
  const unknown = await once({ knownHosts: empty });
  expect(unknown).toMatchObject({ code: 255, stdout: '' });
  expect(unknown.stderr).toContain(`${empty} has no host key for [127.0.0.1]:${target.port}.\n`);
  expect(readFileSync(empty, 'utf8')).toBe('');
  const changed = join(folder, 'changed');
  const key = readFileSync(`${sshd.key}.pub`, 'utf8').split(' ').slice(0, 2).join(' ');
  writeFileSync(changed, `[127.0.0.1]:${target.port} ${key}\n`);
  const other = await once({ knownHosts: changed });
  expect(other.code).toBe(255);
  expect(other.stderr).toContain('presents a different host key than the one in');
  expect((await once({ knownHosts: join(folder, 'nowhere') })).stderr).toContain('has no host key for');
});

test.each<[string, Partial<SshTarget>, RegExp]>([
  ['nobody listens', { port: 1 }, /has no host key for|nothing listens at \[127\.0\.0\.1\]:1\.\n/],
  [
    'a name without an address',
    { host: 'nowhere.invalid' },
    /^nowhere\.invalid does not resolve to an address\.\n/,
  ],
  ['a user who may not', { user: 'nobody' }, /does not let nobody in\.\n/],
  ['a name that looks like an option', { host: '-oProxyCommand=touch pwned' }, /./],
])('%s: a message and a fix', async (_, change, message) => {
  const ran = await once(change);
  expect(ran).toMatchObject({ code: 255, stdout: '' });
  expect(ran.stderr).toMatch(message);
  expect(ran.stderr.split('\n')).toHaveLength(3);
  expect(spawnSync('test', ['-e', 'pwned']).status).toBe(1);
});

test('without the key in the agent the login fails, and nothing asks for a passphrase', async () => {
  agent.empty();
  try {
    expect((await once()).stderr).toContain('does not let');
  } finally {
    agent.add(sshd.key);
  }
});

test('a connection that ends during a command is distinguished from a command that fails', async () => {
  const lost = await once({}, 'kill -9 $PPID; sleep 5');
  expect(lost.code).toBe(255);
  expect(lost.stderr).toMatch(/was lost|failed/);
});

test('a router that does not read its input can still give the reason', async () => {
  const remote = to({}, 'echo "disk full" >&2; exit 3');
  expect(await remote.run(command('stage'), Buffer.alloc(4_000_000))).toEqual({
    code: 3,
    stdout: '',
    stderr: 'disk full\n',
  });
  await remote.end();
});

test('twenty routers at once', async () => {
  const remotes = Array.from({ length: 20 }, () => to());
  const ran = await Promise.all(
    remotes.map((remote, index) => remote.run(command('inspect', String(index)))),
  );
  await Promise.all(remotes.map((remote) => remote.end()));
  expect(ran.map(({ stdout }) => stdout)).toEqual(
    ran.map((_, index) => `<folder=/etc/bird><inspect><${index}>\n`),
  );
});

test('a forced command gets the words and no shell', async () => {
  const { folder } = sshd;
  const wrapper = join(folder, 'wrapper');
  writeFileSync(wrapper, '#!/bin/sh\nprintf "%s\\n" "$SSH_ORIGINAL_COMMAND"\n', { mode: 0o755 });
  const restricted = await startSshd(`restrict,command="${wrapper}"`);
  agent.add(restricted.key);
  const remote = sshRemote(restricted.target, { script: undefined });
  try {
    const { stdout } = await remote.run(command('check', '0123456789abcdef'));
    expect(stdout).toBe('folder=/etc/bird check 0123456789abcdef\n');
  } finally {
    await remote.end();
    agent.remove(restricted.key);
    await endSshd(restricted);
  }
});

test('the connection of a killed process ends soon', async () => {
  const script = programIn(
    sshd.folder,
    'killed',
    `import { sshRemote } from './delivery/ssh/ssh.ts';
const remote = sshRemote(${JSON.stringify(sshd.target)}, { script: () => 'echo held; cat >/dev/null' });
const running = await remote.start({ verb: 'hold', settings: [], args: [] }, 'held');
console.log('firstOutput' in running ? 'held' : running.stderr);
setInterval(() => {}, 1000);
`,
  );
  const child = spawn(process.execPath, [script], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: process.env,
  });
  const said = await new Promise((done) => {
    child.stdout.setEncoding('utf8').once('data', done);
    child.once('exit', done);
  });
  expect(said).toBe('held\n');
  expect(clientsOf(sshd).length).toBeGreaterThan(0);
  child.kill('SIGKILL');
  await waited('no client is left', () => clientsOf(sshd).length === 0);
  rmSync(script);
});
