import { addressBits, contains, type Family, type IpAddress, type Prefix } from '../topology/address.ts';

/** Which blocks and addresses a running cluster has given out, and to whom. Everything in it is the cluster's own word. */
export interface Allocation {
  /** The names of its nodes, those that the topology does not have among them. */
  readonly nodes: readonly string[];
  readonly blocks: readonly AllocatedBlock[];
  /** Those in use. */
  readonly addresses: readonly AllocatedAddress[];
}

export interface AllocatedBlock {
  readonly prefix: Prefix;
  /** The node that has it and announces it; undefined if none does, while pods still have addresses of it. */
  readonly node: string | undefined;
}

export interface AllocatedAddress {
  readonly address: IpAddress;
  /** Where it is in use; undefined if the cluster does not say. */
  readonly node: string | undefined;
  /** `namespace/name`; undefined for what is no pod, such as a tunnel's address. */
  readonly pod: string | undefined;
  /** A pod has it now. Otherwise it is only marked as given out; undefined if the cluster did not tell of its pods. */
  readonly isThere: boolean | undefined;
}

/** The block of the cluster that has an address or a part of a block in it. */
export const allocatedAround = (
  { blocks }: Allocation,
  wanted: Prefix | IpAddress,
): AllocatedBlock | undefined => blocks.find(({ prefix }) => contains(prefix, wanted));

/** Addresses of pods on another node than the one whose block they are of: each is a route of its own. */
export function borrowedIn({ blocks, addresses }: Allocation): Borrowed[] {
  const around = blockFinder(blocks);
  return addresses.flatMap((one): Borrowed[] => {
    const { address, node, isThere } = one;
    if (isThere === false || node === undefined) return [];
    const block = around(address);
    return block === undefined || block.node === node ? [] : [{ address, node, block }];
  });
}

export interface Borrowed {
  readonly address: IpAddress;
  readonly node: string;
  readonly block: AllocatedBlock;
}

/** By length: a cluster has few of these, and thousands of blocks. */
function blockFinder(blocks: readonly AllocatedBlock[]): (address: IpAddress) => AllocatedBlock | undefined {
  const lengths = new Map<string, { shift: bigint; family: Family; by: Map<bigint, AllocatedBlock> }>();
  for (const block of blocks) {
    const { family, length, value } = block.prefix;
    const key = `${family}/${length}`;
    const shift = BigInt(addressBits(family) - length);
    const entry = lengths.get(key) ?? { shift, family, by: new Map() };
    entry.by.set(value >> shift, block);
    lengths.set(key, entry);
  }
  const all = [...lengths.values()];
  return ({ family, value }) => {
    for (const one of all) {
      const found = one.family === family ? one.by.get(value >> one.shift) : undefined;
      if (found !== undefined) return found;
    }
    return undefined;
  };
}
