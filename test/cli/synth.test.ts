import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { REPORT, REPORT_FILE } from '../fixture/report.ts';
import { expectGolden } from '../golden.ts';
import { gitIn, noencap, scratch, tree } from './run.ts';

let folder: string;

beforeEach(() => {
  folder = scratch();
  copyFileSync(REPORT_FILE, join(folder, 'topology.yaml'));
});

afterEach(() => rmSync(folder, { recursive: true }));

const edit = (from: string | RegExp, to: string) => {
  const file = join(folder, 'topology.yaml');
  const before = readFileSync(file, 'utf8');
  const after = before.replace(from, to);
  expect(after).not.toBe(before);
  writeFileSync(file, after);
};

test("the field report's network renders as reviewed (UPDATE_GOLDEN=1 rewrites it), and is summarized", () => {
  const run = noencap(folder, ['synth']);
  expect(run).toMatchObject({ code: 0, stderr: '' });
  expect(run.stdout.replace(/\([\d.]+ s\)/, '(TIME)')).toBe(
    `home: 3 regions, 3 nodes, 3 routers (and 1 planned)
  sessions  3 reflector, 3 backbone, 3 in Calico's own mesh
  cluster   20 objects: APIServer, BGPConfiguration, 3 BGPPeer, 3 ClusterRole, 2 ClusterRoleBinding, Deployment, Installation, 3 Job, 2 Namespace, RoleBinding, 2 ServiceAccount
  gitops    7 objects: AppProject, 5 Application, ConfigMap
  routers   15 files
  nodes     14 files
dist: 46 files, 47 added, 0 changed, 0 removed (TIME)
`,
  );
  expectGolden(join(REPORT, 'dist'), Object.entries(tree(join(folder, 'dist'))));
});

test('a second run changes nothing and says so', () => {
  noencap(folder, ['synth']);
  expect(noencap(folder, ['synth']).stdout).toContain('nothing changed');
});

test('the output does not depend on time zone, language or folder', () => {
  const first = { TZ: 'Pacific/Kiritimati', LC_ALL: 'tr_TR.UTF-8', LANG: 'tr_TR.UTF-8' };
  noencap(folder, ['synth', '-o', 'a'], first);
  noencap('/', ['synth', '-t', join(folder, 'topology.yaml'), '-o', join(folder, 'b')], {
    TZ: 'America/Los_Angeles',
    LC_ALL: 'C',
  });
  expect(tree(join(folder, 'a'))).toEqual(tree(join(folder, 'b')));
});

test('--check passes with a fresh dist', () => {
  noencap(folder, ['synth']);
  expect(noencap(folder, ['synth', '--check'])).toEqual({
    code: 0,
    stdout: 'dist is up to date with topology.yaml.\n',
    stderr: '',
  });
});

test('--check shows a stale dist as a diff, exits 1 and writes nothing', () => {
  noencap(folder, ['synth']);
  const before = tree(join(folder, 'dist'));
  edit('mtu: 1370', 'mtu: 1350');
  const run = noencap(folder, ['synth', '--check']);
  expect(run.code).toBe(1);
  expect(run.stdout).toContain('--- a/cluster/10-installation/installation.yaml');
  expect(run.stdout).toContain('-    mtu: 1370\n+    mtu: 1350\n');
  expect(run.stderr).toBe('dist is stale: 3 files differ. Run: bin/noencap synth, and commit dist.\n');
  expect(tree(join(folder, 'dist'))).toEqual(before);
});

test('--check shows files never rendered as new, and files no longer rendered as gone', () => {
  const fresh = noencap(folder, ['synth', '--check']);
  expect(fresh.code).toBe(1);
  expect(fresh.stdout).toContain('--- /dev/null\n+++ b/routers/gateway/k3s/ibgp.conf\n');
  expect(existsSync(join(folder, 'dist'))).toBe(false);
  noencap(folder, ['synth']);
  edit(/^ {2}kubenode-wds-1:.*$/m, '');
  edit(', kubenode-wds-1: 192.168.100.252', '');
  expect(noencap(folder, ['synth', '--check']).stdout).toContain(
    '--- a/nodes/kubenode-wds-1/install.sh\n+++ /dev/null\n',
  );
});

