import {
  addressBits,
  compareAddresses,
  contains,
  type IpAddress,
  ipAddress,
  type Prefix,
} from '../topology/address.ts';
import type { Pool } from '../topology/model.ts';
import type { Allocation } from './allocation.ts';
import type { Fabric, NodeSpeaker } from './fabric.ts';

/**
 * The IPAM blocks of every node: those in the topology, and for a pool without one the next free block,
 * in the order of node names. Calico assigns them differently, but which block a node has does not affect how
 * it is reached. If the pool has no block left, the node has none: NE403 reports it. Where a cluster was asked, they are those that
 * the nodes have there.
 */
export function nodeBlocks(fabric: Fabric): ReadonlyMap<string, readonly Prefix[]> {
  if (fabric.pods.allocation !== undefined)
    return new Map(fabric.nodes.map(({ name, blocks }) => [name, blocks]));
  const named = fabric.nodes.flatMap((node) => node.blocks);
  const free = fabric.pods.pools.map((pool) => freeBlocks(pool, named));
  return new Map(fabric.nodes.map((node) => [node.name, [...node.blocks, ...missingBlocks(node, free)]]));
}

/**
 * The fabric with the blocks that its nodes have in the cluster. A node without one there has none: nothing is assumed. What a node has
 * that is gone from the cluster, nobody announces.
 */
export function withAllocation(fabric: Fabric, allocation: Allocation): Fabric {
  const there = new Set(allocation.nodes);
  const held = new Map<string, Prefix[]>();
  for (const { prefix, node } of allocation.blocks.toSorted((a, b) => compareAddresses(a.prefix, b.prefix))) {
    if (node !== undefined && there.has(node)) held.set(node, [...(held.get(node) ?? []), prefix]);
  }
  const nodes = fabric.nodes.map((node) => ({ ...node, blocks: held.get(node.name) ?? [] }));
  const named = new Map(nodes.map((node) => [node.name, node]));
  return {
    ...fabric,
    nodes,
    regions: fabric.regions.map((region) => ({
      ...region,
      nodes: region.nodes.flatMap(({ name }): NodeSpeaker[] => {
        const node = named.get(name);
        return node === undefined ? [] : [node];
      }),
    })),
    pods: { ...fabric.pods, allocation },
  };
}

function missingBlocks(node: NodeSpeaker, free: readonly FreeBlocks[]): Prefix[] {
  return free.flatMap(({ pool, blocks }) => {
    const { cidr } = pool;
    if (node.address[cidr.family] === undefined || node.blocks.some((block) => contains(cidr, block)))
      return [];
    const next = blocks.next();
    return next.done ? [] : [next.value];
  });
}

interface FreeBlocks {
  readonly pool: Pool;
  readonly blocks: Iterator<Prefix>;
}

const freeBlocks = (pool: Pool, named: readonly Prefix[]): FreeBlocks => ({
  pool,
  blocks: unused(
    pool,
    named.filter((block) => contains(pool.cidr, block)),
  ),
});

function* unused({ cidr, blockSize }: Pool, named: readonly Prefix[]): Generator<Prefix> {
  const bits = addressBits(cidr.family);
  const step = 1n << BigInt(bits - blockSize);
  const end = cidr.value + (1n << BigInt(bits - cidr.length));
  const taken = new Set(named.map((block) => block.value));
  for (let value = cidr.value; value < end; value += step) {
    if (taken.has(value)) continue;
    const address = ipAddress(cidr.family, value);
    yield { ...address, length: blockSize, text: `${address.text}/${blockSize}` };
  }
}

/** The representative pod address of a block: the first after the block's own, if there is one. */
export function podAddress(block: Prefix): IpAddress {
  return ipAddress(block.family, block.length === addressBits(block.family) ? block.value : block.value + 1n);
}

/** The addresses of a node's representative pod: one from a block of each pool. */
export const podAddresses = ({ pods }: Fabric, blocks: readonly Prefix[]): IpAddress[] =>
  pods.pools.flatMap(({ cidr }) => {
    const block = blocks.find((one) => contains(cidr, one));
    return block === undefined ? [] : [podAddress(block)];
  });
