import { render } from '../../repository/render.ts';
import { factsText, NO_TRUST_FILES, review, type State, verdict } from '../../review/index.ts';
import type { TopologyInput } from '../../topology/index.ts';
import { fabricOf } from '../fabric-of.ts';
import { redundant } from '../lab/topologies.ts';

function state(topology: TopologyInput): State {
  const fabric = fabricOf(topology);
  const { files } = render(fabric, undefined);
  return { name: '', commit: undefined, fabric, files, trust: NO_TRUST_FILES, placeOf: () => ({}) };
}

const reviewed = (base: TopologyInput, head: TopologyInput) =>
  review(state(base), state(head), { accepted: false, rehearsal: null, notes: [] });

type Segments = NonNullable<TopologyInput['underlay']>['segments'];

/** The east's routers each have their own link to the west, and one with each other. */
function ring(own: { cost?: number; also?: Segments; without?: string; name?: string } = {}): TopologyInput {
  const { 'east-lan': eastLan, 'west-lan': westLan } = redundant().underlay?.segments ?? {};
  const link = (at: number, cost: number, ...members: [string, string]) => ({
    cidr: `172.16.${at}.0/30`,
    mtu: 1420,
    cost,
    members: Object.fromEntries(members.map((name, index) => [name, `172.16.${at}.${index + 1}`])),
  });
  const links: Segments = {
    'east-lan': eastLan as never,
    'west-lan': westLan as never,
    [own.name ?? 'first']: link(1, own.cost ?? 10, 'e1', 'w1'),
    second: link(2, 10, 'e2', 'w1'),
    between: link(3, 5, 'e1', 'e2'),
    ...own.also,
  };
  const { [own.without ?? '']: _, ...segments } = links;
  return redundant({ underlay: { segments } });
}

test('a cost that moves ways is a risk, with the pairs that it moves', () => {
  const told = reviewed(ring(), ring({ cost: 100 }));
  // Half of the traffic between east and west uses e1's own link; in the east nothing leaves the LAN.
  expect(told.moved).toBe(4);
  expect(told.outcome).toBe('risky');
  expect(told.ok).toBe(true);
  expect(factsText(verdict(told))).toContain(
    '4 of 6 pairs of nodes may lose packets while OSPF reroutes them',
  );
});

test('a removed link moves its traffic', () => {
  expect(reviewed(ring(), ring({ without: 'first' })).moved).toBe(4);
});

test.each([
  ['a cost that moves nothing', ring({ cost: 100 }), ring({ cost: 200 })],
  ['a segment of another name', ring(), ring({ name: 'renamed' })],
  [
    'a link that nobody takes',
    ring(),
    ring({
      also: {
        spare: {
          cidr: '172.16.9.0/30',
          mtu: 1420,
          cost: 500,
          members: { e2: '172.16.9.1', w1: '172.16.9.2' },
        },
      },
    }),
  ],
  ['the mesh on', ring(), { ...ring(), bgp: { nodeToNodeMesh: true, holdTime: 6 } }],
  ['a reflector less', ring(), { ...ring(), regions: { east: { router: 'e1' }, west: { router: 'w1' } } }],
] satisfies [string, TopologyInput, TopologyInput][])('%s moves no way', (_, base, head) => {
  const told = reviewed(base, head);
  expect(told.moved).toBe(0);
  expect(factsText(verdict(told))).not.toContain('OSPF');
});