test('a topology with a fault exits 2, points at it and leaves dist as it was', () => {
  noencap(folder, ['synth']);
  const before = tree(join(folder, 'dist'));
  edit('blockSize: 26', 'blockSize: big');
  const run = noencap(folder, ['synth']);
  expect(run.code).toBe(2);
  expect(run.stdout).toBe('');
  expect(run.stderr).toMatch(/^topology\.yaml:13:14 {2}pods\.blockSize: /);
  expect(run.stderr).toMatch(/\n1 fault; nothing was written\.\n$/);
  expect(tree(join(folder, 'dist'))).toEqual(before);
});

test('a foreign file in the way is named, and nothing is written', () => {
  mkdirSync(join(folder, 'dist/cluster/30-bgp'), { recursive: true });
  writeFileSync(join(folder, 'dist/cluster/30-bgp/bgp.yaml'), 'mine');
  const run = noencap(folder, ['synth']);
  expect(run.code).toBe(2);
  expect(run.stderr).toBe(`These files are in the way, and noencap did not write them.
  dist/cluster/30-bgp/bgp.yaml
Move them away, or delete them. Nothing was written.
`);
  expect(Object.keys(tree(join(folder, 'dist')))).toEqual(['cluster/30-bgp/bgp.yaml']);
});

test('a file is not an output folder', () => {
  writeFileSync(join(folder, 'dist'), '');
  expect(noencap(folder, ['synth'])).toMatchObject({ code: 2, stdout: '' });
});

test('--json is one document on stdout and nothing else, also for faults', () => {
  const run = noencap(folder, ['synth', '--json']);
  expect(run).toMatchObject({ code: 0, stderr: '' });
  expect(JSON.parse(run.stdout)).toMatchObject({
    version: 1,
    command: 'synth',
    ok: true,
    nodes: 3,
    sessions: { reflector: 3, backbone: 3, mesh: 3 },
    objects: { BGPPeer: 3, Job: 3 },
  });
  edit('blockSize: 26', 'blockSize: big');
  const faulty = noencap(folder, ['synth', '--json']);
  expect(faulty).toMatchObject({ code: 2, stderr: '' });
  expect(JSON.parse(faulty.stdout)).toMatchObject({
    ok: false,
    faults: [{ place: { file: 'topology.yaml', line: 13, column: 14, path: 'pods.blockSize' } }],
  });
});

test('-q prints nothing on success', () => {
  expect(noencap(folder, ['synth', '-q'])).toEqual({ code: 0, stdout: '', stderr: '' });
});

test('a vendored operator manifest must exist and have the hash that the topology pins', () => {
  edit(
    /version: v3\.32\.1\n/,
    'version: v3.26.1\n  operatorManifest: {path: vendor/operator.yaml, sha256: HASH}\n',
  );
  edit('HASH', 'a'.repeat(64));
  expect(noencap(folder, ['synth']).stderr).toContain('vendor/operator.yaml cannot be read (ENOENT).');
  mkdirSync(join(folder, 'vendor'));
  writeFileSync(
    join(folder, 'vendor/operator.yaml'),
    'apiVersion: v1\nkind: Namespace\nmetadata: {name: tigera-operator}\n',
  );
  const trust = () => {
    const { code, stdout, stderr } = noencap(folder, ['synth']);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    return /If you trust this file, set ([0-9a-f]{64})\./.exec(stderr)?.[1] ?? '';
  };
  edit('a'.repeat(64), trust());
  expect(noencap(folder, ['synth']).stderr).toContain(
    'vendor/operator.yaml holds no Deployment and no CustomResourceDefinition.\n',
  );
  writeFileSync(
    join(folder, 'vendor/operator.yaml'),
    ['Namespace', 'CustomResourceDefinition', 'Deployment']
      .map((kind) => `apiVersion: v1\nkind: ${kind}\nmetadata: {name: tigera-operator}\n`)
      .join('---\n'),
  );
  edit(/sha256: [0-9a-f]{64}/, `sha256: ${'b'.repeat(64)}`);
  edit('b'.repeat(64), trust());
  expect(noencap(folder, ['synth'])).toMatchObject({ code: 0 });
  expect(readFileSync(join(folder, 'dist/cluster/00-operator/operator.yaml'), 'utf8')).toContain(
    'kind: Namespace',
  );
});

