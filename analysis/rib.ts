import { compareRoutes, isEqualCost, type Route } from './decision.ts';
import type { Block, Link, Network } from './network.ts';
import { type Policy, policyOf } from './policy.ts';
import { union } from './spf.ts';
import type { Underlay } from './underlay.ts';

/** The routes of all speakers to one block, once nothing changes any more. */
export interface Rib {
  readonly block: Block;
  /** A speaker's routes, the best first. */
  routes(machine: number): readonly Route[];
  /** The next hops that its kernel gets: those of all routes that `merge paths` takes together with the best. */
  hops(machine: number): readonly number[];
  /** Routers that settle one way or another, depending on who was first. Nobody can say which. */
  readonly undecided: readonly number[];
}

/** `live`: by session, whether it is up. */
export function ribsOf(
  network: Network,
  underlay: Underlay,
  live: Uint8Array,
): (block: Block, policy?: Policy) => Rib {
  const upOf = network.linksOf.map((links) => links.filter(({ sessionIndex }) => live[sessionIndex] === 1));
  return (block, policy = policyOf(network, block)) => {
    const settled = propagate(network, underlay, upOf, block, policy, 'first');
    // Where a reflector prefers what another reflector says of its own client, who was first decides.
    const isOpen = upOf[block.node]?.some(({ peer }) => {
      const best = settled[peer]?.[0];
      return (
        network.machines[peer]?.kind === 'router' && best !== undefined && best.from?.peer !== block.node
      );
    });
    const other = isOpen ? propagate(network, underlay, upOf, block, policy, 'last') : settled;
    const undecided = isOpen
      ? network.machines.flatMap(({ index }) =>
          settled[index]?.[0]?.from?.index === other[index]?.[0]?.from?.index ? [] : [index],
        )
      : [];
    return {
      block,
      routes: (machine) => settled[machine] ?? NO_ROUTES,
      hops: (machine) => mergedHops(settled[machine] ?? NO_ROUTES),
      undecided,
    };
  };
}

const NO_ROUTES: readonly Route[] = [];

export function mergedHops(routes: readonly Route[]): readonly number[] {
  const [best] = routes;
  if (best === undefined) return [];
  let hops = best.way.hops;
  for (let index = 1; index < routes.length; index++) {
    const route = routes[index] as Route;
    // The routes are sorted: after the first that is worse there is none that is equal.
    if (!isEqualCost(best, route)) break;
    hops = union(hops, route.way.hops);
  }
  return hops;
}

/** A change is announced at once, speaker by speaker: `first` or `last` in, first served. */
function propagate(
  network: Network,
  underlay: Underlay,
  upOf: readonly (readonly Link[])[],
  block: Block,
  policy: Policy,
  order: 'first' | 'last',
): readonly (readonly Route[] | undefined)[] {
  const { family } = block.prefix;
  const tables: (Route[] | undefined)[] = new Array(network.machines.length);
  tables[block.node] = [policy.own];
  const sent: (Route | undefined)[] = [];
  const open = [block.node];
  // Every settling network needs far fewer; one that never settles must not run for ever.
  let left = 20 * network.machines.length + 100;
  while (open.length > 0 && left-- > 0) {
    const speaker = (order === 'first' ? open.shift() : open.pop()) as number;
    const best = tables[speaker]?.[0];
    const before = sent[speaker];
    if (best === before) continue;
    sent[speaker] = best;
    // What came from no client goes to clients only: nobody else has it from here, and need not be looked at.
    const toAll = isForAll(best) || isForAll(before);
    for (const link of upOf[speaker] ?? []) {
      if (!toAll && !link.toClient) continue;
      if (!link.session.carries.includes(family)) continue;
      const back = network.links[link.other] as Link;
      const announced = best === undefined ? undefined : policy.send(link, best);
      const isTaken = typeof announced === 'object' && policy.take(back, announced) === undefined;
      const table = tables[link.peer];
      const at = table?.findIndex(({ from }) => from === back) ?? -1;
      if (table !== undefined && at >= 0) table.splice(at, 1);
      if (isTaken) {
        const way = underlay.way(link.peer, announced.nextHop);
        const route: Route = {
          ...announced,
          from: back,
          way,
          preference: policy.preference(back, announced),
          peerOrder: network.addresses[back.peerAddress]?.order ?? 0,
        };
        const into = table ?? [];
        tables[link.peer] = into;
        into.push(route);
      }
      if (!isTaken && at < 0) continue;
      tables[link.peer]?.sort(compareRoutes);
      // Nodes pass nothing on: they are clients and peers of everybody, and reflectors of nobody.
      if (network.machines[link.peer]?.kind === 'router' && !open.includes(link.peer)) open.push(link.peer);
    }
  }
  return tables;
}

const isForAll = (route: Route | undefined): boolean =>
  route !== undefined && (route.from === undefined || route.from.toClient);
