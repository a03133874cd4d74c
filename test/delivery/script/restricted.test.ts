import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { inspect, settingsOf } from '../../../delivery/router.ts';
import { forcedCommand, routerScript } from '../../../delivery/script/script.ts';
import { sshRemote } from '../../../delivery/ssh/ssh.ts';
import type { Bird } from '../bird.ts';
import { type Agent, clientsOf, endSshd, type Sshd, startAgent, startSshd } from '../ssh/sshd.ts';
import { done, theirs } from '../steps.ts';

/** An account that may run only noencap's forced command, at a real sshd that would allow everything. */
let bird: Bird;
let sshd: Sshd;
let agent: Agent;

beforeAll(async () => {
  bird = theirs();
  const wrapper = join(bird.folder, 'noencap-router');
  writeFileSync(wrapper, forcedCommand(settingsOf(bird.settings)), { mode: 0o755 });
  sshd = await startSshd(`restrict,command="${wrapper}"`, [
    'Subsystem sftp internal-sftp',
    'AllowTcpForwarding yes',
    'AllowAgentForwarding yes',
    'PermitTunnel yes',
    'X11Forwarding yes',
    'AcceptEnv *',
  ]);
  agent = startAgent();
  agent.add(sshd.key);
});
afterAll(async () => {
  agent.end();
  await endSshd(sshd);
  bird.end();
});

const options = (): string[] => [
  ...['-F', 'none', '-o', 'BatchMode=yes', '-o', `UserKnownHostsFile=${sshd.target.knownHosts}`],
  ...['-p', String(sshd.target.port)],
];
/** Runs everything with the agent; exit code 255 would mean that the login failed. */
const client = (program: string, args: readonly string[], input = '') =>
  spawnSync(program, args, { encoding: 'utf8', input, timeout: 240_000, env: process.env });
const ssh = (...args: readonly string[]) => client('ssh', [...options(), ...args]);
const ask = (words: string, ...before: readonly string[]) => ssh(...before, '127.0.0.1', words);
const nothingNew = () => expect(readdirSync(bird.config)).not.toContain('pwned');

test('noencap finds out by itself that the account takes only words', async () => {
  const remote = sshRemote(sshd.target, { script: routerScript });
  const fresh = remote.fresh();
  try {
    done(await inspect(remote, bird.settings));
    done(await inspect(fresh, bird.settings));
    const ran = await remote.start(
      { verb: 'hold', settings: settingsOf(bird.settings), args: ['me', '60'] },
      'held',
    );
    expect(ran).toMatchObject({ firstOutput: 'held\n' });
    expect(clientsOf(sshd)).toHaveLength(1);
  } finally {
    await remote.end();
  }
});

test('taking a lock can be the first request', async () => {
  const remote = sshRemote(sshd.target, { script: routerScript });
  const command = { verb: 'hold', settings: settingsOf(bird.settings), args: ['me', '60'] };
  const running = await remote.start(command, 'held');
  if (!('firstOutput' in running)) throw new Error(running.stderr);
  expect(await running.close()).toMatchObject({ code: 0 });
  await remote.end();
});

test.each([
  'id',
  'sh',
  'bash -i',
  'noencap; touch pwned',
  'inspect; touch pwned',
  'inspect && touch pwned',
  'inspect | touch pwned',
  'inspect > pwned',
  'inspect\ntouch pwned',
  '$(touch pwned)',
  '`touch pwned`',
  'show ../../../etc/passwd',
  'show /etc/passwd',
  'show k3s/../../passwd',
  'config=/etc inspect',
  'config=/etc/../root inspect',
  'birdc=/bin/sh inspect',
  'socket=/tmp/other inspect',
  'fixed birdc=/bin/sh -- inspect',
  'stage ../../etc',
  "exec sh -c 'touch pwned'",
  'scp -t /etc',
  'rsync --server . /etc',
  '/usr/lib/openssh/sftp-server',
])('refuses %j', (words) => {
  const { status, stdout } = ask(words);
  expect({ status, stdout }).toEqual({
    status: expect.any(Number),
    stdout: expect.stringMatching(/^(code usage\nmessage .*\nfix .*\n)?$/),
  });
  expect([1, 2, 3]).toContain(status);
  nothingNew();
});

