import { HIGHEST_LOCAL_PREF, NORMAL_PRIORITY, PLAIN_LOCAL_PREF } from '../../calico/metric.ts';
import {
  CLIENT_PREFERENCE,
  carriesMetric,
  FAR_CLIENT_PREFERENCE,
  type Fabric,
  type NodeSpeaker,
  sessionFilters,
  type Verdict,
  verdictOf,
} from '../../fabric/index.ts';
import { addressBits, contains, type Family, type Prefix } from '../../topology/address.ts';
import { isBorrowed } from './blocks.ts';
import type { Route } from './decision.ts';
import type { Block, Link, Network, Range } from './model.ts';
import type { UnderlayRoute } from './way.ts';

/** What goes over a session of one route. */
export type Announcement = Pick<Route, 'nextHop' | 'localPref' | 'med' | 'originator' | 'clusters'>;

/** Why a route is not sent, or not taken. */
export type Refusal =
  | 'it came over this session'
  | 'neither side is a client (RFC 4456 section 6)'
  | 'its CLUSTER_LIST contains the local cluster ID'
  | 'the receiver originated it'
  | 'its next hop is the peer itself'
  | 'the router accepts only blocks of the pools'
  | 'a BGPFilter rejects it'
  | 'Calico announces the block that contains it';

/** What each speaker sends and accepts for one block. Everything that does not depend on the route is computed once. */
export interface Policy {
  send(link: Link, best: Route): Announcement | Refusal;
  take(link: Link, announced: Announcement): Refusal | undefined;
  /** BIRD's preference of a route that was taken. */
  preference(link: Link, announced: Announcement): number;
  /** The route of the node that has the block. */
  readonly own: Route;
}

const BGP_PREFERENCE = 100;
const OWN_PREFERENCE = 200;

export function policyOf(network: Network, block: Block): Policy {
  const { fabric, machines } = network;
  const { prefix } = block;
  const carried = isCarried(fabric, prefix);
  const normal = HIGHEST_LOCAL_PREF - NORMAL_PRIORITY;
  const hasMetric = carriesMetric(fabric);
  const localPref = hasMetric ? normal : PLAIN_LOCAL_PREF;
  const filters = filtering(network, prefix);
  // Calico's aggregation, behind the BGPFilters: prefixes inside an own block are suppressed, borrowed ones are not.
  const isHeldBack = block.within !== undefined && !isBorrowed(network, block);
  return {
    own: {
      from: undefined,
      nextHop: -1,
      way: { source: 'own', hops: [], metric: 0 },
      preference: OWN_PREFERENCE,
      localPref: PLAIN_LOCAL_PREF,
      med: 0,
      originator: machines[block.node]?.routerId ?? 0,
      clusters: [],
      peerOrder: -1,
    },
    send(link, best) {
      if (link.local.kind === 'node') {
        const verdict = filters('export', link);
        if (verdict === 'Reject') return 'a BGPFilter rejects it';
        if (isHeldBack && verdict === undefined) return 'Calico announces the block that contains it';
        // Calico sets LOCAL_PREF before it asks the BGPFilters: what they accept has it as well.
        return {
          nextHop: link.localAddress,
          localPref,
          med: 0,
          originator: best.originator,
          clusters: best.clusters,
        };
      }
      const { from } = best;
      if (from?.sessionIndex === link.sessionIndex) return 'it came over this session';
      // bgp_preexport: the CLUSTER_LIST is looked at on sessions with clients only.
      if (!link.toClient && from?.toClient !== true) return 'neither side is a client (RFC 4456 section 6)';
      if (link.toClient && best.clusters.includes(link.cluster)) {
        return 'its CLUSTER_LIST contains the local cluster ID';
      }
      if (!carried) return 'the router accepts only blocks of the pools';
      const nextHop = nextHopFor(network, link, best, prefix.family);
      if (nextHop === link.peerAddress) return 'its next hop is the peer itself';
      return {
        nextHop,
        localPref: best.localPref,
        med: link.med(best.nextHop) ?? best.med,
        originator: best.originator,
        clusters: prepended(link, best),
      };
    },
    take(link, { originator, clusters }) {
      const receiver = machines[link.machine];
      if (originator === receiver?.routerId) return 'the receiver originated it';
      if (link.toClient && clusters.includes(link.cluster))
        return 'its CLUSTER_LIST contains the local cluster ID';
      if (link.local.kind === 'router')
        return carried ? undefined : 'the router accepts only blocks of the pools';
      return filters('import', link) === 'Reject' ? 'a BGPFilter rejects it' : undefined;
    },
    preference(link, announced) {
      if (link.toClient) return link.session.isFar ? FAR_CLIENT_PREFERENCE : CLIENT_PREFERENCE;
      // From Calico v3.32 a node prefers to the kernel's routes what claims to be better than they are, unless a BGPFilter took it first.
      const isBetter = hasMetric && link.local.kind === 'node' && announced.localPref > normal;
      return isBetter && filters('import', link) === undefined ? OWN_PREFERENCE : BGP_PREFERENCE;
    },
  };
}

