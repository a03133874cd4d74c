import { render } from '../../repository/render.ts';
import { dangers } from '../../review/dangers.ts';
import { NO_TRUST_FILES, review, type State } from '../../review/index.ts';
import { objectChanges } from '../../review/objects.ts';
import type { TopologyInput } from '../../topology/index.ts';
import { fabricOf } from '../fabric-of.ts';
import { redundant } from '../lab/topologies.ts';
import { QUIET } from './changes.ts';

const meshed = (change: Partial<TopologyInput> = {}): TopologyInput =>
  redundant({ bgp: { nodeToNodeMesh: true, holdTime: 6 }, ...change });

function told(base: TopologyInput, head: TopologyInput): string[] {
  const given = { accepted: false, rehearsal: null, notes: [] };
  return review(stateOf(base), stateOf(head), given).dangers.map(
    ({ severity, message }) => `${severity}: ${message}`,
  );
}

function stateOf(topology: TopologyInput): State {
  const fabric = fabricOf(topology);
  const { files } = render(fabric, undefined);
  return { name: '', commit: undefined, fabric, files, trust: NO_TRUST_FILES, placeOf: () => ({}) };
}

test('a small change is no danger', () => {
  const base = meshed();
  expect(told(base, base)).toEqual([]);
  expect(
    told(base, meshed({ bgp: { nodeToNodeMesh: true, holdTime: 6, reflectorNextHop: 'self' } })),
  ).toEqual([]);
});

test.each<[string, TopologyInput, RegExp[]]>([
  [
    'a pool that moves',
    meshed({ pods: { cidrs: ['10.44.0.0/16'], mtu: 1380 } }),
    [/^error: pool 10\.42\.0\.0\/16 changes into 10\.44\.0\.0\/16/],
  ],
  [
    'a pool that is cut otherwise',
    meshed({ pods: { cidrs: ['10.42.0.0/16'], blockSize: 27, mtu: 1380 } }),
    [/^error: pool 10\.42\.0\.0\/16 changes its block size from \/26 to \/27/],
  ],
  [
    'another AS number',
    meshed({ bgp: { nodeToNodeMesh: true, holdTime: 6, asNumber: 64999 } }),
    [
      /^error: all reflectors of region east reset their sessions with 2 nodes/,
      /^error: all reflectors of region west reset their sessions with w-a/,
      /^warning: the AS number changes from 64512 to 64999/,
    ],
  ],
  [
    'another hold time without the mesh, where one region has one reflector',
    redundant({ bgp: { nodeToNodeMesh: false, holdTime: 9 } }),
    [
      /^error: w1 resets its sessions with w-a of region west, which has no other reflector: until they are back, up to 4 of 6 pairs of nodes lose packets$/,
    ],
  ],
  [
    'another MTU',
    meshed({ pods: { cidrs: ['10.42.0.0/16'], mtu: 1300 } }),
    [/^warning: the MTU of pods changes from 1380 to 1300/],
  ],
])('%s is told', (_, head, expected) => {
  const found = told(head.bgp?.nodeToNodeMesh === false ? redundant() : meshed(), head);
  expect(found).toHaveLength(expected.length);
  for (const [index, one] of expected.entries()) expect(found[index]).toMatch(one);
});

test('a new hold time on reflectors that ship changes one after the other is none; on the only one of a region it is', () => {
  expect(told(meshed(), meshed({ bgp: { nodeToNodeMesh: true, holdTime: 9 } }))).toEqual([
    'error: w1 resets its sessions with w-a of region west, which has no other reflector: until they are back, up to 4 of 6 pairs of nodes lose packets',
  ]);
});

test('a reset of one reflector of two is none: the other one carries on', () => {
  const base = meshed();
  const head = {
    ...base,
    routers: { ...base.routers, e1: { ...base.routers.e1, clusterId: '10.0.0.77' } as never },
  };
  expect(told(base, head)).toEqual([]);
});

test('removing the mesh is no danger if every node has its reflectors, but is if they come in the same change', () => {
  expect(told(meshed(), redundant({ bgp: { nodeToNodeMesh: false, holdTime: 6 } }))).toEqual([]);
  const base = redundant({ bgp: { nodeToNodeMesh: false, holdTime: 6 } });
  const w2 = { routerId: '10.0.0.4', nodeAddress: '192.168.2.2', backboneAddress: '10.0.0.4' };
  const other = {
    ...base,
    routers: { ...base.routers, w2 },
    regions: { ...base.regions, west: { router: 'w2' } },
  };
  expect(told(meshed(), other)).toEqual([
    "error: Calico's mesh is removed before w-a has a session with a reflector that stays",
  ]);
});

test('what the pod network depends on is not deleted without an accepted review', () => {
  const before = fabricOf(meshed());
  const id = { group: 'operator.tigera.io', kind: 'Installation', namespace: undefined, name: 'default' };
  const objects = [{ id, change: 'deleted' as const, before: id, fields: [] }];
  expect(dangers({ ...QUIET, before, after: before, objects })).toMatchObject([
    { severity: 'error', message: expect.stringContaining('Installation default is deleted') },
  ]);
});

