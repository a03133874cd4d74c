import type { FilteredRoute } from '../bird/filter/run.ts';
import { unknown, type Value, word } from '../bird/filter/values.ts';
import type { Prefix } from '../topology/address.ts';

/** Origin of a route that is not from a cluster node, and what a filter may test on it. */
export interface Origin {
  /** For display: `static`, `OSPF`. */
  readonly name: string;
  /** Its source in filters. */
  readonly source: string;
  /** Attributes that every route of the source has, whatever their values. */
  readonly has: readonly string[];
  /** Attributes that it may also have. */
  readonly mayHave: RegExp | undefined;
}

const OSPF = { has: ['ospf_metric1', 'ospf_router_id'], mayHave: /^ospf_|^igp_metric$/ };

/** Attributes by source in BIRD 2.0.12; older and newer versions set more of those that an OSPF route may have. */
export const ORIGINS: readonly Origin[] = [
  { name: 'static', source: 'RTS_STATIC', has: [], mayHave: undefined },
  { name: 'connected', source: 'RTS_DEVICE', has: [], mayHave: undefined },
  { name: 'kernel', source: 'RTS_INHERIT', has: ['krt_source', 'krt_metric'], mayHave: /^krt_/ },
  { name: 'OSPF', source: 'RTS_OSPF', ...OSPF },
  { name: 'OSPF', source: 'RTS_OSPF_IA', ...OSPF },
  { name: 'OSPF external', source: 'RTS_OSPF_EXT1', ...OSPF },
  { name: 'OSPF external', source: 'RTS_OSPF_EXT2', ...OSPF },
  { name: 'RIP', source: 'RTS_RIP', has: ['rip_metric', 'rip_tag'], mayHave: /^rip_/ },
  { name: 'Babel', source: 'RTS_BABEL', has: ['babel_metric'], mayHave: /^babel_/ },
];

/** A route of such an origin, as far as known. */
export const routeOf = ({ source, has, mayHave }: Origin, net: Prefix): FilteredRoute => ({
  net,
  attributes: new Map<string, Value>([
    ['source', word(source)],
    ...has.map((one): [string, Value] => [one, unknown(one)]),
  ]),
  mayHave,
});

/** A route learned by BGP; `path` is what is known of its AS path. */
export const bgpRouteOf = (net: Prefix, path: Value): FilteredRoute => ({
  net,
  attributes: new Map<string, Value>([
    ['source', word('RTS_BGP')],
    ['bgp_path', path],
    ...['bgp_origin', 'bgp_local_pref', 'bgp_next_hop'].map((one): [string, Value] => [one, unknown(one)]),
  ]),
  mayHave: /^bgp_|^igp_metric$/,
});
