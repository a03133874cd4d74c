import type { Fabric, NodeSpeaker } from '../fabric/index.ts';
import { borrowedIn, podAddress, treatment } from '../fabric/index.ts';
import {
  addressBits,
  type Family,
  hostPrefix,
  type IpAddress,
  ipAddress,
  type Prefix,
} from '../topology/address.ts';
import type { Loan } from './simulator/blocks.ts';
import { alikeIn } from './simulator/classes.ts';

/**
 * Whether a single address that a node borrowed spreads wherever the node's own blocks do: then it needs no analysis of its own.
 * Routers may suppress it, filters may match lengths, and gateways have static routes to blocks.
 */
export const goesAsBlocks = ({ bgp, calico, hosts }: Fabric): boolean =>
  bgp.exportBorrowed &&
  calico.filters.length === 0 &&
  hosts.every(({ routes }) => routes.every(({ prefix }) => prefix.length === 0));

/** A loan that the cluster has, and whose block it is of. */
export interface RealLoan extends Loan {
  /** Undefined if no node of the fabric has the block. */
  readonly owner: string | undefined;
}

/** Beyond one of each borrower and each owner: a class of nodes may borrow from every other one. */
const MOST_LOANS = 64;

/**
 * The loans of the cluster that was asked, one of those that cannot be told apart: of nodes that are alike, with addresses that filters treat
 * alike. Each kind of borrower and each kind of owner is among them; of further combinations not all, if they are many.
 */
export function realLoans(fabric: Fabric): RealLoan[] {
  const { allocation } = fabric.pods;
  if (allocation === undefined) return [];
  const ours = new Map(fabric.nodes.map((node) => [node.name, node]));
  const borrowed = borrowedIn(allocation).filter(
    ({ node, address }) => ours.get(node)?.address[address.family] !== undefined,
  );
  if (borrowed.length === 0) return [];
  const alike = alikeIn(fabric);
  const kinds = new Map<string, RealLoan>();
  for (const { address, node, block } of borrowed) {
    const owner = block.node !== undefined && ours.has(block.node) ? block.node : undefined;
    const how = `${address.family} ${treatment(fabric.calico.filters, hostPrefix(address))}`;
    const [borrows, lends] = [`${alike(node)} borrows ${how}`, `${owner && alike(owner)} lends ${how}`];
    const isNew = !kinds.has(borrows) || !kinds.has(lends);
    const key = `${borrows} ${lends}`;
    if (kinds.has(key) || (!isNew && new Set(kinds.values()).size >= MOST_LOANS)) continue;
    const loan = { address, node, owner };
    for (const one of [key, borrows, lends]) if (!kinds.has(one)) kinds.set(one, loan);
  }
  return [...new Set(kinds.values())];
}

/** Of each region and family a node that borrows: from a neighbour's block, and from one of another region. What filters there are is by region. */
export function sampleLoans(fabric: Fabric, blocks: ReadonlyMap<string, readonly Prefix[]>): Loan[] {
  const lent = new Map<string, number>();
  return fabric.regions.flatMap(({ name: region }) =>
    fabric.pods.families.flatMap((family) => {
      const node = fabric.nodes.findLast((one) => one.region === region && one.address[family] !== undefined);
      if (node === undefined) return [];
      const others = fabric.nodes.filter((one) => one !== node && blockOf(one, family) !== undefined);
      const near = others.find((one) => one.region === region);
      const far = others.find((one) => one.region !== region);
      return [near, far].flatMap((owner): Loan[] => {
        const block = owner && blockOf(owner, family);
        if (block === undefined) return [];
        const address = lentAddress(block, lent.get(block.text) ?? 0);
        if (address === undefined) return [];
        lent.set(block.text, (lent.get(block.text) ?? 0) + 1);
        return [{ address, node: node.name }];
      });
    }),
  );

  function blockOf({ name }: NodeSpeaker, family: Family): Prefix | undefined {
    return blocks.get(name)?.find((one) => one.family === family && one.length < addressBits(family));
  }
}

/** The address that a block lends the `count`-th time, never that of the pod that represents the block. */
function lentAddress(block: Prefix, count: number): IpAddress | undefined {
  const size = 1n << BigInt(addressBits(block.family) - block.length);
  const behind = podAddress(block).value + 1n + BigInt(count);
  if (behind < block.value + size) return ipAddress(block.family, behind);
  return behind === block.value + size ? ipAddress(block.family, block.value) : undefined;
}
