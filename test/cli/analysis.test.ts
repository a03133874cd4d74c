import { copyFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { REPORT_FILE, reportText } from '../fixture/report.ts';
import { expectGolden } from '../golden.ts';
import { noencap, scratch } from './run.ts';

let folder: string;
beforeAll(() => {
  folder = scratch();
  copyFileSync(REPORT_FILE, join(folder, 'topology.yaml'));
  copyFileSync('test/analysis/checks/sturdy.yaml', join(folder, 'sturdy.yaml'));
  copyFileSync('test/analysis/checks/NE103.yaml', join(folder, 'ne103.yaml'));
  const text = reportText();
  writeFileSync(join(folder, 'held-back.yaml'), text.replace(/^bgp:$/m, 'bgp:\n  exportBorrowed: false'));
  writeFileSync(join(folder, 'self.yaml'), text.replace(/^bgp:$/m, 'bgp:\n  reflectorNextHop: self'));
});

/** What a user sees: one file per command in test/cli/golden. */
test('explain, path and check --failures on the network of the report', () => {
  const shown = [
    ['explain-remote-block', 'explain kubemaster 10.42.253.128/26', 0],
    ['explain-hairpin', 'explain kubenode-wds-1 kubemaster -t self.yaml', 0],
    ['explain-without-session', 'explain gateway kubenode-hkg04 --fail gateway--global-ns/ipv6', 1],
    ['explain-own', 'explain kubemaster 10.42.141.7', 0],
    ['path', 'path kubemaster kubenode-hkg04', 0],
    ['path-hairpin', 'path kubemaster kubenode-wds-1 -t self.yaml', 0],
    ['path-lost', 'path kubemaster kubenode-hkg04 --fail iepl', 1],
    ['path-to-an-assumed-block', 'path w-a e-a -t ne103.yaml', 1],
    ['path-between-addresses', 'path 10.42.0.70 172.16.0.9 -t ne103.yaml', 0],
    ['path-from-a-host', 'path h 10.0.1.1 -t ne103.yaml', 0],
    ['path-to-a-service', 'path w-a 10.43.0.1 -t ne103.yaml', 0],
    ['explain-an-assumed-block', 'explain w1 10.42.0.5 -t ne103.yaml', 0],
    ['explain-address-of-a-host', 'explain w-a 172.16.0.9 -t ne103.yaml', 0],
    ['explain-a-service', 'explain w-a 10.43.0.1 -t ne103.yaml', 0],
    ['path-to-a-borrowed-address', 'path kubemaster 10.42.64.70 --on kubenode-hkg04', 0],
    ['explain-a-borrowed-address', 'explain gateway 10.42.64.70 --on kubenode-hkg04', 0],
    [
      'explain-a-borrowed-address-held-back',
      'explain gateway 10.42.64.70 --on kubenode-hkg04 -t held-back.yaml',
      0,
    ],
    ['failures', 'check --failures 1', 0],
    ['failures-of-two', 'check --failures 2 -t sturdy.yaml', 0],
  ] as const;
  expectGolden(
    'test/cli/golden',
    shown.map(([name, command, code]) => {
      const run = noencap(folder, command.split(' '));
      expect({ command, code: run.code, stderr: run.stderr }).toEqual({ command, code, stderr: '' });
      return [`${name}.txt`, `$ noencap ${command}\n${run.stdout}`];
    }),
  );
});

test('--quiet reduces explain and path to what is wrong', () => {
  for (const command of ['explain kubemaster 10.42.141.7', 'path kubemaster kubenode-hkg04'])
    expect(noencap(folder, [...command.split(' '), '-q'])).toEqual({ code: 0, stdout: '', stderr: '' });
  const lost = [
    'path kubemaster kubenode-hkg04 --fail iepl',
    'explain gateway kubenode-hkg04 --fail gateway--global-ns/ipv6',
  ];
  for (const command of lost) {
    const told = noencap(folder, command.split(' '));
    expect(told.code).toBe(1);
    expect(noencap(folder, [...command.split(' '), '-q'])).toEqual(told);
    expect(told.stdout).toContain('kubenode-hkg04');
  }
});

test.each([
  [
    'explain kubemaste 10.42.253.128/26',
    'No node or router is named "kubemaste".\nDid you mean "kubemaster"?\n',
  ],
  [
    'explain kubemaster 10.9.0.0/26',
    '"10.9.0.0/26" is not inside any node\'s block, and no node has that name.\n',
  ],
  ['path kubemaster gateway', 'No node is named "gateway".\n'],
  ['path kubemaster kubemaster', 'kubemaster and kubemaster are the same node.\n'],
  ['path kubemaster 10.42.141.9', 'kubemaster and 10.42.141.9 are the same node.\n'],
  ['path kubemaster 192.168.100.251', 'kubemaster and 192.168.100.251 are the same machine.\n'],
  [
    'path kubemaster 10.42.200.1',
    '"10.42.200.1" is not inside any node\'s block, and no machine or service has it.\n',
  ],
  [
    'path kubemaster 192.0.2.1',
    '"192.0.2.1" is not inside any node\'s block, and no machine or service has it.\n',
  ],
  ['path 10.43.0.1 kubemaster', '10.43.0.1 is a service address, which sends no packets.\n'],
  [
    'path kubemaster kubenode-hkg04 --fail ieple',
    'Nothing that can fail is named "ieple".\nDid you mean "iepl"?\n',
  ],
])('%s is refused with the valid choices', (command, says) => {
  const run = noencap(folder, command.split(' '));
  expect(run).toMatchObject({ code: 2, stdout: '' });
  expect(run.stderr).toContain(says);
  const json = noencap(folder, [...command.split(' '), '--json']);
  expect(json).toMatchObject({ code: 2, stderr: '' });
  expect(JSON.parse(json.stdout)).toMatchObject({ version: 1, ok: false });
});

test('--json carries the same: the steps of the decision, the hops, the failures', () => {
  const json = (command: string) => JSON.parse(noencap(folder, [...command.split(' '), '--json']).stdout);
  expect(json('explain kubemaster 10.42.253.128/26')).toMatchObject({
    version: 1,
    command: 'explain',
    ok: true,
    blocks: [
      {
        routes: [
          { from: 'gateway', verdict: 'best' },
          { from: 'kubenode-hkg04', verdict: 'lost', decidedBy: { own: 'unknown', best: '0' } },
        ],
        kernel: { route: 'bgp', hops: [{ machine: 'gateway', segment: 'wds-lan' }] },
      },
    ],
  });
  expect(json('path kubemaster kubenode-hkg04')).toMatchObject({
    ok: true,
    paths: [{ arrives: true, mtu: 1420, hops: { min: 4, max: 4 }, assumed: false }],
  });
  expect(json('path w-a e-a -t ne103.yaml')).toMatchObject({ ok: false, paths: [{ assumed: true }] });
  expect(json('path w-a 172.16.0.9 -t ne103.yaml')).toMatchObject({
    ok: true,
    paths: [{ prefix: '172.16.0.9', to: 'h', arrives: true, assumed: false }],
  });
  expect(json('path w-a 10.43.0.1 -t ne103.yaml')).toMatchObject({
    ok: true,
    service: '10.43.0.1',
    paths: [],
  });
  expect(json('explain w-a 172.16.0.9 -t ne103.yaml')).toMatchObject({
    ok: true,
    addresses: [{ owner: 'h', route: 'IGP' }],
  });
  const { failures } = json('check --failures 1');
  expect(failures).toEqual(
    expect.arrayContaining([
      expect.objectContaining({
        failed: [{ kind: 'segment', name: 'wds-lan' }],
        pairsLost: 6,
        pairsWorse: 0,
      }),
    ]),
  );
});

test('SARIF and annotations cover sessions and double failures as well', () => {
  const run = noencap(folder, ['check', '--failures', '2', '--sarif', '-t', 'sturdy.yaml'], {
    GITHUB_ACTIONS: 'true',
  });
  const { results } = JSON.parse(run.stdout).runs[0];
  const texts = results.map(({ message }: { message: { text: string } }) => message.text.split('\n')[0]);
  expect(texts).toHaveLength(11);
  expect(texts).toContain(
    'without segment core-a + segment core-b 2 of 2 pairs of nodes lose packets, and 0 get worse paths',
  );
  expect(run.stderr).toMatch(
    /^::notice file=sturdy\.yaml,line=\d+,col=\d+,endColumn=\d+,title=what-if::without segment core-a \+ segment core-b /m,
  );
});

test('--sarif is one document, with the places of the topology', () => {
  const run = noencap(folder, ['check', '--sarif']);
  expect(run).toMatchObject({ code: 0, stderr: '' });
  const { version, runs } = JSON.parse(run.stdout);
  expect(version).toBe('2.1.0');
  expect(runs[0].results.at(-2)).toMatchObject({
    ruleId: 'NE401',
    level: 'note',
    locations: [
      {
        physicalLocation: {
          artifactLocation: { uri: 'topology.yaml' },
          region: { startLine: 39, startColumn: 13 },
        },
      },
    ],
  });
  expect(runs[0].tool.driver.rules.map(({ id }: { id: string }) => id)).toEqual(['NE201', 'NE401', 'NE416']);
  writeFileSync(join(folder, 'bad.yaml'), 'version: 2\n');
  const bad = noencap(folder, ['check', '--sarif', '-t', 'bad.yaml']);
  expect(bad.code).toBe(2);
  expect(JSON.parse(bad.stdout).runs[0].results.length).toBeGreaterThan(0);
});

test('--on needs the address of a pod, and names a node', () => {
  const refused = (command: string) => noencap(folder, command.split(' ')).stderr;
  expect(refused('path kubemaster kubenode-hkg04 --on kubenode-hkg04')).toContain(
    'needs the address of a pod',
  );
  expect(refused('path kubemaster 10.42.64.70 --on kubenode-hkg4')).toContain(
    'Did you mean "kubenode-hkg04"?',
  );
  expect(refused('explain gateway 192.168.100.251 --on kubenode-hkg04')).toContain(
    'which "192.168.100.251" is not',
  );
});
