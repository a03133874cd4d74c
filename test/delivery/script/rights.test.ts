import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { faultText } from '../../../delivery/fault.ts';
import { hold, inspect, type RouterSettings, show } from '../../../delivery/router.ts';
import { routerScript } from '../../../delivery/script/script.ts';
import { sshRemote } from '../../../delivery/ssh/ssh.ts';
import { type Holder, startHolder } from '../../../lab/holder.ts';
import { mainFile, session } from '../bird.ts';
import { type Agent, startAgent } from '../ssh/sshd.ts';
import { done, release, type Steps, stepsOn } from '../steps.ts';

/**
 * root delivers over a real sshd into a folder that belongs to BIRD's user, as on Debian, and that user is hostile. It must never get to
 * read a file that only root may read, or to change a file of root's.
 */
const able = process.getuid?.() === 0 && process.env.NOENCAP_NO_NETNS !== '1';
const onRouter = able ? describe : describe.skip;

const SETTINGS: RouterSettings = { configDir: '/etc/bird', mode: 'include' };
const SECRET = 'for root alone';

const ROUTER = `set -eu
mkdir -p /run/etc
cp -a /etc/. /run/etc/
mount --bind /run/etc /etc
mount -t tmpfs -o mode=0700 tmpfs /root
mount -t tmpfs -o mode=0755 tmpfs /var/log
install -d -o bird -g bird /run/bird
install -d -m 0700 /run/sshd /root/.ssh
printf '%s\\n' 'ListenAddress 127.0.0.1' 'UsePAM no' 'MaxStartups 100' >/run/sshd_config
rm -f /etc/ssh/ssh_host_*
ssh-keygen -q -t ed25519 -N '' -f /etc/ssh/ssh_host_ed25519_key
usermod -s /bin/sh root
/usr/sbin/sshd -f /run/sshd_config -h /etc/ssh/ssh_host_ed25519_key
echo '${SECRET}' >/etc/only-root
chmod 0600 /etc/only-root
`;

/** The folder as on Debian, with the operator's files, and BIRD. */
const FOLDER = `birdc down >/dev/null 2>&1 || :
rm -rf /etc/bird
install -d -m 0750 -o bird -g bird /etc/bird /etc/bird/k3s /etc/bird/k3s/ibgpeers
cat >/etc/bird/bird.conf <<'END'
${mainFile('/run/bird')}END
cat >/etc/bird/k3s/ibgp.conf <<'END'
${session('theirs')}END
chmod 0640 /etc/bird/bird.conf /etc/bird/k3s/ibgp.conf
chown -R bird:bird /etc/bird
until bird -u bird -g bird 2>/dev/null; do sleep 0.1; done
echo '${SECRET}' >/etc/only-root
`;

