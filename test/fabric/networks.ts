import type { TopologyInput } from '../../topology/index.ts';

/** Two regions with a router and two nodes each; a LAN per region, one backbone link. IPv4. */
export function twoRegions(change: Partial<TopologyInput> = {}): TopologyInput {
  return {
    version: 1,
    name: 'two',
    bgp: { asNumber: 64512 },
    pods: { cidrs: ['10.42.0.0/16'] },
    services: { cidrs: ['10.43.0.0/16'] },
    calico: { version: 'v3.31.7' },
    k3s: { version: 'v1.34.5+k3s1' },
    gitops: { repoURL: 'https://github.com/example/two.git' },
    regions: { east: { router: 'e1' }, west: { router: 'w1' } },
    routers: {
      e1: { routerId: '10.0.0.1', nodeAddress: '192.168.1.1', backboneAddress: '10.0.0.1' },
      w1: { routerId: '10.0.0.2', nodeAddress: '192.168.2.1', backboneAddress: '10.0.0.2' },
    },
    nodes: {
      'e-a': { region: 'east', role: 'server', address: '192.168.1.11' },
      'e-b': { region: 'east', role: 'agent', address: '192.168.1.12' },
      'w-a': { region: 'west', role: 'agent', address: '192.168.2.11' },
      'w-b': { region: 'west', role: 'agent', address: '192.168.2.12' },
    },
    underlay: {
      segments: {
        'east-lan': {
          cidr: '192.168.1.0/24',
          mtu: 1500,
          members: { e1: '192.168.1.1', 'e-a': '192.168.1.11', 'e-b': '192.168.1.12' },
        },
        'west-lan': {
          cidr: '192.168.2.0/24',
          mtu: 1500,
          members: { w1: '192.168.2.1', 'w-a': '192.168.2.11', 'w-b': '192.168.2.12' },
        },
        link: { cidr: '172.16.0.0/30', mtu: 1420, members: { e1: '172.16.0.1', w1: '172.16.0.2' } },
      },
    },
    ...change,
  };
}

/** One region with two reflectors and two nodes on one LAN, in both families. */
export function redundant(change: Partial<TopologyInput> = {}): TopologyInput {
  const both = (host: number) => ({ ipv4: `192.168.1.${host}`, ipv6: `fd00:1::${host}` });
  const loopback = (host: number) => ({ ipv4: `10.0.0.${host}`, ipv6: `fd00::${host}` });
  return {
    ...twoRegions(),
    pods: { cidrs: ['10.42.0.0/16', 'fd42::/48'] },
    services: { cidrs: ['10.43.0.0/16', 'fd43::/112'] },
    regions: { east: { routers: ['e1', 'e2'] } },
    routers: {
      e1: { routerId: '10.0.0.1', nodeAddress: both(1), backboneAddress: loopback(1) },
      e2: { routerId: '10.0.0.2', nodeAddress: both(2), backboneAddress: loopback(2) },
    },
    nodes: {
      'e-a': { region: 'east', role: 'server', address: both(11) },
      'e-b': { region: 'east', role: 'agent', address: both(12) },
    },
    underlay: {
      segments: {
        'east-lan': {
          cidr: { ipv4: '192.168.1.0/24', ipv6: 'fd00:1::/64' },
          mtu: 1500,
          members: { e1: both(1), e2: both(2), 'e-a': both(11), 'e-b': both(12) },
        },
      },
    },
    ...change,
  };
}

/** One router and two nodes, each on a management LAN and on the network that they peer over. */
export function firstFound(nodeAddress: TopologyInput['calico']['nodeAddress']): TopologyInput {
  return {
    ...twoRegions(),
    name: 'first-found',
    calico: { version: 'v3.32.1', ...(nodeAddress !== undefined && { nodeAddress }) },
    regions: { home: { router: 'gw' } },
    routers: { gw: { routerId: '10.9.0.1', nodeAddress: '10.9.0.1' } },
    nodes: {
      a: { region: 'home', role: 'server', address: '10.9.0.11' },
      b: { region: 'home', role: 'agent', address: '10.9.0.12' },
    },
    hosts: { tyo: { igp: true } },
    underlay: {
      segments: {
        mgmt: {
          cidr: '192.168.1.0/24',
          mtu: 1500,
          members: { gw: '192.168.1.1', a: '192.168.1.11', b: '192.168.1.12' },
        },
        zt: {
          cidr: '10.9.0.0/24',
          mtu: 2800,
          members: { gw: '10.9.0.1', a: '10.9.0.11', b: '10.9.0.12' },
        },
      },
    },
  };
}
