import type { Fabric } from '../../fabric/index.ts';
import { findPrograms, type Maintenance, maintain } from '../../lab/index.ts';
import { drainedFiles, routerFiles } from '../../routers/index.ts';
import { fleetTopology } from '../delivery/fleet/topology.ts';
import { fabricOf } from '../fabric-of.ts';
import { scenario } from './labs.ts';

jest.setTimeout(600_000);

const MARK = { since: '2026-11-30T09:15:00Z', by: 'test@desk' };

const withDrained = (name: string) => (fabric: Fabric) => {
  const router = fabric.routers.find((one) => one.name === name);
  if (router === undefined) throw new Error(`no router ${name}`);
  const own = [...drainedFiles(fabric, router, MARK)].map(
    ([path, text]) => [`routers/${name}/${path}`, text] as const,
  );
  return new Map([...routerFiles(fabric), ...own]);
};

type Change = (fabric: Fabric) => ReadonlyMap<string, string>;

async function maintained(fabric: Fabric, router: string, drained: Change): Promise<Maintenance> {
  const programs = findPrograms('.');
  if ('message' in programs) throw new Error(programs.message);
  const result = await maintain({
    fabric,
    router,
    routerFiles,
    drained,
    programs,
    waves: (_, routers) => [routers],
  });
  if ('message' in result) throw new Error(result.message);
  return result;
}

const lostIn = ({ parts }: Maintenance): string[] =>
  parts.flatMap(({ part, pairs }) =>
    pairs.filter(({ lost }) => lost > 0).map(({ from, to }) => `${part}: ${from} to ${to}`),
  );

scenario('a router goes away and comes back', () => {
  const fabric = fabricOf(fleetTopology('noencap', 0));

  test('drained, where each region has a second reflector: it passes nothing on, and nothing is lost', async () => {
    const result = await maintained(fabric, 'e1', withDrained('e1'));
    expect(result.parts.map(({ part }) => part)).toEqual(['drain', 'away', 'back', 'undrain']);
    expect({ passedOn: result.passedOn, lost: lostIn(result) }).toEqual({ passedOn: 0, lost: [] });
  });

  test('not drained, it passes packets on, and what it carries is lost with it', async () => {
    const result = await maintained(fabric, 'e1', routerFiles);
    expect(result.passedOn).toBeGreaterThan(0);
    expect(lostIn(result)).toContainEqual(expect.stringMatching(/^away: /));
  });
});
