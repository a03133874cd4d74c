import type { FailureSet } from './failure.ts';
import type { Fate, Forwarding } from './fate.ts';
import { fatesOf } from './fates.ts';
import { type BlockPaths, type Covering, forward } from './forwarding.ts';
import type { Network } from './model.ts';
import type { Rib } from './rib.ts';
import { isSameSet, machineOf, segmentOf } from './spf.ts';
import type { Underlay } from './underlay.ts';
import type { ChangedWay } from './underlay-after.ts';

/** What happens to packets to one block after a failure. */
export interface WaysAfter {
  /** Machines whose fate can be another one. */
  readonly doubtful: ReadonlySet<number>;
  /** The machines whose forwarding changed. */
  readonly others: ReadonlyMap<number, Forwarding>;
  forwarding(machine: number): Forwarding;
  fate(machine: number): Fate;
}

/** Follows packets to a block again, but only those of machines that lead to something that changed. */
export function waysAfter(
  network: Network,
  base: readonly BlockPaths[],
): (
  failure: FailureSet,
  underlay: Underlay,
  changed: readonly ChangedWay[],
) => (rib: Rib, covering?: WaysAfter) => WaysAfter {
  const sources: (ReadonlyMap<number, readonly number[]> | undefined)[] = [];
  const fates: (readonly Fate[] | undefined)[] = [];
  return (failure, underlay, changed) => {
    const elsewhere = changed
      .filter(({ machine, address }) =>
        network.machines[machine]?.defaults.some(({ via }) => via === address),
      )
      .map(({ machine }) => machine);
    const members = [...failure.segments].map((segment) => ({
      segment,
      machines: network.segments[segment]?.members ?? [],
    }));
    return (rib, covering) => {
      const { index } = rib.block;
      const before = base[index] as BlockPaths;
      const others = otherForwarding(network, underlay, before, rib, elsewhere, covering);
      sources[index] ??= sourcesIn(network, before);
      const leading = sources[index];
      const doubtful = new Set(others.keys());
      for (const machine of failure.machines)
        for (const source of leading.get(machine) ?? []) doubtful.add(source);
      for (const { segment, machines } of members) {
        for (const machine of machines) {
          const { hops } = before.forwarding(machine);
          if (hops.some((hop) => segmentOf(network, hop) === segment)) doubtful.add(machine);
        }
      }
      // A machine that leads to nothing that changed keeps its fate.
      for (const machine of doubtful) for (const source of leading.get(machine) ?? []) doubtful.add(source);
      if (doubtful.size === 0) return { doubtful, others, forwarding: before.forwarding, fate: before.fate };
      fates[index] ??= network.machines.map((machine) => before.fate(machine.index));
      const fatesBefore = fates[index];
      const unchanged = (machine: number) => (doubtful.has(machine) ? undefined : fatesBefore[machine]);
      const forwarding = (machine: number) => others.get(machine) ?? before.forwarding(machine);
      return { doubtful, others, forwarding, fate: fatesOf({ network, underlay, forwarding, unchanged }) };
    };
  };
}

/** The machines whose forwarding to the block changed. */
function otherForwarding(
  network: Network,
  underlay: Underlay,
  before: BlockPaths,
  rib: Rib,
  elsewhere: readonly number[],
  covering: (Covering & Pick<WaysAfter, 'others'>) | undefined,
): Map<number, Forwarding> {
  const others = new Map<number, Forwarding>();
  const look = (machine: number) => {
    const [was, is] = [before.forwarding(machine), forward(network, underlay, rib, machine, covering)];
    if (was.by !== is.by || !isSameSet(was.hops, is.hops)) others.set(machine, is);
  };
  if (rib !== before.rib) {
    const moved = rib.moved ?? network.machines.map(({ index }) => index);
    for (const machine of moved) if (before.rib.tables[machine] !== rib.tables[machine]) look(machine);
  }
  for (const machine of elsewhere) look(machine);
  for (const machine of covering?.others.keys() ?? []) look(machine);
  return others;
}

/** By machine: which machines forward packets for the block to it. */
function sourcesIn(network: Network, { forwarding }: BlockPaths): ReadonlyMap<number, readonly number[]> {
  const all = new Map<number, number[]>();
  for (const { index } of network.machines) {
    for (const hop of forwarding(index).hops) {
      const next = machineOf(network, hop);
      const sources = all.get(next);
      if (sources === undefined) all.set(next, [index]);
      else sources.push(index);
    }
  }
  return all;
}
