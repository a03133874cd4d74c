import { allocatedAround, type Fabric, nodeBlocks } from '../fabric/index.ts';
import { contains, type IpAddress, type Prefix, parseAddress, parsePrefix } from '../topology/address.ts';
import { machineWith } from './target.ts';

/** Who has an address, or a block: by the word of the cluster, where it was asked. */
export interface Owner {
  /** Undefined if no block has it. */
  readonly block: OwnedBlock | undefined;
  /** Who uses the address, a pod or a machine; undefined if nobody does, or if the cluster was not asked. */
  readonly holder: Holder | undefined;
  /** The holder is on another node than the one whose block it is of. */
  readonly isBorrowed: boolean;
}

export interface OwnedBlock {
  readonly prefix: string;
  /** Undefined if the block is nobody's any more. */
  readonly node: string | undefined;
  /** What the topology and the cluster know of that node. */
  readonly nodeIs: 'known' | 'not in the topology' | 'gone' | undefined;
  /** Nobody says that the node has this block: see `nodeBlocks`. */
  readonly assumed: boolean;
}

export interface Holder {
  readonly node: string | undefined;
  readonly pod: string | undefined;
  readonly isThere: boolean | undefined;
  /** The topology has its node. */
  readonly isKnown: boolean;
}

/** Undefined for what is neither an address nor a prefix, and for what is in no pool or no block and no machine's. */
export function ownerOf(fabric: Fabric, text: string): Owner | undefined {
  const address = parseAddress(text);
  const parsed = parsePrefix(text);
  const wanted = address ?? (parsed.ok ? parsed.prefix : undefined);
  if (wanted === undefined) return undefined;
  const block = blockAround(fabric, wanted);
  // A range around several blocks is no one's.
  const isOfPool = address !== undefined && fabric.pods.pools.some(({ cidr }) => contains(cidr, address));
  if (block === undefined && !isOfPool) return machineOwner(fabric, address);
  const used = fabric.pods.allocation?.addresses.find((one) => one.address.text === address?.text);
  const holder = used && {
    node: used.node,
    pod: used.pod,
    isThere: used.isThere,
    isKnown: fabric.nodes.some(({ name }) => name === used.node),
  };
  const isElsewhere = holder?.node !== undefined && block !== undefined && holder.node !== block.node;
  return { block, holder, isBorrowed: isElsewhere && holder.isThere !== false };
}

function machineOwner(fabric: Fabric, address: IpAddress | undefined): Owner | undefined {
  const machine = address && machineWith(fabric, address);
  if (machine === undefined) return undefined;
  const holder = { node: machine, pod: undefined, isThere: true, isKnown: true };
  return { block: undefined, holder, isBorrowed: false };
}

function blockAround(fabric: Fabric, wanted: IpAddress | Prefix): OwnedBlock | undefined {
  const { allocation } = fabric.pods;
  const topologyHas = (name: string) => fabric.nodes.some((node) => node.name === name);
  if (allocation !== undefined) {
    const found = allocatedAround(allocation, wanted);
    if (found === undefined) return undefined;
    const { prefix, node } = found;
    if (node === undefined) return { prefix: prefix.text, node, nodeIs: undefined, assumed: false };
    const nodeIs = !allocation.nodes.includes(node)
      ? 'gone'
      : topologyHas(node)
        ? 'known'
        : 'not in the topology';
    return { prefix: prefix.text, node, nodeIs, assumed: false };
  }
  const planned = nodeBlocks(fabric);
  for (const node of fabric.nodes) {
    const prefix = planned.get(node.name)?.find((one) => contains(one, wanted));
    if (prefix === undefined) continue;
    const assumed = node.blocks.every(({ text }) => text !== prefix.text);
    return { prefix: prefix.text, node: node.name, nodeIs: 'known', assumed };
  }
  return undefined;
}
