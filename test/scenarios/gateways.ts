import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import type { TopologyInput } from '../../topology/index.ts';
import type { Story } from './telling.ts';

type Hosts = NonNullable<TopologyInput['hosts']>;
type Nodes = NonNullable<TopologyInput['nodes']>;

export const network = (name: string): TopologyInput =>
  parse(readFileSync(`test/scenarios/networks/${name}.yaml`, 'utf8')) as TopologyInput;

/** Three VLANs and the L3 switch between them; the reflector and two of the nodes are on the first. */
const asFiled = network('switch-without-bgp');

const BLOCKS = { a1: '10.42.0.0/26', a2: '10.42.0.64/26', b1: '10.42.0.128/26', c1: '10.42.0.192/26' };

/** The nodes of the other VLANs know their next hop, as in reality. */
export function vlans(l3switch: Hosts[string]): TopologyInput {
  const { a1, a2, b1, c1 } = asFiled.nodes as Record<keyof typeof BLOCKS, Nodes[string]>;
  return {
    ...asFiled,
    hosts: { l3switch },
    nodes: {
      a1: { ...a1, block: BLOCKS.a1 },
      a2: { ...a2, block: BLOCKS.a2 },
      b1: { ...b1, block: BLOCKS.b1, defaultRouter: 'l3switch' },
      c1: { ...c1, block: BLOCKS.c1, defaultRouter: 'l3switch' },
    },
  };
}

/** The home network as filed lists the home router among noencap's own; this is the real situation. */
export function home(fritzbox: Hosts[string], mesh = true): TopologyInput {
  const { routers, bgp, ...rest } = network('foreign-gateway');
  const { fritzbox: _, ...ours } = routers;
  return { ...rest, bgp: { ...bgp, nodeToNodeMesh: mesh }, routers: ours, hosts: { fritzbox } };
}

/**
 * The node of the west is two gateways away from its reflector, in both families:
 *
 *     w --lan-- g1 --middle-- g2 --core-- r --east-- e
 */
export function chain(g1: Hosts[string], g2: Hosts[string]): TopologyInput {
  const both = (lan: number, host: number) => ({ ipv4: `10.${lan}.0.${host}`, ipv6: `fd00:${lan}::${host}` });
  const segment = (lan: number, members: Readonly<Record<string, number>>) => ({
    cidr: { ipv4: `10.${lan}.0.0/24`, ipv6: `fd00:${lan}::/64` },
    mtu: 1500,
    members: Object.fromEntries(Object.entries(members).map(([name, host]) => [name, both(lan, host)])),
  });
  const { calico, k3s, gitops } = asFiled;
  return {
    version: 1,
    name: 'chain',
    bgp: { nodeToNodeMesh: false },
    pods: { cidrs: ['10.42.0.0/16', 'fd42::/56'] },
    services: { cidrs: ['10.43.0.0/16', 'fd43::/112'] },
    calico,
    k3s,
    gitops,
    regions: { all: { router: 'r' } },
    routers: {
      r: {
        routerId: '10.0.0.1',
        nodeAddress: both(4, 1),
        bird: { mode: 'standalone' },
        interfaces: { core: 'eth0', east: 'eth1' },
      },
    },
    nodes: {
      e: {
        region: 'all',
        role: 'server',
        address: both(4, 11),
        block: ['10.42.0.0/26', 'fd42::/122'],
      },
      w: {
        region: 'all',
        role: 'agent',
        address: both(1, 11),
        block: ['10.42.0.64/26', 'fd42::40/122'],
        defaultRouter: 'g1',
      },
    },
    hosts: { g1, g2 },
    underlay: {
      segments: {
        lan: segment(1, { g1: 1, w: 11 }),
        middle: segment(2, { g1: 1, g2: 2 }),
        core: segment(3, { g2: 2, r: 1 }),
        east: segment(4, { r: 1, e: 11 }),
      },
    },
  };
}

/** Static routes to the pods of both sides, on the gateway next to the west and on the one next to the core. */
const written = {
  g1: [
    { to: '10.42.0.0/26', via: '10.2.0.2' },
    { to: 'fd42::/122', via: 'fd00:2::2' },
    { to: '10.42.0.64/26', via: '10.1.0.11' },
    { to: 'fd42::40/122', via: 'fd00:1::11' },
  ],
  g2: [
    { to: '10.42.0.0/26', via: '10.3.0.1' },
    { to: 'fd42::/122', via: 'fd00:3::1' },
    { to: '10.42.0.64/26', via: '10.2.0.1' },
    { to: 'fd42::40/122', via: 'fd00:2::1' },
  ],
};

/**
 * Two gateways, each on all three segments; a node on either side uses one of them, the third is beside the reflector:
 *
 *     w --left-- ga, gb --core-- r, e        x --right-- ga, gb
 */
