import { type Prefix, parsePrefix } from '../topology/address.ts';
import type { ClusterLook } from './cluster-look.ts';

/** An IPAM block that some node has, of which it announces a route. */
export interface Held {
  readonly cidr: string;
  /** Undefined if what the cluster says is no prefix. */
  readonly prefix: Prefix | undefined;
  readonly node: string;
  /** How many of its addresses are in use, if the block itself is there. */
  readonly used: number | undefined;
  /** What says so. */
  readonly evidence: string;
}

/** By an affinity, or a block that names its node although its affinity is gone. */
export function heldBlocks({ affinities, blocks }: Pick<ClusterLook, 'affinities' | 'blocks'>): Held[] {
  const found = new Map<string, Held>();
  const used = new Map((blocks.ok ? blocks.value : []).map((one) => [one.cidr, one.used]));
  const add = (cidr: string, node: string, evidence: string) =>
    found.set(cidr, { cidr, prefix: prefixIn(cidr), node, used: used.get(cidr), evidence });
  // While a node claims a block, or gives one back, another one may have it: the confirmed affinity counts.
  const claims = affinities.ok ? affinities.value.filter(({ isDeleted }) => !isDeleted) : [];
  const confirmedLast = claims.toSorted((a, b) => Number(isConfirmed(a)) - Number(isConfirmed(b)));
  for (const { cidr, node, name, state } of confirmedLast) {
    if (node !== undefined) add(cidr, node, `BlockAffinity ${name} is ${state || 'of no state'}`);
  }
  for (const { cidr, node } of blocks.ok ? blocks.value : []) {
    if (node !== undefined && !found.has(cidr))
      add(cidr, node, `IPAMBlock ${cidr} has affinity host:${node}`);
  }
  return [...found.values()].sort((a, b) => (a.cidr < b.cidr ? -1 : 1));
}

const isConfirmed = ({ state }: { readonly state: string }): boolean => state === 'confirmed';

export function prefixIn(cidr: string): Prefix | undefined {
  const parsed = parsePrefix(cidr);
  return parsed.ok ? parsed.prefix : undefined;
}
