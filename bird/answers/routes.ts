import { withoutCode } from './line.ts';

/** A BGP route in a daemon's table, as in `show route all`. */
export interface RibRoute {
  readonly prefix: string;
  /** The peer that it came from. */
  readonly neighbor: string;
  readonly isBest: boolean;
  /** Whether its next hop is resolved. */
  readonly isResolved: boolean;
  readonly nextHop: string;
  readonly localPref: number;
  readonly originator: string | undefined;
  readonly clusters: readonly string[];
}

/** For BIRD 1.6 and 2. `peers`: the neighbour of each BGP protocol. */
export function ribRoutes(text: string, peers: ReadonlyMap<string, string>): RibRoute[] {
  const routes: RibRoute[] = [];
  let prefix = '';
  for (const entry of text.split(/\n(?=[^\t\n])/)) {
    const [head = '', ...lines] = entry.split('\n');
    const [, net, dest = '', protocol = '', rest = ''] =
      /^(\S+\/\d+)?\s+(.*?)\s*\[(\S+) [^\]]*\](.*)$/.exec(head) ?? [];
    prefix = net ?? prefix;
    const neighbor = peers.get(protocol);
    if (neighbor === undefined) continue;
    const value = (name: string) =>
      lines
        .find((line) => line.startsWith(`\tBGP.${name}:`))
        ?.slice(`\tBGP.${name}:`.length)
        .trim();
    routes.push({
      prefix,
      neighbor,
      isBest: rest.trimStart().startsWith('*'),
      isResolved: !dest.startsWith('unreachable'),
      nextHop: value('next_hop')?.split(' ')[0] ?? '',
      localPref: Number(value('local_pref')),
      originator: value('originator_id'),
      clusters: value('cluster_list')?.split(' ').filter(Boolean) ?? [],
    });
  }
  return routes;
}

/** A route from BGP in a router's tables, as in `show route`; BIRD 2 and 3. */
export interface BgpRoute {
  readonly prefix: string;
  /** The protocol that brought it. */
  readonly protocol: string;
  /** It is the best to its prefix in its table. */
  readonly isBest: boolean;
  /** `unicast`, or how its packets are dropped: `unreachable`, `blackhole`, `prohibited`. */
  readonly kind: string;
  readonly hops: readonly { readonly via: string | undefined; readonly dev: string }[];
}

/** With or without codes (`birdc -v`, which has five blanks where a code is repeated). A route without a prefix is another one to the prefix before. */
export function bgpRoutes(text: string): BgpRoute[] {
  const routes: (BgpRoute & { hops: { via: string | undefined; dev: string }[] })[] = [];
  let prefix = '';
  for (const raw of text.split('\n')) {
    const line = withoutCode(raw);
    const [, net, kind, protocol, rest] = ROUTE.exec(line) ?? [];
    if (kind !== undefined && protocol !== undefined) {
      prefix = net ?? prefix;
      routes.push({ prefix, protocol, isBest: (rest ?? '').trimStart().startsWith('*'), kind, hops: [] });
      continue;
    }
    const [, via, dev, direct] = HOP.exec(line) ?? [];
    if (dev !== undefined) routes.at(-1)?.hops.push({ via, dev });
    else if (direct !== undefined) routes.at(-1)?.hops.push({ via: undefined, dev: direct });
  }
  // Substrings would keep the whole text in memory.
  return structuredClone(routes);
}

/** `10.42.0.0/26  unicast [k3s_kube_1_v4 07:43:11.123 from 10.0.0.1] * (100) [i]` */
const ROUTE = /^\s*(?:(\S+\/\d+)\s+)?(unicast|unreachable|blackhole|prohibited)\s+\[([^\s\]]+)[^\]]*\](.*)$/;

/** `	via 192.168.1.11 on eth0 weight 1`, or `	dev eth0`. */
const HOP = /^\s+(?:via (\S+) on (\S+)|dev (\S+))/;
