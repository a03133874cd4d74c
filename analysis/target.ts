import { allocatedAround, type Fabric, isLetOut, loopbacks, nodeBlocks } from '../fabric/index.ts';
import {
  contains,
  hostPrefix,
  type IpAddress,
  type Prefix,
  parseAddress,
  parsePrefix,
  valuesOf,
} from '../topology/address.ts';
import type { Loan } from './simulator/blocks.ts';
import type { Block, Network } from './simulator/model.ts';

/** The end or start of a queried path. */
export type Target =
  | PodTarget
  | { readonly kind: 'machine'; readonly machine: string; readonly address: IpAddress }
  /** No route leads there: the sender's kube-proxy replaces it with an endpoint. */
  | { readonly kind: 'service'; readonly address: IpAddress };

/** Pods of a node: of all of its blocks where a node was named, of one block, or the one with an address. */
export interface PodTarget {
  readonly kind: 'pods';
  /** The node that they are on. */
  readonly machine: string;
  readonly block: Prefix | undefined;
  readonly address: IpAddress | undefined;
}

/**
 * By the name of a node, a block or a part of one, or an address; undefined where the topology knows nothing of it. `on`: the node
 * that the pod with the address is on, where it is not the one that has the block. A cluster that was asked says that itself; of a node
 * that the topology does not have nothing is known.
 */
export function targetOf(fabric: Fabric, text: string, on?: string): Target | undefined {
  if (fabric.nodes.some(({ name }) => name === text))
    return { kind: 'pods', machine: text, block: undefined, address: undefined };
  const address = parseAddress(text);
  const parsed = parsePrefix(text);
  const wanted = address ?? (parsed.ok ? parsed.prefix : undefined);
  if (wanted === undefined) return undefined;
  const holder = on ?? (address && holderOf(fabric, address));
  if (holder !== undefined && fabric.nodes.every(({ name }) => name !== holder)) return undefined;
  for (const [machine, blocks] of nodeBlocks(fabric)) {
    const block = blocks.find((one) => contains(one, wanted));
    if (block !== undefined) return { kind: 'pods', machine: holder ?? machine, block, address };
  }
  if (address === undefined) return undefined;
  const { allocation } = fabric.pods;
  const foreign = allocation && allocatedAround(allocation, address);
  if (foreign !== undefined && holder !== undefined)
    return { kind: 'pods', machine: holder, block: foreign.prefix, address };
  const machine = machineWith(fabric, address);
  if (machine !== undefined) return { kind: 'machine', machine, address };
  const isService = fabric.services.cidrs.some((cidr) => contains(cidr, address));
  return isService ? { kind: 'service', address } : undefined;
}

/** The node of the pod that has an address in the cluster that was asked. */
const holderOf = ({ pods: { allocation } }: Fabric, { text }: IpAddress): string | undefined =>
  allocation?.addresses.find(({ address, isThere }) => isThere !== false && address.text === text)?.node;

/** A pod whose address is a route of its own: its node borrowed it, or a filter lets it out. */
export function lentOrLetOut(fabric: Fabric, target: Target | undefined): Loan | undefined {
  if (target?.kind !== 'pods' || target.address === undefined || target.block === undefined) return undefined;
  const { machine, address, block } = target;
  const node = fabric.nodes.find(({ name }) => name === machine);
  if (node === undefined || node.address[address.family] === undefined) return undefined;
  const isOwn = nodeBlocks(fabric)
    .get(machine)
    ?.some(({ text }) => text === block.text);
  const isOut = isOwn !== true || isLetOut(fabric, node, hostPrefix(address));
  return isOut ? { address, node: machine } : undefined;
}

/** The blocks of a target, and the single addresses in them that are routes of their own. */
export function targetBlocks({ blocks, machines }: Network, target: PodTarget): readonly Block[] {
  const { machine, block, address } = target;
  const machineBlocks = blocks.filter(({ node }) => machines[node]?.name === machine);
  const single = address && machineBlocks.find(({ prefix }) => prefix.text === hostPrefix(address).text);
  if (single !== undefined) return [single];
  return machineBlocks.filter(({ prefix, within }) => {
    if (block === undefined || prefix.text === block.text) return true;
    return address === undefined && blocks[within ?? -1]?.prefix.text === block.text;
  });
}

/** The machine that has an address itself. */
export function machineWith({ routers, nodes, hosts }: Fabric, { text }: IpAddress): string | undefined {
  const live = routers.filter(({ planned }) => !planned);
  return [...live, ...nodes, ...hosts].find((machine) =>
    [
      ...machine.attachments.flatMap(({ address }) => valuesOf(address)),
      ...(machine.kind === 'host' ? [] : loopbacks(machine)),
    ].some((own) => own.text === text),
  )?.name;
}
