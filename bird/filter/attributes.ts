import type { Library } from './library.ts';
import { type CommunityKind, int, type Value, word } from './values.ts';

/** Attributes by name: which ones exist, and their types. */

/** Attributes that every route has; if not given, their value is unknown. A route may lack all others. */
export const OF_EVERY_ROUTE = /^(from|gw|proto|source|scope|dest|ifname|ifindex|weight|preference|onlink)$/;
export const DYNAMIC = /^(bgp|ospf|rip|krt|babel|radv)_[a-z0-9_]+$|^igp_metric$/;

/** Whether a filter may set it. */
export const isAttribute = (name: string, { attributes }: Library): boolean =>
  OF_EVERY_ROUTE.test(name) || DYNAMIC.test(name) || attributes.has(name);

const communities = (of: CommunityKind): Value => ({ type: 'communities', of, value: [] });

/** If a route lacks one of these, it counts as empty. */
export const EMPTY: Readonly<Record<string, Value>> = {
  bgp_path: { type: 'path', value: [] },
  bgp_community: communities('pair'),
  bgp_ext_community: communities('ec'),
  bgp_large_community: communities('lc'),
};

const NOWHERE = { family: 'ipv6', value: 0n, text: '::' } as const;
const IP: Value = { type: 'ip', value: NOWHERE };
const QUAD: Value = { type: 'quad', value: { family: 'ipv4', value: 0n, text: '0.0.0.0' } };
const STRING: Value = { type: 'string', value: '' };

const EXAMPLES: readonly (readonly [RegExp, Value])[] = [
  [/^(from|gw|bgp_next_hop|krt_prefsrc)$/, IP],
  [/^(ospf_router_id|bgp_originator_id)$/, QUAD],
  [/^(proto|ifname)$/, STRING],
  [/^source$/, word('RTS_STATIC')],
  [/^scope$/, word('SCOPE_UNIVERSE')],
  [/^dest$/, word('RTD_UNICAST')],
  [/^bgp_origin$/, word('ORIGIN_IGP')],
  [/^(preference|weight|ifindex|igp_metric|bgp_med|bgp_local_pref)$/, int(1)],
  [/^(ospf_metric1|ospf_metric2|ospf_tag|rip_metric|rip_tag|babel_metric|krt_source|krt_metric)$/, int(1)],
];

/** A sample value of the attribute's type: an operation invalid for it is invalid for every value. */
export const exampleOf = (name: string): Value | undefined =>
  EMPTY[name] ?? EXAMPLES.find(([names]) => names.test(name))?.[1];
