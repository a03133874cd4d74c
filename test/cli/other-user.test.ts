import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { REPORT_FILE } from '../fixture/report.ts';
import { noencap, scratch } from './run.ts';

/**
 * A user's network folder, in which root has also run noencap. Scripts run as root in a mount namespace, where the clone and Node.js are
 * in a world-readable folder; `user` runs a command as the user.
 */
const asRoot = process.getuid?.() === 0 ? test : test.skip;

let folder: string;

beforeEach(() => {
  folder = scratch();
  chmodSync(folder, 0o755);
  mkdirSync(join(folder, 'net'));
  mkdirSync(join(folder, 'noencap'));
  writeFileSync(join(folder, 'node'), '');
  copyFileSync(REPORT_FILE, join(folder, 'net/topology.yaml'));
  // Its bundle is created before, by its owner.
  noencap(folder, ['--version']);
});

afterEach(() => rmSync(folder, { recursive: true }));

function play(script: string): string {
  const prelude = `set -e; exec 2>&1
mount --bind ${process.execPath} ${folder}/node
mount --bind ${resolve('.')} ${folder}/noencap
cd ${folder}/net
chown -R 12345:12345 .
user() { setpriv --reuid=12345 --regid=12345 --clear-groups "$@"; }
synth() { ${folder}/node ${folder}/noencap/bin/noencap synth -q "$@"; }
user_synth() { user ${folder}/node ${folder}/noencap/bin/noencap synth -q "$@" || echo "code $?"; }
mtu() { user sed -i "s/mtu: 1370/mtu: $1/; s/mtu: 13[0-9]0 /mtu: $1 /" topology.yaml; }
`;
  return spawnSync('unshare', ['--mount', 'sh', '-c', prelude + script], { encoding: 'utf8' }).stdout;
}

asRoot("what root renders in a user's folder belongs to the user, who can continue as before", () => {
  const said = play(`user_synth
mtu 1360
sed -i 's/^nodes:.*/&\\n  fresh: {region: WDS, role: agent, address: 192.168.100.99}/; s/kubenode-wds-1: 192.168.100.252}/kubenode-wds-1: 192.168.100.252, fresh: 192.168.100.99}/' topology.yaml
synth
find . -user root
mtu 1350
user_synth
user_synth --check
user sed -i '/^  fresh:/d; s/, fresh: 192.168.100.99//' topology.yaml
user_synth
ls -A
[ ! -e dist/nodes/fresh ]
echo done`);
  expect(said).toBe('dist\ntopology.yaml\ndone\n');
});

asRoot("root's first run leaves no file of root's either, and no lock", () => {
  expect(play('synth; find . -user root; ls -A; mtu 1350; user_synth; user_synth --check')).toBe(
    'dist\ntopology.yaml\n',
  );
});

asRoot('what an earlier run left to root is moved aside and reported; dist is written, repeatedly', () => {
  const said = play(`user_synth
chown -R 0:0 dist/nodes/kubemaster dist/cluster/30-bgp
mtu 1360
user_synth
user_synth --check; echo "fresh $?"
mtu 1350
user_synth
user_synth --check; echo "fresh $?"
ls -A | sed 's/left-[0-9]*/left-N/'`);
  expect(said).toMatch(/^dist is written\. The old one holds files of another user/);
  expect(said).toContain(`\nRemove it: sudo rm -r '${folder}/net/.dist.noencap-left-`);
  expect(said.match(/dist is written/g)).toHaveLength(1);
  expect(said).toMatch(/\nfresh 0\nfresh 0\n\.dist\.noencap-left-N\ndist\ntopology\.yaml\n$/);
});

asRoot('if nothing could be changed, the message names the owner and how to take the files back', () => {
  const said = play(`user_synth
chown 0:0 dist/nodes/kubemaster; chmod 700 dist/nodes/kubemaster
mtu 1360
find . -type f -exec sha256sum {} + | sort >${folder}/before
user_synth
find . -type f -exec sha256sum {} + | sort | cmp - ${folder}/before && echo same
ls -A
chown -hR 12345:12345 ./dist/nodes/kubemaster
user_synth
user_synth --check; echo "fresh $?"`);
  expect(said).toContain(
    'dist/nodes/kubemaster belongs to root; take it back: sudo chown -hR 12345:12345 ./dist/nodes/kubemaster.',
  );
  expect(said).toMatch(/ Nothing was changed\.\ncode 3\nsame\ndist\ntopology\.yaml\nfresh 0\n$/);
});

asRoot("root does not write where a user's link leads", () => {
  const said = play(`mkdir -m 755 ${folder}/roots
user ln -s ${folder}/roots dist
synth || echo "code $?"
ls -A ${folder}/roots; ls -A ${folder}`);
  expect(said).toMatch(/Nothing was changed\.\ncode 3\nnet\nnode\nnoencap\nroots\n$/);
});

asRoot('whatever the umask, nobody else may write to rendered files', () => {
  expect(play('umask 000; user_synth; find . -perm /002 ! -type l; echo done')).toBe('done\n');
});
