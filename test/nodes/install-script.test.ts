import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { nodeFiles } from '../../nodes/index.ts';
import type { TopologyInput } from '../../topology/index.ts';
import { fabricOf } from '../fabric-of.ts';
import { MANIFESTS, network } from './networks.ts';

/**
 * A machine: its own /etc, /var and /usr/local/bin in a mount namespace, and a PATH on which curl serves an installer
 * that behaves like K3s's as far as our script can tell. The calls of the stand-ins are in `asked`.
 */
interface Machine {
  readonly root: string;
  readonly bin: string;
  readonly asked: string;
  /** The node's folder, copied here. */
  readonly folder: string;
}

const INSTALLER = `#!/bin/sh
set -eu
printf 'installer %s args=%s config=%s\\n' "$(env | grep K3S | sort | tr '\\n' ' ')" "$*" \\
  "$(test -f /etc/rancher/k3s/config.yaml && echo there)" >>"$ASKED"
printf '#!/bin/sh\\nif [ "$1" = kubectl ]; then . "$CLUSTER"; exit; fi\\necho "k3s version %s (abcdef01)"\\necho "go version go1.24"\\n' "$INSTALL_K3S_VERSION" >/usr/local/bin/k3s
chmod 755 /usr/local/bin/k3s
if [ -n "\${DIE:-}" ]; then exit "$DIE"; fi
case $INSTALL_K3S_EXEC in server) name=k3s ;; *) name=k3s-agent ;; esac
echo '[Service]' >/etc/systemd/system/$name.service
`;

const CURL = `#!/bin/sh
printf 'curl %s\\n' "$*" >>"$ASKED"
while [ "$1" != -o ]; do shift; done
cp "$INSTALLER" "$2"
`;

/**
 * The answer of K3s' kubectl about the Installation and its field owners: it never answers, has none, or has these. `engine` is a
 * kind of an installed engine.
 */
function cluster(
  managers: 'silent' | 'empty' | readonly string[],
  engine = 'applications.argoproj.io',
): void {
  const text =
    managers === 'silent'
      ? 'echo "connection refused" >&2; exit 1'
      : managers === 'empty'
        ? 'exit 0'
        : `case $* in
  *" get --ignore-not-found crd "*"${engine} "*"-o name") echo customresourcedefinition.apiextensions.k8s.io/${engine} ;;
  *" get --ignore-not-found crd applications.argoproj.io "*) ;;
  *" get --ignore-not-found crd installations.operator.tigera.io "*)
    echo customresourcedefinition.apiextensions.k8s.io/installations.operator.tigera.io ;;
  *" get --ignore-not-found installations.operator.tigera.io default --show-managed-fields "*)
    printf '%s' '${managers.join(' ')}' ;;
  *) exit 1 ;;
esac`;
  // Asks this machine's own K3s, whatever cluster the shell was used for.
  const own = 'if [ "$KUBECONFIG" != /etc/rancher/k3s/k3s.yaml ]; then exit 1; fi';
  writeFileSync(join(dirname(machine.root), 'cluster'), `${own}\n${text}\n`);
}

const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

let machine: Machine;

beforeEach(() => {
  const base = mkdtempSync(join(tmpdir(), 'noencap nodes-'));
  machine = {
    root: join(base, 'root'),
    bin: join(base, 'bin'),
    asked: join(base, 'asked'),
    folder: join(base, 'a folder'),
  };
  mkdirSync(machine.root);
  mkdirSync(machine.bin);
  writeFileSync(machine.asked, '');
  writeFileSync(join(base, 'installer'), INSTALLER);
  cluster('empty');
  program('curl', CURL);
  for (const name of ['systemctl', 'sysctl']) program(name, `#!/bin/sh\necho "${name} $*" >>"$ASKED"\n`);
});

afterEach(() => rmSync(dirname(machine.root), { recursive: true }));