test('a topology may be a TypeScript module', () => {
  writeFileSync(
    join(folder, 'topology.ts'),
    `import { readFileSync } from 'node:fs';
const nodes = Object.fromEntries(
  [11, 12, 13].map((host, index) => [
    \`kube-\${index + 1}\`,
    { region: 'home', role: index === 0 ? 'server' : 'agent', address: \`192.168.1.\${host}\` },
  ]),
);
export default {
  version: 1,
  name: 'typed',
  pods: { cidrs: ['10.42.0.0/16'] },
  services: { cidrs: ['10.43.0.0/16'] },
  calico: { version: 'v3.32.1' },
  k3s: { version: 'v1.34.5+k3s1' },
  gitops: { repoURL: 'https://github.com/example/typed.git' },
  regions: { home: { router: 'gateway' } },
  routers: { gateway: { routerId: '192.168.1.1', nodeAddress: '192.168.1.1' } },
  nodes,
} as const;
void readFileSync;
`,
  );
  expect(noencap(folder, ['synth', '-t', 'topology.ts', '-o', 'typed'])).toMatchObject({
    code: 0,
    stderr: '',
  });
  expect(existsSync(join(folder, 'typed/nodes/kube-3/install.sh'))).toBe(true);
  writeFileSync(join(folder, 'broken.ts'), 'export default {\n  version: 1,\n  name = 3,\n};\n');
  const broken = noencap(folder, ['synth', '-t', 'broken.ts']);
  expect(broken).toMatchObject({ code: 2, stdout: '' });
  expect(broken.stderr).toContain('broken.ts');
  writeFileSync(join(folder, 'throws.ts'), 'throw new Error("not today");\nexport default {};\n');
  const throws = noencap(folder, ['synth', '-t', 'throws.ts']);
  expect(throws).toMatchObject({ code: 2, stdout: '' });
  expect(throws.stderr).toContain('not today');
});

test('files that were not rendered make --check fail, and are named', () => {
  noencap(folder, ['synth']);
  const stray = 'dist/routers/gateway/k3s/ibgpeers/zz.conf';
  writeFileSync(join(folder, stray), 'protocol static evil { }\n');
  const run = noencap(folder, ['synth', '--check']);
  expect(run.code).toBe(1);
  expect(run.stderr).toContain(`  ${stray}\n`);
  expect(JSON.parse(noencap(folder, ['synth', '--check', '--json']).stdout)).toMatchObject({
    ok: false,
    extra: ['routers/gateway/k3s/ibgpeers/zz.conf'],
  });
  expect(noencap(folder, ['synth'])).toMatchObject({ code: 0, stderr: expect.stringContaining(stray) });
});

test('content of dist controls neither a terminal nor a runner when it is shown', () => {
  noencap(folder, ['synth']);
  const file = join(folder, 'dist/cluster/30-bgp/bgp.yaml');
  writeFileSync(file, `${readFileSync(file, 'utf8')}x\r::error file=a::PWN\u001b[31m\n`);
  const { stdout } = noencap(folder, ['synth', '--check']);
  expect(stdout).toContain('-x<U+000D>::error file=a::PWN<U+001B>[31m\n');
  for (const char of ['\r', '\u001b']) expect(stdout).not.toContain(char);
});

test('an error of the file system is one message, with exit code 3 and a document', () => {
  writeFileSync(join(folder, 'file'), '');
  const run = noencap(folder, ['synth', '-o', 'file/dist']);
  expect(run).toMatchObject({ code: 3, stdout: '' });
  expect(run.stderr).toMatch(
    /part of the path is not a folder\.\nName another with --out\. Nothing was changed\.\n$/,
  );
  const asked = noencap(folder, ['synth', '-o', 'file/dist', '--json']);
  expect(asked).toMatchObject({ code: 3, stderr: '' });
  expect(JSON.parse(asked.stdout)).toMatchObject({ ok: false, faults: [{ code: 'file' }] });
});

test('a reader that closes the pipe early is not an error', () => {
  noencap(folder, ['synth', '-o', 'other']);
  edit('mtu: 1370', 'mtu: 1350');
  const command = `"${process.execPath}" "${join(process.cwd(), 'bin/noencap')}" synth --check -o nowhere | head -c 10`;
  const run = spawnSync('sh', ['-c', command], { cwd: folder, encoding: 'utf8' });
  expect(run.stdout).toBe('--- /dev/n');
  expect(run.stderr).not.toContain('EPIPE');
});

