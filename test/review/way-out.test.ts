import { render } from '../../repository/render.ts';
import { NO_TRUST_FILES, review, type State } from '../../review/index.ts';
import { sessionFates } from '../../review/session-fates.ts';
import type { TopologyInput } from '../../topology/index.ts';
import { fabricOf } from '../fabric-of.ts';
import { redundant } from '../lab/topologies.ts';

const network = (change: Partial<TopologyInput> = {}): TopologyInput =>
  redundant({ bgp: { nodeToNodeMesh: true, holdTime: 6 }, ...change });
const base = network();

const renamed = (old: string, now: string, topology = base): TopologyInput =>
  JSON.parse(JSON.stringify(topology).replaceAll(JSON.stringify(old), JSON.stringify(now)));

/** The nodes that lose all their reflectors at once in a change, and the advice. */
function together(before: TopologyInput, after: TopologyInput) {
  const [was, is] = [before, after].map((topology): State => {
    const fabric = fabricOf(topology);
    const { files } = render(fabric, undefined);
    return { name: '', commit: undefined, fabric, files, trust: NO_TRUST_FILES, placeOf: () => ({}) };
  });
  if (was === undefined || is === undefined) throw new Error('two states');
  const sessions = sessionFates(was, is);
  const { dangers: found } = review(was, is, { accepted: false, rehearsal: null, notes: [] });
  return {
    // A way out must work for all regions.
    mends: [
      ...new Set(
        found.filter(({ message }) => message.startsWith('all reflectors of region')).map(({ fix }) => fix),
      ),
    ],
    reset: sessions.filter(({ change: became }) => became === 'reset').map(({ id }) => id),
  };
}

const lan = base.underlay?.segments['east-lan'];
const members = { ...lan?.members };
const onLan = (some: object): TopologyInput['underlay'] => ({
  segments: { ...base.underlay?.segments, 'east-lan': { ...lan, members: some } as never },
});
const ADDRESS = '192.168.1.99';
const readdressed = network({
  nodes: { ...base.nodes, 'e-b': { ...base.nodes?.['e-b'], address: ADDRESS } as never },
  underlay: onLan({ ...members, 'e-b': ADDRESS }),
});
const { 'e-b': _, ...others } = base.nodes ?? {};
const { 'e-b': __, ...rest } = members as Record<string, never>;
const joined = network({
  nodes: { ...base.nodes, 'e-c': { region: 'east', role: 'agent', address: ADDRESS } },
  underlay: onLan({ ...members, 'e-c': ADDRESS }),
});
const replaced = network({
  nodes: { ...others, 'e-c': { region: 'east', role: 'agent', address: ADDRESS } },
  underlay: onLan({ ...rest, 'e-c': ADDRESS }),
});

const beside = (region: string): TopologyInput => ({
  ...base,
  regions: { ...base.regions, orient: { routers: ['e1', 'e2'] } },
  nodes: Object.fromEntries(
    Object.entries(base.nodes ?? {}).map(([name, node]) => [
      name,
      node.region === 'east' ? { ...node, region } : node,
    ]),
  ),
});
const labelled = (retired: readonly string[]): TopologyInput => ({
  ...base,
  regionLabel: 'zone',
  labels: { retired: [...retired] },
});
const secret = (...names: readonly string[]): TopologyInput =>
  network({
    routers: Object.fromEntries(
      Object.entries(base.routers ?? {}).map(([name, router]) => [
        name,
        names.includes(name)
          ? {
              ...router,
              password: { secret: { name: `bgp-${name}`, key: 'password' }, file: `/etc/bird/${name}.conf` },
            }
          : router,
      ]),
    ) as never,
  });

