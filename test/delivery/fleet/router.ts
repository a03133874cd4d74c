import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join, resolve } from 'node:path';
import { askBird, hostFolder, type Lab } from '../../../lab/index.ts';
import { waited } from '../../waited.ts';
import { put } from '../bird.ts';
import { generationsIn, type RouterName } from './topology.ts';

/**
 * A router of the fleet: besides its network namespace it has its own mounts, with a small file system as /etc/bird and a
 * /run/bird, a BIRD started the way Debian starts it, and an sshd with a host key.
 */
export interface FleetRouter {
  readonly name: RouterName;
  /** Its /etc/bird, as this process sees it. */
  readonly config: string;
  /** Runs shell text as root on the router; throws with its output if it fails. */
  run(script: string): Promise<string>;
  birdc(command: string): Promise<string>;
  /** The state that a delivery must leave consistent. */
  seen(): Promise<RouterSeen>;
  /** Whether an unconfirmed change is pending. Starts no process, so that it can be called often. */
  waits(): Promise<boolean>;
  /** Reverts an unconfirmed change, as BIRD itself does when the time limit expires. Nobody waits for that here. */
  expire(): Promise<void>;
  startBird(): Promise<void>;
  /** kill -9. */
  killBird(): Promise<void>;
  /** Stops it without ending it, or continues it. */
  hangBird(how: 'hang' | 'go on'): Promise<void>;
  startSshd(): Promise<void>;
  /** kill -9, with all its connections. */
  killSshd(): Promise<void>;
  /** A host key other than the pinned one, or the pinned one again, from the next start of sshd on. */
  showKey(which: 'pinned' | 'other'): void;
  /** The public half of the pinned key, as known_hosts has it. */
  readonly hostKey: string;
  /** Fills the disk to the last byte. */
  fillDisk(): Promise<void>;
  freeDisk(): Promise<void>;
  /** As the kernel does after an I/O error: nobody can write any more, not even to open files. */
  remount(mode: 'ro' | 'rw'): Promise<void>;
  /** The time of day that its programs see from now on: `+3d` or `-26h` is the offset to this machine's. */
  setClock(offset: string): void;
}

export interface RouterSeen {
  /** The generation that BIRD runs. More than one, or none, is a fault. */
  readonly runs: readonly number[];
  /** The generation of the files that BIRD reads at its next start. */
  readonly files: readonly number[];
  /** BIRD's verdict on these files. */
  readonly atRestart: 'ok' | string;
  /** An unconfirmed change is pending. */
  readonly pending: boolean;
  /** What noencap recorded as shipped last, and what it left of a delivery that did not end. */
  readonly state: string;
  readonly left: readonly string[];
}

/** The size of /etc/bird. ship needs one MiB. */
const DISK = '4m';

/** One of those that scripts/setup-birds.sh unpacks, instead of the machine's own. */
export type OtherBird = '2.17' | '3.1';

function otherBird(version: OtherBird): string {
  const folder = resolve('.cache/birds', version);
  if (!existsSync(join(folder, 'bird')))
    throw new Error(`BIRD ${version} is missing. Run: scripts/setup-birds.sh`);
  return ['bird', 'birdc'].map((one) => `mount --bind ${join(folder, one)} /usr/sbin/${one} && `).join('');
}

