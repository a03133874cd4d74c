import fc from 'fast-check';
import { analyse, findings } from '../../analysis/index.ts';
import { arbitraryTopology, shuffled } from '../cli/arbitrary-topology.ts';
import { fabricOf } from '../fabric-of.ts';
import { arbitraryNetwork } from './arbitrary-network.ts';

const backwards = (keys: string[]) => [...keys].reverse();

test('every valid topology has a result, which does not depend on the order of its keys', () => {
  fc.assert(
    fc.property(fc.oneof(arbitraryTopology, arbitraryNetwork()), (topology) => {
      const found = findings(analyse(fabricOf(topology)));
      const other = shuffled(topology, backwards) as typeof topology;
      // The routers and reflectors of a region, and suppressions, are lists: their order matters.
      expect(findings(analyse(fabricOf(other)))).toEqual(found);
      for (const { id, message, fix, evidence } of found) {
        expect(id).toMatch(/^NE\d{3}$/);
        for (const line of [message, fix, ...evidence])
          expect(line).not.toMatch(/undefined|NaN|\[object|Infinity/);
      }
    }),
    { numRuns: 150 },
  );
});
