import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import type { Ran, Running } from '../../../delivery/ssh/remote.ts';
import { type SshTarget, sshRemote } from '../../../delivery/ssh/ssh.ts';
import { type Agent, clientsOf, endSshd, type Sshd, startAgent, startSshd } from './sshd.ts';

/** All kinds of quotes, a history mark, an octal escape, a comment with an apostrophe, and the input. */
const SCRIPT = `# it's a script
for word in "$@"; do printf '<%s>' "$word"; done
printf '\\n%s %s\\n' "a!b \\\\ 'c'" '"$HOME"' # $(exit 9)
cat
echo done`;
const SAYS = `a!b \\ 'c' "$HOME"\n`;
const ODD = ["a b'c", '$(id)', '`id`', '"; exit 7; "', '\\', '\\n', '*', '~', '{a,b}', '^!!', 'ü', '\n', ''];

let agent: Agent;
const path = process.env.PATH;
const ends: (() => Promise<void>)[] = [];

beforeAll(() => {
  agent = startAgent();
});
afterEach(async () => {
  process.env.PATH = path;
  for (const end of ends.splice(0).reverse()) await end();
});
afterAll(() => agent.end());

async function sshd(authorized = '', settings: readonly string[] = []): Promise<Sshd> {
  const started = await startSshd(authorized, settings);
  agent.add(started.key);
  ends.push(() => endSshd(started));
  ends.push(async () => agent.empty());
  return started;
}

function to(target: SshTarget, script: string | undefined = SCRIPT) {
  const remote = sshRemote(target, { script: script === undefined ? script : () => script });
  ends.push(remote.end);
  return remote;
}

const ask = (target: SshTarget, script?: string): Promise<Ran> =>
  to(target, script).run({ verb: 'inspect', settings: [], args: [] });

/** ssh reads the user's configuration from the home directory in the password database, whatever HOME says. */
function configured({ folder }: Sshd, config: string): void {
  const [file, bin] = [join(folder, 'ssh_config'), join(folder, 'bin')];
  writeFileSync(file, config);
  mkdirSync(bin);
  writeFileSync(join(bin, 'ssh'), `#!/bin/sh\nexec '${which('ssh')}' -F '${file}' "$@"\n`);
  chmodSync(join(bin, 'ssh'), 0o755);
  process.env.PATH = `${bin}:${path}`;
}

const which = (program: string): string =>
  spawnSync('sh', ['-c', `command -v ${program}`], { encoding: 'utf8' }).stdout.trim();

/** As sshd does: the account's shell gets the line after -c. */
const login = (shell: string, before = ''): string =>
  `command="${before}exec ${shell} -c \\"$SSH_ORIGINAL_COMMAND\\""`;

describe('login shells', () => {
  test.each(['dash', 'bash', 'busybox ash', 'fish', 'tcsh'])('%s hands the script on', async (shell) => {
    if (which(shell.split(' ')[0] ?? '') === '') {
      throw new Error(`${shell} is missing. Run: scripts/setup-tests.sh`);
    }
    const { target } = await sshd(login(shell));
    const ran = await to(target).run({ verb: 'stage', settings: ['a=b'], args: ODD }, Buffer.from('input\n'));
    expect(ran).toEqual({
      code: 0,
      stdout: `<a=b><stage>${ODD.map((word) => `<${word}>`).join('')}\n${SAYS}input\ndone\n`,
      stderr: '',
    });
  });

  test('the startup output of a shell is not part of an answer', async () => {
    const { target } = await sshd(login('sh', 'echo Welcome; printf held; '));
    expect((await ask(target)).stdout).toBe(`<inspect>\n${SAYS}done\n`);
    const running = await to(target, 'echo held; cat; echo end').start(
      { verb: 'hold', settings: [], args: [] },
      'held',
    );
    expect(running).toMatchObject({ firstOutput: 'held\n' });
    expect(await (running as Running).close()).toMatchObject({ code: 0, stdout: 'held\nend\n' });
  });

  test.each([
    [
      'none',
      'command="echo This account is currently not available.; exit 1"',
      /: This account is currently/,
    ],
    ['one that fails silently', 'command="exit 1"', /shell commands\.\n/],
    ['no sh', 'command="echo sh: not found >&2; exit 127"', /: sh: not found\.\n/],
    ['one that ends well without a word', 'command="true"', /shell commands\.\n/],
  ])('%s: is reported, and is not taken for an answer', async (_, authorized, message) => {
    const { target } = await sshd(authorized);
    const ran = await ask(target);
    expect(ran).toMatchObject({ code: 255, stdout: '' });
    expect(ran.stderr).toMatch(/^the account \S+ at \[127\.0\.0\.1\]:\d+ runs no shell commands/);
    expect(ran.stderr).toMatch(message);
  });
});

