import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import type { Failing } from '../../lab/index.ts';
import {
  bootLab,
  converged,
  type Failure,
  findPrograms,
  judge,
  type Lab,
  type Probed,
  probe,
  without,
} from '../../lab/index.ts';
import type { LabPlan } from '../../lab/plan.ts';
import { routerFiles } from '../../routers/index.ts';
import type { TopologyInput } from '../../topology/index.ts';
import { fabricOf } from '../fabric-of.ts';

/** Needs network namespaces. Where a machine has none, NOENCAP_NO_NETNS=1 skips these by name. */
export const scenario = process.env.NOENCAP_NO_NETNS === '1' ? describe.skip : describe;

/** The field report's network, with other BGP settings or another Calico. */
export function report(bgp: TopologyInput['bgp'] = {}, version?: string): TopologyInput {
  const topology = parse(readFileSync('topology.yaml', 'utf8')) as TopologyInput;
  const calico = version === undefined ? topology.calico : { ...topology.calico, version };
  return { ...topology, bgp: { ...topology.bgp, ...bgp }, calico };
}

/** A lab that is up, and settled as far as it will. */
export async function booted(
  topology: TopologyInput,
  change?: (plan: LabPlan) => LabPlan,
  within?: number,
): Promise<Lab> {
  const programs = findPrograms('.');
  if ('says' in programs) throw new Error(`${programs.says}. ${programs.mend}`);
  if (programs.approximate) throw new Error('BIRD 1.6.8 is missing. Run: scripts/setup-lab.sh');
  const lab = await bootLab({ fabric: fabricOf(topology), routerFiles, programs, ...(change && { change }) });
  if ('says' in lab) throw new Error(`${lab.says}. ${lab.mend}`);
  await converged(lab, within === undefined ? {} : { within });
  return lab;
}

export interface Look {
  readonly failures: readonly Failure[];
  readonly probed: readonly Probed[];
  /** What the failures say, by kind. */
  says(kind: Failure['kind']): string[];
}

/** What `noencap lab` would find now, with these having failed. */
export async function look(lab: Lab, failed: readonly Failing[] = [], within = 1000): Promise<Look> {
  const left = failed.length === 0 ? lab : without(lab, failed);
  const seen = await converged(left, { within });
  const probed = await probe(left);
  const failures = judge(left, seen, probed);
  return {
    failures,
    probed,
    says: (kind) => failures.filter((one) => one.kind === kind).map(({ says }) => says),
  };
}

/** Runs shell text on a host of the lab and returns what it prints. */
export async function on(lab: Lab, host: string, command: string): Promise<string> {
  const { stdout, stderr } = await lab.holder.run(`nsenter --net=/run/netns/${host} sh -c '${command}'`);
  return stdout + stderr;
}

const lan = (region: number, host: number) => `192.168.${region}.${host}`;

/** Two regions over one link, the first with two reflectors and two nodes on one LAN. IPv4, no mesh that could hide anything. */
export function redundant(change: Partial<TopologyInput> = {}): TopologyInput {
  return {
    version: 1,
    name: 'redundant',
    bgp: { nodeToNodeMesh: false, holdTime: 6 },
    pods: { cidrs: ['10.42.0.0/16'], mtu: 1380 },
    services: { cidrs: ['10.43.0.0/16'] },
    calico: { version: 'v3.31.7' },
    k3s: { version: 'v1.34.5+k3s1' },
    gitops: { repoURL: 'https://git.example/net.git' },
    regions: { east: { routers: ['e1', 'e2'] }, west: { router: 'w1' } },
    routers: {
      e1: { routerId: '10.0.0.1', nodeAddress: lan(1, 1), backboneAddress: '10.0.0.1' },
      e2: { routerId: '10.0.0.2', nodeAddress: lan(1, 2), backboneAddress: '10.0.0.2' },
      w1: { routerId: '10.0.0.3', nodeAddress: lan(2, 1), backboneAddress: '10.0.0.3' },
    },
    nodes: {
      'e-a': { region: 'east', role: 'server', address: lan(1, 11) },
      'e-b': { region: 'east', role: 'agent', address: lan(1, 12) },
      'w-a': { region: 'west', role: 'agent', address: lan(2, 11) },
    },
    underlay: {
      segments: {
        'east-lan': {
          cidr: '192.168.1.0/24',
          mtu: 1500,
          members: { e1: lan(1, 1), e2: lan(1, 2), 'e-a': lan(1, 11), 'e-b': lan(1, 12) },
        },
        'west-lan': { cidr: '192.168.2.0/24', mtu: 1500, members: { w1: lan(2, 1), 'w-a': lan(2, 11) } },
        core: {
          cidr: '172.16.0.0/29',
          mtu: 1420,
          members: { e1: '172.16.0.1', e2: '172.16.0.2', w1: '172.16.0.3' },
        },
      },
    },
    ...change,
  };
}