test.each<[string, TopologyInput, RegExp, readonly TopologyInput[], number]>([
  [
    'another address of a node: no reflector can have both its addresses',
    readdressed,
    /^Drain e-b first, then accept it: .* Or let another node join with the new name and address, then remove the old one/,
    [joined, replaced],
    0,
  ],
  [
    'another name of a node',
    renamed('e-b', 'e-z'),
    /^Drain e-z first, then accept it: /,
    [joined, replaced],
    0,
  ],
  [
    'another name of a region',
    renamed('east', 'orient'),
    /^In three changes, east to orient: first add the new region with the routers of the old one and no nodes, /,
    [beside('east'), beside('orient'), renamed('east', 'orient')],
    0,
  ],
  [
    'another key of the label, the old one taken off at once',
    labelled(['region']),
    /^First change only regionLabel, leaving region on the nodes; list that under labels\.retired in a later, separate change/,
    [labelled([]), labelled(['region'])],
    0,
  ],
  [
    'the passwords of both reflectors',
    secret('e1', 'e2'),
    /^Change e1 and e2 in separate merges: /,
    [secret('e1'), secret('e1', 'e2')],
    2,
  ],
])('%s has a way out, which avoids the danger', (_, head, fix, instead, most) => {
  const direct = together(base, head);
  expect(direct.mends).toEqual([expect.stringMatching(fix)]);
  for (const [index, state] of instead.entries()) {
    const { mends, reset } = together(instead[index - 1] ?? base, state);
    expect(mends).toEqual([]);
    expect(reset.length).toBeLessThanOrEqual(most);
  }
});

test('the password of the only reflector of a region: a second one first', () => {
  const west = (routers: readonly string[], head = false): TopologyInput => {
    const { 'west-lan': lan, core } = base.underlay?.segments ?? {};
    const w2 = { routerId: '10.0.0.4', nodeAddress: '192.168.2.2', backboneAddress: '10.0.0.4' };
    const all = { ...(head ? secret('w1') : base).routers, w2 } as never;
    return network({
      regions: { ...base.regions, west: { routers: [...routers] } },
      routers: all,
      underlay: {
        segments: {
          ...base.underlay?.segments,
          'west-lan': { ...lan, members: { ...lan?.members, w2: '192.168.2.2' } } as never,
          core: { ...core, members: { ...core?.members, w2: '172.16.0.4' } } as never,
        },
      },
    });
  };
  expect(together(west(['w1']), west(['w1'], true)).mends).toEqual([
    'Give west a second reflector first, in a separate change (docs/replace-a-router.md); or accept it, and deliver during a quiet hour.',
  ]);
  expect(together(west(['w1']), west(['w1', 'w2'])).mends).toEqual([]);
  expect(together(west(['w1', 'w2']), west(['w1', 'w2'], true)).mends).toEqual([]);
});

test('a new calico-node without graceful restart: enable that first, on one reflector after the other', () => {
  const calico = (gracefulRestart: boolean, version: string): TopologyInput => {
    const { w1: _w1, ...routers } = base.routers;
    const { 'w-a': _wa, ...nodes } = base.nodes ?? {};
    const { 'west-lan': _lan, core, ...segments } = base.underlay?.segments ?? {};
    const { w1: _on, ...members } = { ...core?.members } as Record<string, never>;
    return network({
      bgp: { nodeToNodeMesh: false, holdTime: 6, gracefulRestart },
      calico: { ...base.calico, version },
      regions: { east: { routers: ['e1', 'e2'] } },
      routers,
      nodes,
      underlay: { segments: { ...segments, core: { ...core, members } as never } },
    });
  };
  const [old, other] = ['v3.31.7', 'v3.32.1'];
  expect(together(calico(false, old), calico(false, other)).mends).toEqual([
    'First set bgp.gracefulRestart: true and ship it to the routers; the routers then keep the routes of the nodes while calico-node is replaced.',
  ]);
  expect(together(calico(false, old), calico(true, old)).mends).toEqual([]);
  expect(together(calico(true, old), calico(true, other)).mends).toEqual([]);
});

test('the AS number has none, and the review says so', () => {
  const head = network({ bgp: { nodeToNodeMesh: true, holdTime: 6, asNumber: 64999 } });
  expect(together(base, head).mends).toEqual([
    expect.stringMatching(/^An AS number has no intermediate state: plan an outage/),
  ]);
});

test('a renumbered node beside a renamed region: each has its own way out', () => {
  const head = renamed('east', 'orient', readdressed);
  const [fix = ''] = together(base, head).mends;
  expect(fix).toMatch(/^Drain e-b first, .* In three changes, east to orient: /);
});
