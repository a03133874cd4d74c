import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { findPrograms, type Reboot, rebootNode } from '../../lab/index.ts';
import type { LabPlan } from '../../lab/plan.ts';
import { routerFiles } from '../../routers/index.ts';
import type { TopologyInput } from '../../topology/index.ts';
import { fabricOf } from '../fabric-of.ts';
import { scenario } from './labs.ts';
import { report } from './topologies.ts';

/** `gw` runs, `gw2` is planned beside it; two nodes in Calico's mesh. */
const plannedBesideLive = (): TopologyInput =>
  parse(readFileSync('test/lab/networks/planned-beside-live.yaml', 'utf8'));

const withLan = (topology: TopologyInput, members: Record<string, string>): TopologyInput => {
  const lan = topology.underlay?.segments.lan;
  return {
    ...topology,
    bgp: { ...topology.bgp, holdTime: 6 },
    underlay: { segments: { lan: { ...lan, members: { ...lan?.members, ...members } } as never } },
  };
};

interface Missing {
  /** m1 if nothing is said. */
  readonly reboots?: string;
  readonly router?: string;
  readonly node?: string;
  readonly change?: (plan: LabPlan) => LabPlan;
}

async function rebooted(
  topology: TopologyInput,
  { reboots = 'm1', router, node, change }: Missing = {},
): Promise<Reboot> {
  const programs = findPrograms('.');
  if ('says' in programs) throw new Error(programs.mend);
  const result = await rebootNode({
    fabric: fabricOf(topology),
    node: reboots,
    failed: router === undefined ? [] : [{ kind: 'router', name: router }],
    away: node === undefined ? [] : [node],
    routerFiles,
    programs,
    ...(change && { change }),
  });
  if ('says' in result) throw new Error(result.mend);
  return result;
}

/** Milliseconds at a stretch, from and to the pod of m1. */
const gaps = ({ pairs }: Reboot): number[] =>
  pairs.filter(({ from, to }) => [from, to].includes('m1')).map(({ gap }) => gap);

/** While BIRD waits nothing arrives: the rehearsal looks on for 12 s. */
function expectWaiting(result: Reboot, ...peers: string[]): void {
  expect(result).toMatchObject({ recovered: undefined, waits: { peers } });
  expect(result.waits?.seconds).toBeGreaterThan(180);
  for (const gap of gaps(result)) expect(gap).toBeGreaterThan(10_000);
}

scenario('a node that starts anew', () => {
  test('has its pods back within seconds, with a reflector planned beside the one that runs', async () => {
    const result = await rebooted(plannedBesideLive());
    expect(result).toMatchObject({ waits: undefined, failures: [] });
    expect(gaps(result)).toHaveLength(2);
    expect(Math.max(...gaps(result))).toBeGreaterThan(500);
    expect(Math.max(...gaps(result))).toBeLessThan(30_000);
  });

  test('hides its pods while one of two reflectors is dead, though the other has all of its routes', async () => {
    const { routers, ...topology } = withLan(plannedBesideLive(), { gw2: '10.0.0.253' });
    const gw2 = { ...routers?.gw2, planned: false } as never;
    expectWaiting(await rebooted({ ...topology, routers: { ...routers, gw2 } }, { router: 'gw2' }), 'gw2');
  });

  test("hides its pods while another node of Calico's mesh is switched off", async () => {
    const topology = withLan(plannedBesideLive(), { w2: '10.0.0.13' });
    const w2 = { region: 'home', role: 'agent' as const, address: '10.0.0.13' };
    const result = await rebooted({ ...topology, nodes: { ...topology.nodes, w2 } }, { node: 'w2' });
    expectWaiting(result, 'w2');
    expect(result.pairs.some(({ from, to }) => [from, to].includes('w2'))).toBe(false);
  });

  test('waits as long for a BGPPeer whose router is not there, whatever its maxRestartTime', async () => {
    const peer = `
protocol bgp Node_10_0_0_253 from bgp_template {
  ttl security off;
  multihop;
  neighbor 10.0.0.253 as 64512;
  source address 10.0.0.11;
  import all;
  export none;
  graceful restart time 10;
}
`;
    const change = (plan: LabPlan): LabPlan => ({
      ...plan,
      hosts: plan.hosts.map((host) => {
        const text = host.files.get('bird.conf') ?? '';
        return host.name === 'm1'
          ? { ...host, files: new Map([...host.files, ['bird.conf', text + peer]]) }
          : host;
      }),
    });
    expectWaiting(await rebooted(plannedBesideLive(), { change }), '10.0.0.253');
  });

  test('finds its way to the mesh by the IGP first, where it runs it, and is not taken for one that waits in vain', async () => {
    const result = await rebooted(report(), { reboots: 'kubenode-hkg04' });
    expect(result).toMatchObject({ waits: undefined, failures: [] });
    expect(result.recovered).toBeLessThan(60_000);
  });
});
