import {
  type AllocatedAddress,
  type AllocatedBlock,
  type Allocation,
  type Fabric,
  withAllocation,
} from '../fabric/index.ts';
import { compareAddresses, contains, ipAddress, parseAddress } from '../topology/address.ts';
import type { AddressLook } from './address-look.ts';
import type { ClusterLook, Unread } from './cluster-look.ts';
import { prefixIn } from './held-blocks.ts';
import { firstUnread } from './unread.ts';

/** Which blocks and addresses the cluster has given out, or why nobody knows. What could not be read besides leaves the rest as it is. */
export function allocationIn(look: AddressLook): {
  readonly allocation: Allocation | undefined;
  readonly unread: readonly Unread[];
} {
  const { nodes, affinities, blocks, pods } = look;
  const unread = [nodes, affinities, blocks, pods].flatMap((read) => (read.ok ? [] : [read.why]));
  const isWithout = !nodes.ok || firstUnread(affinities, blocks) !== undefined;
  if (isWithout) return { allocation: undefined, unread };
  return {
    allocation: {
      nodes: nodes.value.toSorted(),
      blocks: allocatedBlocks(look),
      addresses: allocatedAddresses(look),
    },
    unread,
  };
}

/** By the affinities that confd follows: it announces no pending one, and one that is to be given back until it is gone. */
function announced({ affinities }: Pick<AddressLook, 'affinities'>): Map<string, AllocatedBlock> {
  const found = new Map<string, AllocatedBlock>();
  const all = affinities.ok ? affinities.value : [];
  const live = all.filter(({ isDeleted, state }) => !isDeleted && state !== 'pending');
  // A node may claim a block while another one gives it back.
  const confirmedLast = live.toSorted(
    (a, b) => Number(a.state === 'confirmed') - Number(b.state === 'confirmed'),
  );
  for (const { cidr, node } of confirmedLast) {
    const prefix = prefixIn(cidr);
    if (prefix !== undefined && node !== undefined) found.set(prefix.text, { prefix, node });
  }
  return found;
}

function allocatedBlocks(look: AddressLook): AllocatedBlock[] {
  const found = announced(look);
  // One that no node announces is there for the addresses of it that are still in use.
  for (const { cidr, used, isOfOthers } of look.blocks.ok ? look.blocks.value : []) {
    const prefix = prefixIn(cidr);
    if (prefix !== undefined && !isOfOthers && used > 0 && !found.has(prefix.text))
      found.set(prefix.text, { prefix, node: undefined });
  }
  return [...found.values()].sort((a, b) => compareAddresses(a.prefix, b.prefix));
}

/**
 * The fabric with the blocks that its nodes have in the cluster, for holding routers against: no addresses are read for it. As it is where
 * they could not be read, or where the cluster is another one.
 */
export function withBlocksOf(fabric: Fabric, look: ClusterLook | undefined): Fabric {
  if (look === undefined || !look.nodes.ok || !look.affinities.ok) return fabric;
  const nodes = look.nodes.value.map(({ name }) => name);
  if (!fabric.nodes.some(({ name }) => nodes.includes(name))) return fabric;
  // What is outside of the pools has a verdict of its own, and no router is asked about it.
  const blocks = [...announced(look).values()].filter(({ prefix }) =>
    fabric.pods.pools.some(({ cidr }) => contains(cidr, prefix)),
  );
  return withAllocation(fabric, { nodes, blocks, addresses: [] });
}

/** What a pod has counts before what Calico has noted about the address: a note may outlive its pod. */
function allocatedAddresses({ blocks, pods }: AddressLook): AllocatedAddress[] {
  const found = new Map<string, AllocatedAddress>();
  for (const { cidr, given, isOfOthers } of blocks.ok ? blocks.value : []) {
    const prefix = prefixIn(cidr);
    if (prefix === undefined || isOfOthers) continue;
    for (const { place, node, pod } of given) {
      const address = ipAddress(prefix.family, prefix.value + BigInt(place));
      // A tunnel's address is no pod's, and its node has it as long as the note is there.
      const isThere = pods.ok ? pod === undefined && node !== undefined : undefined;
      found.set(address.text, { address, node, pod, isThere });
    }
  }
  for (const { pod, node, addresses } of pods.ok ? pods.value : []) {
    for (const text of addresses) {
      const address = parseAddress(text);
      if (address !== undefined) found.set(address.text, { address, node, pod, isThere: true });
    }
  }
  return [...found.values()].sort((a, b) => compareAddresses(a.address, b.address));
}
