import type { FailureSet } from './failure.ts';
import type { Network } from './model.ts';
import { machineOf, segmentOf } from './spf.ts';
import { findWay, type Trees, treesOf, type UnderlayRoute } from './way.ts';

/** What the network below carries: routes to addresses, and frames to next hops. */
export interface Underlay {
  /** The route of a machine to an address (an index of the network). */
  way(machine: number, address: number): UnderlayRoute;
  /** Whether packets from the machine arrive at the owner of the address, over each of equal ways. */
  reaches(machine: number, address: number): boolean;
  /** Whether a frame for this next hop finds a machine that is up. */
  answers(machine: number, hop: number): boolean;
}

/** An underlay that caches its answers. */
export interface KnownUnderlay extends Underlay {
  /** By machine: the ways that were looked up so far, by address. */
  readonly ways: readonly (ReadonlyMap<number, UnderlayRoute> | undefined)[];
  readonly trees: Trees;
}

export function underlayOf(network: Network, failure: FailureSet): KnownUnderlay {
  return underlayWith(network, failure, treesOf(network, failure), () => undefined);
}

/** `before`: ways that are known already. */
export function underlayWith(
  network: Network,
  failure: FailureSet,
  trees: Trees,
  before: (machine: number, address: number) => UnderlayRoute | undefined,
): KnownUnderlay {
  const { machines, addresses } = network;
  const ways: (Map<number, UnderlayRoute> | undefined)[] = [];
  const reached = new Map<number, boolean>();

  const way = (machine: number, address: number): UnderlayRoute => {
    const machineWays = ways[machine] ?? new Map<number, UnderlayRoute>();
    const cached = machineWays.get(address) ?? before(machine, address);
    if (cached !== undefined) return cached;
    const found = findWay(network, failure, trees, machine, address);
    machineWays.set(address, found);
    ways[machine] = machineWays;
    return found;
  };
  const answers = (machine: number, hop: number): boolean => {
    const to = machineOf(network, hop);
    return (
      to < machines.length &&
      !failure.machines.has(to) &&
      !failure.machines.has(machine) &&
      (!network.hasUnderlay || !failure.segments.has(segmentOf(network, hop)))
    );
  };
  const reaches = (machine: number, address: number): boolean => {
    if (addresses[address]?.owner === machine) return !failure.machines.has(machine);
    const key = machine * addresses.length + address;
    const cached = reached.get(key);
    if (cached !== undefined) return cached;
    // A path that returns to a machine under evaluation is a loop: it does not arrive.
    reached.set(key, false);
    const { hops } = way(machine, address);
    const arrives =
      hops.length > 0 &&
      hops.every((hop) => answers(machine, hop) && reaches(machineOf(network, hop), address));
    if (arrives) reached.set(key, true);
    return arrives;
  };
  return { way, reaches, answers, ways, trees };
}
