import { usualWaves } from '../../delivery/rollout.ts';
import { sameMoment } from '../../lab/fates.ts';
import { findPrograms, type Rehearsal, rehearseSteps } from '../../lab/index.ts';
import { ride } from '../../lab/rides.ts';
import { routerFiles } from '../../routers/index.ts';
import type { TopologyInput } from '../../topology/index.ts';
import { abreast } from '../abreast.ts';
import { fabricOf } from '../fabric-of.ts';
import { scenario } from './labs.ts';
import { redundant } from './topologies.ts';

async function rehearsedInTurn(
  base: TopologyInput,
  heads: readonly TopologyInput[],
): Promise<readonly Rehearsal[]> {
  const programs = findPrograms('.');
  if ('message' in programs) throw new Error(programs.fix);
  const steps = heads.map((head) => ({ fabric: fabricOf(head), first: 'routers' as const }));
  const result = await rehearseSteps(fabricOf(base), steps, { waves: usualWaves, routerFiles, programs });
  if ('message' in result) throw new Error(`${result.message}. ${result.fix}`);
  return result;
}

const sessions = ({ sessions: all }: Rehearsal, became: string): string[] =>
  all.filter((session) => session.change === became).map(({ id }) => id);

const lost = ({ pairs }: Rehearsal): number => pairs.reduce((sum, pair) => sum + pair.lost, 0);
const unsure = ({ pairs }: Rehearsal): number => pairs.reduce((sum, pair) => sum + pair.unsure, 0);

/** Where each region has one reflector. */
const oneEach = redundant({
  routers: { ...redundant().routers },
  regions: { east: { router: 'e1' }, west: { router: 'w1' } },
});

const withHoldTime = (base: TopologyInput, holdTime: number): TopologyInput => ({
  ...base,
  bgp: { ...base.bgp, holdTime },
});

/** The rehearsals, several at a time since a lab mostly waits. */
const CHANGES = {
  'a node comes': () => rehearsedInTurn(redundant(), [withNode()]),
  'a node goes': () => rehearsedInTurn(withNode(), [redundant()]),
  'another hold time': () => rehearsedInTurn(oneEach, [withHoldTime(oneEach, 9)]),
  'another hold time of two reflectors each': () => rehearsedInTurn(twoEach(), [withHoldTime(twoEach(), 9)]),
  "a larger MTU of pods, then a narrower segment's": () => rehearsedInTurn(redundant(), resized()),
} as const;

type Change = keyof typeof CHANGES;

scenario('a change, rehearsed', () => {
  let made: ReadonlyMap<Change, Promise<readonly Rehearsal[]>>;
  beforeAll(() => {
    made = abreast(Object.keys(CHANGES) as Change[], 3, (change) => CHANGES[change]());
  });
  const rehearsed = async (change: Change): Promise<Rehearsal> => (await made.get(change))?.[0] as Rehearsal;

  test('a node that is added or removed resets nothing and loses no packet of the others', async () => {
    const result = await rehearsed('a node comes');
    expect(sessions(result, 'new')).toEqual(['a-new--e1/ipv4', 'a-new--e2/ipv4']);
    expect(sessions(result, 'reset')).toEqual([]);
    expect(lost(result)).toBe(0);
    expect(result.pairs.every(({ sent }) => sent > 10)).toBe(true);
    expect(result).toMatchObject({ differences: [], failures: [] });

    const back = await rehearsed('a node goes');
    expect(sessions(back, 'gone')).toEqual(['a-new--e1/ipv4', 'a-new--e2/ipv4']);
    expect(lost(back)).toBe(0);
    expect(back).toMatchObject({ differences: [], failures: [] });
  });

  test('a different hold time resets the sessions of every router, and loses packets', async () => {
    const result = await rehearsed('another hold time');
    expect(sessions(result, 'reset')).toEqual(
      expect.arrayContaining(['e-a--e1/ipv4', 'w-a--w1/ipv4', 'e1--w1/ipv4']),
    );
    expect(sessions(result, 'kept')).toEqual([]);
    expect(lost(result) + unsure(result)).toBeGreaterThan(0);
    expect(result).toMatchObject({ differences: [], failures: [] });
  });

  test('the same with two reflectors per region loses none: the next router waits until the sessions of the one before are back', async () => {
    const result = await rehearsed('another hold time of two reflectors each');
    expect(sessions(result, 'kept')).toEqual([]);
    expect(result.pairs.filter(({ gap }) => gap > BLIP)).toEqual([]);
    expect(result).toMatchObject({ differences: [], failures: [] });
  });

  test('running pods keep their MTU: a larger one that every segment carries breaks nothing; a reduced segment does', async () => {
    const [raised, lowered] = (await made.get("a larger MTU of pods, then a narrower segment's")) ?? [];
    expect(raised).toMatchObject({ differences: [], failures: [] });
    expect(lost(raised as Rehearsal)).toBe(0);
    expect(lowered?.failures.map(({ message }) => message)).toEqual([
      "e-a to w-a: packets of the pods' MTU, 1380 bytes, do not arrive",
      "e-b to w-a: packets of the pods' MTU, 1380 bytes, do not arrive",
      "w-a to e-a: packets of the pods' MTU, 1380 bytes, do not arrive",
      "w-a to e-b: packets of the pods' MTU, 1380 bytes, do not arrive",
    ]);
  });
});

