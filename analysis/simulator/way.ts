import { gatewayRouteTo } from '../../fabric/index.ts';
import { addressBits, type Family } from '../../topology/address.ts';
import type { LoopbackKind } from '../../topology/model.ts';
import { adjacencyOn } from './adjacency.ts';
import type { FailureSet } from './failure.ts';
import type { Address, External, Machine, Network, StaticTo } from './model.ts';
import {
  distanceToMachine,
  distanceToSegment,
  hopOf,
  hopsToMachine,
  hopsToSegment,
  type Neighbours,
  neighboursIn,
  type Tree,
  treeFrom,
  union,
} from './spf.ts';

/** How a machine reaches an address of the underlay: the route that is best for it there. */
export interface UnderlayRoute {
  readonly source:
    | 'own'
    | 'connected'
    | 'static'
    | 'ospf'
    | 'ospf-external'
    | 'kernel'
    | 'default'
    | 'assumed'
    | 'none';
  /** Next hops, see `hopOf`; empty for `own` and `none`. */
  readonly hops: readonly number[];
  /** BIRD's IGP metric of a BGP next hop that this route resolves (`rt_get_igp_metric`). */
  readonly metric: number;
}

/** BIRD's IGP_METRIC_UNKNOWN: what OSPF's E2 routes, static ones and those of other daemons have. */
export const UNKNOWN_METRIC = 0x80000000;

/** OSPF's trees of all machines, grown when they are asked for. */
export interface Trees {
  of(family: Family, root: number): Tree;
  grown(family: Family): ReadonlyMap<number, Tree>;
  neighbours(family: Family): Neighbours;
}

export function treesOf(network: Network, failure: FailureSet): Trees {
  const grown = { ipv4: new Map<number, Tree>(), ipv6: new Map<number, Tree>() };
  const around: Partial<Record<Family, Neighbours>> = {};
  const neighbours = (family: Family) => {
    around[family] ??= neighboursIn(network, family, failure);
    return around[family];
  };
  return {
    of(family, root) {
      const cached = grown[family].get(root);
      if (cached !== undefined) return cached;
      const tree = treeFrom(network, neighbours(family), root);
      grown[family].set(root, tree);
      return tree;
    },
    grown: (family) => grown[family],
    neighbours,
  };
}

const NO_WAY: UnderlayRoute = { source: 'none', hops: [], metric: UNKNOWN_METRIC };
const OWN: UnderlayRoute = { source: 'own', hops: [], metric: 0 };

/** The longest prefix first: a host's own address before the range of a segment, that before a default route. */
export function findWay(
  network: Network,
  failure: FailureSet,
  trees: Trees,
  index: number,
  to: number,
): UnderlayRoute {
  const machine = network.machines[index];
  const target = network.addresses[to];
  if (machine === undefined || target === undefined) return NO_WAY;
  if (target.owner === index) return OWN;
  if (!network.hasUnderlay) return assumed(network, target);
  const ofHost =
    staticRoute(network, machine, to) ??
    external(network, failure, trees, machine, to) ??
    withoutCarrier(network, failure, trees, machine, target);
  const written = gatewayRouteTo(machine.routes, target.address);
  if (written?.prefix.length === addressBits(target.address.family)) return byRoute(network, written);
  if (ofHost !== undefined) return ofHost;
  const link = connected(network, failure, machine, to);
  const range = network.segments[target.within]?.range[target.address.family];
  // Of equal length a connected route counts before a static one, and that before the IGP's.
  const isLonger = (than: number) => written !== undefined && written.prefix.length > than;
  if (link !== undefined && !isLonger(range?.length ?? 0)) return link;
  if (written !== undefined && isLonger((range?.length ?? 0) - 1)) return byRoute(network, written);
  return (
    internal(network, failure, trees, machine, target) ??
    (written && byRoute(network, written)) ??
    byDefault(network, machine, target.address.family) ??
    NO_WAY
  );
}