/**
 * BIRD's order (`bgp_use_next_hop`, then `bgp_update_next_hop_ip`): `next hop self` first; with `keep` what the export filter
 * has made of it, see routers/peer.ts.
 */
function nextHopFor(network: Network, link: Link, best: Route, family: Family): number {
  const { keep, gateways, farClients, otherwise } = link.nextHop[family];
  if (otherwise === undefined || (farClients && best.from?.session.isFar)) return best.nextHop;
  const hop = network.addresses[best.nextHop];
  if (hop === undefined) return otherwise;
  if (isWithin(network, keep, best.nextHop)) return best.nextHop;
  const gateway = gateways ? gatewayOf(network, best.way, hop.address.family) : undefined;
  const isNear = gateway !== undefined && gateway !== link.peerAddress && isWithin(network, keep, gateway);
  return isNear ? gateway : otherwise;
}

function isWithin({ addresses }: Network, ranges: readonly Range[], address: number): boolean {
  const { address: own, order = -1 } = addresses[address] ?? {};
  for (const { family, from, to } of ranges) {
    if (family === own?.family && order >= from && order < to) return true;
  }
  return false;
}

/** BIRD's `gw`: the first next hop of a route, in the order of addresses. OSPFv3 knows next hops by link-local addresses, which are in no range. */
function gatewayOf(
  { addressAt, addresses }: Network,
  { source, hops }: UnderlayRoute,
  family: Family,
): number | undefined {
  if (family === 'ipv6' && source !== 'static' && source !== 'connected') return undefined;
  let first: number | undefined;
  for (const hop of hops) {
    const at = addressAt[family].get(hop);
    if (at === undefined) continue;
    if (first === undefined || (addresses[at]?.order ?? 0) < (addresses[first]?.order ?? 0)) first = at;
  }
  return first;
}

/** `is_insider_as`: prefixes of the pools, no longer than a block. */
export function isCarried(fabric: Fabric, prefix: Prefix): boolean {
  return fabric.pods.pools.some(
    ({ cidr, blockSize }) =>
      contains(cidr, prefix) &&
      (prefix.length <= blockSize ||
        (fabric.bgp.exportBorrowed && prefix.length === addressBits(prefix.family))),
  );
}

/** bgp_update_attrs: the cluster of the side that the route came from, then that of the side it goes to where it is another. */
function prepended(link: Link, { from, clusters }: Route): readonly number[] {
  const source = from?.toClient === true ? from.cluster : undefined;
  const isOther = link.toClient && source !== link.cluster;
  if (source === undefined) return isOther ? [link.cluster, ...clusters] : clusters;
  return isOther ? [link.cluster, source, ...clusters] : [source, ...clusters];
}

/** What the BGPFilters on a node's session say of a block, by region and router; the mesh has none. */
function filtering(
  network: Network,
  prefix: Prefix,
): (direction: 'import' | 'export', link: Link) => Verdict {
  const verdicts = new Map<string, Verdict>();
  const { fabric, machines } = network;
  if (fabric.calico.filters.length === 0) return () => undefined;
  return (direction, link) => {
    if (link.session.kind === 'mesh') return undefined;
    const node = machines[link.machine]?.speaker as NodeSpeaker;
    const router = machines[link.peer]?.name ?? '';
    const key = `${direction} ${node.region} ${router}`;
    if (!verdicts.has(key)) {
      const filters = sessionFilters(fabric, node, router, link.session.transport);
      verdicts.set(key, verdictOf(filters, direction, prefix));
    }
    return verdicts.get(key);
  };
}
