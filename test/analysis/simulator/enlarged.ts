import fc from 'fast-check';
import type { TopologyInput } from '../../../topology/index.ts';
import { arbitraryNetwork } from '../arbitrary-network.ts';

type Node = NonNullable<TopologyInput['nodes']>[string];

/** How a copy of a node differs from the original besides name and addresses. */
const change = fc.constantFrom(
  'nothing',
  'nothing',
  'nothing',
  'igp',
  'default router',
  'loopback',
  'one LAN',
  'MTU',
);

/** Random networks in which nodes have up to three copies: in the same place, some identical, some almost. */
export const enlargedNetwork = (): fc.Arbitrary<TopologyInput> =>
  fc
    .tuple(arbitraryNetwork(), fc.array(fc.array(change, { maxLength: 3 }), { minLength: 6, maxLength: 6 }))
    .map(([topology, changes]) => {
      const nodes = { ...topology.nodes };
      const segments = structuredClone(topology.underlay?.segments ?? {});
      for (const [place, [name, node]] of Object.entries(topology.nodes ?? {}).entries()) {
        for (const [copy, how] of (changes[place % changes.length] ?? []).entries()) {
          const moved = <T>(address: T) => shifted(address, 40 * (copy + 1));
          const its = `${name}-${copy + 1}`;
          const own = Object.values(segments).filter(({ members }) => members?.[name] !== undefined);
          const kept = how === 'one LAN' ? own.slice(0, 1) : own;
          for (const segment of kept) {
            if (segment.members?.[name] !== undefined) segment.members[its] = moved(segment.members[name]);
            if (how === 'MTU') segment.memberMtu = { ...segment.memberMtu, [its]: 1300 };
          }
          const onLan = own[0]?.members?.[name] as Node['address'];
          nodes[its] = changed({ ...node, role: 'agent' }, how, topology, onLan);
          nodes[its].address = moved(nodes[its].address);
        }
      }
      return { ...topology, nodes, underlay: { ...topology.underlay, segments } };
    });

function changed(node: Node, how: string, { regions }: TopologyInput, onLan: Node['address']): Node {
  const isOnLan = JSON.stringify(node.address) === JSON.stringify(onLan);
  const [first = '', last = first] = regions[node.region]?.routers ?? [];
  const other = node.defaultRouter === last ? first : last;
  if (how === 'igp') return { ...node, igp: node.igp !== true };
  if (how === 'default router') return { ...node, defaultRouter: other };
  if (how === 'loopback') return { ...node, address: isOnLan ? offLan(onLan) : onLan };
  return node;
}

/** Adds this much to the last number of every address. */
const shifted = <T>(address: T, by: number): T =>
  JSON.parse(
    JSON.stringify(address).replace(
      /([.:])(\d+)"/g,
      (_, before: string, digits: string) => `${before}${Number(digits) + by}"`,
    ),
  );

/** An address outside every segment's range, made from one inside. */
const offLan = <T>(address: T): T =>
  JSON.parse(JSON.stringify(address).replaceAll('192.168.', '10.1.').replaceAll('fd00:', 'fd00:aa:'));
