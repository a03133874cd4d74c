import { parse } from 'yaml';
import type { TopologyInput } from '../../topology/index.ts';
import { reportText } from '../fixture/report.ts';

/** The field report's network, with different BGP settings or a different Calico. */
export function report(bgp: TopologyInput['bgp'] = {}, version?: string): TopologyInput {
  const topology = parse(reportText()) as TopologyInput;
  const calico = version === undefined ? topology.calico : { ...topology.calico, version };
  return { ...topology, bgp: { ...topology.bgp, ...bgp }, calico };
}

const lan = (region: number, host: number) => `192.168.${region}.${host}`;

/** Two regions over one link, the first with two reflectors and two nodes on one LAN. IPv4, without a mesh that could hide anything. */
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
