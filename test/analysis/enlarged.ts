import fc from 'fast-check';
import type { TopologyInput } from '../../topology/index.ts';
import { arbitraryNetwork } from './arbitrary-network.ts';

/** Random networks in which some nodes have up to three copies: same place, other name and other addresses. */
export const enlargedNetwork = (): fc.Arbitrary<TopologyInput> =>
  fc
    .tuple(arbitraryNetwork(), fc.array(fc.nat(3), { minLength: 6, maxLength: 6 }))
    .map(([topology, copies]) => {
      const nodes = { ...topology.nodes };
      const segments = structuredClone(topology.underlay?.segments ?? {});
      for (const [place, [name, node]] of Object.entries(topology.nodes ?? {}).entries()) {
        for (let copy = 1; copy <= (copies[place % copies.length] ?? 0); copy++) {
          const moved = (address: unknown) => JSON.parse(shifted(JSON.stringify(address), 40 * copy));
          const its = `${name}-${copy}`;
          nodes[its] = { ...node, role: 'agent', address: moved(node.address) };
          for (const { members } of Object.values(segments)) {
            if (members?.[name] !== undefined) members[its] = moved(members[name]);
          }
        }
      }
      return { ...topology, nodes, underlay: { ...topology.underlay, segments } };
    });

/** The last number of every address, larger by so much. */
const shifted = (json: string, by: number): string =>
  json.replace(/([.:])(\d+)"/g, (_, before: string, digits: string) => `${before}${Number(digits) + by}"`);