test('a fault in a TypeScript topology has its place, and what it prints stays off stdout', () => {
  mkdirSync(join(folder, 'sub'));
  const write = (name: string, text: string) => writeFileSync(join(folder, name), text);
  const message = (name: string) => noencap(folder, ['check', '-t', name]);
  write('sub/name.ts', "console.log('hello');\nexport default { version: 1, name: 3 };\n");
  const faulty = noencap(folder, ['check', '-t', 'sub/name.ts', '--json']);
  expect(faulty.stderr).toBe('hello\n');
  expect(JSON.parse(faulty.stdout).faults).toEqual(
    expect.arrayContaining([expect.objectContaining({ place: { file: 'sub/name.ts', path: 'name' } })]),
  );
  write('base.ts', 'export const a = 1;\n\nexport const b = ;\n');
  write('imports.ts', "import { a } from './base';\nexport default a;\n");
  expect(message('imports.ts').stderr).toContain('base.ts, line 3: Unexpected ";"');
  write('null.ts', 'throw null;\n');
  expect(message('null.ts')).toMatchObject({ code: 2 });
  write('nothing.ts', 'export const a = 1;\n');
  expect(message('nothing.ts').stderr).toContain('nothing.ts  has no default export.\n');
});

describe('synth --check fails', () => {
  test.each([
    '.gitattributes',
    '.gitmodules',
    '.argocd-source.yaml',
    '.sops.yaml',
    'kustomization.yaml',
    'Chart.yaml',
    'README.md',
    'gitops/argocd/.argocd-source.yaml',
    'cluster/kustomization.yaml',
    'cluster/30-bgp/.sourceignore',
    '.hidden/more.yaml',
  ])('for a %s in dist that noencap did not write, with the fix', (path) => {
    noencap(folder, ['synth']);
    mkdirSync(dirname(join(folder, 'dist', path)), { recursive: true });
    writeFileSync(join(folder, 'dist', path), '* -diff\n');
    const run = noencap(folder, ['synth', '--check']);
    expect(run.code).toBe(1);
    expect(run.stderr).toContain(`\n  dist/${path}\nDelete them, or keep them elsewhere.\n`);
    expect(JSON.parse(noencap(folder, ['synth', '--check', '--json']).stdout)).toMatchObject({
      ok: false,
      extra: [path],
    });
  });

  test('for a link in dist, wherever it leads', () => {
    noencap(folder, ['synth']);
    symlinkSync('/etc', join(folder, 'dist/more'));
    symlinkSync('/etc/passwd', join(folder, 'dist/nodes/kubemaster/passwd'));
    const run = noencap(folder, ['synth', '--check']);
    expect(run.code).toBe(1);
    expect(run.stderr).toContain('\n  dist/more\n  dist/nodes/kubemaster/passwd\n');
    expect(run.stderr).not.toContain('root:');
  });

  test.each([
    ['dist/** -diff', 'dist/cluster/30-bgp/bgp.yaml (-diff)'],
    ['*.conf binary', 'dist/nodes/kubemaster/sysctl.d/90-noencap.conf (-diff)'],
    ['topology.yaml -diff', 'topology.yaml (-diff)'],
    ['dist/nodes/** filter=lfs', 'dist/nodes/kubemaster/install.sh (filter=lfs)'],
    ['*.yaml working-tree-encoding=UTF-16', 'topology.yaml (working-tree-encoding=UTF-16)'],
  ])('where .gitattributes hides changes from reviewers: %s', (line, message) => {
    gitIn(folder, 'init', '-q');
    noencap(folder, ['synth']);
    expect(noencap(folder, ['synth', '--check']).code).toBe(0);
    writeFileSync(join(folder, '.gitattributes'), `${line}\n`);
    const run = noencap(folder, ['synth', '--check']);
    expect(run.code).toBe(1);
    expect(run.stderr).toContain('git hides changes in these files from reviewers');
    const { hidden } = JSON.parse(noencap(folder, ['synth', '--check', '--json']).stdout);
    expect(hidden.map(({ path, attribute }: Record<string, string>) => `${path} (${attribute})`)).toContain(
      message,
    );
    writeFileSync(join(folder, '.gitattributes'), 'dist/** linguist-generated\n');
    expect(noencap(folder, ['synth', '--check']).code).toBe(0);
  });
});