/** A static route of a gateway. Linux keeps it regardless of carrier. */
const byRoute = (network: Network, { segment, via }: StaticTo): UnderlayRoute => ({
  source: 'static',
  hops: [gatewayHop(network, { segment, via })],
  metric: UNKNOWN_METRIC,
});

export const gatewayHop = (network: Network, { segment, via }: StaticTo): number =>
  hopOf(network, segment, onSegment(network, segment, via));

/** Where nothing is known of the underlay, a node is nearer than a router: what it announces is reached directly. */
const assumed = (network: Network, { owner }: Address): UnderlayRoute => ({
  source: 'assumed',
  hops: [hopOf(network, 0, owner)],
  metric: network.machines[owner]?.kind === 'router' ? 1 : 0,
});

/** Preference 200. BIRD keeps it while the interface is up, regardless of carrier. */
function staticRoute(network: Network, { statics }: Machine, to: number): UnderlayRoute | undefined {
  const route = statics.get(to);
  if (route === undefined) return undefined;
  return {
    source: 'static',
    hops: [hopOf(network, route.segment, onSegment(network, route.segment, route.via))],
    metric: UNKNOWN_METRIC,
  };
}

/**
 * Inside the area before E1 before E2 (RFC 2328 16.4); all are announced at one metric, so the nearer sender counts, then the higher
 * router ID: BIRD does not merge external routes of several senders (`merge external` is off by default).
 */
function external(
  network: Network,
  failure: FailureSet,
  trees: Trees,
  machine: Machine,
  to: number,
): UnderlayRoute | undefined {
  const senders = network.externals[to] ?? [];
  const family = network.addresses[to]?.address.family ?? 'ipv4';
  if (senders.length === 0 || !machine.igp.includes(family)) return undefined;
  let best: { kind: LoopbackKind; metric: number; routerId: number; hops: readonly number[] } | undefined;
  for (const sender of senders) {
    if (sender.machine === machine.index || failure.machines.has(sender.machine)) continue;
    const found = towards(network, failure, trees.of(family, machine.index), machine, sender);
    if (found === undefined) continue;
    const routerId = network.machines[sender.machine]?.routerId ?? 0;
    const isBetter =
      best === undefined ||
      (sender.kind === best.kind
        ? found.metric < best.metric || (found.metric === best.metric && routerId > best.routerId)
        : KINDS.indexOf(sender.kind) < KINDS.indexOf(best.kind));
    if (isBetter) best = { ...found, kind: sender.kind, routerId };
  }
  if (best === undefined) return undefined;
  const { kind, metric, hops } = best;
  if (machine.kind !== 'router' || kind === 'stub') return learned(machine, metric, hops);
  return { source: 'ospf-external', hops, metric: kind === 'e1' ? metric : UNKNOWN_METRIC };
}

/** The best first. */
const KINDS: readonly LoopbackKind[] = ['stub', 'e1', 'e2'];

function towards(
  network: Network,
  failure: FailureSet,
  tree: Tree,
  machine: Machine,
  { machine: sender, forwarding }: External,
): { metric: number; hops: readonly number[] } | undefined {
  const toSender = distanceToMachine(network, tree, sender);
  if (toSender === Number.POSITIVE_INFINITY) return undefined;
  if (forwarding === undefined || failure.segments.has(forwarding.segment)) {
    return { metric: toSender, hops: hopsToMachine(network, tree, sender) };
  }
  const { segment, address } = forwarding;
  const family = network.addresses[address]?.address.family ?? 'ipv4';
  const { metric, hops } = ontoSegment(network, failure, tree, family, segment);
  if (machine.ports.some((port) => port.segment === segment)) {
    const own = Math.min(metric, network.segments[segment]?.cost ?? metric);
    return { metric: own, hops: [hopOf(network, segment, onSegment(network, segment, address))] };
  }
  return metric === Number.POSITIVE_INFINITY ? undefined : { metric, hops };
}

/**
 * Preference 240. Routers follow the carrier (`check link`), and so does their OSPF; the BIRD of a Calico node and the kernel
 * of every machine keep the route.
 */