describe('what ~/.ssh/config says', () => {
  test('a different address for the host: the key is still looked up under the name in the topology', async () => {
    const router = await sshd();
    const { port } = router.target;
    const pinned = readFileSync(router.target.knownHosts, 'utf8').replace('127.0.0.1', 'gateway');
    writeFileSync(router.target.knownHosts, pinned);
    configured(router, 'Host gateway\n  HostName 127.0.0.1\n');
    expect(await ask({ ...router.target, host: 'gateway' })).toMatchObject({ code: 0 });
    const other = await ask({ ...router.target, host: '127.0.0.1' });
    expect(other.stderr).toContain(`has no host key for [127.0.0.1]:${port}.`);
  });

  test('settings that would interfere have no effect', async () => {
    const router = await sshd();
    const { folder } = router;
    const config = [
      'RemoteCommand echo other',
      'RequestTTY force',
      'PermitLocalCommand yes',
      `LocalCommand touch ${folder}/local`,
      'LogLevel QUIET',
      'StrictHostKeyChecking no',
      'ForwardAgent yes',
      'RemoteForward 127.0.0.1:1 127.0.0.1:1',
      'ExitOnForwardFailure yes',
      'ControlMaster yes',
      `ControlPath ${folder}/other`,
      'ControlPersist yes',
      'SessionType none',
      'StdinNull yes',
      'UpdateHostKeys yes',
    ];
    configured(router, `${config.join('\n')}\n`);
    expect(await ask(router.target, 'echo "[$SSH_AUTH_SOCK]"; [ -t 0 ] || cat')).toEqual({
      code: 0,
      stdout: '[]\n',
      stderr: '',
    });
    expect(spawnSync('ls', [join(folder, 'local'), join(folder, 'other')]).stdout.toString()).toBe('');
    writeFileSync(router.target.knownHosts, '');
    expect((await ask(router.target)).stderr).toContain('has no host key for');
    expect(readFileSync(router.target.knownHosts, 'utf8')).toBe('');
  });

  test('a jump host, and every way in which it can fail', async () => {
    const [router, jump] = [await sshd(), await sshd()];
    // There is no other way to reach either of the two.
    const config = (own: string, port = jump.target.port) =>
      `Host jump\n  HostName 127.0.0.1\n  Port ${port}\n  UserKnownHostsFile ${own}\n  StrictHostKeyChecking yes\n` +
      `Host 127.0.0.1\n  ProxyJump ${userInfo().username}@jump\n`;
    configured(router, config(jump.target.knownHosts));
    const file = join(router.folder, 'ssh_config');
    const ran = await ask(router.target, 'echo "$SSH_CONNECTION"');
    expect(ran.code).toBe(0);
    writeFileSync(file, config('/dev/null'));
    expect((await ask(router.target)).stderr).toMatch(
      /^the jump host on the way to \S+ does not have the host key .*\nPut its key/,
    );
    writeFileSync(file, config(jump.target.knownHosts, 1));
    expect((await ask(router.target)).stderr).toMatch(
      /^the connection to \S+ through its jump host failed: .*\nLog in/,
    );
    writeFileSync(file, config(jump.target.knownHosts));
    await router.stop();
    expect((await ask(router.target)).stderr).toMatch(/through its jump host failed: .*\n/);
    await router.start();
    agent.empty();
    expect((await ask(router.target)).stderr).toMatch(/through its jump host failed: .*Permission denied/);
  });
});