export function twoDefaults(ga: Hosts[string], gb: Hosts[string]): TopologyInput {
  const segment = (lan: number, members: Readonly<Record<string, number>>) => ({
    cidr: `10.${lan}.0.0/24`,
    mtu: 1500,
    members: Object.fromEntries(
      Object.entries({ ga: 2, gb: 3, ...members }).map(([name, host]) => [name, `10.${lan}.0.${host}`]),
    ),
  });
  const { calico, k3s, gitops, version } = asFiled;
  return {
    version,
    calico,
    k3s,
    gitops,
    name: 'two-defaults',
    pods: { cidrs: ['10.42.0.0/16'] },
    services: { cidrs: ['10.43.0.0/16'] },
    regions: { all: { router: 'r' } },
    routers: { r: { routerId: '10.0.0.1', nodeAddress: '10.3.0.1', bird: { mode: 'standalone' } } },
    nodes: {
      e: { region: 'all', role: 'server', address: '10.3.0.11', block: BLOCKS.a1 },
      w: { region: 'all', role: 'agent', address: '10.1.0.11', block: BLOCKS.a2, defaultRouter: 'ga' },
      x: { region: 'all', role: 'agent', address: '10.2.0.11', block: BLOCKS.b1, defaultRouter: 'gb' },
    },
    hosts: { ga, gb },
    underlay: {
      segments: {
        left: segment(1, { w: 11 }),
        right: segment(2, { x: 11 }),
        core: segment(3, { r: 1, e: 11 }),
      },
    },
  };
}

const toEach = [
  { to: BLOCKS.a1, via: '10.3.0.11' },
  { to: BLOCKS.a2, via: '10.1.0.11' },
  { to: BLOCKS.b1, via: '10.2.0.11' },
];

