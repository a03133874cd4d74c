import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join, resolve } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { networkFolder } from '../adopt/scenarios.ts';
import { noencap, type Run, scratch } from './run.ts';

/** A folder with a running network, as its operator would collect it. */
function gathered(network: string): string {
  const folder = scratch();
  cpSync(networkFolder(network), folder, { recursive: true });
  return folder;
}

const routersOf = (folder: string): string[] =>
  readdirSync(join(folder, 'routers')).flatMap((name) => ['--router', `${name}=routers/${name}`]);

function adopt(folder: string, ...more: readonly string[]): Run {
  const manifest = existsSync(join(folder, 'operator.yaml')) ? ['--operator-manifest', 'operator.yaml'] : [];
  const known = existsSync(join(folder, 'known.yaml')) ? ['--known', 'known.yaml'] : [];
  const all = ['adopt', '--cluster', 'cluster.yaml', ...routersOf(folder), ...known, ...manifest, ...more];
  return noencap(folder, all);
}

test('the topology goes to stdout, the report to stderr', () => {
  const { code, stdout, stderr } = adopt(gathered('report'));
  expect(code).toBe(0);
  expect(stdout).toMatch(/^# yaml-language-server[\s\S]*\nnodes:\n[\s\S]*\n$/);
  expect(stdout).not.toContain('explained');
  expect(stderr).toContain('Every difference is explained: no session resets');
});

test('with -o it is a file, and synth renders it', () => {
  const folder = gathered('report');
  const { code, stdout } = adopt(folder, '-o', 'topology.yaml');
  expect(code).toBe(0);
  expect(stdout).toContain('topology.yaml is written');
  expect(readdirSync(folder).sort()).toEqual([
    'cluster.yaml',
    'known.yaml',
    'operator.yaml',
    'routers',
    'topology.yaml',
  ]);
  expect(noencap(folder, ['synth']).code).toBe(0);
  expect(readFileSync(join(folder, 'dist/routers/gateway/k3s/ibgpeers/kubemaster.conf'), 'utf8')).toContain(
    "protocol bgp 'k3s_master_v4' from k3speers",
  );
});

test('an existing file is replaced only with --force', () => {
  const folder = gathered('report');
  const out = join(folder, 'topology.yaml');
  writeFileSync(out, 'mine\n');
  const { code, stderr } = adopt(folder, '-o', 'topology.yaml');
  expect([code, stderr]).toEqual([
    2,
    'topology.yaml already exists.\nName another file, or use --force to replace it.\n',
  ]);
  expect(readFileSync(out, 'utf8')).toBe('mine\n');
  expect(adopt(folder, '-o', 'topology.yaml', '--force').code).toBe(0);
  expect(readFileSync(out, 'utf8')).toContain('name: home');
  expect(readdirSync(folder).filter((name) => name.startsWith('.'))).toEqual([]);
});

test('an unexplained difference fails, but the topology is still written', () => {
  const folder = gathered('two-reflectors');
  const { code, stdout } = adopt(folder, '-o', 'topology.yaml');
  expect(code).toBe(1);
  expect(stdout).toContain('controlPlaneReplicas 1 -> 2: NOT EXPLAINED');
  expect(stdout).toContain('1 difference not explained. topology.yaml is written');
  expect(existsSync(join(folder, 'topology.yaml'))).toBe(true);
  expect(stdout + readFileSync(join(folder, 'topology.yaml'), 'utf8')).not.toContain('correct horse');
});

test('a router whose files have no session fails: nothing was compared', () => {
  const folder = gathered('report');
  rmSync(join(folder, 'routers/gateway/k3s'), { recursive: true });
  writeFileSync(join(folder, 'routers/gateway/bird.conf'), 'router id 192.168.100.1;\nprotocol device {}\n');
  const { code, stderr } = adopt(folder);
  expect(code).toBe(1);
  expect(stderr).toMatch(
    /\nunknown: sessions with nodes of WDS, IPv4 \(gateway\), \d+ differences not explained/,
  );
});

test('a failed adoption writes nothing', () => {
  const folder = gathered('report');
  writeFileSync(join(folder, 'cluster.yaml'), 'No resources found\n');
  const { code, stderr } = adopt(folder, '-o', 'topology.yaml');
  expect(code).toBe(2);
  expect(stderr).toContain('cluster.yaml:1:1  is not a Kubernetes object.');
  expect(existsSync(join(folder, 'topology.yaml'))).toBe(false);
});

test('--json is one document', () => {
  const fine = adopt(gathered('report'), '--json');
  const document = JSON.parse(fine.stdout);
  expect(document).toMatchObject({ version: 1, command: 'adopt', ok: true, topology: expect.any(String) });
  expect(document.compared.find(({ what }: { what: string }) => what === 'k3s_master_v4')).toMatchObject({
    where: 'gateway',
    change: 'reloaded',
  });
  expect(fine.stderr).toBe('');
  const folder = gathered('report');
  writeFileSync(join(folder, 'cluster.yaml'), '- [');
  const { code, stdout } = adopt(folder, '--json');
  expect([code, JSON.parse(stdout)]).toMatchObject([
    2,
    { ok: false, faults: [{ code: 'yaml-syntax', place: { file: 'cluster.yaml', line: 1 } }] },
  ]);
});

test.each([
  [
    'neither',
    [],
    /^No running cluster is named\.\nUse --cluster FILE.* kubectl get -o yaml nodes,installations/,
  ],
  [
    'both',
    ['--live', '--cluster', 'cluster.yaml'],
    /^Two views of a cluster may contradict each other\.\nUse either --live or --cluster\.$/m,
  ],
  [
    'a router without a folder',
    ['--cluster', 'cluster.yaml', '--router', 'gateway'],
    /names no folder\.\nWrite NAME=FOLDER/,
  ],
  [
    'a router twice',
    ['--cluster', 'cluster.yaml', '--router', 'a=routers/gateway', '--router', 'a=routers/cn-ns'],
    /^--router a: this router is already named/,
  ],
  ['no such folder', ['--cluster', 'cluster.yaml', '--router', 'a=nowhere'], /^nowhere\/? does not exist/],
  ['no such file', ['--cluster', 'nowhere.yaml'], /^nowhere\.yaml does not exist/],
  ['no YAML file', ['--cluster', 'cluster.yaml', '-o', 'topology.txt'], /It must end in \.yaml/],
])('%s is bad usage', (_, args, message) => {
  const { code, stderr, stdout } = noencap(gathered('report'), ['adopt', ...args]);
  expect([code, stdout]).toEqual([2, '']);
  expect(stderr).toMatch(message);
});

/** A kubectl that serves the objects of a file by kind, and records its calls. */
function withKubectl(folder: string, more = ''): NodeJS.ProcessEnv {
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  const [list] = parseAllDocuments(readFileSync(join(folder, 'cluster.yaml'), 'utf8')).map((one) =>
    one.toJS(),
  );
  writeFileSync(join(bin, 'objects.json'), JSON.stringify(list.items));
  writeFileSync(
    join(bin, 'kubectl'),
    `#!${process.execPath}
const { appendFileSync, readFileSync } = require('node:fs');
const args = process.argv.slice(2);
appendFileSync(${JSON.stringify(join(folder, 'asked'))}, args.join(' ') + '\\n');
${more}
const kind = args[1].split('.')[0].replace(/ies$/, 'y').replace(/s$/, '');
const items = JSON.parse(readFileSync(${JSON.stringify(join(bin, 'objects.json'))}));
const found = items.filter((one) => one.kind.toLowerCase() === kind);
process.stdout.write(JSON.stringify({ apiVersion: 'v1', kind: 'List', items: found }));
`,
  );
  chmodSync(join(bin, 'kubectl'), 0o755);
  return { PATH: `${bin}:${process.env.PATH}` };
}

const live = (folder: string, env: NodeJS.ProcessEnv): Run =>
  noencap(
    folder,
    [
      'adopt',
      '--live',
      ...routersOf(folder),
      '--known',
      'known.yaml',
      '--operator-manifest',
      'operator.yaml',
    ],
    env,
  );

test('--live uses only kubectl get, and finds the same', () => {
  const folder = gathered('report');
  const { code, stdout } = live(folder, withKubectl(folder));
  expect(code).toBe(0);
  expect(stdout).toBe(adopt(folder).stdout);
  const asked = readFileSync(join(folder, 'asked'), 'utf8').trim().split('\n');
  expect(asked.filter((line) => !line.startsWith('get '))).toEqual([]);
  expect(asked.join('\n')).not.toMatch(/secret/i);
});

test("a cluster that serves Calico's kinds only in their public group is asked for those", () => {
  const folder = gathered('report');
  const env = withKubectl(
    folder,
    `if (/crd\\.projectcalico\\.org|servicecidrs/.test(args[1])) {
  console.error('error: the server doesn\\'t have a resource type "' + args[1] + '"');
  process.exit(1);
}`,
  );
  expect(live(folder, env).code).toBe(0);
});

test('a kubectl that is missing or not permitted is a fault of the environment', () => {
  const folder = gathered('report');
  const refused = live(
    folder,
    withKubectl(folder, "console.error('Error from server (Forbidden)'); process.exit(1);"),
  );
  expect([refused.code, refused.stderr]).toEqual([
    3,
    'kubectl get nodes --output=json: Error from server (Forbidden).\nCheck the context and its permissions: it needs get and list.\n',
  ]);
  const missing = live(folder, { PATH: resolve(folder, 'routers') });
  expect(missing.code).toBe(3);
  expect(missing.stderr).toMatch(/^kubectl could not be started: .*\nInstall it, or give its output/);
});
