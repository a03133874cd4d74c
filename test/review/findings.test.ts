import { analyse, type Finding, findings } from '../../analysis/index.ts';
import { findingChanges } from '../../review/findings.ts';
import type { TopologyInput } from '../../topology/index.ts';
import { fabricOf } from '../fabric-of.ts';
import { report } from '../lab/topologies.ts';
import { vlans } from '../scenarios/gateways.ts';

const found = (topology: TopologyInput): Finding[] => findings(analyse(fabricOf(topology)));
const told = (before: TopologyInput, after: TopologyInput) => {
  const changes = findingChanges(found(before), found(after));
  const names = (some: readonly Finding[]) => some.map(({ id, path }) => `${id} ${path.join('.')}`);
  return {
    introduced: names(changes.introduced),
    fixed: names(changes.fixed),
    reopened: names(changes.reopened),
  };
};

const NOTHING = { introduced: [], fixed: [], reopened: [] };
const accepted = (topology: TopologyInput): TopologyInput => ({
  ...topology,
  checks: { suppress: [{ id: 'NE203', where: 'routers.gateway', reason: 'one office' }] },
});

test('nothing is introduced where nothing changes', () => {
  expect(told(report(), report())).toEqual(NOTHING);
});

test('the hairpin is introduced by one setting, and fixed by the other', () => {
  const self = report({ reflectorNextHop: 'self' });
  expect(told(report(), self)).toEqual({ ...NOTHING, introduced: ['NE203 routers.gateway'] });
  expect(told(self, report())).toEqual({ ...NOTHING, fixed: ['NE203 routers.gateway'] });
});

test('an accepted new finding is not introduced, and accepting one fixes nothing', () => {
  const self = report({ reflectorNextHop: 'self' });
  expect(told(report(), accepted(self))).toEqual(NOTHING);
  expect(told(self, accepted(self))).toEqual(NOTHING);
});

test('what is no longer accepted is open again', () => {
  const self = report({ reflectorNextHop: 'self' });
  expect(told(accepted(self), self)).toEqual({ ...NOTHING, reopened: ['NE203 routers.gateway'] });
});

test('a block that the topology does not name is reported as assumed, a named one is not', () => {
  const named = vlans({ igp: true });
  const message = (topology: TopologyInput) =>
    findingChanges([], found(topology)).introduced.find(({ id }) => id === 'NE103')?.message;
  const nodes = Object.fromEntries(
    Object.entries(named.nodes ?? {}).map(([name, { block: _, ...node }]) => [name, node]),
  );
  expect(message(named)).toContain('no route to 10.42.0.0/26, 10.42.0.64/26, 10.42.0.128/26 and 1 more');
  expect(message({ ...named, nodes })).toContain(
    'no route to 10.42.0.0/26 (assumed), 10.42.0.64/26 (assumed), 10.42.0.128/26 (assumed) and 1 more',
  );
});
