import { render } from '../../repository/render.ts';
import { NO_TRUST_FILES, type Review, review, type State } from '../../review/index.ts';
import type { TopologyInput } from '../../topology/index.ts';
import { fabricOf } from '../fabric-of.ts';

/** A chain of three routers with a node at each end; `way` joins the ends by a second, longer path. */
function chain({ way = true, cost = 10, middle = true, tables = 'intra_table_v4' }): TopologyInput {
  const link = (id: number, a: string, b: string, own = 10) => ({
    cidr: `10.200.${id}.0/30`,
    mtu: 1420,
    cost: own,
    members: { [a]: `10.200.${id}.1`, [b]: `10.200.${id}.2` },
  });
  const lan = (id: number, router: string, node: string) => ({
    cidr: `10.${id}.0.0/24`,
    mtu: 1500,
    members: { [router]: `10.${id}.0.1`, [node]: `10.${id}.0.11` },
  });
  return {
    version: 1,
    name: 'chain',
    bgp: { nodeToNodeMesh: false, holdTime: 6 },
    pods: { cidrs: ['10.42.0.0/16'] },
    services: { cidrs: ['10.43.0.0/16'] },
    calico: { version: 'v3.31.7' },
    k3s: { version: 'v1.34.5+k3s1' },
    gitops: { repoURL: 'https://git.example/net.git' },
    regions: { left: { router: 'a' }, right: { router: 'c' } },
    routers: {
      a: { routerId: '10.254.0.1', nodeAddress: '10.1.0.1', backboneAddress: '10.255.0.1' },
      ...(middle
        ? { b: { routerId: '10.254.0.2', backboneAddress: '10.255.0.2', bird: { tables: { ipv4: tables } } } }
        : {}),
      c: { routerId: '10.254.0.3', nodeAddress: '10.2.0.1', backboneAddress: '10.255.0.3' },
    },
    nodes: {
      x: { region: 'left', role: 'server', address: '10.1.0.11' },
      y: { region: 'right', role: 'agent', address: '10.2.0.11' },
    },
    underlay: {
      segments: {
        'left-lan': lan(1, 'a', 'x'),
        'right-lan': lan(2, 'c', 'y'),
        ...(middle ? { ab: link(0, 'a', 'b', cost), bc: link(1, 'b', 'c', cost) } : {}),
        ...(way ? { ac: link(2, 'a', 'c', 100) } : {}),
      },
    },
  };
}

function told(before: TopologyInput, after: TopologyInput): Review {
  const [was, is] = [before, after].map((topology): State => {
    const fabric = fabricOf(topology);
    const { files } = render(fabric, undefined);
    return { name: '', commit: undefined, fabric, files, trust: NO_TRUST_FILES, placeOf: () => ({}) };
  }) as [State, State];
  return review(was, is, { accepted: false, rehearsal: null, notes: [] });
}

const crossed = ({ dangers }: Review): string[] =>
  dangers.map(({ message }) => message).filter((message) => message.includes('until OSPF finds another'));

test('a transit router is reported when it is removed, and when its OSPF restarts', () => {
  expect(crossed(told(chain({}), chain({ middle: false })))).toEqual([
    'b is removed, and 2 pairs of nodes send through it: their packets are dropped until OSPF finds another path, and sessions that cross it may go down',
  ]);
  expect(crossed(told(chain({}), chain({ tables: 'other_v4' })))).toEqual([
    expect.stringMatching(/^b gets other table names, .* 2 pairs of nodes send through it/),
  ]);
});

test('moving the traffic off it first avoids the danger', () => {
  expect(crossed(told(chain({}), chain({ cost: 1000 })))).toEqual([]);
  expect(crossed(told(chain({ cost: 1000 }), chain({ cost: 1000, middle: false })))).toEqual([]);
});

test('sessions that lose their path are gone, although their ends stay the same, and new when it returns', () => {
  const [whole, cut] = [chain({ way: false }), chain({ way: false, middle: false })];
  const ofEnds = ({ sessions }: Review) => sessions.changed.filter(({ id }) => id === 'a--c/ipv4');
  const lost = told(whole, cut);
  expect(ofEnds(lost)).toEqual([
    expect.objectContaining({
      change: 'gone',
      reasons: [{ speaker: null, message: 'the other end is no longer reachable' }],
    }),
  ]);
  expect(lost.outcome).toBe('dangerous');
  expect(ofEnds(told(cut, whole))).toEqual([
    expect.objectContaining({
      change: 'new',
      reasons: [{ speaker: null, message: 'the other end is now reachable' }],
    }),
  ]);
});
