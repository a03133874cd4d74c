import { rewritten, type Written } from '../bird/filter/marks.ts';
import type { Mentions } from '../bird/filter/mentions.ts';
import type { FilteredRoute } from '../bird/filter/run.ts';
import { unknown, type Value, word } from '../bird/filter/values.ts';
import { type Fabric, nodeBlocks } from '../fabric/index.ts';
import {
  addressBits,
  contains,
  type Family,
  hostPrefix,
  type IpAddress,
  ipAddress,
  overlaps,
  type Prefix,
  parsePrefix,
  prefixOf,
} from '../topology/address.ts';
import type { Cluster } from './cluster.ts';
import { fieldAt } from './cluster-objects.ts';
import { connectedNetworks, serviceRanges } from './cluster-ranges.ts';
import { bgpRouteOf, ORIGINS, routeOf } from './route-origins.ts';

/** `mentioned`: a filter itself mentions it; `other`: nothing does. */
export type RouteKind =
  | 'block'
  | 'borrowed'
  | 'aggregate'
  | 'default'
  | 'connected'
  | 'service'
  | 'mentioned'
  | 'other';

/** A route that a router's filter may see, as far as relevant to a cluster. */
export interface RouteClass {
  readonly kind: RouteKind;
  /** For display: `default route 0.0.0.0/0`. Routes of several origins share a name. */
  readonly name: string;
  /** Its group: named instead if all members are meant. */
  readonly whole: string;
  /** Its origin: `static`, `OSPF`. */
  readonly origin: string;
  /** For a block and addresses inside it: the node that has it. */
  readonly node: string | undefined;
  readonly route: FilteredRoute;
}

/** The network that sample routes are made up for: what the topology knows, and what only today's cluster says. */
export interface Surroundings {
  readonly fabric: Fabric;
  readonly cluster: Cluster;
  /** The protocol that a node's routes arrive through, if it belongs to this router. */
  readonly protocolOf: (node: string) => string | undefined;
  /** Attributes that other routers set on routes that pass through them. */
  readonly carried: Written;
}

/**
 * The routes of a family for which two filters are compared: blocks, borrowed addresses and pools, service addresses, default and
 * connected routes, and others, including one of each kind that the filters themselves distinguish.
 */
export function routeClasses(around: Surroundings, family: Family, mentions: Mentions): RouteClass[] {
  const pools = around.fabric.pods.pools.filter(({ cidr }) => cidr.family === family);
  const services = serviceRanges(around, family);
  const connected = connectedNetworks(around, family);
  const mentioned = mentions.prefixes.filter((one) => one.family === family);
  const taken = [...pools.map(({ cidr }) => cidr), ...services, ...connected, ...mentioned];
  const lengths = [...new Set(mentions.numbers.flatMap((one) => [one - 1, one, one + 1]))]
    .concat(family === 'ipv4' ? [8, 16, 20, 24, 28, 30, 31, 32] : [32, 48, 56, 64, 96, 127, 128])
    .filter((one) => one > 0 && one <= addressBits(family));
  const blocks = representatives(around, family, mentioned);
  const unused = unusedPrefixes(family).find(
    (one) => !taken.some((other) => overlaps(one, other) && other.length > 0),
  );
  return [
    ...blocks.flatMap((block) => ofBlock(around, block)),
    ...pools.flatMap(({ cidr }) => elsewhere('aggregate', '', `pool ${cidr.text} as a whole`, cidr)),
    ...mentioned
      .filter((one) =>
        pools.some(
          ({ cidr, blockSize }) => cidr.text !== one.text && contains(cidr, one) && one.length < blockSize,
        ),
      )
      .flatMap((one) => elsewhere('aggregate', '', `aggregate ${one.text}`, one)),
    ...defaults(family).flatMap((one) => elsewhere('default', '', `default route ${one.text}`, one)),
    ...connected.flatMap((one) =>
      elsewhere('connected', 'connected networks', `connected network ${one.text}`, one),
    ),
    ...services.flatMap((range) => ofServices(range)),
    ...mentioned
      .filter((one) => one.length > 0)
      .flatMap((outer) =>
        [outer, ...inside(outer, lengths)]
          .filter((one) => !pools.some(({ cidr }) => contains(cidr, one)))
          .flatMap((one) => elsewhere('mentioned', `${outer.text} and prefixes inside it`, one.text, one)),
      ),
    ...(unused === undefined
      ? []
      : [...new Set(lengths)].flatMap((length) => {
          const one = prefixOf(ipAddress(family, unused.value + 1n), length);
          return taken.some((other) => other.length > 0 && overlaps(other, one))
            ? []
            : elsewhere(
                'other',
                'all other networks and hosts',
                length === addressBits(family)
                  ? `other hosts, such as ${one.text}`
                  : `other networks of /${length}`,
                one,
              );
        })),
  ];
}

