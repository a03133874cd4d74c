import type { Machine, Network } from './network.ts';
import type { Rib } from './rib.ts';
import { machineOf, segmentOf } from './spf.ts';
import type { Underlay } from './underlay.ts';

/** What a machine does with a packet for a block. */
export interface Forwarding {
  /** By which route of its kernel. */
  readonly by: 'pod' | 'bgp' | 'default route' | 'unreachable route' | 'no route';
  /** Equal next hops, see `hopOf`. */
  readonly hops: readonly number[];
}

/** What becomes of packets for a block that are at a machine, over all equal ways. */
export interface Fate {
  /** On some way. */
  readonly arrives: boolean;
  readonly dropped: boolean;
  readonly loops: boolean;
  /**
   * Machines that the packet still goes through until its node, on the shortest and the longest way that arrives; no way is
   * the longest where some go round in a circle before they leave it. 0 if none arrives.
   */
  readonly hops: readonly [least: number, most: number];
  /** Bytes: of the ways that arrive the smallest and the largest MTU; infinite where no underlay says it. */
  readonly mtu: readonly [least: number, most: number];
  /** On some way it leaves a machine over the segment on which it came. */
  readonly turns: boolean;
}

/** Everything about the way of packets to one block. */
export interface Ways {
  readonly rib: Rib;
  forwarding(machine: number): Forwarding;
  fate(machine: number): Fate;
}

export function waysOf(network: Network, underlay: Underlay, rib: Rib): Ways {
  const known: (Forwarding | undefined)[] = [];
  const forwarding = (machine: number): Forwarding => {
    const found = known[machine] ?? forward(network, underlay, rib, machine);
    known[machine] = found;
    return found;
  };
  return { rib, forwarding, fate: fatesOf(network, underlay, forwarding, () => undefined) };
}

/**
 * The fate of every machine follows from those of its next hops. Machines that lead to each other in a circle have theirs
 * together (Tarjan's strongly connected components), so that it is the same whoever is asked for first. What is `known` already
 * is taken as it is.
 */