test.each([
  ['VXLAN', 'VXLAN'],
  ['{}', '{}'],
  ['[]', '[]'],
])('an encapsulation that was %s is reported', (written, shown) => {
  const fabric = fabricOf(meshed());
  const { files } = render(fabric, undefined);
  const path = [...files.keys()].find((one) => /10-installation\/.*installation.*\.yaml$/i.test(one)) ?? '';
  const text = files.get(path) ?? '';
  expect(text).toContain('encapsulation: None');
  const before = new Map([[path, text.replace('encapsulation: None', `encapsulation: ${written}`)]]);
  const objects = objectChanges(before, new Map([[path, text]]));
  expect(dangers({ ...QUIET, before: fabric, after: fabric, objects })).toEqual([
    expect.objectContaining({
      severity: 'error',
      message: expect.stringContaining(`the encapsulation of pods' packets changes from ${shown} to None: `),
    }),
  ]);
});

test('a machine that leaves a segment with two others may have been its designated router', () => {
  const base = meshed();
  const without = (...names: string[]): TopologyInput => {
    const keep = <T>(record: Readonly<Record<string, T>>): Record<string, T> =>
      Object.fromEntries(Object.entries(record).filter(([name]) => !names.includes(name)));
    const segments = Object.entries(base.underlay?.segments ?? {}).map(([name, segment]) => [
      name,
      { ...segment, members: keep(segment.members) },
    ]);
    const left = ['e1', 'e2'].filter((name) => !names.includes(name));
    return {
      ...base,
      regions: { ...base.regions, east: { routers: left } },
      routers: keep(base.routers),
      underlay: { segments: Object.fromEntries(segments) },
    };
  };
  // core keeps e2 and w1; east-lan only e2, so it has no designated router to lose.
  expect(told(base, without('e1'))).toEqual([
    // w1 forwards half of what w-a sends to the east to it.
    expect.stringMatching(/^warning: e1 is removed, and 2 pairs of nodes send through it: /),
    expect.stringMatching(/^warning: e1 leaves segment core, .* traffic from e2 to w1 over it/),
  ]);
});

test('a machine that stops OSPF on its segment has not left it', () => {
  const igp = (is: boolean): TopologyInput => {
    const base = meshed();
    const lan = base.underlay?.segments['east-lan'];
    return meshed({
      nodes: { ...base.nodes, 'e-a': { ...base.nodes?.['e-a'], igp: is } as never },
      underlay: { segments: { ...base.underlay?.segments, 'east-lan': lan as never } },
    });
  };
  expect(told(igp(true), igp(false))).toEqual([
    expect.stringMatching(
      /^warning: e-a no longer runs OSPF on segment east-lan, and may be OSPF's designated router there: /,
    ),
  ]);
});

test.each<[string, Partial<TopologyInput>, RegExp]>([
  [
    'NAT of outgoing packets',
    { pods: { ...meshed().pods, natOutgoing: false } },
    /^warning: traffic from pods to addresses outside the pools is no longer masqueraded: /,
  ],
  [
    'forwarding in pods',
    { calico: { ...meshed().calico, containerIPForwarding: false } },
    /^warning: pods started from now on do not forward: /,
  ],
])('%s that goes is told, that comes is not', (_, change, expected) => {
  expect(told(meshed(), meshed(change))).toContainEqual(expect.stringMatching(expected));
  expect(told(meshed(change), meshed())).not.toContainEqual(expect.stringMatching(expected));
});

test('a new error that is suppressed at once is reported, a warning covered by an old rule is not', () => {
  const pods = { cidrs: ['10.42.0.0/16'], mtu: 1500 };
  const suppress = [{ id: 'NE301', where: 'pods.mtu', reason: 'known' }];
  expect(told(meshed({ pods }), meshed({ pods, checks: { suppress } }))).toEqual([
    expect.stringMatching(/^warning: NE301 is suppressed: /),
  ]);
  expect(told(meshed({ pods, checks: { suppress } }), meshed({ pods, checks: { suppress } }))).toEqual([]);
});

test('a second reflector added together with a reset of the first does not count yet', () => {
  const regions = (...east: string[]) => ({ east: { routers: east }, west: { router: 'w1' } });
  const bgp = (holdTime: number) => ({ nodeToNodeMesh: false, holdTime });
  const said = told(
    redundant({ regions: regions('e1'), bgp: bgp(6) }),
    redundant({ regions: regions('e1', 'e2'), bgp: bgp(9) }),
  );
  expect(said).toContainEqual(
    expect.stringMatching(
      /^error: e1 resets its sessions with 2 nodes of region east, which have no other reflector yet: until they are back, up to 6 of 6 /,
    ),
  );
});