describe('a certificate', () => {
  let router: Sshd;
  let ca: string;
  const certify = (principal: string, validity: string) => {
    agent.empty();
    const sign = ['-q', '-s', ca, '-I', 'ship', '-n', principal, '-V', validity, `${router.key}.pub`];
    execFileSync('ssh-keygen', sign);
    agent.add(router.key);
  };
  beforeEach(async () => {
    router = await sshd();
    ca = join(router.folder, 'ca');
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', ca]);
  });

  test('admits an account without authorized_keys, until it expires', async () => {
    const { target } = await sshd('', [`TrustedUserCAKeys ${ca}.pub`]);
    certify(userInfo().username, '-1m:+5m');
    expect(await ask(target)).toMatchObject({ code: 0 });
    certify(userInfo().username, '20200101:20200102');
    expect((await ask(target)).stderr).toContain('does not let');
  });

  test('of an authority in authorized_keys gets the forced command, if issued for it', async () => {
    const { target, folder } = await sshd();
    const line = 'cert-authority,principals="noencap",restrict,command="echo $SSH_ORIGINAL_COMMAND"';
    writeFileSync(join(folder, 'authorized'), `${line} ${readFileSync(`${ca}.pub`, 'utf8')}`);
    const asked = async () => {
      const remote = sshRemote(target, { script: undefined });
      ends.push(remote.end);
      return remote.run({ verb: 'inspect', settings: [], args: [] });
    };
    certify('noencap', '-1m:+5m');
    expect(await asked()).toEqual({ code: 0, stdout: 'inspect\n', stderr: '' });
    certify('other', '-1m:+5m');
    expect((await asked()).stderr).toContain('does not let');
  });
});

test('an agent that must ask is not waited for', async () => {
  const { target, key } = await sshd();
  agent.empty();
  execFileSync('ssh-add', ['-q', '-c', key], { env: process.env });
  const { code, stderr } = await ask(target);
  expect(code).toBe(255);
  expect(stderr).toMatch(/the agent refuses to sign for|does not let/);
  expect(stderr).not.toContain(key);
});

describe('connections that end', () => {
  const REASONS: [string, string, RegExp][] = [
    ['the script is killed', 'echo half; kill -9 $$', /^inspect was ended from outside at \S+/],
    ['the script ends with 255', 'echo half; exit 255', /^inspect was ended from outside at \S+/],
    ['the connection is killed', 'echo half; sleep 0.2; kill -9 $PPID; sleep 5', /was lost during inspect/],
  ];
  test.each(REASONS)('%s: told apart, shared or not', async (_, script, message) => {
    const { target } = await sshd();
    const remote = to(target, script);
    const fresh = remote.fresh();
    for (const way of [remote, fresh]) {
      const ran = await way.run({ verb: 'inspect', settings: [], args: [] });
      expect(ran).toMatchObject({ code: 255, stdout: 'half\n' });
      expect(ran.stderr).toMatch(message);
    }
  });

  test('a router that prints messages of ssh is not mistaken for ssh', async () => {
    const { target } = await sshd('', ['Banner /etc/hostname']);
    const words = 'Permission denied (publickey).';
    expect(await ask(target, `echo '${words}' >&2; exit 1`)).toMatchObject({ code: 1 });
    const killed = await ask(target, `echo '${words}' >&2; kill -9 $$`);
    expect(killed.stderr).toMatch(/^inspect was ended/);
  });

  test('the next command opens a new connection if the old one died', async () => {
    const router = await sshd();
    const remote = to(router.target, 'echo "$SSH_CONNECTION"; cat');
    const run = () => remote.run({ verb: 'inspect', settings: [], args: [] });
    const first = await run();
    for (const pid of clientsOf(router)) process.kill(pid, 'SIGKILL');
    const second = await run();
    expect(second).toMatchObject({ code: 0, stderr: '' });
    expect(second.stdout).not.toBe(first.stdout);
    await router.stop();
    await router.start();
    expect(await run()).toMatchObject({ code: 0 });
  });

  test('a lock holder learns that its connection is lost', async () => {
    const router = await sshd();
    const remote = to(router.target, 'echo held; cat');
    const running = (await remote.start({ verb: 'hold', settings: [], args: [] }, 'held')) as Running;
    for (const pid of clientsOf(router)) process.kill(pid, 'SIGKILL');
    const ran = await running.ended;
    expect(ran).toMatchObject({ code: 255, stdout: 'held\n' });
    expect(ran.stderr).toMatch(/was lost during hold/);
  });

  test('more than any valid answer is not read', async () => {
    const { target } = await sshd();
    const ran = await ask(target, 'yes');
    expect(ran.code).toBe(255);
    expect(ran.stderr).toMatch(/with more than any valid answer has/);
  });
});