onRouter.each([
  ['dash', ''],
  ['busybox', 'mount --bind "$(command -v busybox)" "$(readlink -f /bin/sh)"'],
])('root and a router whose sh is %s', (_, shell) => {
  let folder: string;
  let path: string | undefined;
  let agent: Agent;
  let holder: Holder;
  let target: Parameters<typeof sshRemote>[0];
  const remotes: ReturnType<typeof sshRemote>[] = [];

  const router = async (script: string): Promise<string> => {
    const { code, stdout, stderr } = await holder.run(script);
    if (code !== 0) throw new Error(`${code}: ${stdout}${stderr}`);
    return stdout;
  };
  const connect = () => {
    const remote = sshRemote(target, { script: routerScript });
    remotes.push(remote);
    return remote;
  };
  const asBird = (script: string) =>
    router(`setpriv --reuid bird --regid bird --init-groups sh -c '${script.replaceAll("'", `'\\''`)}'`);
  /** Starts a hostile process of BIRD's user; returns how to end it. */
  const hostile = (script: string) => {
    const words = ['setpriv', '--reuid', 'bird', '--regid', 'bird', '--init-groups', 'sh', '-c', script];
    const child = spawn('nsenter', [...holder.enter, ...words], { stdio: 'ignore', detached: true });
    return () =>
      new Promise((ended) => {
        child.on('close', ended);
        // The whole group: nsenter forks to enter the PID namespace, and what it forked would go on.
        if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
      }).then(
        // On a busy machine what was killed may still end a system call, and put a link where a file has just been seen.
        () =>
          router(
            `while ps -u bird -o stat=,comm= | grep -Eq '^[^Z][^ ]* +(sh|ln|rm|busybox)$'; do sleep 0.05; done`,
          ),
      );
  };
  const steps = async (): Promise<Steps> => {
    const remote = connect();
    const bird = { config: holder.path('/etc/bird'), settings: SETTINGS } as Parameters<typeof stepsOn>[0];
    return stepsOn(bird, done(await hold(remote, SETTINGS, 'test')), remote);
  };
  /** No file of root's was written to, and nothing that only root may read is below BIRD's folder. */
  const unharmed = async () => {
    expect(await router('stat -c %U:%a /etc/only-root; cat /etc/only-root')).toBe(`root:600\n${SECRET}\n`);
    const copies = `find /etc/bird -type f -exec grep -l '${SECRET}' '{}' + || :`;
    expect(await router(copies)).toBe('');
  };

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'noencap-rights-'));
    path = process.env.PATH;
    const started = await startHolder();
    if (!('run' in started)) throw new Error(started.message);
    holder = started;
    agent = startAgent();
    const key = join(folder, 'key');
    spawnSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', key]);
    agent.add(key);
    await router(ROUTER);
    await router(`echo '${readFileSync(`${key}.pub`, 'utf8').trim()}' >/root/.ssh/authorized_keys`);
    if (shell !== '') await router(shell);
    const knownHosts = join(folder, 'known_hosts');
    writeFileSync(knownHosts, `127.0.0.1 ${await router('cat /etc/ssh/ssh_host_ed25519_key.pub')}`);
    target = { host: '127.0.0.1', user: 'root', port: 22, knownHosts };
    const ssh = join(folder, 'ssh');
    writeFileSync(ssh, `#!/bin/sh\nexec nsenter ${holder.enter.join(' ')} /usr/bin/ssh "$@"\n`);
    chmodSync(ssh, 0o755);
    process.env.PATH = `${folder}:${path}`;
  });
  afterAll(async () => {
    process.env.PATH = path;
    agent?.end();
    await holder?.end();
    rmSync(folder, { recursive: true, force: true });
  });
  beforeEach(() => router(FOLDER));
  afterEach(async () => {
    for (const remote of remotes.splice(0)) await remote.end();
  });

  test("works as BIRD's user, who owns the folder, and everything it leaves belongs to that user", async () => {
    const at = await steps();
    done(await at.adopt());
    await at.ship(release('one'));
    await at.lock.release();
    expect(await router('birdc show protocols')).toMatch(/^one +BGP/m);
    expect(await router('find /etc/bird ! -user bird -print')).toBe('');
  });

  test("a link to a file of root's is not read, not hashed and not adopted", async () => {
    await asBird('ln -s /etc/only-root /etc/bird/k3s/ibgpeers/x.conf');
    const seen = done(await inspect(connect(), SETTINGS));
    expect(seen.odd).toEqual(['k3s/ibgpeers/x.conf']);
    expect([...seen.files.keys()]).toEqual(['k3s/ibgp.conf']);
    expect((await show(connect(), SETTINGS, 'k3s/ibgpeers/x.conf')).failed).toBeDefined();
    const at = await steps();
    expect((await at.adopt()).failed?.message).toContain(
      '/etc/bird/k3s/ibgpeers/x.conf is a link or a device',
    );
    await at.lock.release();
    await unharmed();
  });

  test.each([
    ['a link to a folder', 'ln -s /etc /etc/bird/k3s/etc', 'k3s/etc', 'k3s/etc/only-root'],
    ['a FIFO', 'mkfifo /etc/bird/k3s/pipe', 'k3s/pipe', 'k3s/pipe'],
    ['a link to nothing', 'ln -s /nowhere /etc/bird/k3s/gone', 'k3s/gone', 'k3s/gone'],
  ])('%s is refused by name', async (_, plant, name, file) => {
    await asBird(plant);
    expect(done(await inspect(connect(), SETTINGS)).odd).toEqual([name]);
    expect((await show(connect(), SETTINGS, file)).failed).toBeDefined();
    const at = await steps();
    expect((await at.adopt()).failed?.message).toContain(`/etc/bird/${name} is a link or a device`);
    await at.lock.release();
    await unharmed();
  });

  test('k3s itself as a link to elsewhere is refused', async () => {
    await asBird('mv /etc/bird/k3s /etc/bird/real && ln -s real /etc/bird/k3s');
    expect(done(await inspect(connect(), SETTINGS)).odd).toEqual(['k3s']);
    const at = await steps();
    expect((await at.adopt()).failed?.message).toContain('/etc/bird/k3s is a link, and noencap follows none');
    await at.lock.release();
  });

  test("a file with a second hard link elsewhere is read only with BIRD's permissions", async () => {
    await router('ln /etc/only-root /etc/bird/k3s/ibgpeers/x.conf');
    expect((await show(connect(), SETTINGS, 'k3s/ibgpeers/x.conf')).failed?.message).toContain('cannot read');
    const at = await steps();
    expect((await at.adopt()).failed).toBeDefined();
    await at.lock.release();
    await router('rm /etc/bird/k3s/ibgpeers/x.conf');
    await unharmed();
  });

  test('.noencap as a link to elsewhere is refused, and nothing is created there', async () => {
    await asBird('ln -s /etc/bird-elsewhere /etc/bird/.noencap');
    await router('install -d /etc/bird-elsewhere');
    expect((await hold(connect(), SETTINGS, 'test')).failed?.message).toContain('.noencap is a link');
    expect(await router('ls -A /etc/bird-elsewhere')).toBe('');
  });

  test.each(['state.new', 'state', 'router.new', 'live.new', 'releases', 'busy.adopt'])(
    "a link in the place of .noencap/%s harms nothing of root's",
    async (name) => {
      await asBird('mkdir /etc/bird/.noencap');
      const at = await steps();
      await asBird(`ln -sfn /etc/only-root /etc/bird/.noencap/${name}`);
      const adopted = await at.adopt();
      if (adopted.failed === undefined) await at.ship(release('one'));
      await at.lock.release();
      await unharmed();
    },
  );

  test('a file name with a line break plants nothing beside the staged copy', async () => {
    await asBird(
      'cd /etc/bird && two=$(printf "x\\n..") && mkdir -p "filters/$two" && touch "filters/$two/planted"',
    );
    const at = await steps();
    done(await at.adopt());
    expect((await at.stage(release('one'))).failed?.message).toContain(
      'staged copy of /etc/bird cannot be written',
    );
    expect(await router('ls /etc/bird/.noencap')).not.toContain('planted');
    await at.lock.release();
  });

  test("links that come and go during the work harm no file of root's", async () => {
    const end = hostile(`cd /etc/bird
      mkdir .noencap
      while :; do
        for one in .noencap/state.new .noencap/router.new k3s/ibgpeers/x.conf; do ln -sfn /etc/only-root "$one" 2>/dev/null; done
        rm -f k3s/ibgpeers/x.conf; echo '# mine' >k3s/ibgpeers/x.conf
      done`);
    const said: string[] = [];
    for (let turn = 0; turn < 5; turn += 1) {
      const shown = await show(connect(), SETTINGS, 'k3s/ibgpeers/x.conf');
      said.push(shown.done ?? shown.failed?.message ?? '');
      const at = await steps();
      const adopted = await at.adopt();
      said.push(adopted.failed?.message ?? '');
      if (adopted.failed === undefined) said.push((await at.stage(release('one'))).failed?.message ?? '');
      await at.discard();
      await at.lock.release();
    }
    await end();
    expect(said.join('\n')).not.toContain(SECRET);
    await unharmed();
  });

  test.each([
    [
      'its group',
      'chown -R root:bird /etc/bird; chmod 0770 /etc/bird',
      /users other than root may write to \/etc\/bird, .*chmod go-w/,
    ],
    [
      'everybody',
      'chown -R root /etc/bird; chmod 0777 /etc/bird',
      /users other than root may write to \/etc\/bird, .*chmod go-w/,
    ],
    [
      'the owner of k3s',
      'chown root /etc/bird',
      /users other than root may write to \/etc\/bird\/k3s, .*chown -hR root/,
    ],
    [
      'whoever owns the folder above',
      'install -d -o bird /home/bird; chown -hR root /etc/bird; mv /etc/bird /home/bird/etc; ln -s /home/bird/etc /etc/bird',
      /users other than root may write to \/home\/bird and so replace/,
    ],
    ['nobody that has a name', 'chown 54321 /etc/bird', /belongs to UID 54321/],
    [
      "BIRD, and what noencap has there is root's",
      'install -d /etc/bird/.noencap',
      /\.noencap belongs to somebody else\. .*chown -hR bird/,
    ],
  ])('a folder that %s may change is refused', async (_, change, message) => {
    await router(`mount -t tmpfs tmpfs /home; ${change}`);
    const [looked, held] = [await inspect(connect(), SETTINGS), await hold(connect(), SETTINGS, 'test')];
    for (const { failed } of [looked, held]) {
      expect(failed).toMatchObject({ kind: 'refused', code: 'rights' });
      expect(failed && faultText(failed)).toMatch(message);
    }
    await router('rm -rf /etc/bird; umount /home');
  });

  test('root delivers as root into a folder that only root may write to', async () => {
    await router('chown -hR root /etc/bird; chmod -R go-w /etc/bird');
    const at = await steps();
    done(await at.adopt());
    await at.ship(release('one'));
    await at.lock.release();
    expect(await router('stat -c %U:%G:%a /etc/bird/.noencap/live/k3s/ibgp.conf')).toBe('root:bird:640\n');
  });

  test("without setpriv, su becomes BIRD's user; without either nothing is done", async () => {
    await router(
      'printf "#!/bin/sh\\nexit 1\\n" >/run/no; chmod 0755 /run/no; mount --bind /run/no "$(command -v setpriv)"',
    );
    try {
      const at = await steps();
      done(await at.adopt());
      await at.ship(release('one'));
      await at.lock.release();
      expect(await router('find /etc/bird ! -user bird -print')).toBe('');
      await router('mount --bind /run/no "$(command -v su)"');
      expect((await inspect(connect(), SETTINGS)).failed?.message).toContain('cannot become bird');
      await router('umount "$(command -v su)"');
    } finally {
      await router('umount "$(command -v setpriv)"');
    }
  });
});
