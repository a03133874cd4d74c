import type { TopologyInput } from '../../topology/index.ts';
import { redundant } from '../lab/topologies.ts';

/** A change of the redundant network, and its effect on sessions; sessions not named are kept. */
export interface Change {
  readonly name: string;
  readonly base: TopologyInput;
  readonly head: TopologyInput;
  readonly reset?: readonly string[];
  readonly reloaded?: readonly string[];
  readonly came?: readonly string[];
  readonly gone?: readonly string[];
}

/** A change without any effect, to which a test adds its own. */
export const QUIET = {
  objects: [],
  sessions: [],
  interruptions: [],
  traffic: [],
  order: {
    first: 'either' as const,
    message: '',
    lost: { routersFirst: 0, clusterFirst: 0 },
    waiting: { routersFirst: 0, clusterFirst: 0 },
  },
  suppressed: [],
  pairs: 0,
};

const CLIENTS = ['e-a--e1/ipv4', 'e-a--e2/ipv4', 'e-b--e1/ipv4', 'e-b--e2/ipv4', 'w-a--w1/ipv4'];
const BACKBONE = ['e1--e2/ipv4', 'e1--w1/ipv4', 'e2--w1/ipv4'];
const MESH = ['e-a--e-b/ipv4', 'e-a--w-a/ipv4', 'e-b--w-a/ipv4'];

const bgp = (change: TopologyInput['bgp']): TopologyInput =>
  redundant({ bgp: { nodeToNodeMesh: true, holdTime: 6, ...change } });

const router = (name: string, change: object): TopologyInput => {
  const base = bgp({});
  return { ...base, routers: { ...base.routers, [name]: { ...base.routers[name], ...change } as never } };
};

const withNode = (): TopologyInput => {
  const base = bgp({});
  const lan = base.underlay?.segments['east-lan'];
  return {
    ...base,
    nodes: { ...base.nodes, 'e-c': { region: 'east', role: 'agent', address: '192.168.1.13' } },
    underlay: {
      segments: {
        ...base.underlay?.segments,
        'east-lan': { ...lan, members: { ...lan?.members, 'e-c': '192.168.1.13' } } as never,
      },
    },
  };
};

const filtered = (): TopologyInput => {
  const base = bgp({});
  const match = { cidr: '10.42.9.0/26', operator: 'Equal' as const };
  const odd = { routers: ['e1'], import: [{ action: 'Reject' as const, match }] };
  return { ...base, calico: { ...base.calico, filters: { odd } } };
};

const quick = (): TopologyInput => ({
  ...bgp({}),
  routers: Object.fromEntries(
    Object.entries(bgp({}).routers).map(([name, one]) => [name, { ...one, bfd: name !== 'w1' }]),
  ),
});

/** The network with one of its parts renamed everywhere. */
const renamed = (old: string, now: string): TopologyInput =>
  JSON.parse(JSON.stringify(bgp({})).replaceAll(JSON.stringify(old), JSON.stringify(now)));

/** Region east as it is, except for its nodes, which belong to another region with the same reflectors. */
const beside = (...moved: readonly string[]): TopologyInput => {
  const base = bgp({});
  const nodes = Object.entries(base.nodes ?? {}).map(([name, node]) => [
    name,
    moved.includes(name) ? { ...node, region: 'orient' } : node,
  ]);
  return {
    ...base,
    regions: { ...base.regions, orient: { routers: ['e1', 'e2'] } },
    nodes: Object.fromEntries(nodes),
  };
};

const labelled = (retired: readonly string[]): TopologyInput => ({
  ...bgp({}),
  regionLabel: 'zone',
  labels: { retired: [...retired] },
});