const program = (name: string, text: string) => {
  writeFileSync(join(machine.bin, name), text);
  chmodSync(join(machine.bin, name), 0o755);
};

function copyFolder(node: string, topology: TopologyInput = network()): void {
  rmSync(machine.folder, { recursive: true, force: true });
  const prefix = `nodes/${node}/`;
  for (const [path, text] of nodeFiles(fabricOf(topology), MANIFESTS)) {
    if (!path.startsWith(prefix)) continue;
    const target = join(machine.folder, path.slice(prefix.length));
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, text);
  }
}

function install(env: NodeJS.ProcessEnv = {}) {
  writeFileSync(machine.asked, '');
  const asRoot = process.getuid?.() === 0 ? [] : ['--user', '--map-root-user'];
  const run = spawnSync('/usr/bin/unshare', [...asRoot, '--mount', '/bin/sh', '-c', OWN_FOLDERS], {
    cwd: '/',
    encoding: 'utf8',
    env: {
      PATH: `${machine.bin}:/usr/bin:/bin`,
      ROOT: machine.root,
      SCRIPT: join(machine.folder, 'install.sh'),
      ASKED: machine.asked,
      INSTALLER: join(dirname(machine.root), 'installer'),
      NOENCAP_K3S_INSTALLER_SHA256: sha256(readFileSync(join(dirname(machine.root), 'installer'))),
      CLUSTER: join(dirname(machine.root), 'cluster'),
      KUBECONFIG: '/root/elsewhere.yaml',
      TMPDIR: dirname(machine.root),
      ...env,
    },
  });
  return {
    code: run.status,
    stdout: run.stdout,
    stderr: run.stderr,
    asked: readFileSync(machine.asked, 'utf8'),
  };
}

const OWN_FOLDERS = `set -e
for folder in /etc /var /usr/local/bin; do
  /bin/mkdir -p "$ROOT$folder" "$ROOT/etc/systemd/system"
  /bin/mount --bind "$ROOT$folder" "$folder"
done
exec /bin/sh "$SCRIPT"`;

const at = (path: string) => join(machine.root, path);
const CONFIG = 'etc/rancher/k3s/config.yaml';
const TOKEN = 'etc/rancher/k3s/noencap.token';

/** Everything on the machine: path to text, mode and time. */
const state = () =>
  readdirSync(machine.root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => {
      const path = join(entry.parentPath, entry.name);
      const { mode, mtimeMs } = statSync(path);
      return { path, mode, mtimeMs, text: readFileSync(path, 'utf8') };
    })
    .sort((a, b) => (a.path < b.path ? -1 : 1));

test('the first server: files first, then the installer; a second run finds nothing to do and touches nothing', () => {
  copyFolder('first');
  const first = install();
  expect(first).toMatchObject({ code: 0, stderr: '' });
  expect(first.stdout).toBe(`first: wrote /etc/sysctl.d/90-noencap.conf
first: wrote /etc/rancher/k3s/config.yaml
first: wrote /var/lib/rancher/k3s/server/manifests/noencap-operator.yaml
first: wrote /var/lib/rancher/k3s/server/manifests/noencap-bgp.yaml
first: installing K3s v1.34.5+k3s1
`);
  expect(first.asked.replace(/-o \S.* --/, '-o FILE --')).toBe(`sysctl -e -q -p /etc/sysctl.d/90-noencap.conf
curl -fsSL --proto =https --proto-redir =https --tlsv1.2 --retry 3 -o FILE -- https://raw.githubusercontent.com/k3s-io/k3s/v1.34.5%2Bk3s1/install.sh
installer INSTALL_K3S_EXEC=server INSTALL_K3S_MIRROR= INSTALL_K3S_VERSION=v1.34.5+k3s1  args= config=there
`);
  for (const path of [CONFIG, 'var/lib/rancher/k3s/server/manifests/noencap-operator.yaml']) {
    expect({ path, mode: statSync(at(path)).mode & 0o777 }).toEqual({ path, mode: 0o600 });
  }
  expect(readFileSync(at(CONFIG), 'utf8')).toBe(readFileSync(join(machine.folder, 'config.yaml'), 'utf8'));
  const before = state();
  expect(install()).toEqual({
    code: 0,
    stdout: 'first: nothing to do\n',
    stderr: '',
    asked: 'sysctl -e -q -p /etc/sysctl.d/90-noencap.conf\n',
  });
  expect(state()).toEqual(before);
});