test('refuses a shell, also with a terminal', () => {
  expect(ssh('127.0.0.1')).toMatchObject({ status: 2, stdout: expect.stringMatching(/^code usage\n/) });
  expect(ssh('-tt', '127.0.0.1').stderr).toMatch(/PTY allocation request failed/);
});

test('refuses sftp and scp', () => {
  const { target } = sshd;
  const file = join(bird.folder, 'pwned');
  writeFileSync(file, '');
  const common = ['-F', 'none', '-P', String(target.port), '-o', `UserKnownHostsFile=${target.knownHosts}`];
  for (const flags of [[], ['-O']]) {
    const copied = client('scp', [...common, ...flags, file, `127.0.0.1:${bird.config}/pwned`]);
    expect(copied.status).not.toBe(0);
    expect(copied.stderr).not.toContain('Permission denied');
  }
  const listed = client('sftp', [...common, '-b', '-', '127.0.0.1'], 'ls\n');
  expect(listed.status).not.toBe(0);
  expect(listed.stderr).not.toContain('Permission denied');
  nothingNew();
});

test('refuses forwarding of ports in either direction', async () => {
  let reached = 0;
  const server = createServer((socket) => {
    reached += 1;
    socket.end();
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  expect(ssh('-W', `127.0.0.1:${port}`, '127.0.0.1').status).not.toBe(0);
  const forwarded = ssh('-o', 'ExitOnForwardFailure=yes', '-R', '0:127.0.0.1:22', '127.0.0.1', 'inspect');
  expect(forwarded.status).toBe(255);
  const socket = join(bird.folder, 'forwarded');
  const local = spawn('ssh', [...options(), '-N', '-L', `${socket}:127.0.0.1:${port}`, '127.0.0.1'], {
    stdio: 'ignore',
    env: process.env,
  });
  const answered = await knock(local, socket);
  local.kill();
  await new Promise((closed) => server.close(closed));
  expect(reached).toBe(0);
  // ssh listens before it knows that the other side forwards nothing; it may also exit, and then nothing was forwarded either.
  expect(['closed', 'ended']).toContain(answered);
});

/** The fate of a connection to a socket that ssh listens on, however long that takes. */
const knock = (ssh: ChildProcess, path: string): Promise<'closed' | 'ended'> =>
  new Promise((end) => {
    ssh.on('exit', () => end('ended'));
    const attempt = () => {
      const socket = connect(path);
      socket.on('connect', () => socket.on('close', () => end('closed')).resume());
      socket.on('error', () => setTimeout(attempt, 50));
    };
    attempt();
  });

test('variables from the environment have no effect', () => {
  const { stdout, status } = ask(
    'inspect',
    '-o',
    `SetEnv=config=/root birdc=/bin/sh fixed=1 IFS=/ script=echo answered=7 rights=7`,
  );
  expect(status).toBe(0);
  expect(stdout).toMatch(/\nend\n$/);
  expect(stdout).not.toContain('/root');
});

test('refuses an oversized release, and leaves nothing of it behind', async () => {
  const remote = sshRemote(sshd.target, { script: undefined });
  const lock = await remote.start({ verb: 'hold', settings: [], args: ['me', '60'] }, 'held');
  const command = { verb: 'stage', settings: ['owner=me'], args: ['0123456789abcdef'] };
  const { code, stderr } = await remote.run(command, Buffer.alloc(2 ** 25 + 2 ** 20));
  expect(code).toBe(1);
  expect(stderr).toContain('larger than 33554432 bytes');
  expect(existsSync(join(bird.config, '.noencap/releases/0123456789abcdef'))).toBe(false);
  expect(readdirSync(join(bird.config, '.noencap')).filter((name) => name.startsWith('incoming'))).toEqual(
    [],
  );
  if ('firstOutput' in lock) await lock.close();
  await remote.end();
});
