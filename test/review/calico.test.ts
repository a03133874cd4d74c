import { render } from '../../repository/render.ts';
import { NO_TRUST_FILES, review, type State } from '../../review/index.ts';
import type { TopologyInput } from '../../topology/index.ts';
import { calicoOf, withCalico } from '../charts/topologies.ts';
import { fabricOf } from '../fabric-of.ts';
import { redundant } from '../lab/topologies.ts';

/** The redundant network with this Calico. A vendored manifest is not rendered: its content does not concern these rules. */
const calico = (
  more: Parameters<typeof withCalico>[1],
  bgp: TopologyInput['bgp'] = { nodeToNodeMesh: true, holdTime: 6 },
): TopologyInput => withCalico(redundant({ bgp }), more);

function state(topology: TopologyInput): State {
  const fabric = fabricOf(topology);
  const carried = { ...fabric, calico: { ...fabric.calico, version: 'v3.32.1' } };
  const files = render(fabric.calico.operatorManifest === undefined ? fabric : carried, undefined).files;
  return { name: 'a', commit: undefined, fabric, files, trust: NO_TRUST_FILES, placeOf: () => ({}) };
}

const changed = (base: TopologyInput, head: TopologyInput) =>
  review(state(base), state(head), { accepted: false, rehearsal: null, notes: [] });

const told = (base: TopologyInput, head: TopologyInput): string[] =>
  changed(base, head).dangers.map(({ severity, message }) => `${severity}: ${message}`);

const ROLLED = /^warning: Calico v3\.\d+\.\d+ replaces calico-node on every node, one by one: /;
const VENDORED = /^warning: vendor\/tigera-operator\.yaml is trusted by its hash, sha256 0{16}…: /;
const METRIC = /^warning: from v3\.32 nodes announce their blocks with LOCAL_PREF 2147482623 instead of 100/;

test.each<[string, string, string, RegExp[]]>([
  ['a patch', 'v3.31.6', 'v3.31.7', [ROLLED]],
  ['a patch back, to one that is vendored', 'v3.31.7', 'v3.31.6', [VENDORED, ROLLED]],
  ['a minor', 'v3.30.7', 'v3.31.7', [ROLLED]],
  ['the minor that carries the metric', 'v3.31.7', 'v3.32.1', [ROLLED, METRIC]],
  ['two minors', 'v3.30.7', 'v3.32.1', [ROLLED, METRIC]],
  [
    'many minors',
    'v3.26.1',
    'v3.30.7',
    [/^warning: Calico skips ahead 4 minors in one step, from v3\.26\.1 to v3\.30\.7/, ROLLED],
  ],
  [
    'a minor back',
    'v3.32.1',
    'v3.31.7',
    [
      /^error: Calico is downgraded from v3\.32\.1 to v3\.31\.7: its operator overwrites the newer CRDs/,
      ROLLED,
    ],
  ],
])('%s, %s to %s, is told', (_, was, is, expected) => {
  const vendored = (version: string) => {
    const { operatorManifest } = calicoOf('v3.26.1');
    return /^v3\.(26|31\.6)/.test(version) ? { version, operatorManifest } : { version };
  };
  const found = told(calico(vendored(was)), calico(vendored(is)));
  expect(found).toHaveLength(expected.length);
  for (const [index, one] of expected.entries()) expect(found[index]).toMatch(one);
});

test('with a new calico-node every session of a node ends, and while peers keep its routes nothing is lost', () => {
  const { sessions, interruptions, outcome } = changed(
    calico({ version: 'v3.30.7' }),
    calico({ version: 'v3.31.7' }),
  );
  const ofNodes = sessions.changed.filter(({ kind }) => kind !== 'backbone');
  expect(sessions.changed).toEqual(ofNodes);
  expect(ofNodes.every(({ change }) => change === 'reset')).toBe(true);
  expect(ofNodes[0]?.reasons[0]?.message).toMatch(/^calico-node v3\.30\.7 -> v3\.31\.7$/);
  expect(interruptions).toEqual([{ speaker: 'Calico', sessions: ofNodes.length, lost: 0 }]);
  expect(outcome).toBe('risky');
});

