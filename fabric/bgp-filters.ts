import {
  addressBits,
  contains,
  type Family,
  hostPrefix,
  type IpAddress,
  ipAddress,
  type Prefix,
} from '../topology/address.ts';
import type { BgpFilter, FilterRule } from '../topology/model.ts';
import { podAddress } from './blocks.ts';
import type { Fabric, NodeSpeaker } from './fabric.ts';

/** The BGPFilters on a node's session with a router, in the order in which they apply. */
export const sessionFilters = (
  fabric: Fabric,
  node: NodeSpeaker,
  router: string,
  family: Family,
): readonly BgpFilter[] =>
  fabric.peerings.find((one) => one.router === router && one.region === node.region && one.family === family)
    ?.filters ?? [];

/** The lengths of a BGPFilter's rule: Calico defaults the minimum to the prefix's own length, and the maximum to an address's. */
export const ruleLengths = (
  cidr: Prefix,
  { min = cidr.length, max = addressBits(cidr.family) }: NonNullable<FilterRule['prefixLength']>,
): { readonly min: number; readonly max: number } => ({ min, max });

/** Undefined: no rule matches, and Calico's own part of the filter decides. */
export type Verdict = FilterRule['action'] | undefined;

/** The action of the first rule that matches a prefix. */
export const verdictOf = (
  filters: readonly BgpFilter[],
  direction: 'import' | 'export',
  prefix: Prefix,
): Verdict => decider(filters, direction, prefix)?.rule.action;

/** The first matching rule, and its filter. A node sends only its own prefixes, and receives only those of remote peers. */
function decider(
  filters: readonly BgpFilter[],
  direction: 'import' | 'export',
  prefix: Prefix,
): { readonly filter: BgpFilter; readonly rule: FilterRule } | undefined {
  for (const filter of filters) {
    const rule = filter[direction].find(
      (one) => (direction === 'import' || one.source === undefined) && matches(one, prefix),
    );
    if (rule !== undefined) return { filter, rule };
  }
  return undefined;
}

/** Whether a rule of a BGPFilter matches a block. */
export function matches({ match, prefixLength }: FilterRule, prefix: Prefix): boolean {
  if (match === undefined) return true;
  const { cidr, operator } = match;
  if (cidr.family !== prefix.family) return false;
  // With lengths confd compares with a prefix set, which in BIRD 1.6 no prefix ever equals (NE414).
  const isSame = prefixLength === undefined && cidr.text === prefix.text;
  const lengths = prefixLength && ruleLengths(cidr, prefixLength);
  const isWithin =
    contains(cidr, prefix) &&
    (lengths === undefined || (prefix.length >= lengths.min && prefix.length <= lengths.max));
  return { Equal: isSame, NotEqual: !isSame, In: isWithin, NotIn: !isWithin }[operator];
}

/** The filter through which a node sends a router any route to a prefix, its own or not: an accepting rule ends the export filter. */
export function acceptedBy(
  fabric: Fabric,
  node: NodeSpeaker,
  router: string,
  prefix: Prefix,
): BgpFilter | undefined {
  const found = decider(sessionFilters(fabric, node, router, prefix.family), 'export', prefix);
  return found?.rule.action === 'Accept' ? found.filter : undefined;
}

/**
 * The filter through which a node announces one address inside its own blocks to a router: an accepting rule ends the export filter before
 * Calico's aggregation rejects the address. Undefined if there is none, or if routers carry no single addresses.
 */
export function letsOut(
  fabric: Fabric,
  node: NodeSpeaker,
  router: string,
  address: Prefix,
): BgpFilter | undefined {
  return fabric.bgp.exportBorrowed ? acceptedBy(fabric, node, router, address) : undefined;
}

/** Pods of a block with their own routes: one for all that no rule distinguishes, and whether that is every pod. */
export interface LetOut {
  readonly pods: readonly Prefix[];
  readonly all: boolean;
}

const NOTHING: LetOut = { pods: [], all: false };

/** Routes inside a block of the node that filters export to any router of its region, besides the block itself. */
export function letOut(fabric: Fabric, node: NodeSpeaker, block: Prefix): LetOut {
  const { filters } = fabric.calico;
  if (filters.length === 0 || block.length === addressBits(block.family)) return NOTHING;
  const parts = partsOf(block, filters);
  const out = parts.filter((pod) => isLetOut(fabric, node, pod));
  const alike = new Map(out.toReversed().map((pod) => [treatment(filters, pod), pod]));
  return { pods: [...alike.values()].toReversed(), all: out.length === parts.length };
}

/** Whether any router of its region has a separate route for a pod of the node. */
export const isLetOut = (fabric: Fabric, node: NodeSpeaker, pod: Prefix): boolean =>
  (fabric.regions.find(({ name }) => name === node.region)?.routers ?? []).some(
    ({ name }) => letsOut(fabric, node, name, pod) !== undefined,
  );

/** The rules that match a prefix: prefixes with the same rules are treated alike by every filter. */
export const treatment = (filters: readonly BgpFilter[], prefix: Prefix): string =>
  filters
    .flatMap((filter) => [...filter.import, ...filter.export])
    .map((rule) => (matches(rule, prefix) ? 1 : 0))
    .join('');

/**
 * One address for each part of a block that the rules could distinguish: a part starts where the block does, where a rule's prefix
 * does, or right after one. The block's representative pod also represents its part.
 */
function partsOf(block: Prefix, filters: readonly BgpFilter[]): Prefix[] {
  const { family } = block;
  const behind = ({ value, length }: Prefix): bigint => value + (1n << BigInt(addressBits(family) - length));
  const end = behind(block);
  const edges = filters
    .flatMap((filter) => [...filter.import, ...filter.export])
    .flatMap(({ match }) => (match?.cidr.family === family ? [match.cidr.value, behind(match.cidr)] : []))
    .filter((value) => value > block.value && value < end);
  const starts = [...new Set([block.value, ...edges])].sort((a, b) => (a < b ? -1 : 1));
  const pod = podAddress(block);
  const isInside = (start: bigint, next: bigint): boolean => pod.value >= start && pod.value < next;
  return starts
    .map((start, at): IpAddress => (isInside(start, starts[at + 1] ?? end) ? pod : ipAddress(family, start)))
    .map(hostPrefix);
}