test('a rehearsal puts the files below its root, and neither installs nor starts anything', () => {
  copyFolder('first');
  const root = join(dirname(machine.root), 'rehearsal');
  mkdirSync(root);
  const run = install({ NOENCAP_ROOT: root });
  expect(run).toMatchObject({ code: 0, stderr: '', asked: '' });
  expect(run.stdout).toContain(
    'first: would install K3s v1.34.5+k3s1 from https://raw.githubusercontent.com/k3s-io/k3s/v1.34.5%2Bk3s1/install.sh\n',
  );
  expect(existsSync(join(root, CONFIG))).toBe(true);
  expect(state()).toEqual([]);
});

test('leftovers of another cluster in the environment reach neither the installer nor K3s', () => {
  copyFolder('first');
  const left = {
    K3S_URL: 'https://old:6443',
    K3S_TOKEN: 'old',
    K3S_CONFIG_FILE: '/old',
    INSTALL_K3S_NAME: 'foo',
    INSTALL_K3S_COMMIT: 'dead',
    INSTALL_K3S_SKIP_START: 'true',
  };
  expect(install(left).asked).toMatch(
    /^installer INSTALL_K3S_EXEC=server INSTALL_K3S_MIRROR= INSTALL_K3S_VERSION=v1\.34\.5\+k3s1 {2}args=/m,
  );
});

test('an installer interrupted after the program runs again, until it succeeds', () => {
  copyFolder('first');
  expect(install({ DIE: '9' })).toMatchObject({ code: 9 });
  expect(existsSync(at('usr/local/bin/k3s'))).toBe(true);
  expect(install().stdout).toBe('first: installing K3s v1.34.5+k3s1\n');
  expect(install().stdout).toBe('first: nothing to do\n');
});

test('a machine that runs the other role does not get both', () => {
  copyFolder('second');
  install({ K3S_TOKEN: 'one' });
  const before = state();
  copyFolder('agent');
  expect(install({ K3S_TOKEN: 'one' })).toMatchObject({
    code: 2,
    stdout: '',
    stderr: 'agent: this machine runs k3s already. Remove it first: /usr/local/bin/k3s-uninstall.sh\n',
  });
  expect(state()).toEqual(before);
});

test('a configuration that is a folder is also left alone', () => {
  copyFolder('first');
  mkdirSync(at(CONFIG), { recursive: true });
  expect(install()).toMatchObject({ code: 2, stdout: '' });
});

test('only root may run it', () => {
  copyFolder('first');
  program('id', '#!/bin/sh\necho 1000\n');
  expect(install()).toMatchObject({ code: 3, stdout: '', stderr: 'first: must run as root\n' });
});

test('a node that joins with another token restarts', () => {
  copyFolder('agent');
  install({ K3S_TOKEN: 'one' });
  expect(install({ K3S_TOKEN: 'one' }).stdout).toBe('agent: nothing to do\n');
  const run = install({ K3S_TOKEN: 'two' });
  expect(run.stdout).toBe('agent: restarting k3s-agent\n');
  expect(run.asked).toContain('systemctl restart k3s-agent\n');
});

test('a joining node stores its token in a file that only root can read, and nowhere else', () => {
  copyFolder('agent');
  const run = install({ K3S_TOKEN: 'K10secret::server:abc' });
  expect(run).toMatchObject({ code: 0, stderr: '' });
  expect(readFileSync(at(TOKEN), 'utf8')).toBe('K10secret::server:abc\n');
  expect(statSync(at(TOKEN)).mode & 0o777).toBe(0o600);
  expect(run.stdout + run.stderr + run.asked).not.toContain('secret');
  for (const { path, text } of state()) if (path !== at(TOKEN)) expect(text).not.toContain('secret');
});

