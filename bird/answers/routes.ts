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