export const stories: readonly Story[] = [
  {
    of: 'two gateways, each the default router of a node, that know all blocks',
    topology: twoDefaults({ igp: true, routes: toEach }, { igp: true, routes: toEach }),
    scenarios: {
      'each node sends by its own, and the way back may be the other': async (net) => {
        await net.expectSession('w--x/ipv4').up();
        await net.expect('w').reaches('x', { by: ['w', 'ga', 'x'] });
        await net.expect('x').reaches('w', { by: ['x', 'gb', 'w'] });
        await net.expect('w').reaches('e', { by: ['w', 'ga', 'e'] });
      },
    },
  },
  {
    of: 'two gateways, each the default router of a node, one of which does not know the block of the other side',
    topology: twoDefaults({ igp: true, routes: toEach.slice(0, 2) }, { igp: true, routes: toEach }),
    scenarios: {
      'packets to that block end there, and those to the others arrive': async (net) => {
        await net.expectSession('w--x/ipv4').up();
        await net.expect('w').reaches('e', { by: ['w', 'ga', 'e'] });
        await net.expect('ga').hasNoRouteTo('x');
        await net.expect('w').doesNotReach('x');
      },
    },
  },
  {
    of: 'an L3 switch without BGP, and nodes that have no default route to it',
    topology: asFiled,
    scenarios: {
      'sessions between the VLANs never come up': async (net) => {
        await net.expectSession('a1--rr/ipv4').up();
        await net.expectSession('b1--rr/ipv4').down();
        await net.expectSession('a1--b1/ipv4').down();
        await net.expect('a1').reaches('a2', { by: ['a1', 'a2'], mtu: 1500 });
        await net.expect('a1').doesNotReach('b1');
        await net.expect('b1').doesNotReach('c1');
      },
    },
  },
  {
    of: 'an L3 switch without BGP that is the default router of other VLANs',
    topology: vlans({ igp: true }),
    scenarios: {
      'all sessions are up, nodes of one VLAN reach each other, and pods are lost between VLANs': async (
        net,
      ) => {
        await net.expectSession('b1--rr/ipv4').up();
        await net.expectSession('a1--b1/ipv4').up();
        await net.expect('b1').routeTo('c1', { nextHops: ['l3switch'] });
        await net.expect('l3switch').hasNoRouteTo('b1');
        await net.expect('a1').reaches('a2', { by: ['a1', 'a2'] });
        await net.expect('a1').doesNotReach('b1');
        await net.expect('b1').doesNotReach('a1');
        await net.expect('b1').doesNotReach('c1');
      },
    },
  },
  {
    of: 'an L3 switch on which the routes to the blocks are written',
    topology: vlans({
      igp: true,
      routes: [
        { to: BLOCKS.a1, via: '10.1.0.11' },
        { to: BLOCKS.a2, via: '10.1.0.12' },
        { to: BLOCKS.b1, via: '10.2.0.11' },
      ],
    }),
    scenarios: {
      'pods reach those of the blocks that it knows, and no other': async (net) => {
        await net.expect('b1').reaches('a1', { by: ['b1', 'l3switch', 'a1'] });
        await net.expect('a1').reaches('b1', { by: ['a1', 'l3switch', 'b1'], turnsAt: [] });
        await net.expect('l3switch').hasNoRouteTo('c1');
        await net.expect('b1').doesNotReach('c1');
        await net.expect('c1').doesNotReach('a2');
      },
    },
  },
  {
    of: 'an L3 switch with one route to all pods, by the reflector',
    topology: vlans({ igp: true, routes: [{ to: '10.42.0.0/16', via: '10.1.0.5' }] }),
    scenarios: {
      'what the reflector hands to the switch comes back to it': async (net) => {
        await net.expect('a1').doesNotReach('b1');
        await net.expect('b1').doesNotReach('c1');
        await net.expect('a1').reaches('a2', { by: ['a1', 'a2'] });
      },
    },
  },
  {
    of: "a home router that was given as one of noencap's, with neither nodeAddress nor backboneAddress",
    topology: network('foreign-gateway'),
    scenarios: {
      'the mesh comes up by it, and pods go by the reflector': async (net) => {
        await net.expectSession('f1--h1/ipv4').up();
        await net.expect('fritzbox').hasNoRouteTo('f1');
        await net.expect('h1').reaches('f1', { by: ['h1', 'rr', 'fr', 'f1'], mtu: 1400 });
        await net.expect('h1').reaches('h2', { by: ['h1', 'h2'] });
      },
    },
  },
  {
    of: 'a home router that knows nothing but its LAN',
    topology: home({ forwards: true }),
    scenarios: {
      'the mesh to other sites never comes up, and pods reach each other by the reflectors': async (net) => {
        await net.expectSession('f1--h1/ipv4').down();
        await net.expectSession('h1--h2/ipv4').up();
        await net.expect('h1').reaches('f1', { by: ['h1', 'rr', 'fr', 'f1'], mtu: 1400 });
        await net.expect('h1').reaches('h2', { by: ['h1', 'h2'] });
      },
    },
  },
  {
    of: 'a home router with a route to the other site',
    topology: home({ forwards: true, routes: [{ to: '10.2.0.0/24', via: '192.168.1.2' }] }),
    scenarios: {
      'the mesh comes up, and all packets between sites go by it or by the reflector': async (net) => {
        await net.expectSession('f1--h1/ipv4').up();
        await net.expect('h1').reaches('f1', { by: ['h1', 'rr', 'fr', 'f1'], mtu: 1400 });
        await net.expect('f1').reaches('h2');
      },
    },
  },
  {
    of: 'a home router whose default route leads to the reflector, and no mesh',
    topology: home({ forwards: true, default: '192.168.1.2' }, false),
    scenarios: {
      'without its session a node sends by its default route, and the reflector knows the way': async (
        net,
      ) => {
        await net.expect('h1').reaches('f1', { by: ['h1', 'rr', 'fr', 'f1'] });
        await net.fail({ kind: 'session', name: 'h1--rr/ipv4' });
        await net.expect('h1').hasNoRouteTo('f1');
        await net.expect('f1').hasNoRouteTo('h1');
        await net.expect('h1').doesNotReach('f1');
        await net.expect('h2').reaches('f1', { by: ['h2', 'rr', 'fr', 'f1'] });
      },
    },
  },
  {
    of: 'two gateways in a chain that run the IGP and know where pods are',
    topology: chain({ igp: true, routes: written.g1 }, { igp: true, routes: written.g2 }),
    scenarios: {
      'pods of both families go by both': async (net) => {
        await net.expectSession('r--w/ipv6').up();
        await net.expect('w').reaches('e', { by: ['w', 'g1', 'g2', 'r', 'e'] });
        await net.expect('e').reaches('w', { by: ['e', 'r', 'g2', 'g1', 'w'] });
      },
    },
  },
  {
    of: 'two gateways in a chain, one with default routes, the other without a route to the IPv4 pods of the east',
    topology: chain(
      {
        igp: true,
        default: { ipv4: '10.2.0.2', ipv6: 'fd00:2::2' },
        routes: written.g1.slice(2),
      },
      { igp: true, routes: written.g2.slice(1) },
    ),
    scenarios: {
      'pods reach each other over IPv6 and not over IPv4': async (net) => {
        await net.expectSession('r--w/ipv4').up();
        await net.expect('w').reaches('e', { by: ['w', 'g1', 'g2', 'r', 'e'], family: 'ipv6' });
        await net.expect('w').doesNotReach('e', { family: 'ipv4' });
      },
    },
  },
];
