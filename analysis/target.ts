import { type Fabric, loopbacks, nodeBlocks } from '../fabric/index.ts';
import {
  contains,
  type IpAddress,
  type Prefix,
  parseAddress,
  parsePrefix,
  valuesOf,
} from '../topology/address.ts';

/** What somebody asks the way to, or where it begins. */
export type Target =
  /** `block` is undefined where a node was named: all of its blocks. */
  | { readonly kind: 'pods'; readonly machine: string; readonly block: Prefix | undefined }
  | { readonly kind: 'machine'; readonly machine: string; readonly address: IpAddress }
  /** No route leads there: the sender's kube-proxy puts an endpoint in its place. */
  | { readonly kind: 'service'; readonly address: IpAddress };

/** By the name of a node, a block or a part of one, or an address; undefined where the topology knows nothing of it. */
export function targetOf(fabric: Fabric, text: string): Target | undefined {
  if (fabric.nodes.some(({ name }) => name === text))
    return { kind: 'pods', machine: text, block: undefined };
  const address = parseAddress(text);
  const parsed = parsePrefix(text);
  const wanted = address ?? (parsed.ok ? parsed.prefix : undefined);
  if (wanted === undefined) return undefined;
  for (const [machine, blocks] of nodeBlocks(fabric)) {
    const block = blocks.find((one) => contains(one, wanted));
    if (block !== undefined) return { kind: 'pods', machine, block };
  }
  if (address === undefined) return undefined;
  const machine = ownerOf(fabric, address);
  if (machine !== undefined) return { kind: 'machine', machine, address };
  const isService = fabric.services.cidrs.some((cidr) => contains(cidr, address));
  return isService ? { kind: 'service', address } : undefined;
}

function ownerOf({ routers, nodes, hosts }: Fabric, { text }: IpAddress): string | undefined {
  const live = routers.filter(({ planned }) => !planned);
  return [...live, ...nodes, ...hosts].find((machine) =>
    [
      ...machine.attachments.flatMap(({ address }) => valuesOf(address)),
      ...(machine.kind === 'host' ? [] : loopbacks(machine)),
    ].some((own) => own.text === text),
  )?.name;
}
