import { endsFor, meshSessions, type Session } from '../../fabric/index.ts';
import type { TopologyInput } from '../../topology/index.ts';
import { fabricOf } from '../fabric-of.ts';
import { redundant, twoRegions } from './networks.ts';

/** One line a session: `kind  a role address -> b role address  families over transport`. */
function line(session: Session): string {
  const ends = session.ends.map((end) => `${end.speaker} (${end.role} ${end.address.text})`).join(' - ');
  return `${session.kind}: ${ends}, ${session.carries.join('+')} over ${session.transport}`;
}

const lines = (topology: TopologyInput): string[] => fabricOf(topology).sessions.map(line);

test('every node has a session with its region, reflectors of two regions have one with each other', () => {
  expect(lines(twoRegions())).toEqual([
    'reflector: e1 (reflector 192.168.1.1) - e-a (client 192.168.1.11), ipv4 over ipv4',
    'reflector: e1 (reflector 192.168.1.1) - e-b (client 192.168.1.12), ipv4 over ipv4',
    'backbone: e1 (peer 10.0.0.1) - w1 (peer 10.0.0.2), ipv4 over ipv4',
    'reflector: w1 (reflector 192.168.2.1) - w-a (client 192.168.2.11), ipv4 over ipv4',
    'reflector: w1 (reflector 192.168.2.1) - w-b (client 192.168.2.12), ipv4 over ipv4',
  ]);
});

test('with two reflectors and two families a node has four sessions', () => {
  const withA = lines(redundant()).filter((text) => text.includes('e-a'));
  expect(withA).toEqual([
    'reflector: e1 (reflector 192.168.1.1) - e-a (client 192.168.1.11), ipv4 over ipv4',
    'reflector: e1 (reflector fd00:1::1) - e-a (client fd00:1::11), ipv6 over ipv6',
    'reflector: e2 (reflector 192.168.1.2) - e-a (client 192.168.1.11), ipv4 over ipv4',
    'reflector: e2 (reflector fd00:1::2) - e-a (client fd00:1::11), ipv6 over ipv6',
  ]);
});

test('an IPv6 backbone session carries IPv4 if the ends share no IPv4 family', () => {
  const topology = twoRegions();
  const routers = {
    e1: { ...topology.routers.e1, routerId: '10.0.0.1', backboneAddress: 'fd00::1' },
    w1: { ...topology.routers.w1, routerId: '10.0.0.2', backboneAddress: 'fd00::2' },
  };
  expect(lines({ ...topology, routers }).filter((text) => text.startsWith('backbone'))).toEqual([
    'backbone: e1 (peer fd00::1) - w1 (peer fd00::2), ipv4 over ipv6',
  ]);
});

test('each family has its own backbone session if both ends have both families', () => {
  const backbone = lines(redundant()).filter((text) => text.startsWith('backbone'));
  expect(backbone).toEqual([
    'backbone: e1 (peer 10.0.0.1) - e2 (peer 10.0.0.2), ipv4 over ipv4',
    'backbone: e1 (peer fd00::1) - e2 (peer fd00::2), ipv6 over ipv6',
  ]);
});

test.each([
  ['true', true, 1],
  ['false', false, 0],
  ['a list of pairs, in either order', [['w1', 'e1']] as [string, string][], 1],
  ['an empty list', [], 0],
])('backboneMesh %s', (_, backboneMesh, sessions) => {
  const topology = twoRegions({ bgp: { backboneMesh } });
  expect(lines(topology).filter((text) => text.startsWith('backbone'))).toHaveLength(sessions);
});

test('a planned router of a region without nodes has peerings for Calico but no session yet', () => {
  const topology = twoRegions();
  const fabric = fabricOf({
    ...topology,
    regions: { ...topology.regions, north: { router: 'n1' } },
    routers: {
      ...topology.routers,
      n1: {
        routerId: '10.0.0.3',
        nodeAddress: '192.168.3.1',
        backboneAddress: '10.0.0.3',
        planned: true,
      },
    },
  });
  expect(fabric.peerings.find((peering) => peering.router === 'n1')).toMatchObject({
    name: 'route-reflector-north-n1',
    planned: true,
    sessions: [],
  });
  expect(fabric.sessions.some((session) => session.ends.some((end) => end.speaker === 'n1'))).toBe(false);
});

