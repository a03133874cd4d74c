import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { buildSync } from 'esbuild';
import { reportText } from '../fixture/report.ts';
import { emptyCluster, type FakeCluster } from '../live/fake-cluster.ts';
import { noencap, scratch } from './run.ts';

let folder: string;
let cluster: string;
const fake = scratch();

beforeAll(() => {
  buildSync({
    entryPoints: ['test/live/fake-kubectl.ts'],
    bundle: true,
    platform: 'node',
    format: 'cjs',
    outfile: join(fake, 'kubectl.cjs'),
  });
  mkdirSync(join(fake, 'bin'));
  const script = `#!/bin/sh\nexec '${process.execPath}' '${join(fake, 'kubectl.cjs')}' "$@"\n`;
  writeFileSync(join(fake, 'bin/kubectl'), script);
  chmodSync(join(fake, 'bin/kubectl'), 0o755);
});
afterAll(() => rmSync(fake, { recursive: true }));

beforeEach(() => {
  folder = scratch();
  cluster = join(folder, 'cluster.json');
  writeFileSync(join(folder, 'topology.yaml'), reportText());
  expect(noencap(folder, ['synth']).code).toBe(0);
});
afterEach(() => rmSync(folder, { recursive: true }));

function bootstrap(args: readonly string[], state: FakeCluster = emptyCluster()) {
  writeFileSync(cluster, JSON.stringify({ ...state, pace: 1 }));
  const PATH = `${join(fake, 'bin')}:/usr/bin:/bin`;
  return noencap(folder, ['bootstrap', ...args], { PATH, FAKE_CLUSTER: cluster });
}

const after = (): FakeCluster => JSON.parse(readFileSync(cluster, 'utf8'));

function edit(from: string, to: string): void {
  const file = join(folder, 'topology.yaml');
  const text = readFileSync(file, 'utf8');
  expect(text).toContain(from);
  writeFileSync(file, text.replace(from, to));
}