export function fatesOf(
  network: Network,
  { answers }: Underlay,
  forwarding: (machine: number) => Forwarding,
  known: (machine: number) => Fate | undefined,
): (machine: number) => Fate {
  const fates = new Map<number, Fate>();
  const found = (machine: number) => fates.get(machine) ?? known(machine);
  const entered = new Map<number, number>();
  const path: number[] = [];
  /** Returns the earliest machine on the path to which this one leads, as a place in the order of entering. */
  const visit = (machine: number): number => {
    const own = entered.size;
    entered.set(machine, own);
    path.push(machine);
    let earliest = own;
    let isCircle = false;
    for (const hop of forwarding(machine).hops) {
      const next = machineOf(network, hop);
      if (found(next) !== undefined || !answers(machine, hop)) continue;
      isCircle ||= next === machine;
      earliest = Math.min(earliest, entered.get(next) ?? visit(next));
    }
    if (earliest < own) return earliest;
    const together = path.splice(path.lastIndexOf(machine));
    if (together.length === 1 && !isCircle) fates.set(machine, follow(machine));
    else goRound(together);
    return own;
  };
  const follow = (machine: number): Fate => {
    const { by, hops } = forwarding(machine);
    if (by === 'pod') return ARRIVED;
    let all: Fate | undefined;
    for (const hop of hops) {
      const one = answers(machine, hop) ? step(hop, found(machineOf(network, hop)) as Fate) : DROPPED;
      all = all === undefined ? one : together(all, one);
    }
    return all ?? DROPPED;
  };
  const mtuOf = (hop: number): number =>
    network.segments[segmentOf(network, hop)]?.mtu ?? Number.POSITIVE_INFINITY;
  const turnsAt = (hop: number): boolean => {
    if (!network.hasUnderlay) return false;
    const segment = segmentOf(network, hop);
    return forwarding(machineOf(network, hop)).hops.some((one) => segmentOf(network, one) === segment);
  };
  const step = (hop: number, rest: Fate): Fate => {
    const turns = rest.turns || turnsAt(hop);
    if (!rest.arrives) return { ...rest, turns };
    const own = mtuOf(hop);
    return {
      arrives: true,
      dropped: rest.dropped,
      loops: rest.loops,
      hops: [rest.hops[0] + 1, rest.hops[1] + 1],
      mtu: [Math.min(rest.mtu[0], own), Math.min(rest.mtu[1], own)],
      turns,
    };
  };
  /** Each may go to all others, any number of times: what is true of one is true of all, but for how near the way out is. */
  const goRound = (circle: readonly number[]): void => {
    const out: [machine: number, fate: Fate][] = [];
    const inside: [machine: number, hop: number, next: number][] = [];
    for (const machine of circle) {
      for (const hop of forwarding(machine).hops) {
        const next = machineOf(network, hop);
        if (!answers(machine, hop)) out.push([machine, DROPPED]);
        else if (circle.includes(next)) inside.push([machine, hop, next]);
        else out.push([machine, step(hop, found(next) as Fate)]);
      }
    }
    const all = out.reduce((sum, [, fate]) => together(sum, fate), {
      ...LOOP,
      turns: inside.some(([, hop]) => turnsAt(hop)),
    });
    const near = new Map(circle.map((machine) => [machine, { hops: Number.POSITIVE_INFINITY, mtu: 0 }]));
    const offer = (machine: number, hops: number, mtu: number): boolean => {
      const best = near.get(machine) as { hops: number; mtu: number };
      const isBetter = hops < best.hops || mtu > best.mtu;
      best.hops = Math.min(best.hops, hops);
      best.mtu = Math.max(best.mtu, mtu);
      return isBetter;
    };
    for (const [machine, { arrives, hops, mtu }] of out) if (arrives) offer(machine, hops[0], mtu[1]);
    for (let isNew = all.arrives; isNew; ) {
      isNew = false;
      for (const [machine, hop, next] of inside) {
        const { hops, mtu } = near.get(next) as { hops: number; mtu: number };
        if (hops < Number.POSITIVE_INFINITY && offer(machine, hops + 1, Math.min(mtu, mtuOf(hop))))
          isNew = true;
      }
    }
    const least = Math.min(all.mtu[0], ...inside.map(([, hop]) => mtuOf(hop)));
    for (const machine of circle) {
      const { hops, mtu } = near.get(machine) as { hops: number; mtu: number };
      const round: Fate = { ...all, hops: [hops, Number.POSITIVE_INFINITY], mtu: [least, mtu] };
      fates.set(machine, all.arrives ? round : all);
    }
  };
  return (machine) => {
    if (found(machine) === undefined) {
      visit(machine);
      entered.clear();
    }
    return found(machine) as Fate;
  };
}

const ARRIVED: Fate = {
  arrives: true,
  dropped: false,
  loops: false,
  hops: [0, 0],
  mtu: [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY],
  turns: false,
};
const LOST = { ...ARRIVED, arrives: false };
const DROPPED: Fate = { ...LOST, dropped: true };
const LOOP: Fate = { ...LOST, loops: true };

/** Two ways of one packet. Lengths and MTUs are those of what arrives. */
function together(a: Fate, b: Fate): Fate {
  const isWhole = a.arrives && b.arrives;
  const one = a.arrives ? a : b;
  return {
    arrives: a.arrives || b.arrives,
    dropped: a.dropped || b.dropped,
    loops: a.loops || b.loops,
    hops: isWhole ? [Math.min(a.hops[0], b.hops[0]), Math.max(a.hops[1], b.hops[1])] : one.hops,
    mtu: isWhole ? [Math.min(a.mtu[0], b.mtu[0]), Math.max(a.mtu[1], b.mtu[1])] : one.mtu,
    turns: a.turns || b.turns,
  };
}

export function forward(network: Network, underlay: Underlay, rib: Rib, index: number): Forwarding {
  if (index === rib.block.node) return POD;
  const { family } = rib.block.prefix;
  const machine = network.machines[index] as Machine;
  const [best] = rib.routes(index);
  if (best !== undefined) {
    const hops = rib.hops(index);
    return hops.length === 0 ? { by: 'unreachable route', hops } : { by: 'bgp', hops };
  }
  const route = machine.defaults.find((one) => one.family === family);
  const hops = route === undefined ? [] : underlay.way(index, route.via).hops;
  return hops.length === 0 ? NO_ROUTE : { by: 'default route', hops };
}

const POD: Forwarding = { by: 'pod', hops: [] };
const NO_ROUTE: Forwarding = { by: 'no route', hops: [] };
