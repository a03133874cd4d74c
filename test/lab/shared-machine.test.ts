import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { buildSync } from 'esbuild';
import { scratch } from '../cli/run.ts';
import { REPORT_FILE } from '../fixture/report.ts';

/**
 * Other users of the machine who were there first. Each test is a shell script in its own mount namespace with an empty /run:
 * what it creates there affects no other test. `$D` is a world-writable folder.
 */
const able = process.getuid?.() === 0 && process.env.NOENCAP_NO_NETNS !== '1';
const asRoot = able ? test : test.skip;

/** Runs a script in TypeScript. */
const NODE = `${process.execPath} --import ${resolve('node_modules/tsx/dist/esm/index.mjs')}`;

let folder: string;

beforeEach(() => {
  folder = scratch();
  chmodSync(folder, 0o1777);
});

afterEach(() => rmSync(folder, { recursive: true }));

function play(script: string): { code: number | null; said: string } {
  const prelude = `set -e; exec 2>&1
mount -t tmpfs -o mode=0755 tmpfs /run
export D=${folder} TMPDIR=${folder}/tmp
mkdir -m 1777 $TMPDIR
noencap() { ${process.execPath} ${resolve('bin/noencap')} "$@" -t ${REPORT_FILE}; }
${TRAP}
`;
  const { status, stdout, stderr } = spawnSync('unshare', ['--mount', 'sh', '-c', prelude + script], {
    encoding: 'utf8',
    env: { ...process.env, XDG_RUNTIME_DIR: '' },
  });
  return { code: status, said: stdout + stderr };
}

/**
 * \`trap_in FOLDER FILE\`: another user's namespaces, in which sh is that user's program, which leaves a mark, and a state file that names
 * them as a running lab.
 */
const TRAP = `trap_in() {
  mkdir -p $D/evil
  cp "$(readlink -f /bin/sh)" $D/evil/dash
  printf '#!%s\\necho run >>%s\\n' $D/evil/dash $D/owned >$D/evil/sh
  chmod 755 $D/evil/sh
  unshare --mount --net --pid --fork --kill-child $D/evil/dash -c "mount -t tmpfs tmpfs /run; mkdir -p /run/lab/gateway /run/netns
    mount --bind $D/evil/sh $(readlink -f /bin/sh); touch $D/evil/ready; exec sleep 1000" &
  outer=$!
  trap 'kill -9 $outer 2>/dev/null || true' EXIT
  until [ -e $D/evil/ready ]; do sleep 0.05; done
  pid=$(cut -d' ' -f1 </proc/$outer/task/$outer/children)
  born=$(sed 's/.*) //' /proc/$pid/stat | cut -d' ' -f20)
  boot=$(cat /proc/sys/kernel/random/boot_id)
  mkdir -p "$1"
  printf '{"pid":%s,"born":"%s","boot":"%s","hosts":[{"name":"gateway","daemons":["bird"]}]}' \\
    "$pid" "$born" "$boot" >"$1/$2"
}`;

const COMMANDS = `for words in 'lab up' 'lab --keep' 'lab routes gateway' 'lab birdc gateway show status' 'lab exec gateway true' 'lab down'; do
  code=0; noencap_words $words || code=$?
  echo "$words: $code"
done`;

/** \`lab exec\` accepts options only before its words. */
const WORDS = `noencap_words() {
  case "$1 $2" in
    'lab exec') ${process.execPath} ${resolve('bin/noencap')} lab exec -t ${REPORT_FILE} gateway true ;;
    *) noencap "$@" ;;
  esac
}`;

const refusedAll = (said: string): string[] => said.split('\n').filter((line) => /^lab .*: 3$/.test(line));

asRoot.each([
  [
    'belongs to somebody else',
    'chown -R 12345:12345 /run/noencap',
    '/run/noencap belongs to another user (12345)',
  ],
  ['is open to everybody', 'chmod 0777 /run/noencap', '/run/noencap is open to other users (mode 0777)'],
  ['may be read by a group', 'chmod 0750 /run/noencap', '/run/noencap is open to other users (mode 0750)'],
  [
    'is a link',
    'mv /run/noencap $D/theirs; chmod 700 $D/theirs; ln -s $D/theirs /run/noencap',
    '/run/noencap is a link, or not a folder',
  ],
])('a folder of running labs that %s is refused by every command', (_what, attack, message) => {
  const { said } = play(`${WORDS}
trap_in /run/noencap lab-home.json
chmod 700 /run/noencap
${attack}
${COMMANDS}
kill -0 $pid && echo alive`);
  expect(said).toContain(message);
  expect(said).toContain('then remove it: rm -r /run/noencap');
  expect(refusedAll(said)).toHaveLength(6);
  expect(said).toContain('\nalive\n');
  expect(existsSync(join(folder, 'owned'))).toBe(false);
});