test('the installer does not see the token in its environment', () => {
  copyFolder('agent');
  writeFileSync(join(dirname(machine.root), 'installer'), `env >/var/environment\n${INSTALLER}`);
  install({ K3S_TOKEN: 'K10secret' });
  expect(readFileSync(at('var/environment'), 'utf8')).not.toContain('secret');
});

test('a joining node without a token says where to get one, and writes nothing', () => {
  copyFolder('agent');
  expect(install()).toMatchObject({
    code: 2,
    stdout: '',
    stderr: 'agent: joins a cluster: set K3S_TOKEN to the token of the first server\n',
  });
  expect(state()).toEqual([]);
});

test('a node with a stored token needs none at the next run', () => {
  copyFolder('agent');
  install({ K3S_TOKEN: 'one' });
  expect(install()).toMatchObject({ code: 0, stdout: 'agent: nothing to do\n' });
});

test('a region behind a mirror installs from it, and pulls from it', () => {
  copyFolder('agent');
  const run = install({ K3S_TOKEN: 'one' });
  expect(run.asked).toContain('https://rancher-mirror.rancher.cn/k3s/k3s-install.sh');
  expect(run.asked).toContain('INSTALL_K3S_EXEC=agent INSTALL_K3S_MIRROR=cn');
  expect(readFileSync(at('etc/rancher/k3s/registries.yaml'), 'utf8')).toContain('https://b.example/v2');
});

test('a changed configuration restarts the service, a changed manifest does not', () => {
  copyFolder('first');
  install();
  copyFolder('first', network({ regionLabel: 'zone' }));
  expect(install().stdout).toBe('first: wrote /etc/rancher/k3s/config.yaml\nfirst: restarting k3s\n');
  writeFileSync(join(machine.folder, 'manifests/bgp.yaml'), 'kind: Other\n');
  expect(install().stdout).toBe(
    'first: wrote /var/lib/rancher/k3s/server/manifests/noencap-bgp.yaml\nfirst: nothing to do\n',
  );
});

