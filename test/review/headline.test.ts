import fc from 'fast-check';
import { render } from '../../repository/render.ts';
import { factsText, NO_TRUST_FILES, type Review, review, type State, verdict } from '../../review/index.ts';
import type { TopologyInput } from '../../topology/index.ts';
import { arbitraryNetwork } from '../analysis/arbitrary-network.ts';
import { fabricOf } from '../fabric-of.ts';
import { redundant } from '../lab/topologies.ts';

const state = (topology: TopologyInput): State => {
  const fabric = fabricOf(topology);
  const { files } = render(fabric, undefined);
  return {
    name: '',
    commit: undefined,
    fabric,
    files,
    trust: NO_TRUST_FILES,
    placeOf: (path) => ({ path: path.join('.') }),
  };
};

const reviewed = (base: TopologyInput, head: TopologyInput): Review =>
  review(state(base), state(head), { accepted: false, rehearsal: null, notes: [] });

const headline = (told: Review): string => `${verdict(told).word} ${factsText(verdict(told))}`;

/** One region with one reflector each, and links of 1420 bytes. */
const plain = (change: Partial<TopologyInput> = {}): TopologyInput =>
  redundant({ regions: { east: { router: 'e1' }, west: { router: 'w1' } }, ...change });

const mesh = (nodeToNodeMesh: boolean) => plain({ bgp: { nodeToNodeMesh, holdTime: 6 } });
const pods = (mtu: number) => plain({ pods: { cidrs: ['10.42.0.0/16'], mtu } });

function core(topology: TopologyInput, mtu: number): TopologyInput {
  const segments = topology.underlay?.segments ?? {};
  return { ...topology, underlay: { segments: { ...segments, core: { ...segments.core, mtu } as never } } };
}

test.each<[string, TopologyInput, TopologyInput, boolean, string]>([
  [
    'an MTU of pods that no link carries',
    pods(1370),
    pods(1500),
    false,
    "Dangerous. 4 pairs of nodes lose packets as large as the pods' MTU; 1 new error; 1 warning; settings changed; 1 object and 1 node file differ; 3 sessions reset; 2 steps by hand.",
  ],
  [
    'a larger MTU of pods that all links carry',
    pods(1370),
    pods(1420),
    true,
    'Risky. 1 warning; settings changed; 1 object and 1 node file differ; 3 sessions reset; 2 steps by hand.',
  ],
  [
    "a link that gets narrower than the pods' MTU, of which nothing is rendered",
    plain(),
    core(plain(), 1300),
    false,
    "Dangerous. 4 pairs of nodes lose packets as large as the pods' MTU; 1 new error; 1 segment changed; 1 step by hand.",
  ],
  [
    'a link that gets narrower together with the MTU of pods, which those that run do not take',
    plain(),
    core(pods(1300), 1300),
    false,
    "Dangerous. 1 danger; 4 pairs of nodes lose packets as large as the pods' MTU; 1 warning; settings changed, 1 segment changed; 1 object and 1 node file differ; 3 sessions reset; 3 steps by hand.",
  ],
  [
    'a link that gets narrower and carries what pods send',
    plain(),
    core(plain(), 1400),
    true,
    'Nothing to deliver. 1 segment changed; 1 step by hand.',
  ],
  [
    'the mesh that goes where failures were harmless because of it',
    mesh(true),
    mesh(false),
    true,
    'Risky. 3 failures lose more pairs than before; settings changed; 1 object and 1 node file differ; 3 sessions gone, none reset.',
  ],
  [
    'another router ID, of which nothing is rendered and by which sessions reset all the same',
    mesh(true),
    {
      ...mesh(true),
      routers: { ...mesh(true).routers, e2: { ...mesh(true).routers.e2, routerId: '10.0.0.22' } as never },
    },
    true,
    'Hitless. 1 router changed; 2 sessions reset; 1 step by hand.',
  ],
])('%s', (_, base, head, ok, message) => {
  const told = reviewed(base, head);
  expect({ ok: told.ok, message: headline(told) }).toEqual({ ok, message });
});

test('a failure that loses more than before is reported', () => {
  const { failures, outcome } = reviewed(mesh(true), mesh(false));
  expect(outcome).toBe('risky');
  expect(failures.worse.map(({ kind, name, lost }) => `${kind} ${name} ${lost.join(' -> ')}`)).toEqual([
    'router e1 4 -> 6',
    'session e-a--e1/ipv4 1 -> 2',
    'session e-b--e1/ipv4 1 -> 2',
  ]);
});

/** Everything that somebody who merges after reading only the first line would need to know. */
function against({
  dangers,
  traffic,
  moved,
  interruptions,
  order,
  failures,
  findings,
  rehearsal,
  whole,
}: Review) {
  const come = [...findings.introduced, ...findings.reopened];
  return {
    danger:
      dangers.some(({ severity }) => severity === 'error') ||
      traffic.some(({ change: became }) => ['lost', 'partly lost', 'too narrow'].includes(became)) ||
      interruptions.some(({ lost }) => lost > 0) ||
      order.first === 'apart' ||
      come.some(({ severity }) => severity === 'error') ||
      (rehearsal?.failures.length ?? 0) > 0,
    risk:
      dangers.length > 0 ||
      moved > 0 ||
      failures.fatal.length + failures.worse.length > 0 ||
      come.some(({ severity }) => severity === 'warning') ||
      !whole,
  };
}

test('no first line contradicts a finding, a danger, a loss, or a failure that got worse', () => {
  fc.assert(
    fc.property(arbitraryNetwork(), arbitraryNetwork(), (base, head) => {
      const told = reviewed(base, head);
      const { danger, risk } = against(told);
      const { word } = verdict(told);
      const expected = danger ? ['dangerous', 'Dangerous.'] : risk ? ['risky', 'Risky.'] : [];
      if (danger || risk) expect([told.outcome, word]).toEqual(expected);
      else expect(['nothing', 'hitless']).toContain(told.outcome);
      expect(told.ok).toBe(!danger);
    }),
    { numRuns: 60 },
  );
});
