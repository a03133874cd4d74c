import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import type { TopologyInput } from '../../topology/index.ts';
import { reportText } from '../fixture/report.ts';

function report(reflectorNextHop: 'keep' | 'self'): TopologyInput {
  const topology = parse(reportText()) as TopologyInput;
  return { ...topology, bgp: { ...topology.bgp, reflectorNextHop } };
}

const common = {
  version: 1,
  name: 'net',
  pods: { cidrs: ['10.42.0.0/16'] },
  services: { cidrs: ['10.43.0.0/16'] },
  calico: { version: 'v3.31.7' },
  k3s: { version: 'v1.34.5+k3s1' },
  gitops: { repoURL: 'https://git.example/net.git' },
} as const satisfies Partial<TopologyInput>;

const dual = {
  pods: { cidrs: ['10.42.0.0/16', 'fd42::/48'] },
  services: { cidrs: ['10.43.0.0/16', 'fd43::/112'] },
};

const lan = (region: number, host: number) => ({
  ipv4: `192.168.${region}.${host}`,
  ipv6: `fd00:${region}::${host}`,
});
const loopback = (id: number) => ({ ipv4: `10.0.0.${id}`, ipv6: `fd00:ff::${id}` });

/** Two regions, one of them with two reflectors that share a cluster ID. */
function redundantDualStack(): TopologyInput {
  return {
    ...common,
    ...dual,
    regions: { east: { routers: ['e1', 'e2'] }, west: { router: 'w1' } },
    routers: {
      e1: {
        routerId: '10.0.0.1',
        nodeAddress: lan(1, 1),
        backboneAddress: loopback(1),
        clusterId: '10.0.0.9',
        bfd: true,
      },
      e2: {
        routerId: '10.0.0.2',
        nodeAddress: lan(1, 2),
        backboneAddress: loopback(2),
        clusterId: '10.0.0.9',
        bfd: true,
      },
      w1: { routerId: '10.0.0.3', nodeAddress: lan(2, 1), backboneAddress: loopback(3) },
    },
    nodes: {
      'e-a': { region: 'east', role: 'server', address: lan(1, 11) },
      'e-b': { region: 'east', role: 'agent', address: lan(1, 12) },
      'w-a': { region: 'west', role: 'agent', address: lan(2, 11) },
    },
    underlay: {
      segments: {
        'east-lan': {
          cidr: { ipv4: '192.168.1.0/24', ipv6: 'fd00:1::/64' },
          mtu: 1500,
          members: { e1: lan(1, 1), e2: lan(1, 2), 'e-a': lan(1, 11), 'e-b': lan(1, 12) },
        },
        'west-lan': {
          cidr: { ipv4: '192.168.2.0/24', ipv6: 'fd00:2::/64' },
          mtu: 1500,
          members: { w1: lan(2, 1), 'w-a': lan(2, 11) },
        },
        core: {
          cidr: { ipv4: '172.16.0.0/29', ipv6: 'fd00:fe::/64' },
          mtu: 1420,
          members: {
            e1: { ipv4: '172.16.0.1', ipv6: 'fd00:fe::1' },
            e2: { ipv4: '172.16.0.2', ipv6: 'fd00:fe::2' },
            w1: { ipv4: '172.16.0.3', ipv6: 'fd00:fe::3' },
          },
        },
      },
    },
  };
}

function ipv6Only(): TopologyInput {
  return {
    ...common,
    pods: { cidrs: ['fd42::/48'] },
    services: { cidrs: ['fd43::/112'] },
    regions: { east: { router: 'e1' }, west: { router: 'w1' } },
    routers: {
      e1: { routerId: '10.0.0.1', nodeAddress: 'fd00:1::1', backboneAddress: 'fd00:ff::1' },
      w1: { routerId: '10.0.0.2', nodeAddress: 'fd00:2::1', backboneAddress: 'fd00:ff::2' },
    },
    nodes: {
      'e-a': { region: 'east', role: 'server', address: 'fd00:1::11' },
      'w-a': { region: 'west', role: 'agent', address: 'fd00:2::11' },
    },
    underlay: {
      segments: {
        'east-lan': { cidr: 'fd00:1::/64', mtu: 1500, members: { e1: 'fd00:1::1', 'e-a': 'fd00:1::11' } },
        'west-lan': { cidr: 'fd00:2::/64', mtu: 1500, members: { w1: 'fd00:2::1', 'w-a': 'fd00:2::11' } },
        core: { cidr: 'fd00:fe::/64', mtu: 1420, members: { e1: 'fd00:fe::1', w1: 'fd00:fe::2' } },
      },
    },
  };
}

