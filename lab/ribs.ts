import { askBird } from './birdc.ts';
import type { Lab } from './boot.ts';
import { bgpStates } from './observe.ts';
import { hostFolder } from './plan.ts';

/** A BGP route in the table of a daemon, as `show route all` has it. */
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

/** By host: the BGP routes of its routers' tables, or of both daemons of a node. */
export async function readRibs(lab: Lab): Promise<ReadonlyMap<string, readonly RibRoute[]>> {
  const tables = new Map(lab.fabric.routers.map(({ name, bird }) => [name, Object.values(bird.tables)]));
  const asked = lab.plan.hosts.flatMap((host) =>
    host.daemons
      .filter(({ role }) => role !== 'igp')
      .map(async ({ name, role }): Promise<[string, RibRoute[]]> => {
        const socket = lab.holder.path(`${hostFolder(host.name)}/${name}.ctl`);
        const ask = async (command: string) => (await askBird(socket, command))?.text ?? '';
        const peers = new Map(
          bgpStates(await ask('show protocols all')).map((state) => [state.name, state.neighbor]),
        );
        const shown =
          role === 'router'
            ? (tables.get(host.name) ?? []).map((table) => ask(`show route all table ${table}`))
            : [ask('show route all')];
        return [host.name, (await Promise.all(shown)).flatMap((text) => ribRoutes(text, peers))];
      }),
  );
  const ribs = new Map<string, RibRoute[]>();
  for (const [host, routes] of await Promise.all(asked))
    ribs.set(host, [...(ribs.get(host) ?? []), ...routes]);
  return ribs;
}

/** BIRD 1.6 and 2 alike. `peers`: the neighbour of each BGP protocol. */
export function ribRoutes(text: string, peers: ReadonlyMap<string, string>): RibRoute[] {
  const found: RibRoute[] = [];
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
    found.push({
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
  return found;
}
