import type { TopologyInput } from '../../../topology/index.ts';

/** Two regions, two reflectors each. */
export const ROUTERS = ['e1', 'e2', 'w1', 'w2'] as const;
export type RouterName = (typeof ROUTERS)[number];

/** Where ship runs. It does not run the IGP: its only path leads over e1, and from there over the network being delivered to. */
export const OPERATOR = 'operator';
export const OPERATOR_GATEWAY = '172.16.9.1';

/** How a topology may differ, besides its generation. */
export interface Change {
  /** The pods' pool: with a different one the routers filter every route of the running nodes. */
  readonly pods?: string;
  /** A loopback address that the router does not have: OSPF no longer announces the one that it has. */
  readonly loopback?: readonly [RouterName, string];
}

const lan = (region: number, host: number) => `192.168.${region}.${host}`;
const loopback = (router: RouterName) => `10.0.0.${ROUTERS.indexOf(router) + 1}`;

/**
 * The network of the fleet. `generation` names a constant in every bird.conf: a change that touches all files, that BIRD applies
 * without affecting a session, and that can be read from both the file and the running BIRD. IPv4 without a mesh, so that nothing
 * hides a loss. Timers are what `synth` writes: hello 3 s on the core, connect delay 5 s.
 */
export function fleetTopology(user: string, generation: number, change: Change = {}): TopologyInput {
  const { pods = '10.42.0.0/16', loopback: [other, itsLoopback] = [] } = change;
  const members = (
    region: number,
    [one, other]: readonly [RouterName, RouterName],
    nodes: readonly string[],
  ) =>
    Object.fromEntries([
      [one, lan(region, 1)],
      [other, lan(region, 2)],
      ...nodes.map((node, index) => [node, lan(region, 11 + index)]),
    ]) as Record<string, string>;
  const router = (name: RouterName, nodeAddress: string) => ({
    routerId: loopback(name),
    nodeAddress,
    backboneAddress: other === name && itsLoopback !== undefined ? itsLoopback : loopback(name),
    ssh: { host: loopback(name), user },
    bird: { mode: 'standalone' as const, constants: { as: `${MARK}${generation}` } },
  });
  return {
    version: 1,
    name: 'fleet',
    bgp: { nodeToNodeMesh: false },
    pods: { cidrs: [pods], mtu: 1380 },
    services: { cidrs: ['10.43.0.0/16'] },
    calico: { version: 'v3.31.7' },
    k3s: { version: 'v1.34.5+k3s1' },
    gitops: { repoURL: 'https://git.example/net.git' },
    regions: { east: { routers: ['e1', 'e2'] }, west: { routers: ['w1', 'w2'] } },
    routers: {
      e1: router('e1', lan(1, 1)),
      e2: router('e2', lan(1, 2)),
      w1: router('w1', lan(2, 1)),
      w2: router('w2', lan(2, 2)),
    },
    nodes: {
      'e-a': { region: 'east', role: 'server', address: lan(1, 11) },
      'e-b': { region: 'east', role: 'agent', address: lan(1, 12) },
      'w-a': { region: 'west', role: 'agent', address: lan(2, 11) },
      'w-b': { region: 'west', role: 'agent', address: lan(2, 12) },
    },
    hosts: { [OPERATOR]: {} },
    underlay: {
      segments: {
        'east-lan': {
          cidr: '192.168.1.0/24',
          mtu: 1500,
          members: members(1, ['e1', 'e2'], ['e-a', 'e-b']),
        },
        'west-lan': {
          cidr: '192.168.2.0/24',
          mtu: 1500,
          members: members(2, ['w1', 'w2'], ['w-a', 'w-b']),
        },
        core: {
          cidr: '172.16.0.0/29',
          mtu: 1420,
          members: Object.fromEntries(ROUTERS.map((name, index) => [name, `172.16.0.${index + 1}`])),
        },
        office: {
          cidr: '172.16.9.0/30',
          mtu: 1500,
          members: { e1: OPERATOR_GATEWAY, [OPERATOR]: '172.16.9.2' },
        },
      },
    },
  };
}

const MARK = 'K3S_AS_';

/** The generations that a file, or BIRD's list of symbols, mentions. */
export const generationsIn = (text: string): number[] =>
  [
    ...new Set([...text.matchAll(new RegExp(`\\b${MARK}(\\d+)\\b`, 'g'))].map(([, found]) => Number(found))),
  ].sort((a, b) => a - b);