interface Block {
  readonly prefix: Prefix;
  readonly node: string | undefined;
  readonly nextHop: IpAddress | undefined;
}

/** Blocks that the filters may distinguish: one for each position relative to the prefixes that the filters compare with. */
function representatives({ fabric }: Surroundings, family: Family, mentioned: readonly Prefix[]): Block[] {
  const owned = nodeBlocks(fabric);
  const all = fabric.nodes.flatMap((node): Block[] =>
    (owned.get(node.name) ?? [])
      .filter((one) => one.family === family)
      .map((prefix) => ({ prefix, node: node.name, nextHop: node.address[family] })),
  );
  const free = fabric.pods.pools
    .filter(({ cidr }) => cidr.family === family)
    .flatMap(({ cidr, blockSize }): Block[] =>
      [cidr, ...mentioned.flatMap(edges)]
        .map((one) => prefixOf(ipAddress(family, one.value), blockSize))
        .filter((prefix) => contains(cidr, prefix))
        .map((prefix) => ({ prefix, node: undefined, nextHop: undefined })),
    );
  const regions = new Map(fabric.nodes.map(({ name, region }) => [name, region]));
  const found = new Map<string, Block>();
  for (const one of [...all, ...free]) {
    const lies = mentioned.map((other) =>
      contains(other, one.prefix) ? 2 : contains(one.prefix, other) ? 1 : 0,
    );
    const region = one.node === undefined ? undefined : (regions.get(one.node) ?? '');
    // Two per region: a node is never sent its own block.
    for (const place of [0, 1]) {
      const key = JSON.stringify([lies, region, place]);
      if (found.has(key)) continue;
      found.set(key, one);
      break;
    }
  }
  return [...found.values()];
}

/** A prefix, and the first address after it. */
const edges = (one: Prefix): Prefix[] => {
  const after = one.value + (1n << BigInt(addressBits(one.family) - one.length));
  return after >> BigInt(addressBits(one.family)) > 0n
    ? [one]
    : [one, prefixOf(ipAddress(one.family, after), one.length)];
};

/** A block as its node announces it, and an address of it that another node borrowed. */
function ofBlock(around: Surroundings, { prefix, node, nextHop }: Block): RouteClass[] {
  const borrowed = prefixOf(ipAddress(prefix.family, prefix.value), addressBits(prefix.family));
  const base = { node, origin: 'BGP' };
  const name = node === undefined ? `block ${prefix.text}` : `block ${prefix.text} of ${node}`;
  const route = (net: Prefix): FilteredRoute => announced(around, net, node, nextHop);
  return [
    { ...base, kind: 'block', whole: 'blocks', name, route: route(prefix) },
    ...(prefix.length === addressBits(prefix.family)
      ? []
      : [
          {
            ...base,
            kind: 'borrowed' as const,
            whole: 'borrowed addresses',
            name: `borrowed address ${borrowed.text}`,
            route: route(borrowed),
          },
        ]),
  ];
}

