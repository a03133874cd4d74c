import { sameMoment } from '../../lab/fates.ts';
import { findPrograms, type Rehearsal, rehearse } from '../../lab/index.ts';
import { ride } from '../../lab/rides.ts';
import { routerFiles } from '../../routers/index.ts';
import type { TopologyInput } from '../../topology/index.ts';
import { fabricOf } from '../fabric-of.ts';
import { redundant, scenario } from './labs.ts';

async function rehearsed(base: TopologyInput, head: TopologyInput): Promise<Rehearsal> {
  const programs = findPrograms('.');
  if ('says' in programs) throw new Error(programs.mend);
  const [before, after] = [fabricOf(base), fabricOf(head)];
  const result = await rehearse({ base: before, fabric: after, first: 'routers', routerFiles, programs });
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
  }, 180_000);

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
  }, 120_000);
});

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
