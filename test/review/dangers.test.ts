import { render } from '../../cli/render.ts';
import { dangers } from '../../review/dangers.ts';
import { objectChanges } from '../../review/objects.ts';
import { sessionFates } from '../../review/session-fates.ts';
import type { TopologyInput } from '../../topology/index.ts';
import { fabricOf } from '../fabric-of.ts';
import { redundant } from '../lab/labs.ts';

const meshed = (change: Partial<TopologyInput> = {}): TopologyInput =>
  redundant({ bgp: { nodeToNodeMesh: true, holdTime: 6 }, ...change });

function told(base: TopologyInput, head: TopologyInput): string[] {
  const [before, after] = [fabricOf(base), fabricOf(head)];
  const [were, are] = [render(before, undefined).files, render(after, undefined).files];
  const objects = objectChanges(
    new Map([...were].filter(([path]) => path.startsWith('cluster/'))),
    new Map([...are].filter(([path]) => path.startsWith('cluster/'))),
  );
  const sessions = sessionFates({ fabric: before, files: were }, { fabric: after, files: are });
  return dangers({ before, after, objects, sessions }).map(({ severity, says }) => `${severity}: ${says}`);
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
    [/^error: pool 10\.42\.0\.0\/16 is to change into 10\.44\.0\.0\/16/],
  ],
  [
    'a pool that is cut otherwise',
    meshed({ pods: { cidrs: ['10.42.0.0/16'], blockSize: 27, mtu: 1380 } }),
    [/^error: pool 10\.42\.0\.0\/16 is to change its block size from \/26 to \/27/],
  ],
  [
    'another AS number',
    meshed({ bgp: { nodeToNodeMesh: true, holdTime: 6, asNumber: 64999 } }),
    [/^error: all reflectors of region east/, /^warning: the AS number changes from 64512 to 64999/],
  ],
  [
    'another hold time, which resets both reflectors of a region',
    meshed({ bgp: { nodeToNodeMesh: true, holdTime: 9 } }),
    [/^error: all reflectors of region east reset their sessions with 2 nodes/],
  ],
  [
    'another MTU',
    meshed({ pods: { cidrs: ['10.42.0.0/16'], mtu: 1300 } }),
    [/^warning: the MTU of pods changes from 1380 to 1300/],
  ],
])('%s is told', (_, head, expected) => {
  const found = told(meshed(), head);
  expect(found).toHaveLength(expected.length);
  for (const [index, one] of expected.entries()) expect(found[index]).toMatch(one);
});

test('a reset of one reflector of two is none: the other one goes on', () => {
  const base = meshed();
  const head = {
    ...base,
    routers: { ...base.routers, e1: { ...base.routers.e1, clusterId: '10.0.0.77' } as never },
  };
  expect(told(base, head)).toEqual([]);
});

test('the mesh goes without danger where every node has its reflectors, and with it where they come in the same change', () => {
  expect(told(meshed(), redundant({ bgp: { nodeToNodeMesh: false, holdTime: 6 } }))).toEqual([]);
  const base = redundant({ bgp: { nodeToNodeMesh: false, holdTime: 6 } });
  const w2 = { routerId: '10.0.0.4', nodeAddress: '192.168.2.2', backboneAddress: '10.0.0.4' };
  const other = {
    ...base,
    routers: { ...base.routers, w2 },
    regions: { ...base.regions, west: { router: 'w2' } },
  };
  expect(told(meshed(), other)).toEqual([
    "error: Calico's mesh goes before w-a had a session with a reflector that stays",
  ]);
});

test('what holds the pod network is not deleted by a review that nobody read', () => {
  const before = fabricOf(meshed());
  const id = { group: 'operator.tigera.io', kind: 'Installation', namespace: undefined, name: 'default' };
  const objects = [{ id, became: 'deleted' as const, before: id, fields: [] }];
  expect(dangers({ before, after: before, objects, sessions: [] })).toMatchObject([
    { severity: 'error', says: expect.stringContaining('Installation default is deleted') },
  ]);
});

test('encapsulation of a cluster that is taken over is told', () => {
  const fabric = fabricOf(meshed());
  const { files } = render(fabric, undefined);
  const path = [...files.keys()].find((one) => /10-installation\/.*installation.*\.yaml$/i.test(one)) ?? '';
  const text = files.get(path) ?? '';
  expect(text).toContain('encapsulation: None');
  const before = new Map([[path, text.replace('encapsulation: None', 'encapsulation: VXLAN')]]);
  const objects = objectChanges(before, new Map([[path, text]]));
  expect(dangers({ before: fabric, after: fabric, objects, sessions: [] })).toEqual([
    expect.objectContaining({
      severity: 'error',
      says: expect.stringMatching(/^the encapsulation of pods' packets changes from VXLAN to None: /),
    }),
  ]);
});

test('whoever leaves a segment on which two others go on may have been its designated router', () => {
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
  // core keeps e2 and w1; east-lan only e2, and with nobody else there is no designated router to miss.
  expect(told(base, without('e1'))).toEqual([
    expect.stringMatching(/^warning: e1 leaves segment core, .* what goes from e2 to w1 over it/),
  ]);
});