test('without graceful restart the worst node counts, and all of its reflectors go together', () => {
  const bgp = { nodeToNodeMesh: false, holdTime: 6, gracefulRestart: false };
  const base = calico({ version: 'v3.30.7' }, bgp);
  const head = calico({ version: 'v3.31.7' }, bgp);
  const { interruptions, outcome } = changed(base, head);
  // To one node of three from both others; its own packets take the default route in the meantime.
  expect(interruptions).toMatchObject([{ speaker: 'Calico', lost: 2 }]);
  expect(outcome).toBe('dangerous');
  expect(told(base, head)).toEqual([
    expect.stringMatching(/^error: all reflectors of region east reset their sessions with 2 nodes/),
    expect.stringMatching(/^error: all reflectors of region west reset their sessions with w-a/),
    expect.stringMatching(/bgp\.gracefulRestart is off: the routers drop a node's routes/),
  ]);
});

describe("The registry of Calico's images moves with v3.31", () => {
  const mirrors = (registryMirrors: Record<string, string[]>, registry?: string): TopologyInput[] =>
    ['v3.30.7', 'v3.31.7'].map((version) => {
      const base = calico({ version, ...(registry === undefined ? {} : { registry }) });
      const east = { ...base.regions.east, registryMirrors } as never;
      return { ...base, regions: { ...base.regions, east } };
    });
  const ofMirrors = (...args: Parameters<typeof mirrors>) => {
    const [base, head] = mirrors(...args) as [TopologyInput, TopologyInput];
    return told(base, head).filter((one) => one.includes('quay.io'));
  };

  test('a region that mirrors only docker.io is reported', () => {
    expect(ofMirrors({ 'docker.io': ['https://m.example'] })).toEqual([
      expect.stringMatching(/^warning: .*, but region east has only a mirror of docker\.io$/),
    ]);
  });

  test.each<[string, Parameters<typeof mirrors>]>([
    ['both are mirrored', [{ 'docker.io': ['https://m.example'], 'quay.io': ['https://q.example'] }]],
    ['nothing is', [{}]],
    ['the topology names the registry', [{ 'docker.io': ['https://m.example'] }, 'mirror.example']],
  ])('not where %s', (_, args) => {
    expect(ofMirrors(...args)).toEqual([]);
  });
});

describe("A move between Calico's APIs", () => {
  const V1 = 'crd.projectcalico.org/v1';
  const V3 = 'projectcalico.org/v3';
  const of = (api: NonNullable<TopologyInput['calico']['api']>) => calico({ version: 'v3.32.1', api });

  test.each([
    [V1, V3],
    [V3, V1],
  ] as const)('from %s to %s at once deletes every BGPPeer: an error', (from, to) => {
    expect(told(of(from), of(to))).toEqual([
      expect.stringMatching(
        `^error: calico\\.api changes from ${from} to ${to} in one step: .* All 3 BGPPeers are deleted`,
      ),
    ]);
  });

  test.each([
    [V1, V3],
    [V3, V1],
  ] as const)('from %s to %s over the state in between is none', (from, to) => {
    const between = of({ from, to });
    expect(told(of(from), between)).toEqual([]);
    expect(told(between, of(to))).toEqual([]);
    expect(changed(between, of(to)).sessions.changed).toEqual([]);
  });

  test('may be given up before the switch', () => {
    expect(told(of({ from: V1, to: V3 }), of(V1))).toEqual([]);
  });

  test('that was prepared for the other group does not help', () => {
    expect(told(of({ from: V3, to: V1 }), of(V3))).toEqual([]);
    expect(told(of({ from: V3, to: V1 }), of({ from: V1, to: V3 }))).toEqual([]);
    expect(told(of(V3), of({ from: V1, to: V3 }))).toHaveLength(1);
  });
});
