import fc from 'fast-check';
import { analyse } from '../../analysis/index.ts';
import { linksUsed } from '../../analysis/trace.ts';
import { SINCE } from '../../calico/releases.ts';
import type { Fabric } from '../../fabric/index.ts';
import { fabricOf } from '../fabric-of.ts';
import { arbitraryNetwork } from './arbitrary-network.ts';

/** The links that packets of every pair use, with this Calico. */
function links(fabric: Fabric, version: string): ReadonlyMap<string, string> {
  const { network, pairs } = analyse({ ...fabric, calico: { ...fabric.calico, version } });
  return new Map(
    pairs.map(({ from, block, ways }) => [
      `${from.name} ${block.prefix.text}`,
      [...linksUsed(network, ways, from.index)].sort().join(),
    ]),
  );
}

/** Calico sets LOCAL_PREF before it evaluates the BGPFilters: routes that these accept have it like all others. */
const accepts = ({ calico }: Fabric): boolean =>
  calico.filters.some((filter) => filter.export.some(({ action }) => action === 'Accept'));

test('v3.32 changes no path, whatever BGPFilters accept', () => {
  let accepting = 0;
  fc.assert(
    fc.property(arbitraryNetwork(), (topology) => {
      const fabric = fabricOf(topology);
      if (accepts(fabric)) accepting += 1;
      expect(links(fabric, `v3.${SINCE.metricAsPreference}.0`)).toEqual(links(fabric, 'v3.31.7'));
    }),
    { numRuns: 150, seed: 1 },
  );
  expect(accepting).toBeGreaterThan(0);
});
