import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Lab } from '../../lab/index.ts';
import { askBird, hostFolder, listPaths } from '../../lab/index.ts';
import type { TopologyInput } from '../../topology/index.ts';
import { booted, type Look, look, on, scenario } from './labs.ts';
import { report } from './topologies.ts';

/** The lines of a node's table that BIRD wrote; trailing blanks are iproute2's. */
const birdLines = (table: string): string =>
  table
    .split(/\n(?=\S)/)
    .filter((route) => route.includes('proto bird'))
    .join('\n')
    .replace(/[ \t]+$/gm, '')
    .trimEnd();

interface Case {
  readonly name: string;
  readonly bgp: TopologyInput['bgp'];
  readonly version: string;
}

const cases: readonly Case[] = [
  { name: 'self, mesh, v3.31', bgp: { reflectorNextHop: 'self' }, version: 'v3.31.7' },
  { name: 'keep, mesh, v3.31', bgp: {}, version: 'v3.31.7' },
  { name: 'keep, no mesh, v3.31', bgp: { nodeToNodeMesh: false }, version: 'v3.31.7' },
  { name: 'self, mesh, v3.32', bgp: { reflectorNextHop: 'self' }, version: 'v3.32.1' },
  { name: 'keep, no mesh, v3.32', bgp: { nodeToNodeMesh: false }, version: 'v3.32.1' },
];

/** Whichever of the two paths a kernel takes for a flow: one of them turns around. */
const HAIRPINS = [
  'kubemaster to kubenode-wds-1: turns around at gateway on wds-lan (kubemaster > gateway > kubenode-wds-1)',
  'kubenode-wds-1 to kubemaster: turns around at gateway on wds-lan (kubenode-wds-1 > gateway > kubemaster)',
];

scenario.each(cases)("the field report's network: $name", ({ name, bgp, version }) => {
  let lab: Lab;
  let seen: Look;
  beforeAll(async () => {
    lab = await booted(report(bgp, version));
    seen = await look(lab);
  });
  afterAll(async () => lab?.holder.end());

  test('every pod reaches every other, over the right machines, at the right sizes', () => {
    expect(seen.failures.map(({ message }) => message)).toEqual(
      bgp?.reflectorNextHop === 'self' ? HAIRPINS : [],
    );
    const found = seen.probed.find(({ pair }) => pair.from === 'kubemaster' && pair.to === 'kubenode-hkg04');
    expect(found).toMatchObject({ reached: true, isLossy: false, pathMtu: 1420 });
    expect(found?.there && listPaths(found.there)).toEqual([
      { machines: ['kubemaster', 'gateway', 'cn-ns', 'global-ns', 'kubenode-hkg04'], ends: 'arrives' },
    ]);
  });

  test("the nodes' tables match the reviewed ones (UPDATE_GOLDEN=1 rewrites them)", async () => {
    const tables = await Promise.all(
      ['kubemaster', 'kubenode-wds-1', 'kubenode-hkg04'].map(
        async (host) => `# ${host}\n${birdLines(await on(lab, host, 'ip route'))}\n`,
      ),
    );
    const file = join('test', 'lab', 'golden', `${name.replace(/, /g, '-').replaceAll(' ', '-')}.txt`);
    if (process.env.UPDATE_GOLDEN === '1') writeFileSync(file, tables.join('\n'));
    expect(tables.join('\n')).toBe(readFileSync(file, 'utf8'));
  });

  if (name === 'self, mesh, v3.31') {
    test('kubemaster has the table that the report published, line by line', async () => {
      expect(birdLines(await on(lab, 'kubemaster', 'ip route'))).toBe(`10.42.64.64/26 proto bird
\tnexthop via 192.168.100.1 dev eth0 weight 1
\tnexthop via 192.168.100.252 dev eth0 weight 1
blackhole 10.42.141.0/26 proto bird
10.42.253.128/26 via 192.168.100.1 dev eth0 proto bird`);
    });

    test("kubenode-hkg04 has the report's protocols, all of them up", async () => {
      const reply = await askBird(
        lab.holder.path(`${hostFolder('kubenode-hkg04')}/bird.ctl`),
        'show protocols',
      );
      const rows = (reply?.text ?? '')
        .split('\n')
        .slice(1, -1)
        .map((line) => line.split(/\s+/));
      expect(
        rows.map(([protocol, type, table, state, , info]) => [protocol, type, table, state, info]),
      ).toEqual([
        ['static1', 'Static', 'master', 'up', ''],
        ['kernel1', 'Kernel', 'master', 'up', ''],
        ['device1', 'Device', 'master', 'up', ''],
        ['direct1', 'Direct', 'master', 'up', ''],
        ['Mesh_192_168_100_251', 'BGP', 'master', 'up', 'Established'],
        ['Mesh_192_168_100_252', 'BGP', 'master', 'up', 'Established'],
        ['Node_100_64_1_106', 'BGP', 'master', 'up', 'Established'],
      ]);
    });

    test("a ping from kubemaster to a pod on kubenode-hkg04 comes back with the report's ttl", async () => {
      expect(await on(lab, 'kubemaster', 'ping -c 1 10.42.253.129')).toContain(
        '64 bytes from 10.42.253.129: icmp_seq=1 ttl=60 ',
      );
    });
  }
});

scenario('without the mesh, reflectors that set themselves as next hop', () => {
  test('send every packet between neighbours in and out of one interface, which is named', async () => {
    const lab = await booted(report({ reflectorNextHop: 'self', nodeToNodeMesh: false }));
    try {
      expect((await look(lab)).message('hairpin')).toContain(
        'kubemaster to kubenode-wds-1: turns around at gateway on wds-lan (kubemaster > gateway > kubenode-wds-1)',
      );
    } finally {
      await lab.holder.end();
    }
  });
});
