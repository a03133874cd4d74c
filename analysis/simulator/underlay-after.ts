import { FAMILIES, type Family } from '../../topology/address.ts';
import type { FailureSet } from './failure.ts';
import type { Network } from './model.ts';
import { isSameSet, regrowth, type Tree } from './spf.ts';
import { type KnownUnderlay, type Underlay, underlayWith } from './underlay.ts';
import { findWay, type Trees, treesOf, type UnderlayRoute } from './way.ts';

/** A changed path. */
export interface ChangedWay {
  readonly machine: number;
  readonly address: number;
  readonly way: UnderlayRoute;
}

/** An underlay after a failure, and of the ways that were looked up before those that are others now. */
export interface UnderlayAfter {
  readonly underlay: Underlay;
  readonly changed: readonly ChangedWay[];
}

/**
 * The underlay after a failure, made of the one before it: what stays is shared. What machines that failed make of it is
 * left as it was: nothing can ask them.
 */
export function underlayAfter(network: Network, base: KnownUnderlay): (failure: FailureSet) => UnderlayAfter {
  const addressesAt = addressesByVertex(network);
  const first = network.segments.length;
  return (failure) => {
    const regrown: Record<Family, Map<number, Tree>> = { ipv4: new Map(), ipv6: new Map() };
    const open: [machine: number, address: number][] = [];
    const doubt = (machine: number, addresses: readonly number[]) => {
      const ways = base.ways[machine];
      for (const address of addresses) {
        if (ways?.has(address)) open.push([machine, address]);
      }
    };
    for (const family of FAMILIES) {
      const regrow = regrowth(network, base.trees.neighbours(family), failure);
      for (const [root, tree] of base.trees.grown(family)) {
        if (failure.machines.has(root)) continue;
        const since = regrow(tree);
        if (since.size === 0) continue;
        regrown[family].set(root, { ...tree, since });
        for (const vertex of since.keys()) doubt(root, addressesAt[vertex] as readonly number[]);
      }
    }
    for (const segment of failure.segments) {
      // Whose carrier went loses its own route; a forwarding address that is gone is no longer asked for.
      const members = network.segments[segment]?.members ?? [];
      for (const machine of members) doubt(machine, addressesAt[segment] as readonly number[]);
      const forwarded = addressesAt[segment]?.filter((address) => network.externals[address]?.length) ?? [];
      if (forwarded.length > 0) for (const { index } of network.machines) doubt(index, forwarded);
    }
    for (const machine of failure.machines) {
      const sent = addressesAt[first + machine] as readonly number[];
      if (sent.length > 0) for (const { index } of network.machines) doubt(index, sent);
    }
    const fresh = treesOf(network, failure);
    const trees: Trees = {
      ...fresh,
      of(family, root) {
        const after = regrown[family].get(root);
        if (after !== undefined) return after;
        const before = failure.machines.has(root) ? undefined : base.trees.grown(family).get(root);
        return before ?? fresh.of(family, root);
      },
    };
    const changed: ChangedWay[] = [];
    const now = new Map<number, Map<number, UnderlayRoute>>();
    for (const [machine, address] of open) {
      const others = now.get(machine);
      if (failure.machines.has(machine) || others?.has(address)) continue;
      const way = findWay(network, failure, trees, machine, address);
      if (isSameWay(way, base.ways[machine]?.get(address) as UnderlayRoute)) continue;
      changed.push({ machine, address, way });
      if (others === undefined) now.set(machine, new Map([[address, way]]));
      else others.set(address, way);
    }
    const before = (machine: number, address: number) =>
      now.get(machine)?.get(address) ?? base.ways[machine]?.get(address);
    return { underlay: underlayWith(network, failure, trees, before), changed };
  };
}

const isSameWay = (a: UnderlayRoute, b: UnderlayRoute): boolean =>
  a.source === b.source && a.metric === b.metric && isSameSet(a.hops, b.hops);

/** The addresses whose ways depend on how a vertex of OSPF's graph is reached. */
function addressesByVertex({ segments, machines, addresses, externals }: Network): number[][] {
  const all: number[][] = [...segments, ...machines].map(() => []);
  for (const [index, { within }] of addresses.entries()) {
    all[within]?.push(index);
    for (const { machine, forwarding } of externals[index] ?? []) {
      all[segments.length + machine]?.push(index);
      if (forwarding !== undefined) all[forwarding.segment]?.push(index);
    }
  }
  return all;
}