/** What calico-node announces to a router of its own AS; its metric and communities are uncertain. */
function announced(
  { protocolOf, cluster, carried }: Surroundings,
  net: Prefix,
  node: string | undefined,
  nextHop: IpAddress | undefined,
): FilteredRoute {
  const proto = node === undefined ? undefined : protocolOf(node);
  const isNear = proto !== undefined && nextHop !== undefined;
  const ip = (value: IpAddress): Value => ({ type: 'ip', value });
  const isChanged = cluster
    .of('BGPFilter')
    .some(({ value }) => JSON.stringify(fieldAt(value, ['spec']) ?? '').includes('"operations"'));
  const hasCommunities =
    isChanged ||
    cluster
      .of('BGPConfiguration')
      .some(({ value }) => fieldAt(value, ['spec', 'prefixAdvertisements']) !== undefined);
  const route: FilteredRoute = {
    net,
    attributes: new Map<string, Value>([
      ['source', word('RTS_BGP')],
      ['bgp_path', isChanged ? unknown('bgp_path') : { type: 'path', value: [] }],
      ['bgp_origin', word('ORIGIN_IGP')],
      ['bgp_local_pref', unknown('bgp_local_pref')],
      ['bgp_med', unknown('bgp_med', false)],
      ['bgp_next_hop', isNear ? ip(nextHop) : unknown('bgp_next_hop')],
      ['from', isNear ? ip(nextHop) : unknown('from')],
      ['proto', proto === undefined ? unknown('proto') : { type: 'string', value: proto }],
      ['igp_metric', unknown('igp_metric', false)],
    ]),
    // Besides what a BGPConfiguration adds, what routers on the path add: a reflector's attributes, and marks.
    mayHave: isNear ? (hasCommunities ? /^bgp_(large_)?community$/ : undefined) : /^bgp_/,
  };
  return isNear ? route : rewritten(route, carried);
}

/** A route that may also come from others: by each protocol, and by BGP from the same AS and from another. */
function elsewhere(kind: RouteKind, whole: string, name: string, net: Prefix): RouteClass[] {
  const base = { kind, whole: whole || name, name, node: undefined };
  return [
    ...ORIGINS.filter((one) => kind !== 'connected' || one.source !== 'RTS_STATIC').map(
      (one): RouteClass => ({ ...base, origin: one.name, route: routeOf(one, net) }),
    ),
    { ...base, origin: 'BGP', route: bgpRouteOf(net, { type: 'path', value: [] }) },
    { ...base, origin: OF_ANOTHER_AS, route: bgpRouteOf(net, { type: 'path', value: [FOREIGN_AS] }) },
  ];
}

export const OF_ANOTHER_AS = 'BGP of another AS';

/** Reserved for documentation (RFC 5398), so no network uses it. */
const FOREIGN_AS = 65550;

/** A range of service addresses, and one of them. */
const ofServices = (range: Prefix): RouteClass[] => [
  ...elsewhere('service', 'service addresses', `service range ${range.text}`, range),
  ...(range.length === addressBits(range.family)
    ? []
    : elsewhere(
        'service',
        'service addresses',
        `service address ${serviceAddress(range).text}`,
        serviceAddress(range),
      )),
];

const serviceAddress = (range: Prefix): Prefix => hostPrefix(ipAddress(range.family, range.value + 1n));

const prefixes = (...texts: string[]): Prefix[] =>
  texts.flatMap((text) => {
    const parsed = parsePrefix(text);
    return parsed.ok ? [parsed.prefix] : [];
  });

const defaults = (family: Family): Prefix[] => prefixes(family === 'ipv4' ? '0.0.0.0/0' : '::/0');

/** Unused addresses, for other routes; documentation addresses may be in use in an example. */
const unusedPrefixes = (family: Family): Prefix[] =>
  family === 'ipv4'
    ? prefixes('240.90.0.0/16', '203.0.113.0/24', '198.18.0.0/16')
    : prefixes('3fff:90::/32', '2001:db8:90::/48');

/** Prefixes inside a prefix, one for each distinguished length. */
const inside = (outer: Prefix, lengths: readonly number[]): Prefix[] =>
  [...new Set(lengths)]
    .filter((length) => length > outer.length)
    .map((length) => prefixOf(ipAddress(outer.family, outer.value), length));
