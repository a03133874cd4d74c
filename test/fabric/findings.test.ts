import { existsSync } from 'node:fs';
import { fabricFindings } from '../../fabric/index.ts';
import type { TopologyInput } from '../../topology/index.ts';
import { fabricOf } from '../fabric-of.ts';
import { twoRegions } from './networks.ts';

const found = (topology: TopologyInput, id: string) =>
  fabricFindings(fabricOf(topology)).filter((finding) => finding.id === id);

/** Two regions of that many nodes in all, without an underlay. */
function crowd(nodes: number): Pick<TopologyInput, 'nodes' | 'underlay' | 'pods'> {
  const address = (index: number) => `192.168.${1 + (index % 2)}.${10 + Math.floor(index / 2)}`;
  return {
    pods: { cidrs: ['172.16.0.0/12'] },
    nodes: Object.fromEntries(
      Array.from({ length: nodes }, (_, index) => [
        `n${index}`,
        {
          region: ['east', 'west'][index % 2] ?? '',
          role: index === 0 ? 'server' : 'agent',
          address: address(index),
        },
      ]),
    ),
    underlay: undefined as never,
  };
}

/** The two regions without one of their segments. */
function without(segment: string): TopologyInput {
  const topology = twoRegions();
  const { [segment]: _, ...segments } = topology.underlay?.segments ?? {};
  return { ...topology, underlay: { segments } };
}

const withoutLans = ({ underlay: _, ...rest }: TopologyInput): TopologyInput => rest;

/** Each finding: a topology that has it, and the same one edit away, which has not. */
const cases: Record<string, { severity: string; has: TopologyInput; hasNot: TopologyInput }> = {
  NE401: {
    severity: 'info',
    has: (() => {
      const topology = twoRegions();
      const { 'w-a': _a, 'w-b': _b, ...nodes } = topology.nodes ?? {};
      return withoutLans({ ...topology, nodes });
    })(),
    hasNot: withoutLans(twoRegions()),
  },
  NE402: {
    severity: 'warning',
    has: withoutLans({ ...twoRegions(), ...crowd(101) }),
    hasNot: withoutLans({ ...twoRegions(), ...crowd(100) }),
  },
  NE403: {
    severity: 'error',
    has: twoRegions({ pods: { cidrs: ['10.42.0.0/25'], blockSize: 26 } }),
    hasNot: twoRegions({ pods: { cidrs: ['10.42.0.0/24'], blockSize: 26 } }),
  },
  NE404: { severity: 'info', has: withoutLans(twoRegions()), hasNot: twoRegions() },
  NE405: {
    severity: 'warning',
    has: twoRegions({ bgp: { holdTime: 61 } }),
    hasNot: twoRegions({ bgp: { holdTime: 60 } }),
  },
  NE406: { severity: 'error', has: without('link'), hasNot: twoRegions() },
  NE407: {
    severity: 'error',
    has: twoRegions({ bgp: { backboneMesh: false, nodeToNodeMesh: false } }),
    hasNot: twoRegions({ bgp: { backboneMesh: [['w1', 'e1']], nodeToNodeMesh: false } }),
  },
};

test.each(Object.entries(cases))(
  '%s is found, and is gone one edit away',
  (id, { severity, has, hasNot }) => {
    const [finding] = found(has, id);
    expect(finding).toMatchObject({ id, severity, suppressed: undefined });
    expect(finding?.says).not.toBe('');
    expect(finding?.mend).toMatch(/\.$/);
    expect(found(hasNot, id)).toEqual([]);
  },
);

test.each(Object.keys(cases))('%s has a page', (id) => {
  expect(existsSync(`docs/checks/${id}.md`)).toBe(true);
});

test("a node that peers from elsewhere is told of as long as a neighbour's flows would take the detour", () => {
  const topology = twoRegions();
  const nodes = { ...topology.nodes, 'e-b': { region: 'east', role: 'agent' as const, address: '10.9.9.9' } };
  expect(found({ ...topology, nodes }, 'NE404')).toMatchObject([{ path: ['routers', 'e1'] }]);
  const { 'e-a': _, ...alone } = nodes as NonNullable<TopologyInput['nodes']>;
  const { segments = {} } = topology.underlay ?? {};
  const lan = { ...segments['east-lan'], members: { e1: '192.168.1.1', 'e-b': '192.168.1.12' } };
  const underlay = { segments: { ...segments, 'east-lan': lan as never } };
  const server = { 'w-a': { region: 'west', role: 'server' as const, address: '192.168.2.11' } };
  expect(found({ ...topology, nodes: { ...alone, ...server }, underlay }, 'NE404')).toEqual([]);
});

test('a machine on no segment is a warning: the operator may know a way that the topology does not', () => {
  const { segments = {} } = twoRegions().underlay ?? {};
  const { e1: _, ...members } = segments['east-lan']?.members ?? {};
  const { e1: _link, ...link } = segments.link?.members ?? {};
  const topology = twoRegions({
    underlay: {
      segments: {
        ...segments,
        'east-lan': { ...segments['east-lan'], members } as never,
        link: { ...segments.link, members: link } as never,
      },
    },
  });
  expect(new Set(found(topology, 'NE406').map(({ severity, path }) => `${severity} ${path}`))).toEqual(
    new Set(['warning routers,e1']),
  );
});

test('a node that no router of its region can know a way to has a session that never comes up', () => {
  const topology = twoRegions();
  const nodes = { ...topology.nodes, 'e-b': { region: 'west', role: 'agent' as const, address: '10.9.9.9' } };
  expect(found({ ...topology, nodes }, 'NE406')).toMatchObject([
    { severity: 'error', path: ['nodes', 'e-b'] },
  ]);
});

test('with the mesh regions without a session between them are a warning', () => {
  expect(found(twoRegions({ bgp: { backboneMesh: false } }), 'NE407')).toMatchObject([
    { severity: 'warning' },
  ]);
});

test('a suppressed finding is still told, with the reason', () => {
  const checks = { suppress: [{ id: 'NE405', where: 'bgp.holdTime', reason: 'lab links' }] };
  expect(found(twoRegions({ bgp: { holdTime: 90 }, checks }), 'NE405')).toMatchObject([
    { suppressed: 'lab links' },
  ]);
});

test('a suppression of another place changes nothing', () => {
  const checks = { suppress: [{ id: 'NE405', where: 'bgp', reason: 'lab links' }] };
  expect(found(twoRegions({ bgp: { holdTime: 90 }, checks }), 'NE405')).toMatchObject([
    { suppressed: undefined },
  ]);
});
