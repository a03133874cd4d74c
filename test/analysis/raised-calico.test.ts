import fc from 'fast-check';
import { analyse } from '../../analysis/index.ts';
import { linksUsed } from '../../analysis/trace.ts';
import { type Fabric, FIRST_WITH_METRIC } from '../../fabric/index.ts';
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

/** An Accept in a BGPFilter ends Calico's export filter before it sets LOCAL_PREF: NE409 and NE413 are about nothing else. */
const letsOutEarly = ({ calico }: Fabric): boolean =>
  calico.filters.some((filter) => filter.export.some(({ action }) => action === 'Accept'));

test('v3.32 sends no packet another way, unless a BGPFilter accepts blocks early', () => {
  let moved = 0;
  fc.assert(
    fc.property(arbitraryNetwork(), (topology) => {
      const fabric = fabricOf(topology);
      const [before, after] = [links(fabric, 'v3.31.7'), links(fabric, FIRST_WITH_METRIC)];
      const other = [...before].filter(([pair, used]) => after.get(pair) !== used);
      moved += other.length;
      if (!letsOutEarly(fabric)) expect(other).toEqual([]);
    }),
    { numRuns: 150, seed: 1 },
  );
  // The networks have filters that do, or this would be true of everything.
  expect(moved).toBeGreaterThan(0);
});