describe('once a GitOps engine has applied the Installation', () => {
  const MANIFESTS_OF_K3S = 'var/lib/rancher/k3s/server/manifests';
  const copies = () => readdirSync(at(MANIFESTS_OF_K3S)).sort();

  test.each([
    ['argocd-controller', 'applications.argoproj.io'],
    ['kustomize-controller', 'kustomizations.kustomize.toolkit.fluxcd.io'],
  ])('%s: K3s leaves the copies alone', (manager, engine) => {
    copyFolder('first');
    install();
    // From an earlier topology: K3s would still apply it at each start.
    writeFileSync(at(`${MANIFESTS_OF_K3S}/noencap-old.yaml`), 'kind: Old\n');
    cluster(['deploy@first', manager, 'operator'], engine);
    expect(install()).toMatchObject({
      code: 0,
      stderr: '',
      stdout: `first: K3s leaves noencap-operator.yaml to the GitOps engine from now on
first: K3s leaves noencap-bgp.yaml to the GitOps engine from now on
first: K3s leaves noencap-old.yaml to the GitOps engine from now on
first: nothing to do
`,
    });
    expect(copies()).toEqual([
      'noencap-bgp.yaml',
      'noencap-bgp.yaml.skip',
      'noencap-old.yaml',
      'noencap-old.yaml.skip',
      'noencap-operator.yaml',
      'noencap-operator.yaml.skip',
    ]);
    const before = state();
    expect(install().stdout).toBe('first: nothing to do\n');
    expect(state()).toEqual(before);
  });

  test('a copy changes only after its .skip exists, since K3s checks every 15 seconds', () => {
    copyFolder('first');
    install();
    cluster(['argocd-controller']);
    writeFileSync(join(machine.folder, 'manifests/bgp.yaml'), 'kind: Other\n');
    program(
      'mv',
      `#!/bin/sh\nfor to; do :; done\ntest -e "$to.skip" && echo "skipped $to" >>"$ASKED"\n/bin/mv "$@"\n`,
    );
    expect(install().asked).toContain(`skipped /${MANIFESTS_OF_K3S}/noencap-bgp.yaml\n`);
    expect(readFileSync(at(`${MANIFESTS_OF_K3S}/noencap-bgp.yaml`), 'utf8')).toBe('kind: Other\n');
  });

  test('a K3s that does not answer keeps its copies as they are, applied or not', () => {
    copyFolder('first');
    install();
    const told = `first: K3s does not answer: the copies in /${MANIFESTS_OF_K3S} stay as they are. Run this again when it does
first: nothing to do
`;
    for (const managers of [['deploy@first'], ['argocd-controller']]) {
      cluster(managers);
      install();
      cluster('silent');
      writeFileSync(join(machine.folder, 'manifests/bgp.yaml'), `kind: Not${managers.length}Yet\n`);
      const before = state();
      expect(install().stdout).toBe(told);
      expect(state()).toEqual(before);
    }
  });

  test('a rebuilt cluster gets its pod network from K3s again', () => {
    copyFolder('first');
    install();
    cluster(['argocd-controller']);
    install();
    cluster('empty');
    expect(install().stdout).toBe(`first: K3s applies noencap-bgp.yaml again: no GitOps engine has
first: K3s applies noencap-operator.yaml again: no GitOps engine has
first: nothing to do
`);
    expect(copies()).toEqual(['noencap-bgp.yaml', 'noencap-operator.yaml']);
  });

  test('a bootstrap that waits for its engine to be installed leaves the copies to K3s', () => {
    copyFolder('first');
    install();
    cluster(['argocd-controller', 'operator'], 'none.example');
    expect(install().stdout).toBe('first: nothing to do\n');
    expect(copies()).toEqual(['noencap-bgp.yaml', 'noencap-operator.yaml']);
  });

  test('other owners are not engines', () => {
    copyFolder('first');
    install();
    cluster(['deploy@first', 'operator', 'my-argocd-controller-2']);
    expect(install().stdout).toBe('first: nothing to do\n');
    expect(copies()).toEqual(['noencap-bgp.yaml', 'noencap-operator.yaml']);
  });
});

test('a new K3s release runs the installer again, which restarts by itself', () => {
  copyFolder('first');
  install();
  copyFolder('first', network({ k3s: { version: 'v1.34.6+k3s1', firstServer: 'first' } }));
  const run = install();
  expect(run.stdout).toBe('first: installing K3s v1.34.6+k3s1\n');
  expect(run.asked).toContain('INSTALL_K3S_VERSION=v1.34.6+k3s1');
});

test('mirrors removed from the topology are removed, with a restart', () => {
  copyFolder('agent');
  install({ K3S_TOKEN: 'one' });
  const regions = { ...network().regions, cn: { router: 'r1' } };
  copyFolder('agent', network({ regions }));
  expect(install().stdout).toBe(
    'agent: removed /etc/rancher/k3s/registries.yaml\nagent: restarting k3s-agent\n',
  );
  expect(existsSync(at('etc/rancher/k3s/registries.yaml'))).toBe(false);
});

test.each([CONFIG, 'etc/rancher/k3s/registries.yaml'])('a %s of somebody else is never touched', (path) => {
  copyFolder('agent');
  mkdirSync(dirname(at(path)), { recursive: true });
  writeFileSync(at(path), 'disable: traefik\n');
  const run = install({ K3S_TOKEN: 'one' });
  expect(run.code).toBe(2);
  expect(run.stderr).toContain(`/${path} was not written by noencap.`);
  expect(state().map((file) => file.text)).toEqual(['disable: traefik\n']);
});

