import type { Family } from '../topology/address.ts';
import type { Failure } from './failure.ts';
import type { Address, External, Machine, Network } from './network.ts';
import { hopOf, machineOf, segmentOf, spfOver, type Tree } from './spf.ts';

/** How a machine reaches an address of the underlay: the route that is best for it there. */
export interface Way {
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

/** BIRD's IGP_METRIC_UNKNOWN: what OSPF's external routes, static ones and those of other daemons have. */
export const UNKNOWN_METRIC = 0x80000000;

export interface Underlay {
  /** The route of a machine to an address (an index of the network). */
  way(machine: number, address: number): Way;
  /** Whether packets from the machine arrive at the owner of the address, over each of equal ways. */
  reaches(machine: number, address: number): boolean;
  /** Whether a frame for this next hop finds a machine that is up. */
  answers(machine: number, hop: number): boolean;
}

export function underlayOf(network: Network, failure: Failure): Underlay {
  const { machines, addresses } = network;
  const trees = treesOf(network, failure);
  const ways: (Way | undefined)[] = [];
  const reached = new Uint8Array(machines.length * addresses.length);

  const way = (machine: number, address: number): Way => {
    const key = machine * addresses.length + address;
    const known = ways[key];
    if (known !== undefined) return known;
    const found = findWay(network, failure, trees, machine, address);
    ways[key] = found;
    return found;
  };
  const answers = (machine: number, hop: number): boolean => {
    const [segment, to] = [segmentOf(network, hop), machineOf(network, hop)];
    return (
      to < machines.length &&
      !failure.machines.has(to) &&
      !failure.machines.has(machine) &&
      (!network.hasUnderlay || !failure.segments.has(segment))
    );
  };
  const reaches = (machine: number, address: number): boolean => {
    if (addresses[address]?.owner === machine) return !failure.machines.has(machine);
    const key = machine * addresses.length + address;
    // A way that comes back to where it is being looked for is a loop: it does not arrive.
    if (reached[key] !== UNTRIED) return reached[key] === YES;
    reached[key] = NO;
    const { hops } = way(machine, address);
    const arrives =
      hops.length > 0 &&
      hops.every((hop) => answers(machine, hop) && reaches(machineOf(network, hop), address));
    reached[key] = arrives ? YES : NO;
    return arrives;
  };
  return { way, reaches, answers };
}

const UNTRIED = 0;
const NO = 1;
const YES = 2;

type Trees = (family: Family, root: number) => Tree;

function treesOf(network: Network, failure: Failure): Trees {
  const families = { ipv4: new Map<number, Tree>(), ipv6: new Map<number, Tree>() };
  const spf = { ipv4: spfOver(network, 'ipv4', failure), ipv6: spfOver(network, 'ipv6', failure) };
  return (family, root) => {
    const known = families[family].get(root);
    if (known !== undefined) return known;
    const tree = spf[family](root);
    families[family].set(root, tree);
    return tree;
  };
}

const NO_WAY: Way = { source: 'none', hops: [], metric: UNKNOWN_METRIC };
const OWN: Way = { source: 'own', hops: [], metric: 0 };

/** The longest prefix first: a host's own address before the range of a segment, that before a default route. */
function findWay(network: Network, failure: Failure, trees: Trees, index: number, to: number): Way {
  const machine = network.machines[index];
  const target = network.addresses[to];
  if (machine === undefined || target === undefined) return NO_WAY;
  if (target.owner === index) return OWN;
  if (!network.hasUnderlay) return assumed(network, target);
  return (
    staticRoute(network, machine, to) ??
    external(network, failure, trees, machine, to) ??
    connected(network, failure, machine, to) ??
    internal(network, trees, machine, target) ??
    byDefault(network, machine, target.address.family) ??
    NO_WAY
  );
}

/** Where nothing is known of the underlay, a node is nearer than a router: what it announces is reached directly. */
const assumed = (network: Network, { owner }: Address): Way => ({
  source: 'assumed',
  hops: [hopOf(network, 0, owner)],
  metric: network.machines[owner]?.kind === 'router' ? 1 : 0,
});

/** Preference 200. BIRD keeps it while the interface is up, whatever the carrier does. */
function staticRoute(network: Network, { statics }: Machine, to: number): Way | undefined {
  const route = statics.find((one) => one.to === to);
  if (route === undefined) return undefined;
  return {
    source: 'static',
    hops: [hopOf(network, route.segment, onSegment(network, route.segment, route.via))],
    metric: UNKNOWN_METRIC,
  };
}

/**
 * OSPF's E2 routes all have the same metric, so the nearer sender counts, then the higher router ID; BIRD does not merge
 * those of several senders (`merge external` is off by default).
 */
function external(
  network: Network,
  failure: Failure,
  trees: Trees,
  machine: Machine,
  to: number,
): Way | undefined {
  const senders = network.externals[to] ?? [];
  const family = network.addresses[to]?.address.family ?? 'ipv4';
  if (senders.length === 0 || !machine.igp.includes(family)) return undefined;
  let best: { metric: number; routerId: number; hops: readonly number[] } | undefined;
  for (const sender of senders) {
    if (sender.machine === machine.index || failure.machines.has(sender.machine)) continue;
    const found = towards(network, failure, trees(family, machine.index), machine, sender);
    if (found === undefined) continue;
    const routerId = network.machines[sender.machine]?.routerId ?? 0;
    const isBetter =
      best === undefined ||
      found.metric < best.metric ||
      (found.metric === best.metric && routerId > best.routerId);
    if (isBetter) best = { ...found, routerId };
  }
  if (best === undefined) return undefined;
  return {
    source: machine.kind === 'router' ? 'ospf-external' : 'kernel',
    hops: best.hops,
    metric: UNKNOWN_METRIC,
  };
}

function towards(
  network: Network,
  failure: Failure,
  tree: Tree,
  machine: Machine,
  { machine: sender, forwarding }: External,
): { metric: number; hops: readonly number[] } | undefined {
  if (tree.distanceToMachine(sender) === Number.POSITIVE_INFINITY) return undefined;
  if (forwarding === undefined || failure.segments.has(forwarding.segment)) {
    return { metric: tree.distanceToMachine(sender), hops: tree.hopsToMachine(sender) };
  }
  const { segment, address } = forwarding;
  const metric = tree.distanceToSegment(segment);
  if (metric === Number.POSITIVE_INFINITY) return undefined;
  return machine.ports.some((port) => port.segment === segment)
    ? { metric, hops: [hopOf(network, segment, onSegment(network, segment, address))] }
    : { metric, hops: tree.hopsToSegment(segment) };
}

/**
 * Preference 240. Routers follow the carrier (`check link`), and so does their OSPF; the BIRD of a Calico node and the kernel
 * of every machine keep the route.
 */
function connected(network: Network, failure: Failure, machine: Machine, to: number): Way | undefined {
  const target = network.addresses[to];
  if (target === undefined || target.within < 0) return undefined;
  const { within, address } = target;
  const port = machine.ports.find(({ segment, has }) => segment === within && has.includes(address.family));
  if (port === undefined || (machine.kind === 'router' && failure.segments.has(within))) return undefined;
  return { source: 'connected', hops: [hopOf(network, within, onSegment(network, within, to))], metric: 0 };
}

/** A segment's range, announced by the machines on it that run the IGP there. */
function internal(
  network: Network,
  trees: Trees,
  machine: Machine,
  { within, address }: Address,
): Way | undefined {
  const { family } = address;
  if (within < 0 || !machine.igp.includes(family)) return undefined;
  const announced = (network.segments[within]?.members ?? []).some((member) =>
    network.machines[member]?.ports.some(
      ({ segment, has, ospf }) => segment === within && has.includes(family) && ospf.includes(family),
    ),
  );
  const tree = trees(family, machine.index);
  const metric = tree.distanceToSegment(within);
  if (!announced || metric === Number.POSITIVE_INFINITY) return undefined;
  return machine.kind === 'router'
    ? { source: 'ospf', hops: tree.hopsToSegment(within), metric }
    : { source: 'kernel', hops: tree.hopsToSegment(within), metric: UNKNOWN_METRIC };
}

function byDefault(network: Network, { defaults }: Machine, family: Family): Way | undefined {
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
function onSegment({ machines, addresses, segments }: Network, segment: number, address: number): number {
  const { owner = -1, on = -1, address: asked } = addresses[address] ?? {};
  const isThere = segments[segment]?.members.includes(owner) ?? false;
  return isThere && (on === segment || asked?.family === 'ipv4') ? owner : machines.length;
}
