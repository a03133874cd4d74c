import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { reportText } from '../fixture/report.ts';
import { lendingCluster } from '../live/cluster/addresses.ts';
import { type ApiServer, startApiServer } from '../live/cluster/api-server.ts';
import { gitIn, noencap, scratch } from './run.ts';
import { noencapMeanwhile } from './run-async.ts';

let folder: string;
let server: ApiServer;
beforeEach(async () => {
  folder = scratch();
  writeFileSync(join(folder, 'topology.yaml'), reportText());
  server = await startApiServer(lendingCluster());
});
afterEach(async () => {
  await server.close();
  rmSync(folder, { recursive: true });
});

const live = (...args: readonly string[]) => noencapMeanwhile(folder, [...args, '--live']);
const lastKept = () => readFileSync(join(folder, '.cache/live/blocks.json'), 'utf8');
const timeless = (text: string) => text.replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/g, 'TIME');

test('whose an address is: its block, its pod, where the pod is', async () => {
  const { code, stdout } = await live('explain', '10.42.64.70');
  expect(code).toBe(0);
  expect(timeless(stdout)).toBe(`10.42.64.70
  block  10.42.64.64/26 of kubenode-wds-1
  used   by pod default/far on kubenode-hkg04, a borrowed address

Blocks as context home had them at TIME.
`);
});

test.each([
  ['10.42.64.71', 'Calico has it marked for pod default/ghost on kubenode-wds-1, and there is no such pod'],
  ['10.42.64.72', '  used   by nobody'],
  ['10.42.9.6', 'old-1, which is gone: nobody announces it'],
  ['10.42.77.1', 'by pod default/guest on stranger, which the topology does not have'],
  ['10.42.88.1', '  block  10.42.88.0/26 of nobody any more'],
  ['10.42.200.1', '  block  none: no node has it'],
  ['10.42.64.64/26', '  block  10.42.64.64/26 of kubenode-wds-1'],
  ['192.168.100.1', '192.168.100.1\n  used   by gateway itself\n'],
  ['192.168.100.251', '192.168.100.251\n  used   by kubemaster itself\n'],
])('whose %s is', async (address, line) => {
  expect((await live('explain', address)).stdout).toContain(line);
});

test("a range that is in no block is nobody's, and neither is what is no address", async () => {
  for (const range of ['10.42.0.0/16', '10.42.200.0/26', '10.43.0.10', '192.0.2.1', 'kubemaster'])
    expect(await live('explain', range)).toMatchObject({ code: 2, stderr: expect.stringContaining(range) });
});

test('the way to a borrowed address is that of its own route, which the node that borrowed it announces', async () => {
  const { code, stdout } = await live('explain', 'kubemaster', '10.42.64.70');
  expect(code).toBe(0);
  expect(stdout).toContain(
    '10.42.64.70/32 (pods of kubenode-hkg04) at kubemaster\n  best  from gateway (reflector)',
  );
  expect(stdout).toContain(
    '  way to 10.42.64.70/32: kubemaster > gateway > cn-ns > global-ns > kubenode-hkg04\n',
  );
  const path = await live('path', 'kubemaster', '10.42.64.70', '--json');
  expect(JSON.parse(path.stdout).paths).toMatchObject([
    { from: 'kubemaster', to: 'kubenode-hkg04', prefix: '10.42.64.70/32', assumed: false, arrives: true },
  ]);
  // Its neighbour in the block is where the block is.
  const neighbour = JSON.parse((await live('path', 'kubenode-hkg04', '10.42.64.66', '--json')).stdout);
  expect(neighbour.paths).toMatchObject([{ to: 'kubenode-wds-1', prefix: '10.42.64.64/26' }]);
});

test('an address of a block whose node is gone has the way of its pod, and others in the block have none', async () => {
  expect(
    JSON.parse((await live('path', 'kubenode-hkg04', '10.42.9.5', '--json')).stdout).paths,
  ).toMatchObject([{ to: 'kubemaster', prefix: '10.42.9.5/32', arrives: true }]);
  expect(await live('path', 'kubemaster', '10.42.9.6')).toMatchObject({
    code: 2,
    stderr: expect.stringContaining(
      'its block 10.42.9.0/26 is of old-1, which is gone, so nobody announces it',
    ),
  });
  const explained = await live('explain', 'kubemaster', '10.42.77.1');
  expect(explained.code).toBe(1);
  expect(explained.stdout).toContain(
    '  way    none is known: it is on stranger, which the topology does not have\n',
  );
});