export const changes: readonly Change[] = [
  { name: 'nothing', base: bgp({}), head: bgp({}) },
  {
    name: 'another hold time',
    base: bgp({}),
    head: bgp({ holdTime: 9 }),
    reset: [...CLIENTS, ...BACKBONE],
  },
  {
    name: 'reflectors that set themselves as next hop',
    base: bgp({}),
    head: bgp({ reflectorNextHop: 'self' }),
    reloaded: ['e-a--e1/ipv4', 'e-a--e2/ipv4', 'e-b--e1/ipv4', 'e-b--e2/ipv4', 'e1--e2/ipv4', 'w-a--w1/ipv4'],
  },
  {
    name: 'another cluster ID of one reflector',
    base: bgp({}),
    head: router('e1', { clusterId: '10.0.0.77' }),
    reset: ['e-a--e1/ipv4', 'e-b--e1/ipv4'],
  },
  {
    name: 'no graceful restart',
    base: bgp({}),
    head: bgp({ gracefulRestart: false }),
    reset: [...CLIENTS, ...BACKBONE],
  },
  {
    name: 'borrowed addresses let through',
    base: bgp({ exportBorrowed: false }),
    head: bgp({}),
    reloaded: [...CLIENTS, ...BACKBONE],
  },
  {
    name: 'one session less between routers',
    base: bgp({}),
    head: bgp({
      backboneMesh: [
        ['e1', 'w1'],
        ['e2', 'w1'],
      ],
    }),
    gone: ['e1--e2/ipv4'],
  },
  {
    name: 'another backbone address of one router',
    base: bgp({}),
    head: router('w1', { backboneAddress: '10.0.0.33' }),
    reset: ['e1--w1/ipv4', 'e2--w1/ipv4'],
  },
  {
    name: 'another router ID, and with it cluster ID',
    base: bgp({}),
    head: router('e1', { routerId: '10.0.0.11' }),
    reset: ['e-a--e1/ipv4', 'e-b--e1/ipv4', 'e1--e2/ipv4', 'e1--w1/ipv4'],
  },
  {
    name: 'a node that comes',
    base: bgp({}),
    head: withNode(),
    came: ['e-a--e-c/ipv4', 'e-b--e-c/ipv4', 'e-c--e1/ipv4', 'e-c--e2/ipv4', 'e-c--w-a/ipv4'],
  },
  {
    name: 'a BGPFilter on one reflector',
    base: bgp({}),
    head: filtered(),
    reloaded: ['e-a--e1/ipv4', 'e-b--e1/ipv4'],
  },
  {
    name: 'another patch of Calico',
    base: { ...bgp({}), calico: { version: 'v3.31.7' } },
    head: {
      ...bgp({}),
      calico: {
        version: 'v3.31.6',
        operatorManifest: { path: 'tigera-operator.yaml', sha256: '0'.repeat(64) },
      },
    },
    reset: [...CLIENTS, ...MESH],
  },
  {
    name: 'another MTU of pods, for which every calico-node restarts',
    base: bgp({}),
    head: { ...bgp({}), pods: { ...bgp({}).pods, mtu: 1300 } as never },
    reset: [...CLIENTS, ...MESH],
  },
  { name: 'BFD between two routers', base: bgp({}), head: quick() },
  {
    name: 'no mesh',
    base: bgp({}),
    head: bgp({ nodeToNodeMesh: false }),
    gone: MESH,
  },
  {
    name: 'another name of a router, by which the others call their protocols',
    base: bgp({}),
    head: renamed('e1', 'edge-1'),
    reset: ['e2--edge-1/ipv4', 'edge-1--w1/ipv4'],
  },
  {
    name: 'another name of a node, which Kubernetes takes for another node',
    base: bgp({}),
    head: renamed('e-a', 'east-a'),
    reset: ['e-b--east-a/ipv4', 'e1--east-a/ipv4', 'e2--east-a/ipv4', 'east-a--w-a/ipv4'],
  },
  {
    name: 'another name of a region, whose label comes before its BGPPeers',
    base: bgp({}),
    head: renamed('east', 'orient'),
    reset: CLIENTS.filter((id) => !id.includes('w1')),
  },
  { name: 'a region with the reflectors of another', base: bgp({}), head: beside() },
  { name: 'nodes that move to it', base: beside(), head: beside('e-a', 'e-b') },
  {
    name: 'another key of the label',
    base: bgp({}),
    head: labelled([]),
  },
  {
    name: 'another key of the label, the old one taken off',
    base: bgp({}),
    head: labelled(['region']),
    reset: CLIENTS,
  },
  {
    name: 'another AS number',
    base: bgp({}),
    head: bgp({ asNumber: 64999 }),
    reset: [...CLIENTS, ...BACKBONE, ...MESH],
  },
];
