import type { AllocatedAddress, AllocatedBlock, Allocation } from '../fabric/index.ts';
import { compareAddresses, ipAddress, parseAddress } from '../topology/address.ts';
import type { AddressLook } from './address-look.ts';
import type { Unread } from './cluster-look.ts';
import { heldBlocks, prefixIn } from './held-blocks.ts';
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

function allocatedBlocks({ affinities, blocks }: AddressLook): AllocatedBlock[] {
  const others = new Set(
    (blocks.ok ? blocks.value : []).filter((one) => one.isOfOthers).map(({ cidr }) => cidr),
  );
  const found = new Map<string, AllocatedBlock>();
  // One without an affinity is nobody's, and is there for the addresses of it that are still in use.
  for (const { cidr, used } of blocks.ok ? blocks.value : []) {
    const prefix = prefixIn(cidr);
    if (prefix !== undefined && !others.has(cidr) && used > 0)
      found.set(prefix.text, { prefix, node: undefined });
  }
  for (const { prefix, node } of heldBlocks({ affinities, blocks }))
    if (prefix !== undefined) found.set(prefix.text, { prefix, node });
  return [...found.values()].sort((a, b) => compareAddresses(a.prefix, b.prefix));
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