test('a planned router next to a running one has no peering: every node of the region would wait for it', () => {
  const later = { routerId: '10.0.0.9', nodeAddress: '192.168.1.9', backboneAddress: '10.0.0.9' };
  const peerings = (planned: boolean) => {
    const { routers, regions, ...topology } = twoRegions();
    const fabric = fabricOf({
      ...topology,
      regions: { ...regions, east: { routers: ['e1', 'later'] } },
      routers: { ...routers, later: { ...later, planned } },
    });
    return fabric.peerings.map(({ router }) => router);
  };
  expect(peerings(true)).toEqual(['e1', 'w1']);
  expect(peerings(false)).toEqual(['e1', 'later', 'w1']);
});

test('a second reflector renames no peering of the first, so that Calico resets no session', () => {
  const names = (routers: string[]) =>
    fabricOf(redundant({ regions: { east: { routers } } })).peerings.map((peering) => peering.name);
  expect(names(['e1', 'e2'])).toEqual(expect.arrayContaining(names(['e1'])));
});

test('a client keeps next hops on its own segment, and everything else goes through its reflector', () => {
  const session = fabricOf(twoRegions()).sessions.find(({ id }) => id === 'e-a--e1/ipv4');
  expect(session && endsFor(session, 'e1').local.nextHop).toMatchObject({
    rule: 'keep',
    onSegments: [{ text: '192.168.1.0/24' }],
    otherwise: [{ text: '192.168.1.1' }],
  });
  expect(session && endsFor(session, 'e-a').local.nextHop).toEqual({ rule: 'own' });
});

test('a reflector that peers from a loopback sets its address on the segment of the client', () => {
  const topology = twoRegions();
  const routers = {
    ...topology.routers,
    e1: { ...topology.routers.e1, routerId: '10.0.0.1', nodeAddress: '10.0.0.1' },
  };
  const session = fabricOf({ ...topology, routers }).sessions.find(({ id }) => id === 'e-a--e1/ipv4');
  expect(session && endsFor(session, 'e1').local).toMatchObject({
    address: { text: '10.0.0.1' },
    nextHop: { otherwise: [{ text: '192.168.1.1' }] },
  });
});

test('reflectorNextHop: self sets self everywhere', () => {
  const fabric = fabricOf(redundant({ bgp: { reflectorNextHop: 'self' } }));
  const rules = fabric.sessions.flatMap((session) =>
    session.ends.map((end) => `${end.kind} ${end.nextHop.rule}`),
  );
  expect(new Set(rules)).toEqual(new Set(['router self', 'node own']));
});

test('without an underlay it is unknown what a client reaches directly: self', () => {
  const { underlay: _, ...bare } = twoRegions();
  const rules = fabricOf(bare).sessions.map((session) => session.ends[0].nextHop.rule);
  expect(new Set(rules)).toEqual(new Set(['self']));
});

test('reflectors of one region keep next hops on their common LAN towards each other, those of two do not', () => {
  const rule = (topology: TopologyInput) =>
    fabricOf(topology)
      .sessions.filter((session) => session.kind === 'backbone')
      .map((session) => session.ends.map((end) => end.nextHop));
  const [v4] = rule(redundant());
  expect(v4?.[0]).toMatchObject({
    rule: 'keep',
    onSegments: [{ text: '192.168.1.0/24' }],
    otherwise: [{ text: '10.0.0.1' }],
  });
  expect(v4?.[1]).toMatchObject({ rule: 'keep', otherwise: [{ text: '10.0.0.2' }] });
  expect(rule(twoRegions())).toEqual([[{ rule: 'self' }, { rule: 'self' }]]);
});