function withNode(): TopologyInput {
  const base = redundant();
  const lan = base.underlay?.segments['east-lan'];
  return {
    ...base,
    nodes: { 'a-new': { region: 'east', role: 'agent', address: '192.168.1.13' }, ...base.nodes },
    underlay: {
      segments: {
        ...base.underlay?.segments,
        'east-lan': { ...lan, members: { ...lan?.members, 'a-new': '192.168.1.13' } } as never,
      },
    },
  };
}

function resized(): TopologyInput[] {
  const base = redundant();
  const { core, ...others } = base.underlay?.segments ?? {};
  const narrow = { ...core, mtu: 1300 } as never;
  return [
    { ...base, pods: { ...base.pods, mtu: 1420 } },
    { ...base, pods: { ...base.pods, mtu: 1300 }, underlay: { segments: { ...others, core: narrow } } },
  ];
}

/** Milliseconds, without the delay of a busy machine: see test/lifecycle. */
const BLIP = 200;

/** The redundant network with a second reflector in the west as well. */
function twoEach(): TopologyInput {
  const base = redundant();
  const { 'west-lan': lan, core, ...others } = base.underlay?.segments ?? {};
  return {
    ...base,
    regions: { ...base.regions, west: { routers: ['w1', 'w2'] } },
    routers: {
      ...base.routers,
      w2: { routerId: '10.0.0.4', nodeAddress: '192.168.2.2', backboneAddress: '10.0.0.4' },
    },
    underlay: {
      segments: {
        ...others,
        'west-lan': { ...lan, members: { ...lan?.members, w2: '192.168.2.2' } } as never,
        core: { ...core, members: { ...core?.members, w2: '172.16.0.4' } } as never,
      },
    },
  };
}

/** fping's output for a target pinged every 20 ms that answered some of the packets. */
const pinged = (address: string, arrived: readonly boolean[]): string[] =>
  arrived.flatMap((is, index) =>
    is ? [`[${1000 + index / 50}] ${address} : [${index}], 64 bytes, 0.05 ms (0.05 avg, 20% loss)`] : [],
  );
const sent = (address: string, count: number): string =>
  `${address} : xmt/rcv/%loss = ${count}/4/20%, min/avg/max = 0.04/0.05/0.06`;
const idle = { between: () => 0 };

test("the longest gap is the longest run of lost packets, of that pair's lines only", () => {
  const pattern = [true, false, true, false, false, false, true];
  const text = [
    ...pinged('10.0.0.1', pattern),
    ...pinged('10.0.0.11', [true]),
    'ICMP Network Unreachable from 10.0.0.254 for ICMP Echo sent to 10.0.0.1',
    sent('10.0.0.1', 7),
    sent('10.0.0.11', 7),
  ].join('\n');
  expect(ride('a', 'b', '10.0.0.1', text, 20, idle)).toEqual({
    from: 'a',
    to: 'b',
    sent: 7,
    lost: 4,
    gap: 60,
    unsure: 0,
    isSilent: false,
  });
});

test('an unanswered packet is lost, unless it was sent in the last second', () => {
  const text = [...pinged('a', [true, true]), sent('a', 152), sent('b', 152)].join('\n');
  expect(ride('x', 'y', 'a', text, 20, idle)).toEqual({
    from: 'x',
    to: 'y',
    sent: 102,
    lost: 100,
    gap: 2000,
    unsure: 0,
    isSilent: true,
  });
  expect(ride('x', 'y', 'b', text, 20, idle)).toMatchObject({ sent: 102, lost: 102 });
  expect(ride('x', 'y', 'c', text, 20, idle)).toEqual({
    from: 'x',
    to: 'y',
    sent: 0,
    lost: 0,
    gap: 0,
    unsure: 0,
    isSilent: false,
  });
});

test('a run of lost packets counts only as far as it exceeds the time that the machine made the lab wait', () => {
  const lost = (count: number): boolean[] => Array.from({ length: count }, () => false);
  const text = [...pinged('a', [true, ...lost(5), true, ...lost(50), true]), sent('a', 58)].join('\n');
  const asked: number[][] = [];
  const between = (from: number, to: number): number => {
    asked.push([from, to]);
    return 100;
  };
  expect(ride('x', 'y', 'a', text, 20, { between })).toMatchObject({
    sent: 58,
    lost: 50,
    gap: 900,
    unsure: 0,
  });
  expect(ride('x', 'y', 'a', text, 20, { between: () => 2000 })).toMatchObject({
    lost: 0,
    gap: 0,
    unsure: 50,
  });
  // fping reports answers up to half a second late.
  expect(asked).toEqual([
    [1_000_000 - 500, 1_000_120 + 500],
    [1_000_120 - 500, 1_001_140 + 500],
  ]);
});

test.each([
  ['the last digit of a busy BIRD 2 wavers', '08:23:31.447', '08:23:31.449', true],
  ['BIRD 1.6 knows whole seconds, one up or down', '08:23:31', '08:23:32', true],
  ['midnight passes between two looks', '23:59:59.999', '00:00:00.001', true],
  ['the session came up again', '08:23:31.447', '08:23:34.450', false],
  ['of BIRD 1.6 too', '08:23:31', '08:23:34', false],
  ['a session of another day', '2026-11-23', '2026-11-23', true],
  ['it was never up', undefined, '08:23:31', false],
  ['it is not up', undefined, undefined, false],
])('whether two times are the same: %s', (_, one, other, is) => {
  expect(sameMoment(one, other)).toBe(is);
});
