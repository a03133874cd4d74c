import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { accountScript, authorizedKey } from '../../delivery/account.ts';
import { Hidden } from '../../delivery/hidden.ts';
import { releaseFor } from '../../delivery/password.ts';
import { hold, type RouterSettings } from '../../delivery/router.ts';
import { routerScript } from '../../delivery/script/script.ts';
import type { Remote } from '../../delivery/ssh/remote.ts';
import { sshRemote } from '../../delivery/ssh/ssh.ts';
import { type Holder, startHolder } from '../../lab/holder.ts';
import { mainFile, session } from './bird.ts';
import { type Agent, startAgent } from './ssh/sshd.ts';
import { done, release, stepsOn } from './steps.ts';

const KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDXDA2KYbWm6I56U69jpilq1FWvwYFge0FGylHwZSE08';
const TARGET = { host: 'gateway', user: 'noencap', port: 22, knownHosts: 'known_hosts' };
const SETTINGS: RouterSettings = {
  configDir: '/etc/bird',
  mode: 'include',
  secret: 'k3s-password.conf',
  router: { network: 'home', name: 'gateway', id: '10.0.0.1' },
};
const LINE = `restrict,command="/usr/local/sbin/noencap-router" ${KEY}`;

test.each([
  [KEY, LINE],
  [`${KEY} ops@example\n`, `${LINE} ops@example`],
  [`${KEY} a "b" $(id)`, `${LINE} abid`],
])('%j may run the forced command', (key, line) => {
  expect(authorizedKey(key)).toBe(line);
});

test.each([
  '',
  'ssh-ed25519',
  `no-pty ${KEY}`,
  `command="id" ${KEY}`,
  `${KEY}\n${KEY}`,
  `${KEY} comment\ncommand="id" ${KEY}`,
  '-----BEGIN OPENSSH PRIVATE KEY-----\nsecret\n-----END OPENSSH PRIVATE KEY-----',
])('%j is not a public key, and is not repeated', (key) => {
  const refused = authorizedKey(key);
  expect(refused).toMatchObject({ message: 'this is not a public key' });
  expect(JSON.stringify(refused)).not.toMatch(/secret|AAAA/);
});

test('an invalid name does not get into a script for root', () => {
  for (const change of [{ host: "x'; id; '" }, { host: '-x' }, { user: 'a b' }, { user: "';id;'" }]) {
    expect(accountScript({ ...TARGET, ...change }, SETTINGS, KEY)).toHaveProperty('message');
  }
  expect(() => accountScript(TARGET, { ...SETTINGS, configDir: "/etc/'; id" }, KEY)).toThrow(
    'is not a setting',
  );
});

test('shellcheck finds nothing in the script for root', () => {
  const { error, stdout } = spawnSync('shellcheck', ['-s', 'sh', '-'], {
    input: accountScript(TARGET, SETTINGS, KEY) as string,
    encoding: 'utf8',
  });
  expect({ error, stdout }).toEqual({ error: undefined, stdout: '' });
});

/** Only root can create accounts; the machine's own files are not touched: copies take their place. */
const able = process.getuid?.() === 0 && process.env.NOENCAP_NO_NETNS !== '1';
const onRouter = able ? test : test.skip;

const ROUTER = `set -eu
for folder in /etc /usr/local/sbin; do
  mkdir -p "/run/copy$folder"
  cp -a "$folder/." "/run/copy$folder/"
  mount --bind "/run/copy$folder" "$folder"
done
mount -t tmpfs -o mode=0755 tmpfs /var/lib
mount -t tmpfs -o mode=0755 tmpfs /var/log
install -d -o bird -g bird /run/bird
install -d -m 0750 -o bird -g bird /etc/bird
install -d /etc/bird/k3s /run/sshd
cat >/etc/bird/bird.conf <<'END'
${mainFile('/run/bird')}END
chown bird:bird /etc/bird/bird.conf
chmod 0640 /etc/bird/bird.conf
cat >/etc/bird/k3s/ibgp.conf <<'END'
${session('theirs')}END
bird -u bird -g bird
printf '%s\\n' 'ListenAddress 127.0.0.1' 'UsePAM no' 'Subsystem sftp internal-sftp' >/run/sshd_config
rm -f /etc/ssh/ssh_host_*
ssh-keygen -q -t ed25519 -N '' -f /etc/ssh/ssh_host_ed25519_key
/usr/sbin/sshd -f /run/sshd_config -h /etc/ssh/ssh_host_ed25519_key
`;