/** Two IPv4 regions over a backbone with IPv6 addresses only. */
function ipv4OverIpv6(): TopologyInput {
  return {
    ...common,
    regions: { east: { router: 'e1' }, west: { router: 'w1' } },
    routers: {
      e1: { routerId: '10.0.0.1', nodeAddress: '192.168.1.1', backboneAddress: 'fd00:ff::1' },
      w1: { routerId: '10.0.0.2', nodeAddress: '192.168.2.1', backboneAddress: 'fd00:ff::2' },
    },
    nodes: {
      'e-a': { region: 'east', role: 'server', address: '192.168.1.11' },
      'e-b': { region: 'east', role: 'agent', address: '192.168.1.12' },
      'w-a': { region: 'west', role: 'agent', address: '192.168.2.11' },
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
          members: { w1: '192.168.2.1', 'w-a': '192.168.2.11' },
        },
        core: { cidr: 'fd00:fe::/64', mtu: 1420, members: { e1: 'fd00:fe::1', w1: 'fd00:fe::2' } },
      },
    },
  };
}

/** Complete configurations: OSPF for both families, BFD, loopbacks, a node that peers from an address on no segment. */
function standalone(): TopologyInput {
  const topology = redundantDualStack();
  const routers = Object.fromEntries(
    Object.entries(topology.routers).map(([name, router]) => [
      name,
      {
        ...router,
        bird: { mode: 'standalone' as const },
        interfaces: { [name === 'w1' ? 'west-lan' : 'east-lan']: 'lan0', core: 'core0' },
      },
    ]),
  );
  const nodes = { ...topology.nodes };
  nodes['w-a'] = { region: 'west', role: 'agent', address: { ipv4: '10.9.9.9', ipv6: 'fd00:9::9' } };
  return { ...topology, routers, nodes };
}

/** The field report's backbone: IPv6 loopbacks, which OSPFv3 carries over links that have IPv4 ranges only. */
function ipv6Loopbacks(): TopologyInput {
  const topology = ipv4OverIpv6();
  const segments = topology.underlay?.segments ?? {};
  const routers = Object.entries(topology.routers).map(([name, router]) => [
    name,
    { ...router, bird: { mode: 'standalone' }, interfaces: { core: 'core0' } },
  ]);
  const core = { cidr: '172.16.0.0/30', mtu: 1420, members: { e1: '172.16.0.1', w1: '172.16.0.2' } };
  return {
    ...topology,
    routers: Object.fromEntries(routers),
    underlay: { segments: { ...segments, core } },
  };
}

function passwordAndBorrowed(): TopologyInput {
  const topology = ipv4OverIpv6();
  return {
    ...topology,
    bgp: { exportBorrowed: true, gracefulRestart: false, holdTime: 30, asNumber: 65001, backboneMesh: false },
    routers: {
      ...topology.routers,
      e1: {
        routerId: '10.0.0.1',
        nodeAddress: '192.168.1.1',
        password: { file: '/etc/bird-secrets/k3s.conf', secret: { name: 'bgp', key: 'e1' } },
        bird: { tables: { ipv4: 'mine4' }, constants: { as: 'MY_AS', routerId: 'MY_ID' } },
      },
      // Delivered with the other files, and therefore included from their folder.
      w1: {
        routerId: '10.0.0.2',
        nodeAddress: '192.168.2.1',
        backboneAddress: 'fd00:ff::2',
        password: { file: '/etc/bird/k3s-password.conf', secret: { name: 'bgp', key: 'w1' } },
      },
    },
  };
}

const scenarioNetwork = (name: string): TopologyInput =>
  parse(readFileSync(`test/scenarios/networks/${name}.yaml`, 'utf8')) as TopologyInput;

/** The networks on which router configurations are tested, by what is special about them. */
export const NETWORKS: Readonly<Record<string, TopologyInput>> = {
  report: report('keep'),
  'report-next-hop-self': report('self'),
  'redundant-dual-stack': redundantDualStack(),
  'ipv6-only': ipv6Only(),
  'ipv4-over-ipv6': ipv4OverIpv6(),
  standalone: standalone(),
  'standalone-ipv6-loopbacks': ipv6Loopbacks(),
  'password-and-borrowed': passwordAndBorrowed(),
  'reflectors-apart': scenarioNetwork('reflectors-apart'),
};
