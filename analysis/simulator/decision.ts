import { quadText } from '../../topology/address.ts';
import type { Link } from './model.ts';
import { UNKNOWN_METRIC, type UnderlayRoute } from './way.ts';

/** A BGP route as a speaker has it in its table. */
export interface Route {
  /** The session it came over; undefined for a node's own block. */
  readonly from: Link | undefined;
  /** An address of the network. */
  readonly nextHop: number;
  /** How this speaker reaches the next hop. */
  readonly way: UnderlayRoute;
  /** BIRD's preference of the protocol: 100 for BGP, 200 for a node's own block. */
  readonly preference: number;
  readonly localPref: number;
  /** MULTI_EXIT_DISC; 0 if there is none. */
  readonly med: number;
  /** Router ID of the node that the route comes from: ORIGINATOR_ID, and from that node itself its own. */
  readonly originator: number;
  /** Cluster IDs, the last reflector first (RFC 4456 section 8). */
  readonly clusters: readonly number[];
  /** The place of the peer's address in the order of addresses. */
  readonly peerOrder: number;
}

/** One step of the decision process: of two routes that all steps before found equal, the one of lesser rank is better. */
export interface DecisionStep {
  readonly name: string;
  readonly rank: (route: Route) => number;
  /** What the rank says of a route, for people. */
  readonly shows: (route: Route) => string;
}

/**
 * BIRD's decision process, in its order (`rte_better` and `bgp_rte_better`, the same in 1.6.8 and 2.0.12). Omitted is what is
 * equal for every route of a fabric, which is one AS: AS path length, origin, eBGP before iBGP. The only
 * difference in BIRD 1.6 is the IGP metric of routes learned from the kernel: unknown, see `Way`.
 */
export const JOINING_STEPS: readonly DecisionStep[] = [
  {
    name: 'preference of the protocol',
    rank: ({ preference }) => -preference,
    shows: ({ preference }) => String(preference),
  },
  {
    name: 'next hop resolvable (RFC 4271 9.1.2.1)',
    rank: ({ way, from }) => (from !== undefined && way.hops.length === 0 ? 1 : 0),
    shows: ({ way, from }) => (from !== undefined && way.hops.length === 0 ? 'no' : 'yes'),
  },
  { name: 'LOCAL_PREF', rank: ({ localPref }) => -localPref, shows: ({ localPref }) => String(localPref) },
  // Compared of all routes, since all have one neighbour AS: none at all (`bgp_get_neighbor`).
  { name: 'MED (9.1.2.2 c)', rank: ({ med }) => med, shows: ({ med }) => String(med) },
  {
    name: 'IGP metric of the next hop (9.1.2.2 e)',
    rank: ({ way }) => way.metric,
    shows: ({ way }) => (way.metric === UNKNOWN_METRIC ? 'unknown' : String(way.metric)),
  },
];

/** `merge paths` ignores these: routes that are equal until here share the traffic (ECMP); only one is sent on. */
export const LAST_STEPS: readonly DecisionStep[] = [
  {
    name: 'ORIGINATOR_ID, else router ID (RFC 4456 9)',
    rank: ({ originator }) => originator,
    shows: ({ originator }) => quadText(originator),
  },
  {
    name: 'length of CLUSTER_LIST (RFC 4456 9)',
    rank: ({ clusters }) => clusters.length,
    shows: ({ clusters }) => String(clusters.length),
  },
  {
    name: 'address of the peer (9.1.2.2 g)',
    rank: ({ peerOrder }) => peerOrder,
    shows: ({ from }) =>
      from?.session.ends.find(({ speaker }) => speaker !== from.local.speaker)?.address.text ?? 'own',
  },
];

/** Negative if the first is better. Never 0 for two routes of one table: no two sessions have one peer address. */
export function compareRoutes(a: Route, b: Route): number {
  return difference(JOINING_STEPS, a, b) || difference(LAST_STEPS, a, b);
}

/** Whether the kernel gets both (`bgp_rte_mergable`). */
export const isEqualCost = (a: Route, b: Route): boolean => difference(JOINING_STEPS, a, b) === 0;

/** The first step that tells the two apart. */
export const decidingStep = (a: Route, b: Route): DecisionStep | undefined =>
  [...JOINING_STEPS, ...LAST_STEPS].find(({ rank }) => rank(a) !== rank(b));

function difference(steps: readonly DecisionStep[], a: Route, b: Route): number {
  for (let at = 0; at < steps.length; at++) {
    const { rank } = steps[at] as DecisionStep;
    const apart = rank(a) - rank(b);
    if (apart !== 0) return apart;
  }
  return 0;
}