/** Creates the mounts, installs the files of an earlier delivery, and starts BIRD and sshd. */
export async function startRouter(
  lab: Lab,
  name: RouterName,
  files: ReadonlyMap<string, string>,
  authorized: string,
  bird?: OtherBird,
): Promise<FleetRouter> {
  const { holder } = lab;
  const own = hostFolder(name);
  const seenAt = (path: string) => holder.path(join(own, path));
  const sh = async (script: string): Promise<string> => {
    const { code, stdout, stderr } = await holder.run(script);
    if (code !== 0) throw new Error(`${name}: ${script}\n${stdout}${stderr}`);
    return stdout;
  };
  // The namespace lives as long as this sleep does: a mount namespace cannot be kept in a file inside a lab. It has its own /dev/shm:
  // libfaketime has a semaphore there for each PID, PIDs start over in each lab, and a process killed in another lab released nothing.
  await sh(`set -e
mkdir -p ${own}/etc /run/bird /run/sshd
mount -t tmpfs -o mode=0755,size=${DISK} tmpfs ${own}/etc
nsenter --net=/run/netns/${name} unshare --mount sh -c '
  ${bird === undefined ? '' : otherBird(bird)}mount --bind ${own}/etc /etc/bird && mount --bind ${own} /run/bird && mount -t tmpfs tmpfs /dev/shm &&
  echo 0 >/proc/sys/net/ipv4/ip_unprivileged_port_start && echo $$ >${own}/ns.pid && exec sleep 2147483647
' </dev/null >/dev/null 2>${own}/ns.log &
for try in $(seq 200); do [ -s ${own}/ns.pid ] && exit; sleep 0.02; done
cat ${own}/ns.log >&2; exit 1`);
  const enter = `nsenter --target=${(await sh(`cat ${own}/ns.pid`)).trim()} --net --mount`;
  const run = (script: string) => sh(`${enter} sh <<'END_OF_SCRIPT'\n${script}\nEND_OF_SCRIPT`);

  for (const key of ['pinned', 'other']) {
    await sh(`ssh-keygen -q -t ed25519 -N '' -C ${name} -f ${own}/${key}`);
  }
  const show = (which: 'pinned' | 'other') =>
    writeFileSync(
      seenAt('sshd_config'),
      SSHD.concat(
        `HostKey /run/bird/${which}`,
        `SetEnv ${CLOCK} ${HOME}`,
        `AuthorizedKeysFile ${authorized}`,
        '',
      ).join('\n'),
    );
  const setClock = (offset: string) => writeFileSync(seenAt('clock'), `${offset}\n`);
  setClock('+0');
  show('pinned');
  for (const [path, text] of files) put(seenAt(join('etc', path)), text);

  /** Its own processes by program. They share the PID namespace with the whole lab, but not the network. */
  const killAll = (program: string) =>
    sh(`for pid in $(ip netns pids ${name}); do
  [ "$(cat /proc/$pid/comm 2>/dev/null)" != ${program} ] || kill -9 $pid 2>/dev/null || :
done`);
  const none = async (program: string) =>
    (await sh(`for pid in $(ip netns pids ${name}); do cat /proc/$pid/comm 2>/dev/null || :; done`))
      .split('\n')
      .every((comm) => comm !== program);
  const killed = async (program: string) => {
    await waited(`no ${program} on ${name}`, async () => {
      await killAll(program);
      return none(program);
    });
  };
  /** A process that ends leaves its namespaces before its sockets: until those are closed, the next one cannot have them. */
  const closed = (what: string, list: string) =>
    waited(`no listener at ${what} on ${name}`, async () => (await run(list)) === '');
  const birdc = (command: string) => run(`/usr/sbin/birdc -v -s /run/bird/bird.ctl '${command}'`);
  const waits = async () => /undo/i.test((await askBird(seenAt('bird.ctl'), 'configure status'))?.text ?? '');
  const router: FleetRouter = {
    name,
    config: seenAt('etc'),
    hostKey: publicKey(seenAt('pinned.pub')),
    run,
    birdc,
    waits,
    expire: async () => {
      if (await waits()) await askBird(seenAt('bird.ctl'), 'configure undo');
    },
    seen: async () => {
      const [symbols, pending, restart] = [
        (await askBird(seenAt('bird.ctl'), 'show symbols'))?.text ?? '',
        await waits(),
        await run('bird -p -c /etc/bird/bird.conf 2>&1 || :'),
      ];
      return {
        runs: generationsIn(symbols),
        files: generationsIn(liveText(seenAt('etc'))),
        atRestart: restart.trim() || 'ok',
        pending,
        state: read(seenAt('etc/.noencap/state'))
          .replace(/ [0-9a-f]{16}$/m, '')
          .trim(),
        left: leftovers(seenAt('etc/.noencap')),
      };
    },
    startBird: async () => {
      await run(`${CLOCK} bird -c /etc/bird/bird.conf -s /run/bird/bird.ctl -P /run/bird/bird.pid`);
      await waited(`BIRD of ${name}`, async () => (await birdc('show status')).includes('0013'));
    },
    killBird: async () => {
      await killed('bird');
      await closed('bird.ctl', 'ss -Hxl | grep -F bird.ctl || :');
    },
    hangBird: async (how) => {
      await run(`kill -${how === 'hang' ? 'STOP' : 'CONT'} $(cat /run/bird/bird.pid)`);
    },
    startSshd: async () => {
      await run(`${AS_USER}/usr/sbin/sshd -f /run/bird/sshd_config -E /run/bird/sshd.log`).catch((error) => {
        throw new Error(`${error.message}${read(seenAt('sshd.log'))}\n${MEND}`);
      });
      await waited(`sshd of ${name}`, async () => (await run('ss -Hltn "sport = :22"')) !== '');
    },
    killSshd: async () => {
      await killed('sshd');
      await closed('port 22', 'ss -Hltn "sport = :22"');
    },
    showKey: show,
    fillDisk: async () => {
      // Also the rest of the last page: dd stops when no further block fits.
      await run(
        'for size in 4096 512 1; do dd if=/dev/zero bs=$size of=/etc/bird/ballast-$size 2>/dev/null; done; :',
      );
    },
    freeDisk: async () => void (await run('rm -f /etc/bird/ballast-*')),
    setClock,
    // With its source: otherwise mount(8) would repeat the options of the first mount, which a user namespace may not set again.
    remount: async (mode) => void (await sh(`mount -o remount,${mode} tmpfs ${own}/etc`)),
  };
  await router.startBird();
  await router.startSshd();
  return router;
}

