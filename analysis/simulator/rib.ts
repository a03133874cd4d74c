import { compareRoutes, isEqualCost, type Route } from './decision.ts';
import type { Block, Link, Network } from './model.ts';
import { type Policy, policyOf } from './policy.ts';
import { union } from './spf.ts';
import type { Underlay } from './underlay.ts';

/** The routes of all speakers to one block after convergence. */
export interface Rib {
  readonly block: Block;
  /** A speaker's routes, the best first. */
  routes(machine: number): readonly Route[];
  /** The next hops that its kernel gets: those of all routes that `merge paths` takes together with the best. */
  hops(machine: number): readonly number[];
  /** Routers whose outcome depends on message order, and is therefore unknown. */
  readonly undecided: readonly number[];
  readonly tables: Tables;
  /** Of a rib after a failure: the machines whose table may be another one since; undefined if it can be any. */
  readonly moved?: readonly number[] | undefined;
  /** Whether message order could matter: see `isOpen`. */
  readonly isOpen: boolean;
}

/** By machine: its routes, the best first. A table is never changed, only replaced. */
export type Tables = readonly (readonly Route[] | undefined)[];

/** `live`: by session, whether it is up. */
export function ribsOf(
  network: Network,
  underlay: Underlay,
  live: Uint8Array,
): (block: Block, policy?: Policy) => Rib {
  return (block, policy = policyOf(network, block)) => {
    const speaking = { network, underlay, live, block, policy };
    const settled = propagate(speaking, 'first');
    if (!isOpen(speaking, settled)) return ribFrom(block, settled, false);
    const other = propagate(speaking, 'last');
    const undecided = network.machines.flatMap(({ index }) =>
      settled[index]?.[0]?.from?.index === other[index]?.[0]?.from?.index ? [] : [index],
    );
    return ribFrom(block, settled, true, undecided);
  };
}

export function ribFrom(
  block: Block,
  tables: Tables,
  isOpen: boolean,
  undecided: readonly number[] = [],
  moved?: readonly number[],
): Rib {
  return {
    block,
    routes: (machine) => tables[machine] ?? NO_ROUTES,
    hops: (machine) => mergedHops(tables[machine] ?? NO_ROUTES),
    undecided,
    tables,
    moved,
    isOpen,
  };
}

const NO_ROUTES: readonly Route[] = [];

export function mergedHops(routes: readonly Route[]): readonly number[] {
  const [best] = routes;
  if (best === undefined) return [];
  let hops = best.way.hops;
  for (let index = 1; index < routes.length; index++) {
    const route = routes[index] as Route;
    // The routes are sorted: none after the first worse one is equal.
    if (!isEqualCost(best, route)) break;
    hops = union(hops, route.way.hops);
  }
  return hops;
}

/** Everything that says how the routes to one block spread. */
export interface Speaking {
  readonly network: Network;
  readonly underlay: Underlay;
  readonly live: Uint8Array;
  readonly block: Block;
  readonly policy: Policy;
}

/**
 * Where a reflector prefers what another reflector says of its own client, who was first decides. Where none does, nothing
 * is open: routes go from the node to its reflectors, from these to all routers, and on to their nodes, and no further.
 */
export function isOpen({ network, live, block }: Speaking, tables: Tables): boolean {
  const { all } = network.carriers[block.prefix.family][block.node] ?? NO_CARRIERS;
  return all.some(({ sessionIndex, peer }) => {
    if (live[sessionIndex] !== 1 || network.machines[peer]?.kind !== 'router') return false;
    const best = tables[peer]?.[0];
    return best !== undefined && best.from?.peer !== block.node;
  });
}

const NO_CARRIERS = { all: [], toClients: [] };

function propagate(speaking: Speaking, order: 'first' | 'last'): Tables {
  const { network, block, policy } = speaking;
  const tables: (readonly Route[] | undefined)[] = new Array(network.machines.length).fill(undefined);
  tables[block.node] = [policy.own];
  settle(speaking, NO_TABLES, tables, [block.node], order);
  return tables;
}

const NO_TABLES: Tables = [];

/**
 * A change is announced at once, speaker by speaker: `first` or `last` in, first served. `before` are the tables of which
 * everybody knows, `open` are the speakers whose best route changed. Returns whether all converged. `moved` gets
 * those whose table changed, some more than once.
 */
export function settle(
  { network, underlay, live, block, policy }: Speaking,
  before: Tables,
  tables: (readonly Route[] | undefined)[],
  open: number[],
  order: 'first' | 'last',
  moved?: number[],
): boolean {
  const carriers = network.carriers[block.prefix.family];
  const sent = new Map<number, Route | undefined>();
  const isWaiting = new Uint8Array(network.machines.length);
  for (const speaker of open) isWaiting[speaker] = 1;
  let head = 0;
  // Every converging network needs far fewer; one that never converges must not run forever.
  let left = 20 * network.machines.length + 100;
  while (head < open.length && left-- > 0) {
    const speaker = (order === 'first' ? open[head++] : open.pop()) as number;
    isWaiting[speaker] = 0;
    const best = tables[speaker]?.[0];
    const lastSent = sent.has(speaker) ? sent.get(speaker) : before[speaker]?.[0];
    if (best === lastSent) continue;
    sent.set(speaker, best);
    const { all, toClients } = carriers[speaker] ?? NO_CARRIERS;
    // Routes not from a client go only to clients: no other speaker has them from here, and need not be checked.
    for (const link of isForAll(best) || isForAll(lastSent) ? all : toClients) {
      if (live[link.sessionIndex] !== 1) continue;
      const { peer } = link;
      const back = network.links[link.other] as Link;
      const announced = best === undefined ? undefined : policy.send(link, best);
      const isTaken = typeof announced === 'object' && policy.take(back, announced) === undefined;
      const table = tables[peer];
      const without = table === undefined ? NO_ROUTES : withoutFrom(table, back);
      if (!isTaken) {
        if (without === table || table === undefined) continue;
        tables[peer] = without;
      } else {
        tables[peer] = withRoute(without, {
          nextHop: announced.nextHop,
          localPref: announced.localPref,
          med: announced.med,
          originator: announced.originator,
          clusters: announced.clusters,
          from: back,
          way: underlay.way(peer, announced.nextHop),
          preference: policy.preference(back, announced),
          peerOrder: network.addresses[back.peerAddress]?.order ?? 0,
        });
      }
      moved?.push(peer);
      // Nodes propagate nothing: they are clients and peers, never reflectors.
      if (isWaiting[peer] === 1 || network.machines[peer]?.kind !== 'router') continue;
      isWaiting[peer] = 1;
      open.push(peer);
    }
  }
  return head >= open.length;
}

const isForAll = (route: Route | undefined): boolean =>
  route !== undefined && (route.from === undefined || route.from.toClient);

function withoutFrom(table: readonly Route[], link: Link): readonly Route[] {
  for (const { from } of table) if (from === link) return table.filter((route) => route.from !== link);
  return table;
}

function withRoute(table: readonly Route[], route: Route): readonly Route[] {
  if (table.length === 0) return [route];
  let at = table.length;
  while (at > 0 && compareRoutes(route, table[at - 1] as Route) < 0) at -= 1;
  return [...table.slice(0, at), route, ...table.slice(at)];
}