asRoot.each([
  ['noencap-lab-0', 'home.json'],
  ['noencap-0', 'lab-home.json'],
])('what another user has put into $TMPDIR/%s is not run as root', (name, file) => {
  const { said } = play(`trap_in $TMPDIR/${name} ${file}
chown -R 12345:12345 $TMPDIR/${name}
noencap lab routes gateway || echo "code $?"
noencap lab down || echo "code $?"
kill -0 $pid && echo alive`);
  expect(said).toBe(`${'No lab of home is up.\nRun: bin/noencap lab up\ncode 2\n'.repeat(2)}alive\n`);
  expect(existsSync(join(folder, 'owned'))).toBe(false);
});

asRoot('without its own /run root uses $TMPDIR, and refuses what belongs to others there', () => {
  const { said } = play(`chmod 1777 /run
trap_in $TMPDIR/noencap-0 lab-home.json
chmod 700 $TMPDIR/noencap-0
chown -R 12345:12345 $TMPDIR/noencap-0
noencap lab routes gateway || echo "code $?"`);
  expect(said).toContain('/noencap-0 belongs to another user (12345)');
  expect(said).toContain('\ncode 3\n');
  expect(existsSync(join(folder, 'owned'))).toBe(false);
});

asRoot.each([
  ['XDG_RUNTIME_DIR=$D/runtime', '$D/runtime/noencap'],
  ['XDG_RUNTIME_DIR=$D/shared', '$TMPDIR/noencap-12345'],
  ['XDG_RUNTIME_DIR=', '$TMPDIR/noencap-12345'],
])('a user with %s keeps labs in %s, and refuses it from another', (variable, used) => {
  // A user who may read neither the clone nor Node.js: /root is closed to others.
  const contents = `import { ownFolder } from './machine/own-folder.ts';
    const { path, message } = ownFolder(); console.log(message ?? path);`;
  buildSync({
    stdin: { contents, resolveDir: '.' },
    bundle: true,
    platform: 'node',
    outfile: join(folder, 'own.cjs'),
  });
  const { code, said } = play(`mkdir -m 700 $D/runtime; chown 12345 $D/runtime; mkdir -m 1777 $D/shared
touch $D/node; mount --bind ${process.execPath} $D/node
user() { setpriv --reuid=12345 --regid=12345 --clear-groups "$@"; }
own() { user env "${variable}" $D/node $D/own.cjs; }
[ "$(own)" = "${used}" ]
[ "$(own)" = "${used}" ]
rmdir ${used}
mkdir -m 700 ${used}
chown 999 ${used}
own | grep -q 'belongs to another user (999)'
echo done`);
  expect({ code, said }).toEqual({ code: 0, said: 'done\n' });
});

/** In its own PID namespace, where the kernel can be told the next PID. */
asRoot('a process that reuses the PID of an ended holder is never entered', () => {
  writeFileSync(join(folder, 'reuse.sh'), REUSE);
  const { said } = play(`cat >$D/reuse.mjs <<'END'
import { spawnSync } from 'node:child_process';
import { findHolder } from ${JSON.stringify(resolve('lab/holder.ts'))};
const [pid, born, boot] = process.argv.slice(2);
const holder = findHolder({ pid: Number(pid), born, boot });
if (holder === undefined) throw new Error('no holder');
const before = await holder.run('cat /run/lab/mine');
process.stdout.write(spawnSync('sh', [process.env.D + '/reuse.sh', pid], { encoding: 'utf8' }).stdout);
const after = await holder.run('echo entered; cat /run/lab/mine');
console.log(JSON.stringify({ before: before.stdout, after: after.stdout, failed: after.code !== 0 }));
const again = findHolder({ pid: Number(pid), born, boot });
console.log(again === undefined ? 'not found again' : 'found');
END
unshare --pid --fork --mount-proc sh -c '
  (unshare --mount --net sh -c "mount -t tmpfs tmpfs /run; mkdir /run/lab; echo holder >/run/lab/mine; echo \\$\\$ >$D/up; exec sleep 1000" &)
  until [ -s $D/up ]; do sleep 0.05; done
  pid=$(cat $D/up)
  born=$(sed "s/.*) //" /proc/$pid/stat | cut -d" " -f20)
  ${NODE} $D/reuse.mjs $pid $born "$(cat /proc/sys/kernel/random/boot_id)"
'`);
  expect(said).toBe('reused\n{"before":"holder\\n","after":"","failed":true}\nnot found again\n');
});

/** Ends the process and gives its PID to another one, in its own namespaces. */
const REUSE = `kill -9 $1
while [ -e /proc/$1 ]; do sleep 0.05; done
for attempt in 1 2 3 4 5 6 7 8 9; do
  echo $(($1 - 1)) >/proc/sys/kernel/ns_last_pid
  unshare --mount --net sh -c 'mount -t tmpfs tmpfs /run; mkdir /run/lab; echo other >/run/lab/mine; echo >$D/second; exec sleep 1000' >/dev/null 2>&1 &
  until [ -e $D/second ]; do sleep 0.05; done
  [ $! = $1 ] && echo reused && break
  kill -9 $!
  rm $D/second
done
`;
