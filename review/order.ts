import { type Analysis, analyse } from '../analysis/index.ts';
import { type Fabric, newNames, RECOVERY_WAIT, withNames } from '../fabric/index.ts';
import { classPairs, type Whole, wholeIn } from './class-pairs.ts';
import { comparable } from './failures.ts';
import { agreed, halfDelivered } from './half-delivered.ts';
import { betweenOrders } from './way-out.ts';

/** The order in which cluster and routers get a change, so that pods stay reachable in between. */
export interface DeliveryOrder {
  readonly first: 'either' | 'routers' | 'cluster' | 'apart';
  readonly message: string;
  /** Ordered pairs of nodes that are unreachable between the first delivery and the second. */
  readonly lost: { readonly routersFirst: number; readonly clusterFirst: number };
  /** Nodes that have a BGPPeer in between to a router that does not know them: BIRD waits for it if it restarts there. */
  readonly waiting: { readonly routersFirst: number; readonly clusterFirst: number };
}

/** Whether routers and cluster get anything. */
export interface Deliveries {
  readonly routers: boolean;
  readonly cluster: boolean;
  /** Routers are delivered to in another way, whatever they get. */
  readonly otherwise?: boolean;
}

/** Both intermediate states are simulated; pairs lost before or after anyway do not count. */
export function deliveryOrder(
  before: Analysis,
  after: Analysis,
  { routers, cluster, otherwise = false }: Deliveries,
): DeliveryOrder {
  if (!routers || !cluster) {
    const message = routers ? 'only the routers change' : unchangedRouters(cluster, otherwise);
    return { first: 'either', message, lost: NOBODY, waiting: NOBODY };
  }
  const lost = {
    routersFirst:
      pairsInUnknownPools(before.fabric, after.fabric) ||
      lostBetween(before, after, halfDelivered(after.fabric, before.fabric)),
    clusterFirst:
      pairsInUnknownPools(after.fabric, before.fabric) ||
      lostBetween(before, after, halfDelivered(before.fabric, after.fabric)),
  };
  const waiting = {
    routersFirst: waitingBetween(before.fabric, after.fabric, 'routers'),
    clusterFirst: waitingBetween(before.fabric, after.fabric, 'cluster'),
  };
  const { routersFirst, clusterFirst } = lost;
  if (routersFirst > 0 && clusterFirst > 0) {
    const fix = betweenOrders(before.fabric, after.fabric);
    const message = `in either order pods lose connectivity until both sides have the change: ${pairs(routersFirst)} with the routers first, ${pairs(clusterFirst)} with the cluster first. ${fix}`;
    return { first: 'apart', message, lost, waiting };
  }
  if (routersFirst + clusterFirst > 0) {
    const first = clusterFirst > 0 ? 'routers' : 'cluster';
    const message = `${FIRST[first]}: in the other order ${lose(routersFirst + clusterFirst)}${meanwhile(waiting[`${first}First`])}`;
    return { first, message, lost, waiting };
  }
  return { ...byWaiting(waiting), lost, waiting };
}

function unchangedRouters(cluster: boolean, otherwise: boolean): string {
  if (!cluster)
    return otherwise
      ? 'only how the routers are delivered to changes'
      : 'neither the routers nor the cluster change';
  return otherwise
    ? 'cluster and routers may get the change in any order: of the routers only how they are delivered to changes'
    : 'only the cluster changes';
}

const NOBODY = { routersFirst: 0, clusterFirst: 0 };

const FIRST = {
  routers: 'ship the routers before the cluster gets the change',
  cluster: 'let the cluster get the change before the routers are shipped',
};

