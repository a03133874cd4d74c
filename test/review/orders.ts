import type { TopologyInput } from '../../topology/index.ts';
import { redundant } from '../lab/topologies.ts';

/** A change, and which side must get it first so that no pair of pods becomes unreachable in between. */
export interface Order {
  readonly name: string;
  readonly base: TopologyInput;
  readonly head: TopologyInput;
  readonly first: 'either' | 'routers' | 'cluster' | 'apart';
  /** Ordered pairs of nodes that are unreachable between the two deliveries. */
  readonly lost: { readonly routersFirst: number; readonly clusterFirst: number };
  /** Nodes that in between have a peer which does not know them. */
  readonly waiting: { readonly routersFirst: number; readonly clusterFirst: number };
}

/** A second router in the west beside w1, and which of the two reflects there. */
function west(
  nodeToNodeMesh: boolean,
  routers: readonly string[],
  bgp: TopologyInput['bgp'] = {},
): TopologyInput {
  const base = redundant({ bgp: { nodeToNodeMesh, holdTime: 6, ...bgp } });
  const segments = base.underlay?.segments ?? {};
  const { 'west-lan': lan, core } = segments;
  return {
    ...base,
    regions: { ...base.regions, west: { routers: [...routers] } },
    routers: {
      ...base.routers,
      w2: { routerId: '10.0.0.4', nodeAddress: '192.168.2.2', backboneAddress: '10.0.0.4' },
    },
    nodes: { ...base.nodes, 'w-a': { ...base.nodes?.['w-a'], defaultRouter: 'w1' } as never },
    underlay: {
      segments: {
        ...segments,
        'west-lan': { ...lan, members: { ...lan?.members, w2: '192.168.2.2' } } as never,
        core: { ...core, members: { ...core?.members, w2: '172.16.0.4' } } as never,
      },
    },
  };
}

/** The same before w2 exists. */
function planned(topology: TopologyInput): TopologyInput {
  const { w2 } = topology.routers ?? {};
  return { ...topology, routers: { ...topology.routers, w2: { ...w2, planned: true } as never } };
}

/** Two nodes on one LAN, where Calico's mesh needs no router. */
function lan(nodeToNodeMesh: boolean, reflector: string): TopologyInput {
  const base = redundant({ bgp: { nodeToNodeMesh, holdTime: 6 } });
  const { 'east-lan': east } = base.underlay?.segments ?? {};
  const { e1, e2 } = base.routers ?? {};
  const { 'e-a': a, 'e-b': b } = base.nodes ?? {};
  return {
    ...base,
    regions: { east: { router: reflector } },
    routers: { e1: e1 as never, e2: e2 as never },
    nodes: { 'e-a': a as never, 'e-b': b as never },
    underlay: { segments: { 'east-lan': east as never } },
  };
}

export const orders: readonly Order[] = [
  {
    name: 'a second reflector beside the first one',
    base: west(false, ['w1']),
    head: west(false, ['w1', 'w2']),
    first: 'routers',
    lost: { routersFirst: 0, clusterFirst: 0 },
    waiting: { routersFirst: 0, clusterFirst: 1 },
  },
  {
    name: 'a second reflector that reflects no more',
    base: west(false, ['w1', 'w2']),
    head: west(false, ['w1']),
    first: 'cluster',
    lost: { routersFirst: 0, clusterFirst: 0 },
    waiting: { routersFirst: 1, clusterFirst: 0 },
  },
  {
    name: 'a router that was planned beside the one that runs',
    base: planned(west(false, ['w1', 'w2'])),
    head: west(false, ['w1', 'w2']),
    first: 'routers',
    lost: { routersFirst: 0, clusterFirst: 0 },
    waiting: { routersFirst: 0, clusterFirst: 1 },
  },
  {
    name: 'a router that stays away, planned from now on',
    base: west(false, ['w1', 'w2']),
    head: planned(west(false, ['w1', 'w2'])),
    first: 'either',
    lost: { routersFirst: 0, clusterFirst: 0 },
    waiting: { routersFirst: 0, clusterFirst: 0 },
  },
  {
    name: 'another reflector in the place of the first one',
    base: west(false, ['w1']),
    head: west(false, ['w2']),
    first: 'apart',
    lost: { routersFirst: 2, clusterFirst: 2 },
    waiting: { routersFirst: 1, clusterFirst: 1 },
  },
  {
    name: 'another reflector on the LAN, and the mesh that goes',
    base: lan(true, 'e1'),
    head: lan(false, 'e2'),
    first: 'routers',
    lost: { routersFirst: 0, clusterFirst: 2 },
    waiting: { routersFirst: 2, clusterFirst: 2 },
  },
  {
    name: 'the mesh that comes, and another reflector on the LAN',
    base: lan(false, 'e1'),
    head: lan(true, 'e2'),
    first: 'cluster',
    lost: { routersFirst: 2, clusterFirst: 0 },
    waiting: { routersFirst: 2, clusterFirst: 2 },
  },
  {
    name: 'another AS number',
    base: west(false, ['w1']),
    head: west(false, ['w1'], { asNumber: 64999 }),
    first: 'apart',
    lost: { routersFirst: 6, clusterFirst: 6 },
    waiting: { routersFirst: 3, clusterFirst: 3 },
  },
];
