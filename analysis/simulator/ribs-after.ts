import { compareRoutes, type Route } from './decision.ts';
import type { FailureSet } from './failure.ts';
import type { Network } from './model.ts';
import type { Policy } from './policy.ts';
import { isOpen, type Rib, ribFrom, ribsOf, type Speaking, settle } from './rib.ts';
import type { SessionsAfter } from './sessions.ts';
import { isSameSet } from './spf.ts';
import type { Underlay } from './underlay.ts';
import type { ChangedWay } from './underlay-after.ts';

/**
 * The routes to all blocks after a failure, by block, made of those before it as BGP does: what came over sessions that died
 * is gone, next hops are resolved again, and changed best routes are announced. A block that nothing touches has the rib
 * that it had. Tables of failed machines stay as they were: nothing reads them.
 */
export function ribsAfter(
  network: Network,
  base: readonly Rib[],
  policies: readonly Policy[],
): (
  failure: FailureSet,
  sessions: SessionsAfter,
  underlay: Underlay,
  changed: readonly ChangedWay[],
) => readonly Rib[] {
  const uses: (Uses | undefined)[] = [];
  const around = new Set(base.map(({ block }) => block.within));
  const usesOf = (machine: number): Uses => {
    const machineUses = uses[machine] ?? usesIn(base, machine);
    uses[machine] = machineUses;
    return machineUses;
  };
  return (failure, { live, died, rose }, underlay, changed) => {
    if (died.length === 0 && rose.length === 0 && changed.length === 0) return base;
    const ribOf = ribsOf(network, underlay, live);
    // A session that comes up since something failed is rare enough to begin from nothing.
    if (rose.length > 0) return base.map(({ block }) => ribOf(block, policies[block.index]));
    const touched = touchedBy(network, failure, usesOf, died, changed);
    return base.map((before) => {
      const { block, tables } = before;
      const policy = policies[block.index] as Policy;
      // Who was first before is not who is first now: only the whole story tells how that ends.
      if (before.isOpen) return ribOf(block, policy);
      const machines = touched[block.index];
      // Nobody asks for the pods of a node that failed, but an address of its block can be on another one.
      if (failure.machines.has(block.node)) return around.has(block.index) ? ribOf(block, policy) : before;
      if (machines === undefined) return before;
      const speaking = { network, underlay, live, block, policy };
      const now = tables.slice();
      const open: number[] = [];
      const moved = [...machines];
      for (const machine of machines) {
        const table = withWhatIsLeft(speaking, machine, tables[machine] ?? []);
        now[machine] = table;
        const isRouter = network.machines[machine]?.kind === 'router';
        if (isRouter && !isSameToOthers(tables[machine]?.[0], table[0])) open.push(machine);
      }
      const isAtRest = settle(speaking, tables, now, open, 'first', moved);
      // Where nothing is open there is only one way to settle, whatever the way there.
      return isAtRest && !isOpen(speaking, now)
        ? ribFrom(block, now, false, [], moved)
        : ribOf(block, policy);
    });
  };
}

/** Which blocks have a route of one machine over a link, and with a next hop. */
interface Uses {
  readonly links: ReadonlyMap<number, readonly number[]>;
  readonly nextHops: ReadonlyMap<number, readonly number[]>;
}

function usesIn(base: readonly Rib[], machine: number): Uses {
  const links = new Map<number, number[]>();
  const nextHops = new Map<number, number[]>();
  const note = (uses: Map<number, number[]>, key: number, block: number) => {
    const blocks = uses.get(key);
    if (blocks === undefined) uses.set(key, [block]);
    else if (blocks.at(-1) !== block) blocks.push(block);
  };
  for (const { block, tables } of base) {
    for (const { from, nextHop } of tables[machine] ?? []) {
      if (from === undefined) continue;
      note(links, from.index, block.index);
      note(nextHops, nextHop, block.index);
    }
  }
  return { links, nextHops };
}

/** By block: the machines that had a route over a dead session or a changed way. */
function touchedBy(
  { blocks, links }: Network,
  failure: FailureSet,
  usesOf: (machine: number) => Uses,
  died: readonly number[],
  changed: readonly ChangedWay[],
): (number[] | undefined)[] {
  const touched: (Set<number> | undefined)[] = new Array(blocks.length).fill(undefined);
  const touch = (machine: number, uses: readonly number[] = []) => {
    for (const block of uses) {
      const before = touched[block];
      if (before === undefined) touched[block] = new Set([machine]);
      else before.add(machine);
    }
  };
  for (const session of died) {
    for (const link of [2 * session, 2 * session + 1]) {
      const machine = links[link]?.machine ?? -1;
      if (!failure.machines.has(machine)) touch(machine, usesOf(machine).links.get(link));
    }
  }
  for (const { machine, address } of changed) touch(machine, usesOf(machine).nextHops.get(address));
  return touched.map((machines) => machines && [...machines]);
}

function withWhatIsLeft(
  { underlay, live }: Speaking,
  machine: number,
  table: readonly Route[],
): readonly Route[] {
  let isMoved = false;
  const left: Route[] = [];
  for (const route of table) {
    const { from, nextHop } = route;
    if (from === undefined) left.push(route);
    else if (live[from.sessionIndex] === 1) {
      const way = underlay.way(machine, nextHop);
      isMoved ||= way !== route.way;
      left.push(way === route.way ? route : { ...route, way });
    }
  }
  return isMoved ? left.sort(compareRoutes) : left;
}

/** Of how a speaker itself reaches the next hop it announces only the next machine on the path. */
const isSameToOthers = (a: Route | undefined, b: Route | undefined): boolean =>
  a === b ||
  (a?.from === b?.from &&
    a?.nextHop === b?.nextHop &&
    a?.localPref === b?.localPref &&
    a?.med === b?.med &&
    a?.originator === b?.originator &&
    a?.clusters === b?.clusters &&
    isSameSet(a?.way.hops ?? [], b?.way.hops ?? []));