test('a restart missed by an interrupted run happens in the next', () => {
  copyFolder('first');
  install();
  copyFolder('first', network({ regionLabel: 'zone' }));
  program('mv', `#!/bin/sh\n/bin/mv "$@"\ncase $* in *config.yaml) kill -9 $PPID ;; esac\n`);
  expect(install().code).not.toBe(0);
  rmSync(join(machine.bin, 'mv'));
  expect(install().stdout).toBe('first: restarting k3s\n');
  expect(install().stdout).toBe('first: nothing to do\n');
});

test('an interrupted download leaves K3s untouched, and no files behind', () => {
  copyFolder('first');
  program(
    'curl',
    '#!/bin/sh\nwhile [ "$1" != -o ]; do shift; done\nprintf "#!/bin/sh\\nrm" >"$2"\nexit 18\n',
  );
  const run = install();
  expect(run.code).toBe(3);
  expect(run.stderr).toBe(
    'first: the K3s installer cannot be downloaded from https://raw.githubusercontent.com/k3s-io/k3s/v1.34.5%2Bk3s1/install.sh; K3s was not touched\n',
  );
  expect(existsSync(at('usr/local/bin/k3s'))).toBe(false);
  expect(readdirSync(dirname(machine.root)).sort()).toEqual([
    'a folder',
    'asked',
    'bin',
    'cluster',
    'installer',
    'root',
  ]);
  program('curl', CURL);
  expect(install()).toMatchObject({ code: 0, stdout: 'first: installing K3s v1.34.5+k3s1\n' });
});

test('a failing installer fails the run, and the next run retries', () => {
  copyFolder('first');
  writeFileSync(join(dirname(machine.root), 'installer'), 'echo "no space left" >&2\nexit 7\n');
  expect(install()).toMatchObject({ code: 7, stderr: 'no space left\n' });
  writeFileSync(join(dirname(machine.root), 'installer'), INSTALLER);
  expect(install().stdout).toBe('first: installing K3s v1.34.5+k3s1\n');
});

test('without curl it uses wget', () => {
  copyFolder('first');
  rmSync(join(machine.bin, 'curl'));
  program('wget', '#!/bin/sh\nprintf "wget %s\\n" "$*" >>"$ASKED"\ncp "$INSTALLER" "$3"\n');
  for (const tool of [
    'sh',
    'cmp',
    'cp',
    'mv',
    'rm',
    'cat',
    'head',
    'sed',
    'env',
    'grep',
    'sort',
    'tr',
    'mkdir',
    'chmod',
    'mktemp',
    'sha256sum',
    'dirname',
    'basename',
    'id',
  ]) {
    cpSync(existsSync(`/usr/bin/${tool}`) ? `/usr/bin/${tool}` : `/bin/${tool}`, join(machine.bin, tool), {
      dereference: true,
    });
  }
  const run = install({ PATH: machine.bin });
  expect(run).toMatchObject({ code: 0, stderr: '' });
  expect(run.asked).toMatch(
    /^wget -q -O \S.* -- https:\/\/raw\.githubusercontent\.com\/k3s-io\/k3s\/v1\.34\.5%2Bk3s1\/install\.sh\n/m,
  );
});

test('an interface that still filters by reverse path is reported', () => {
  copyFolder('first');
  for (const [name, value] of [
    ['all', '1'],
    ['eth0', '1'],
    ['eth1', '0'],
    ['eth2', '2'],
  ] as const) {
    mkdirSync(at(`proc/sys/net/ipv4/conf/${name}`), { recursive: true });
    writeFileSync(at(`proc/sys/net/ipv4/conf/${name}/rp_filter`), `${value}\n`);
  }
  const warnings = install({ NOENCAP_ROOT: machine.root })
    .stdout.split('\n')
    .filter((line) => line.includes('warning'));
  expect(warnings).toEqual([
    'first: warning: eth0 drops what it would not answer on (net.ipv4.conf.eth0.rp_filter = 1); set it to 0',
  ]);
});

