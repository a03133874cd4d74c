import { usualWaves } from '../../delivery/rollout.ts';
import { sameMoment } from '../../lab/fates.ts';
import { findPrograms, type Rehearsal, rehearseSteps } from '../../lab/index.ts';
import { ride } from '../../lab/rides.ts';
import { routerFiles } from '../../routers/index.ts';
import type { TopologyInput } from '../../topology/index.ts';
import { fabricOf } from '../fabric-of.ts';
import { scenario } from './labs.ts';
import { redundant } from './topologies.ts';

const rehearsed = async (base: TopologyInput, head: TopologyInput): Promise<Rehearsal> =>
  (await rehearsedInTurn(base, [head]))[0] as Rehearsal;

async function rehearsedInTurn(
  base: TopologyInput,
  heads: readonly TopologyInput[],
): Promise<readonly Rehearsal[]> {
  const programs = findPrograms('.');
  if ('says' in programs) throw new Error(programs.mend);
  const steps = heads.map((head) => ({ fabric: fabricOf(head), first: 'routers' as const }));
  const result = await rehearseSteps(fabricOf(base), steps, { waves: usualWaves, routerFiles, programs });
  if ('says' in result) throw new Error(`${result.says}. ${result.mend}`);
  return result;
}

const sessions = ({ sessions: all }: Rehearsal, became: string): string[] =>
  all.filter((session) => session.became === became).map(({ id }) => id);

const lost = ({ pairs }: Rehearsal): number => pairs.reduce((sum, pair) => sum + pair.lost, 0);

scenario('a change, rehearsed', () => {
  test('a node that comes resets nothing and loses no packet of the others', async () => {
    const base = redundant();
    const lan = base.underlay?.segments['east-lan'];
    const head: TopologyInput = {
      ...base,
      nodes: { 'a-new': { region: 'east', role: 'agent', address: '192.168.1.13' }, ...base.nodes },
      underlay: {
        segments: {
          ...base.underlay?.segments,
          'east-lan': { ...lan, members: { ...lan?.members, 'a-new': '192.168.1.13' } } as never,
        },
      },
    };
    const result = await rehearsed(base, head);
    expect(sessions(result, 'new')).toEqual(['a-new--e1/ipv4', 'a-new--e2/ipv4']);
    expect(sessions(result, 'reset')).toEqual([]);
    expect(lost(result)).toBe(0);
    expect(result.pairs.every(({ sent }) => sent > 10)).toBe(true);
    expect(result).toMatchObject({ differences: [], failures: [] });

    const back = await rehearsed(head, base);
    expect(sessions(back, 'gone')).toEqual(['a-new--e1/ipv4', 'a-new--e2/ipv4']);
    expect(lost(back)).toBe(0);
    expect(back).toMatchObject({ differences: [], failures: [] });
  });

  test('another hold time resets the sessions of every router, and is felt', async () => {
    const base = redundant({
      routers: { ...redundant().routers },
      regions: { east: { router: 'e1' }, west: { router: 'w1' } },
    });
    const head = { ...base, bgp: { ...base.bgp, holdTime: 9 } };
    const result = await rehearsed(base, head);
    expect(sessions(result, 'reset')).toEqual(
      expect.arrayContaining(['e-a--e1/ipv4', 'w-a--w1/ipv4', 'e1--w1/ipv4']),
    );
    expect(sessions(result, 'kept')).toEqual([]);
    expect(lost(result)).toBeGreaterThan(0);
    expect(result).toMatchObject({ differences: [], failures: [] });
  });

  test('the same where each region has two reflectors is felt by nobody: the next router waits until the sessions of the one before are back', async () => {
    const base = twoEach();
    const result = await rehearsed(base, { ...base, bgp: { ...base.bgp, holdTime: 9 } });
    expect(sessions(result, 'kept')).toEqual([]);
    expect(result.pairs.filter(({ gap }) => gap > BLIP)).toEqual([]);
    expect(result).toMatchObject({ differences: [], failures: [] });
  });

  test('pods that run keep their MTU: a larger one, which every segment carries, breaks nothing; a segment that gets narrower does', async () => {
    const base = redundant();
    const { core, ...others } = base.underlay?.segments ?? {};
    const larger = { ...base, pods: { ...base.pods, mtu: 1420 } };
    const narrower = {
      ...base,
      pods: { ...base.pods, mtu: 1300 },
      underlay: { segments: { ...others, core: { ...core, mtu: 1300 } as never } },
    };
    const [raised, lowered] = await rehearsedInTurn(base, [larger, narrower]);
    expect(raised).toMatchObject({ differences: [], failures: [] });
    expect(lost(raised as Rehearsal)).toBe(0);
    expect(lowered?.failures.map(({ says }) => says)).toEqual([
      "e-a to w-a: packets of the pods' MTU, 1380 bytes, do not arrive",
      "e-b to w-a: packets of the pods' MTU, 1380 bytes, do not arrive",
      "w-a to e-a: packets of the pods' MTU, 1380 bytes, do not arrive",
      "w-a to e-b: packets of the pods' MTU, 1380 bytes, do not arrive",
    ]);
  });
});

/** Milliseconds: see test/lifecycle. */
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

test("the longest gap is the longest run of lost packets, of that pair's lines only", () => {
  const line = (address: string, seq: number, arrived: boolean) =>
    `${address} : [${seq}], ${arrived ? '64 bytes, 0.05 ms (0.05 avg, 0% loss)' : 'timed out (0.05 avg, 20% loss)'}`;
  const pattern = [true, false, true, false, false, false, true];
  const text = pattern
    .flatMap((arrived, seq) => [line('10.0.0.1', seq, arrived), line('10.0.0.11', seq, false)])
    .join('\n');
  expect(ride('a', 'b', '10.0.0.1', text, 20)).toEqual({ from: 'a', to: 'b', sent: 7, lost: 4, gap: 60 });
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
])('whether two times are one: %s', (_, one, other, is) => {
  expect(sameMoment(one, other)).toBe(is);
});

test("a reply that is late stands behind those that came meanwhile, and breaks no gap's count", () => {
  const text = [
    'a : [0], 64 bytes, 0.05 ms (0.05 avg, 0% loss)',
    'a : [3], 64 bytes, 0.05 ms (0.05 avg, 0% loss)',
    'a : [1], timed out (0.05 avg, 33% loss)',
    'ICMP Network Unreachable from 10.0.0.254 for ICMP Echo sent to a',
    'a : [2], timed out (0.05 avg, 50% loss)',
  ].join('\n');
  expect(ride('x', 'y', 'a', text, 20)).toEqual({ from: 'x', to: 'y', sent: 4, lost: 2, gap: 40 });
});