test("Calico's own mesh is every pair of nodes in every family, and nothing if it is off", () => {
  expect([...meshSessions(fabricOf(twoRegions()))]).toHaveLength(6);
  expect([...meshSessions(fabricOf(redundant()))].map(({ id }) => id)).toEqual([
    'e-a--e-b/ipv4',
    'e-a--e-b/ipv6',
  ]);
  expect([...meshSessions(fabricOf(twoRegions({ bgp: { nodeToNodeMesh: false } })))]).toEqual([]);
});

test('every session has its own id, one AS, and addresses of its transport', () => {
  for (const topology of [twoRegions(), redundant()]) {
    const fabric = fabricOf(topology);
    const all = [...fabric.sessions, ...meshSessions(fabric)];
    expect(new Set(all.map(({ id }) => id)).size).toBe(all.length);
    for (const session of all) {
      for (const end of session.ends) {
        expect(end.asNumber).toBe(64512);
        expect(end.address.family).toBe(session.transport);
      }
    }
  }
});

test('asking for the end of a speaker that is not on the session is a bug', () => {
  const [session] = fabricOf(twoRegions()).sessions;
  expect(() => session && endsFor(session, 'nobody')).toThrow('nobody is not an end of');
});

/** Two reflectors of one region, each on its own LAN, and a node on both that peers from its address on the second. */
const apart = (nodes: NonNullable<TopologyInput['nodes']>): TopologyInput => ({
  ...twoRegions(),
  regions: { east: { routers: ['e1', 'e2'] }, west: { router: 'w1' } },
  routers: {
    e1: { routerId: '10.0.0.1', nodeAddress: '192.168.1.1', backboneAddress: '10.0.0.1' },
    e2: { routerId: '10.0.0.2', nodeAddress: '192.168.2.1', backboneAddress: '10.0.0.2' },
    w1: { routerId: '10.0.0.3', nodeAddress: '192.168.3.1', backboneAddress: '10.0.0.3' },
  },
  nodes,
  underlay: {
    segments: {
      first: { cidr: '192.168.1.0/24', mtu: 1500, members: { e1: '192.168.1.1', 'e-a': '192.168.1.11' } },
      second: { cidr: '192.168.2.0/24', mtu: 1500, members: { e2: '192.168.2.1', 'e-a': '192.168.2.11' } },
      west: { cidr: '192.168.3.0/24', mtu: 1500, members: { w1: '192.168.3.1' } },
      core: {
        cidr: '172.16.0.0/24',
        mtu: 1500,
        members: { e1: '172.16.0.1', e2: '172.16.0.2', w1: '172.16.0.3' },
      },
    },
  },
});

test('a client is far from a reflector on none of the segments that its address is on', () => {
  const farFrom = (address: string, igp = false) =>
    fabricOf(apart({ 'e-a': { region: 'east', role: 'server', address, igp } }))
      .sessions.filter(({ isFar }) => isFar)
      .map(({ id }) => id);
  expect(farFrom('192.168.1.11')).toEqual(['e-a--e2/ipv4']);
  expect(farFrom('192.168.2.11')).toEqual(['e-a--e1/ipv4']);
  // Both have a static route to it over the LAN that they share with the node.
  expect(farFrom('10.1.1.1')).toEqual([]);
  expect(farFrom('10.1.1.1', true)).toEqual([]);
});

test('far nodes change nothing between routers', () => {
  const backbone = (address: string) =>
    fabricOf(apart({ 'e-a': { region: 'east', role: 'server', address } })).sessions.filter(
      ({ kind }) => kind === 'backbone',
    );
  expect(backbone('192.168.1.11')).toEqual(backbone('192.168.2.11'));
  expect(backbone('192.168.1.11').find(({ id }) => id === 'e1--w1/ipv4')?.ends[0].nextHop).toMatchObject({
    rule: 'keep',
    onSegments: [],
    farClients: true,
    otherwise: [{ text: '10.0.0.1' }],
  });
});