test('what check finds of blocks is true of the cluster, and nothing of it without being asked', async () => {
  writeFileSync(
    join(folder, 'topology.yaml'),
    reportText().replace(/^bgp:$/m, 'bgp:\n  exportBorrowed: false'),
  );
  const { stdout } = await live('check', '--json');
  const found = new Map<string, string[]>(
    JSON.parse(stdout).findings.map((one: { code: string; evidence: string[] }) => [one.code, one.evidence]),
  );
  expect(found.get('NE417')?.join()).toContain(
    'kubenode-hkg04 with an address of 10.42.64.64/26 (kubenode-wds-1)',
  );
  expect(found.get('NE417')?.join()).toContain(
    'kubemaster with 10.42.9.5/32, of a block that no node of the topology has',
  );
  expect(found.get('NE420')).toEqual([
    '10.42.9.0/26 of old-1, 1 of its addresses in use, 10.42.9.5 by default/heir on kubemaster',
  ]);
  expect(found.get('NE421')).toEqual([
    '10.42.64.64/26 of kubenode-wds-1 (WDS): 10.42.64.70 on kubenode-hkg04 (Global)',
  ]);
  const without = JSON.parse(noencap(folder, ['check', '--json']).stdout);
  expect(without.cluster).toBeUndefined();
  expect(without.findings.map(({ code }: { code: string }) => code)).not.toContain('NE420');
});

test('the answer is kept where git does not see it, is the same bytes but for its time, and serves without the cluster', async () => {
  gitIn(folder, 'init', '-q');
  await live('explain', '10.42.64.70');
  const first = lastKept();
  server.lists.set('/api/v1/pods', [...(server.lists.get('/api/v1/pods') ?? [])].reverse());
  await live('explain', '10.42.64.70');
  expect(timeless(lastKept())).toBe(timeless(first));
  expect(JSON.parse(first)).toMatchObject({ version: 1, network: 'home', context: 'home' });
  expect(gitIn(folder, 'status', '--porcelain')).toBe('?? topology.yaml');

  const taken = await live('path', 'kubemaster', '10.42.64.70', '--blocks', 'mine.json');
  expect(existsSync(join(folder, 'mine.json'))).toBe(true);
  delete process.env.KUBECONFIG;
  const again = noencap(folder, ['path', 'kubemaster', '10.42.64.70', '--blocks', 'mine.json']);
  expect(again).toMatchObject({ code: taken.code, stdout: taken.stdout });
});

test('a cluster that cannot be asked: why, the next command, and what was read last', async () => {
  await live('explain', '10.42.64.70');
  server.intercept = () => ({ status: 401, body: { kind: 'Status', message: 'Unauthorized' } });
  expect(await live('path', 'kubemaster', '10.42.64.70')).toMatchObject({
    code: 3,
    stdout: '',
    stderr: expect.stringContaining(
      'Next: kubectl auth whoami. What was read last is still there: --blocks .cache/live/blocks.json.',
    ),
  });
});

test('a cluster or a file of another network is refused', async () => {
  server.lists.set('/api/v1/nodes', [{ metadata: { name: 'elsewhere' } }]);
  expect(await live('check')).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('has no node of home'),
  });
  writeFileSync(join(folder, 'other.json'), lastKept().replace('"network": "home"', '"network": "work"'));
  expect(noencap(folder, ['check', '--blocks', 'other.json'])).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('is of network work, not of home'),
  });
});

test('every fault of a file, with its place', () => {
  const file = (text: string) => {
    writeFileSync(join(folder, 'bad.json'), text);
    return noencap(folder, ['check', '--blocks', 'bad.json']);
  };
  expect(file('{"version": 1,\n  nodes}')).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('bad.json:2:3: is not JSON'),
  });
  const text = `{
  "version": 1, "network": "home", "context": "x", "takenAt": "2026-01-02T03:04:05Z", "nodes": [],
  "blocks": [{"cidr": "10.42.0.0", "node": "a"}],
  "addresses": [{"address": "10.42.0.256"}], "more": 1
}
`;
  const { code, stderr } = file(text);
  expect(code).toBe(2);
  expect(stderr).toContain('bad.json:3:23: blocks[0].cidr: is no prefix');
  expect(stderr).toContain('bad.json:4:29: addresses[0].address: is no address');
  expect(stderr).toMatch(/bad\.json:\d+:\d+: .*more/);
  expect(noencap(folder, ['check', '--blocks', 'none.json'])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('none.json cannot be read (ENOENT)'),
  });
});