/** If neither order loses packets: the one in which a node that restarts in between waits for no peer. */
function byWaiting({
  routersFirst,
  clusterFirst,
}: DeliveryOrder['waiting']): Pick<DeliveryOrder, 'first' | 'message'> {
  const [less, more] = [Math.min(routersFirst, clusterFirst), Math.max(routersFirst, clusterFirst)];
  if (more > 0 && less === 0) {
    const first = clusterFirst > 0 ? 'routers' : 'cluster';
    return { first, message: `${FIRST[first]}: in the other order ${wait(more)}` };
  }
  return {
    first: 'either',
    message: `cluster and routers may get the change in any order${meanwhile(more)}`,
  };
}

const wait = (nodes: number): string =>
  `${nodes === 1 ? '1 node has' : `${nodes} nodes have`} a peer that does not know ${nodes === 1 ? 'it' : 'them'}: if BIRD restarts in between, it waits ${RECOVERY_WAIT} s for that peer, with the pods unreachable`;

const meanwhile = (nodes: number): string =>
  nodes === 0 ? '' : `. Do not restart a node in between: ${wait(nodes)}`;

/** The same for two fabrics with their own names. */
export function orderBetween(earlier: Fabric, after: Fabric, deliveries: Deliveries): DeliveryOrder {
  const before = withNames(earlier, newNames(earlier, after));
  const split = comparable(before, after);
  return deliveryOrder(analyse(before, [], split), analyse(after, [], split), deliveries);
}

/** Who gets a change first where it is tried: the routers, unless that loses packets and the other way round does not. */
export function firstToGet(earlier: Fabric, after: Fabric): 'routers' | 'cluster' {
  const { first } = orderBetween(earlier, after, { routers: true, cluster: true });
  return first === 'cluster' ? 'cluster' : 'routers';
}

const pairs = (count: number): string => `${count} ${count === 1 ? 'pair' : 'pairs'} of nodes`;
const lose = (count: number): string =>
  `${pairs(count)} ${count === 1 ? 'is' : 'are'} unreachable in between`;

/**
 * Pairs of nodes whose pods may not reach each other while the routers know a pool less than the cluster: they carry nothing
 * that is in no pool of theirs.
 */
function pairsInUnknownPools(clusterAs: Fabric, routersAs: Fabric): number {
  const poolCidrs = new Set(routersAs.pods.pools.map(({ cidr }) => cidr.text));
  if (clusterAs.pods.pools.every(({ cidr }) => poolCidrs.has(cidr.text))) return 0;
  const names = new Set(routersAs.nodes.map(({ name }) => name));
  const both = clusterAs.nodes.filter(({ name }) => names.has(name)).length;
  return both * Math.max(both - 1, 0);
}

/** Pairs that work before and after, but not in between. */
function lostBetween(before: Analysis, after: Analysis, fabric: Fabric): number {
  const analyses = [after, before, analyse(fabric)] as const;
  const [is, was, meanwhile] = analyses.map(wholeIn) as [Whole, Whole, Whole];
  return classPairs(analyses)
    .filter(({ from, to }) => was(from, to) && is(from, to) && !meanwhile(from, to))
    .reduce((sum, { pairs: count }) => sum + count, 0);
}

/**
 * Nodes that stay, and have a session in between that their router does not have as they do. A router that is not in the topology any
 * more, or planned again, has what it had until somebody stops it.
 */
function waitingBetween(before: Fabric, after: Fabric, first: 'routers' | 'cluster'): number {
  const [routersAs, clusterAs] = first === 'routers' ? [after, before] : [before, after];
  const stay = new Set(before.nodes.map(({ name }) => name));
  const nodes = new Set(after.nodes.map(({ name }) => name).filter((name) => stay.has(name)));
  const shipped = new Set(after.routers.filter(({ planned }) => !planned).map(({ name }) => name));
  const up = new Set(agreed(routersAs, clusterAs).map(({ id }) => id));
  const waiting = clusterAs.sessions
    .filter(({ id, kind, ends }) => kind === 'reflector' && shipped.has(ends[0].speaker) && !up.has(id))
    .map(({ ends }) => ends[1].speaker);
  return new Set(waiting.filter((name) => nodes.has(name))).size;
}
