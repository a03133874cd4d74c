import { analyse, failureReports } from '../../analysis/index.ts';
import { networkOf } from '../../analysis/simulator/network.ts';
import { whatIf } from '../../analysis/simulator/what-if.ts';
import type { TopologyInput } from '../../topology/index.ts';
import { twoRegions } from '../fabric/networks.ts';
import { fabricOf } from '../fabric-of.ts';

/** Two regions, the first with any number of similar nodes. */
function alike(count: number): TopologyInput {
  const topology = twoRegions({ bgp: { asNumber: 64512, nodeToNodeMesh: false } });
  const own = Array.from({ length: count }, (_, index) => [`e-${index}`, `192.168.1.${20 + index}`] as const);
  const { 'w-a': west } = topology.nodes as NonNullable<TopologyInput['nodes']>;
  const { 'west-lan': westLan, link } = topology.underlay?.segments ?? {};
  return {
    ...topology,
    nodes: {
      ...Object.fromEntries(
        own.map(([name, address], index) => [
          name,
          { region: 'east', role: index === 0 ? ('server' as const) : ('agent' as const), address },
        ]),
      ),
      'w-a': west as NonNullable<typeof west>,
    },
    underlay: {
      segments: {
        link: link as NonNullable<typeof link>,
        'west-lan': {
          ...(westLan as NonNullable<typeof westLan>),
          members: { w1: '192.168.2.1', 'w-a': '192.168.2.11' },
        },
        'east-lan': {
          cidr: '192.168.1.0/24',
          mtu: 1500,
          members: { e1: '192.168.1.1', ...Object.fromEntries(own) },
        },
      },
    },
  };
}

test.each([3, 7])('of %i nodes alike the failure of one is counted as its own, and told once', (count) => {
  const fabric = fabricOf(alike(count));
  const network = networkOf(fabric);
  const each = whatIf(network);
  const reports = failureReports(analyse(fabric), 1);
  for (const { failed, lost, worse } of reports) {
    const { broken, worse: longer } = each(failed);
    expect({ failed, lost, worse }).toEqual({ failed, lost: broken.length, worse: longer.length });
  }
  const sessions = reports.filter(
    ({ failed: [one] }) => one?.kind === 'session' && one.name.startsWith('e-'),
  );
  expect(sessions.map(({ failed, alike: many }) => `${failed[0]?.name}: ${many}`)).toEqual([
    `e-0--e1/ipv4: ${count}`,
  ]);
});

test('a pair of failures reports what each of them does and more', () => {
  const reports = failureReports(analyse(fabricOf(alike(1))), 2);
  const lost = (...names: string[]) =>
    reports.find(({ failed }) => failed.map(({ name }) => name).join() === names.join())?.lost;
  expect(lost('link')).toBe(2);
  expect(lost('east-lan', 'link')).toBe(2);
  expect(reports.every(({ failed }) => failed.length === 1 || failed.length === 2)).toBe(true);
});