test('without --run no cluster is contacted', () => {
  const { code, stdout, stderr } = bootstrap([]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toContain('\nkubectl apply --server-side');
  expect(after().asked).toEqual([]);
});

test('every line of its output is valid shell', () => {
  const { stdout } = bootstrap([]);
  const { status, stderr } = spawnSync('sh', ['-n'], { input: stdout, encoding: 'utf8' });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
});

test('as a document: steps with their commands', () => {
  const plan = JSON.parse(bootstrap(['--json']).stdout);
  expect(plan).toMatchObject({
    ok: true,
    engine: 'argocd',
    fieldManager: 'argocd-controller',
    firstServer: 'kubemaster',
  });
  expect(plan.steps[0]).toEqual({
    title: 'Apply the operator',
    commands: [
      'kubectl apply --server-side --force-conflicts --field-manager=argocd-controller -k dist/cluster/00-operator',
    ],
  });
});

test('--run names the cluster, runs one step after the other, and stops if the engine is missing', () => {
  const { code, stdout, stderr } = bootstrap(['--run']);
  expect(code).toBe(3);
  expect(
    stdout,
  ).toBe(`home: the cluster of context home, https://192.168.100.251:6443, Kubernetes v1.34.5+k3s1
  in the topology: kubemaster, kubenode-hkg04 and kubenode-wds-1
done  Apply the operator
done  Wait for Calico's kinds
done  Apply the Installation
done  Wait for Calico
done  Label the nodes
done  Wait for the labels
done  Apply BGP
done  Hand its fields over to Argo CD
`);
  expect(readFileSync('docs/bootstrap.md', 'utf8')).toContain(`bootstrap --run\n${stdout}\`\`\`\n`);
  expect(stderr).toMatch(
    /^Argo CD is not installed in this cluster; the pod network is ready for it\.\nInstall it:\n {2}kubectl create namespace argocd\n/,
  );
  const owners = after().objects.flatMap(({ metadata }) => metadata.managedFields ?? []);
  expect([...new Set(owners.map(({ manager }) => manager))]).toEqual(['argocd-controller']);
});

test('--run --json: one document with what was done and why it stopped', () => {
  const { code, stdout, stderr } = bootstrap(['--run', '--json']);
  expect({ code, stderr }).toEqual({ code: 3, stderr: '' });
  const { ok, cluster: target, done, faults } = JSON.parse(stdout);
  expect(ok).toBe(false);
  expect(target).toMatchObject({ context: 'home', nodes: { notJoined: [], notInTopology: [] } });
  expect(done).toHaveLength(8);
  expect(faults).toMatchObject([{ code: 'cluster-environment', fix: expect.any(String) }]);
});

test('Flux applies under its own name', () => {
  edit('engine: argocd', 'engine: flux');
  expect(noencap(folder, ['synth']).code).toBe(0);
  const { code, stderr } = bootstrap(['--run']);
  expect(code).toBe(3);
  expect(stderr).toContain('Flux is not installed');
  expect(JSON.stringify(after().objects)).toContain('"manager":"kustomize-controller"');
});

test.each([
  [
    'both',
    [],
    2,
    'The topology names both engines, but only one of them can adopt the cluster.\nChoose with --engine',
  ],
  ['both', ['--engine', 'flux'], 0, ''],
  ['argocd', ['--engine', 'flux'], 2, "The topology's engine is argocd.\nOmit --engine"],
  ['argocd', ['--engine', 'helm'], 2, "argument 'helm' is invalid"],
])('the engine is the topology\u2019s: %s with %j', (engine, args, code, message) => {
  edit('engine: argocd', `engine: ${engine}`);
  expect(noencap(folder, ['synth']).code).toBe(0);
  const ran = bootstrap(args);
  expect(ran.code).toBe(code);
  expect(ran.stderr).toContain(message);
});

test.each([
  ['an edited file', 'dist/cluster/10-installation/installation.yaml', 'kind: Other\n'],
  ['a stray one, which kustomize would not even read', 'dist/cluster/30-bgp/mine.yaml', 'kind: Other\n'],
])('what is applied is what the topology renders, not %s', (_name, path, text) => {
  writeFileSync(join(folder, path), text);
  const { code, stderr } = bootstrap(['--run']);
  expect(code).toBe(1);
  expect(stderr).toMatch(/^dist is stale: 1 file of the cluster differs/);
  expect(after().asked).toEqual([]);
});

test('a foreign cluster is left alone', () => {
  const { code, stderr } = bootstrap(['--run'], emptyCluster({ nodes: ['prod-1'] }));
  expect(code).toBe(1);
  expect(stderr).toContain('No node of home is in the cluster of context home');
  expect(after().asked.filter(([, verb]) => ['apply', 'patch'].includes(verb ?? ''))).toEqual([]);
});

test('without kubectl it says where to get it', () => {
  const nowhere = { PATH: join(folder, 'no-bin') };
  const { code, stderr } = noencap(folder, ['bootstrap', '--run'], nowhere);
  expect(code).toBe(3);
  expect(stderr).toContain('https://dl.k8s.io/release/v1.34.5/bin/linux/amd64/kubectl');
});

test("a name in a cluster's answer cannot control the terminal", () => {
  const { stdout } = bootstrap(['--run'], emptyCluster({ nodes: ['kubemaster', 'x\u001b[2Jy'] }));
  expect(stdout).not.toContain('\u001b');
});

/** The stand-in knows only these calls; the real kubectl must at least understand every one. */
const real = spawnSync('kubectl', ['version', '--client'], { encoding: 'utf8' }).status === 0;
(real ? test : test.skip)('the kubectl of this machine understands every call that was made', () => {
  bootstrap(['--run']);
  const kubeconfig = join(folder, 'nowhere.yaml');
  writeFileSync(
    kubeconfig,
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name: 'home', cluster: { server: 'http://127.0.0.1:9' } }],
      contexts: [{ name: 'home', context: { cluster: 'home', user: '' } }],
      'current-context': 'home',
    }),
  );
  const calls = new Map(after().asked.map((args) => [args.join(' '), args]));
  const verbs = [...calls.values()].map((args) => args.find((arg) => !arg.startsWith('--context')));
  expect([...new Set(verbs)].sort()).toEqual(['apply', 'auth', 'config', 'get', 'version']);
  const object = '{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"a"}}';
  const patch = ['patch', '-f', '-', '--type=json', '--field-manager=a', '--patch=[]'];
  const events = ['get', 'events', '-n', 'tigera-operator', '-o', 'json'];
  for (const args of [...calls.values(), patch, events]) {
    const { status, stderr } = spawnSync('kubectl', args, {
      cwd: folder,
      encoding: 'utf8',
      input: object,
      env: { ...process.env, KUBECONFIG: kubeconfig, HOME: folder },
    });
    // It got as far as the server, which does not exist.
    const understood = status === 0 || /connection refused|was refused|connect:/.test(stderr);
    expect({ args, understood, stderr: understood ? '' : stderr }).toEqual({
      args,
      understood: true,
      stderr: '',
    });
  }
});

test('the help names it', () => {
  expect(noencap(resolve('.'), ['--help']).stdout).toMatch(/^ {2}bootstrap +Print the steps/m);
});