test('shellcheck reports nothing on any script', () => {
  const scripts = [...nodeFiles(fabricOf(network()), MANIFESTS)].filter(([path]) =>
    path.endsWith('install.sh'),
  );
  expect(scripts).toHaveLength(3);
  for (const [path, text] of scripts) {
    const { error, stdout } = spawnSync('shellcheck', ['-S', 'style', '-'], {
      input: text,
      encoding: 'utf8',
    });
    if (error !== undefined) throw new Error('shellcheck is missing. Run: scripts/setup-tests.sh');
    expect({ path, stdout }).toEqual({ path, stdout: '' });
  }
});

test('every file ends with a newline and has no tab or trailing blank', () => {
  for (const [path, text] of nodeFiles(fabricOf(network()), new Map())) {
    expect({ path, odd: /\t|[ ]+$/m.test(text) || !text.endsWith('\n') }).toEqual({ path, odd: false });
  }
});

describe("K3s' installer", () => {
  const pinned = (...pins: string[]): TopologyInput => {
    const topology = network();
    return { ...topology, k3s: { ...topology.k3s, installerSha256: pins } };
  };
  const its = (): string => sha256(readFileSync(join(dirname(machine.root), 'installer')));
  const unsaid = { NOENCAP_K3S_INSTALLER_SHA256: '' };

  test('is not run without a pin; the message shows how to pin it', () => {
    copyFolder('first');
    const run = install(unsaid);
    expect(run.code).toBe(3);
    expect(run.stderr).toContain(`k3s: {version: v1.34.5+k3s1, installerSha256: ['${its()}']}`);
    expect(run.stderr).toContain(`NOENCAP_K3S_INSTALLER_SHA256=${its()} sh install.sh`);
    expect(existsSync(at('usr/local/bin/k3s'))).toBe(false);
    expect(readdirSync(dirname(machine.root)).filter((name) => name.startsWith('tmp.'))).toEqual([]);
  });

  test('runs if one of the pins in the topology matches', () => {
    copyFolder('first', pinned('0a'.repeat(32), its()));
    expect(install(unsaid)).toMatchObject({ code: 0, stdout: expect.stringContaining('installing K3s') });
  });

  test('is not run if it does not match the pin', () => {
    copyFolder('first', pinned(its()));
    writeFileSync(join(dirname(machine.root), 'installer'), `${INSTALLER}# and more\n`);
    const run = install(unsaid);
    expect(run.code).toBe(3);
    expect(run.stderr).toContain(
      `install.sh has the sha256 ${its()}, and k3s.installerSha256 in topology.yaml has another`,
    );
    expect(existsSync(at('usr/local/bin/k3s'))).toBe(false);
    expect(machine.asked && readFileSync(machine.asked, 'utf8')).toContain(
      '--proto =https --proto-redir =https --tlsv1.2',
    );
  });

  test('a partial hash is not accepted', () => {
    copyFolder('first');
    expect(install({ NOENCAP_K3S_INSTALLER_SHA256: its().slice(0, 8) }).code).toBe(3);
    expect(install({ NOENCAP_K3S_INSTALLER_SHA256: '*' }).code).toBe(3);
  });
});

test('whatever the umask, nobody else may write to the files it creates', () => {
  copyFolder('second');
  const before = process.umask(0);
  try {
    expect(install({ K3S_TOKEN: 'token' }).code).toBe(0);
  } finally {
    process.umask(before);
  }
  const made = [
    'etc/rancher/k3s',
    'etc/rancher/k3s/config.yaml',
    'etc/rancher/k3s/noencap.token',
    'etc/sysctl.d/90-noencap.conf',
  ];
  expect(made.filter((path) => (statSync(at(path)).mode & 0o022) !== 0)).toEqual([]);
  expect(statSync(at('etc/rancher/k3s/noencap.token')).mode & 0o777).toBe(0o600);
});