function connected(
  network: Network,
  failure: FailureSet,
  machine: Machine,
  to: number,
): UnderlayRoute | undefined {
  const target = network.addresses[to];
  if (target === undefined || target.within < 0) return undefined;
  const { within, address } = target;
  const port = machine.ports.find(({ segment, has }) => segment === within && has.includes(address.family));
  if (port === undefined || (machine.kind === 'router' && failure.segments.has(within))) return undefined;
  return { source: 'connected', hops: [hopOf(network, within, onSegment(network, within, to))], metric: 0 };
}

/**
 * An interface that has lost its carrier is in OSPF's Loopback state: its address goes on being announced, alone and at no cost
 * (RFC 2328 12.4.1.4, RFC 5340 4.4.3.9).
 */
function withoutCarrier(
  network: Network,
  failure: FailureSet,
  trees: Trees,
  machine: Machine,
  { on, owner, address: { family } }: Address,
): UnderlayRoute | undefined {
  if (!failure.segments.has(on) || !machine.igp.includes(family)) return undefined;
  const announced = network.machines[owner]?.ports.some(
    ({ segment, ospf }) => segment === on && ospf.includes(family),
  );
  const tree = trees.of(family, machine.index);
  const metric = distanceToMachine(network, tree, owner);
  if (!announced || metric === Number.POSITIVE_INFINITY) return undefined;
  const hops = hopsToMachine(network, tree, owner);
  return learned(machine, metric, hops);
}

/** A segment's range, announced by the machines on it that run the IGP there. */
function internal(
  network: Network,
  failure: FailureSet,
  trees: Trees,
  machine: Machine,
  { within, address }: Address,
): UnderlayRoute | undefined {
  const { family } = address;
  if (within < 0 || !machine.igp.includes(family)) return undefined;
  if (!network.segments[within]?.announced.includes(family)) return undefined;
  const { metric, hops } = ontoSegment(network, failure, trees.of(family, machine.index), family, within);
  if (metric === Number.POSITIVE_INFINITY) return undefined;
  return learned(machine, metric, hops);
}

/** A router has OSPF's metric; a node's BIRD learns the route from the kernel, and knows none. */
const learned = ({ kind }: Machine, metric: number, hops: readonly number[]): UnderlayRoute =>
  kind === 'router' ? { source: 'ospf', hops, metric } : { source: 'kernel', hops, metric: UNKNOWN_METRIC };

/** To a segment's range: over the network that OSPF forms there, or by one who is left to announce it alone. */
function ontoSegment(
  network: Network,
  failure: FailureSet,
  tree: Tree,
  family: Family,
  segment: number,
): { metric: number; hops: readonly number[] } {
  let best = { metric: distanceToSegment(tree, segment), hops: hopsToSegment(tree, segment) };
  const { isEven = true, cost = 0 } = network.segments[segment] ?? {};
  if (isEven) return best;
  for (const machine of adjacencyOn(network, family, failure, segment).alone) {
    const metric = distanceToMachine(network, tree, machine) + cost;
    const hops = hopsToMachine(network, tree, machine);
    if (metric < best.metric) best = { metric, hops };
    else if (metric === best.metric && metric !== Number.POSITIVE_INFINITY) {
      best = { metric, hops: union(best.hops, hops) };
    }
  }
  return best;
}

function byDefault(network: Network, { defaults }: Machine, family: Family): UnderlayRoute | undefined {
  const route = defaults.find((one) => one.family === family);
  if (route === undefined) return undefined;
  return {
    source: 'default',
    hops: [hopOf(network, route.segment, onSegment(network, route.segment, route.via))],
    metric: UNKNOWN_METRIC,
  };
}

/**
 * Who answers for an address on a segment. Linux answers ARP for every address that it has, on whichever interface it is
 * asked; neighbour discovery only for those of the interface.
 */
function onSegment({ machines, addresses }: Network, segment: number, address: number): number {
  const { owner = -1, on = -1, address: asked } = addresses[address] ?? {};
  const isThere = machines[owner]?.ports.some((port) => port.segment === segment) ?? false;
  return isThere && (on === segment || asked?.family === 'ipv4') ? owner : machines.length;
}
