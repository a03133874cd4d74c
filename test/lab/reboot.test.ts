import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { findPrograms, type Reboot, type Ride, rebootNode } from '../../lab/index.ts';
import type { LabPlan } from '../../lab/model.ts';
import { routerFiles } from '../../routers/index.ts';
import type { TopologyInput } from '../../topology/index.ts';
import { abreast } from '../abreast.ts';
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
  /** Default: m1. */
  readonly reboots?: string;
  readonly router?: string;
  readonly node?: string;
  readonly change?: (plan: LabPlan) => LabPlan;
}

async function rebooted(
  topology: TopologyInput,
  { reboots = 'm1', router, node, change }: Missing = {},
): Promise<Rebooted> {
  const started = performance.now();
  const programs = findPrograms('.');
  if ('message' in programs) throw new Error(programs.fix);
  const result = await rebootNode({
    fabric: fabricOf(topology),
    node: reboots,
    failed: router === undefined ? [] : [{ kind: 'router', name: router }],
    away: node === undefined ? [] : [node],
    routerFiles,
    programs,
    ...(change && { change }),
  });
  if ('message' in result) throw new Error(`${result.message}. ${result.fix}`);
  return { result, seconds: Math.ceil((performance.now() - started) / 1000) };
}

/** From and to the pod of m1. */
const ridesOf = ({ pairs }: Reboot): readonly Ride[] =>
  pairs.filter(({ from, to }) => [from, to].includes('m1'));

/** Seconds that BIRD waits for its peers at most, by its own clock. */
const WAIT = 240;

/** While BIRD waits nothing arrives, until the end of the rehearsal. */
function expectWaiting({ result, seconds }: Rebooted, ...peers: string[]): void {
  expect(result).toMatchObject({ recovered: undefined, waits: { peers } });
  expect(result.waits?.seconds).toBeGreaterThanOrEqual(WAIT - seconds);
  expect(result.waits?.seconds).toBeLessThanOrEqual(WAIT);
  expect(ridesOf(result).length).toBeGreaterThan(0);
  for (const { lost, unsure, isSilent } of ridesOf(result))
    expect({ isSilent, lost: lost + unsure > 0 }).toEqual({ isSilent: true, lost: true });
}

interface Rebooted {
  readonly result: Reboot;
  /** The duration of the whole rehearsal. */
  readonly seconds: number;
}

const withGw2 = (): TopologyInput => {
  const { routers, ...topology } = withLan(plannedBesideLive(), { gw2: '10.0.0.253' });
  return { ...topology, routers: { ...routers, gw2: { ...routers?.gw2, planned: false } as never } };
};

const withW2 = (): TopologyInput => {
  const topology = withLan(plannedBesideLive(), { w2: '10.0.0.13' });
  const w2 = { region: 'home', role: 'agent' as const, address: '10.0.0.13' };
  return { ...topology, nodes: { ...topology.nodes, w2 } };
};

/** m1's configuration with a BGPPeer whose router does not exist. */
const withStrangePeer = (plan: LabPlan): LabPlan => {
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
  const hosts = plan.hosts.map((host) => {
    const text = host.files.get('bird.conf') ?? '';
    return host.name === 'm1'
      ? { ...host, files: new Map([...host.files, ['bird.conf', text + peer]]) }
      : host;
  });
  return { ...plan, hosts };
};

/** The rehearsals, several at a time since a lab mostly waits. */
const REBOOTS = {
  'nothing missing': () => rebooted(plannedBesideLive()),
  'a dead reflector': () => rebooted(withGw2(), { router: 'gw2' }),
  'a node that is off': () => rebooted(withW2(), { node: 'w2' }),
  'a router that is not there': () => rebooted(plannedBesideLive(), { change: withStrangePeer }),
  'a node with the IGP': () => rebooted(report(), { reboots: 'kubenode-hkg04' }),
} as const;

type Kind = keyof typeof REBOOTS;

scenario('a node that reboots', () => {
  let begun: ReadonlyMap<Kind, Promise<Rebooted>>;
  beforeAll(() => {
    begun = abreast(Object.keys(REBOOTS) as Kind[], 3, (kind) => REBOOTS[kind]());
  });
  const ended = async (kind: Kind): Promise<Rebooted> => (await begun.get(kind)) as Rebooted;

  test('has its pods back within seconds, with a planned reflector beside the running one', async () => {
    const { result } = await ended('nothing missing');
    expect(result).toMatchObject({ waits: undefined, failures: [] });
    expect(ridesOf(result)).toHaveLength(2);
    // Neither number includes the time that the machine makes BIRD wait.
    for (const { lost, unsure, gap, isSilent } of ridesOf(result)) {
      expect({ isSilent, lost: lost + unsure > 0 }).toEqual({ isSilent: false, lost: true });
      expect(gap).toBeLessThan(30_000);
    }
    expect(result.recovered).toBeLessThan(30_000);
  });

  test('hides its pods while one of two reflectors is dead, although the other has all its routes', async () => {
    expectWaiting(await ended('a dead reflector'), 'gw2');
  });

  test("hides its pods while another node of Calico's mesh is switched off", async () => {
    const one = await ended('a node that is off');
    expectWaiting(one, 'w2');
    expect(one.result.pairs.some(({ from, to }) => [from, to].includes('w2'))).toBe(false);
  });

  test('waits just as long for a BGPPeer whose router does not exist, whatever its maxRestartTime', async () => {
    expectWaiting(await ended('a router that is not there'), '10.0.0.253');
  });

  test('with the IGP learns the routes to the mesh first, and does not count as waiting in vain', async () => {
    const { result } = await ended('a node with the IGP');
    expect(result).toMatchObject({ waits: undefined, failures: [] });
    expect(result.recovered).toBeLessThan(60_000);
  });
});