/** The time of day of BIRD and of everything that runs over SSH. Monotonic clocks go on unchanged, as in reality. */
const CLOCK = [
  `LD_PRELOAD=${libfaketime()}`,
  'FAKETIME_TIMESTAMP_FILE=/run/bird/clock',
  'FAKETIME_NO_CACHE=1',
  'FAKETIME_DONT_FAKE_MONOTONIC=1',
].join(' ');

/** Not the startup files of the user who runs the tests: they may hang, or leave a lock behind when a story kills them. */
const HOME = 'HOME=/run/bird';

export function libfaketime(): string {
  const found = readdirSync('/usr/lib')
    .map((one) => join('/usr/lib', one, 'faketime/libfaketime.so.1'))
    .find((one) => existsSync(one));
  if (found === undefined) throw new Error('libfaketime is missing. Run: scripts/setup-tests.sh');
  return found;
}

const SSHD: readonly string[] = [
  'PidFile /run/bird/sshd.pid',
  'StrictModes no',
  'UsePAM no',
  'UseDNS no',
  'PasswordAuthentication no',
  'KbdInteractiveAuthentication no',
  'PermitRootLogin prohibit-password',
  'MaxStartups 100',
  'MaxSessions 50',
];

/**
 * Without root the lab has a single user, who appears as root. sshd as root would switch to users that do not exist; as
 * the user outside the lab it lets in only that user, and needs no privileges.
 */
const { uid, gid, username } = userInfo();
const AS_USER = uid === 0 ? '' : `unshare --user --map-user=${uid} --map-group=${gid} `;
export const LOGIN = username;

const MEND =
  'The routers need sshd: scripts/setup-tests.sh. If namespaces of users are not allowed here, run it as root, or skip it with NOENCAP_NO_NETNS=1.';

const publicKey = (file: string): string => readFileSync(file, 'utf8').split(' ').slice(0, 2).join(' ');

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

/** Everything of ours that BIRD reads, through any links. */
function liveText(config: string): string {
  const peers = join(config, 'k3s/ibgpeers');
  const files = existsSync(peers) ? readdirSync(peers).map((one) => join(peers, one)) : [];
  return [join(config, 'bird.conf'), join(config, 'k3s/ibgp.conf'), ...files].map(read).join('\n');
}

/** What only a running delivery has, except the lock: a killed one leaves it behind, and the next takes it over. */
const leftovers = (folder: string): string[] =>
  existsSync(folder)
    ? readdirSync(folder).filter((name) =>
        /^(staged|incoming|tree|probe|fault|busy)|\.new$|^(link|replaced)\./.test(name),
      )
    : [];