onRouter('the account that it creates can deliver over SSH, and do nothing else', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'noencap-account-'));
  const path = process.env.PATH;
  let agent: Agent | undefined;
  let holder: Holder | undefined;
  let remote: Remote | undefined;
  try {
    const started = await startHolder();
    if (!('mark' in started)) throw new Error(started.message);
    holder = started;
    const router = async (script: string) => {
      const { code, stdout, stderr } = await started.run(script);
      if (code !== 0) throw new Error(`${code}: ${stdout}${stderr}`);
      return stdout;
    };
    agent = startAgent();
    const key = join(folder, 'key');
    spawnSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', key]);
    agent.add(key);
    await router(ROUTER);

    const target = { ...TARGET, host: '127.0.0.1', knownHosts: join(folder, 'known_hosts') };
    const setup = accountScript(target, SETTINGS, readFileSync(`${key}.pub`, 'utf8')) as string;
    const pins = await router(setup);
    expect(pins).toMatch(/^127\.0\.0\.1 ssh-ed25519 \S+\n$/);
    expect(await router(setup)).toBe(pins);
    writeFileSync(target.knownHosts, pins);
    await router('cp -p /etc/passwd /run/passwd; usermod -d /home/noencap noencap');
    expect(await started.run(setup)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('The account noencap exists for another purpose'),
    });
    await router('cat /run/passwd >/etc/passwd');
    // From here on it knows which router it is, and another router's script changes nothing.
    expect(await router('stat -c %U /etc/bird/.noencap/router; cat /etc/bird/.noencap/router')).toBe(
      'noencap\nhome/gateway/10.0.0.1\n',
    );
    const edge = { ...SETTINGS, router: { network: 'home', name: 'edge', id: '10.0.0.2' } };
    const others = accountScript(target, edge, readFileSync(`${key}.pub`, 'utf8')) as string;
    expect(await started.run(others)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('This machine is the router home/gateway/10.0.0.1'),
    });
    // One of the three may change, and the next delivery writes it down.
    const renamed = { ...SETTINGS, router: { network: 'home', name: 'edge', id: '10.0.0.1' } };
    expect(await router(accountScript(target, renamed, readFileSync(`${key}.pub`, 'utf8')) as string)).toBe(
      pins,
    );
    // What BIRD's user could have planted there does not lead root anywhere.
    await router(
      'ln /etc/hostname /etc/bird/k3s/second; echo mine >/run/mine; ln -s /run/mine /etc/bird/k3s/link',
    );
    expect(await started.run(setup)).toMatchObject({
      code: 3,
      stderr: expect.stringContaining('/etc/bird/k3s/second has a second name'),
    });
    await router('rm /etc/bird/k3s/second');
    expect(await router(setup)).toBe(pins);
    expect(await router('stat -c %U /run/mine /etc/hostname; rm /etc/bird/k3s/link')).toBe('root\nroot\n');
    await router('mv /etc/bird/bird.conf /run/bird.conf; ln -s /etc/shadow /etc/bird/bird.conf');
    expect(await started.run(setup)).toMatchObject({ code: 3, stderr: expect.stringContaining('is a link') });
    await router('rm /etc/bird/bird.conf; mv /run/bird.conf /etc/bird/bird.conf');

    const ssh = join(folder, 'ssh');
    writeFileSync(ssh, `#!/bin/sh\nexec nsenter ${holder.enter.join(' ')} /usr/bin/ssh "$@"\n`);
    chmodSync(ssh, 0o755);
    process.env.PATH = `${folder}:${path}`;
    remote = sshRemote(target, { script: routerScript });
    const birdc = (words: string) =>
      spawnSync('nsenter', [...started.enter, 'birdc', '-v', words], { encoding: 'utf8' }).stdout;
    const bird = { config: started.path('/etc/bird'), settings: SETTINGS } as Parameters<typeof stepsOn>[0];
    const steps = stepsOn(bird, done(await hold(remote, SETTINGS, 'test')), remote);
    done(await steps.adopt());
    await steps.ship(release('one'));
    expect(birdc('show protocols')).toMatch(/^(1002-|\s+)one +BGP/m);
    const secret = { name: 'k3s-password.conf', password: new Hidden('correct horse') };
    const text = session('two').replace('passive on;', 'passive on;\n  include "../k3s-password.conf";');
    await steps.ship(releaseFor(new Map([['k3s/ibgp.conf', text]]), secret)({ salt: undefined }));
    await steps.lock.release();
    expect(await router('stat -L -c %U:%G:%a /etc/bird/k3s-password.conf')).toBe('noencap:bird:640\n');
    expect(await router('stat -c %U:%G /etc/bird/.noencap/live/k3s/ibgp.conf')).toBe('noencap:bird\n');
    // A restart of BIRD, as its own user, reads what was delivered.
    await router('birdc down >/dev/null; until bird -u bird -g bird 2>/dev/null; do sleep 0.1; done');
    expect(birdc('show protocols')).toMatch(/^(1002-|\s+)two +BGP/m);

    const rights = await router(`su -s /bin/sh noencap -c '
      for file in /var/lib/noencap/.ssh/authorized_keys /usr/local/sbin/noencap-router /var/lib/noencap/new /etc/passwd; do
        if (: >>"$file") 2>/dev/null; then echo "writes $file"; fi
      done; if [ -r /etc/shadow ]; then echo reads shadow; fi'`);
    expect(rights).toBe('');
  } finally {
    await remote?.end();
    process.env.PATH = path;
    agent?.end();
    await holder?.end();
    rmSync(folder, { recursive: true, force: true });
  }
});
