import { type Fabric, letOut } from '../../fabric/index.ts';
import { contains, hostPrefix, type IpAddress, type Prefix } from '../../topology/address.ts';
import type { Block, Network } from './model.ts';

/** A node has a pod with an address of another node's block, or of a block that no node of the fabric has. */
export const isBorrowed = ({ blocks }: Network, { within, node }: Block): boolean =>
  within !== undefined && blocks[within]?.node !== node;

/** A pod on `node` has this address, which is a route of its own: of another node's block, as a rule. */
export interface Loan {
  readonly address: IpAddress;
  readonly node: string;
}

/** Blocks, and behind them the single addresses that are routes of their own. */
export function blocksOf(
  fabric: Fabric,
  given: ReadonlyMap<string, readonly Prefix[]>,
  machine: (name: string) => number,
  loans: readonly Loan[],
): Block[] {
  const owned = fabric.nodes.flatMap((node) =>
    (given.get(node.name) ?? []).map((prefix) => ({
      prefix,
      node: machine(node.name),
      assumed: !node.blocks.some(({ text }) => text === prefix.text),
      let: letOut(fabric, node, prefix),
    })),
  );
  const blocks = owned.map(({ let: { all }, ...block }, index): Block => {
    return { ...block, index, within: undefined, hasPods: !all };
  });
  const single = (prefix: Prefix, around: Block | undefined, node: number): Omit<Block, 'index'> => ({
    prefix,
    node,
    assumed: around?.assumed ?? false,
    within: around?.index ?? -1,
    hasPods: true,
  });
  const pods = owned.flatMap(({ let: { pods } }, index) => {
    const block = blocks[index] as Block;
    return pods.map((pod) => single(pod, block, block.node));
  });
  const borrowed = loans.flatMap(({ address, node }) => {
    const block = blocks.find(({ prefix }) => contains(prefix, address));
    // The cluster has blocks of nodes that the topology does not have; without its word no address is outside of every block.
    if (block === undefined && fabric.pods.allocation === undefined) return [];
    return [single(hostPrefix(address), block, machine(node))];
  });
  const singles = new Map([...borrowed, ...pods].map((one) => [`${one.prefix.text} ${one.node}`, one]));
  return [
    ...blocks,
    ...[...singles.values()].map((one, at): Block => ({ ...one, index: blocks.length + at })),
  ];
}
