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
  /** Machines that the packet still goes through until its node, on the shortest and the longest way that arrives. */
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
  const fates: (Fate | undefined)[] = [];
  const fate = (machine: number): Fate => {
    const before = fates[machine];
    if (before !== undefined) return before;
    // Whoever comes back here while it is worked out goes round in a circle.
    fates[machine] = LOOP;
    const found = follow(machine);
    fates[machine] = found;
    return found;
  };
  const follow = (machine: number): Fate => {
    const { by, hops } = forwarding(machine);
    if (by === 'pod') return ARRIVED;
    if (hops.length === 0) return DROPPED;
    let all: Fate | undefined;
    for (const hop of hops) {
      const next = machineOf(network, hop);
      const found = underlay.answers(machine, hop) ? step(hop, next, fate(next)) : DROPPED;
      all = all === undefined ? found : together(all, found);
    }
    return all ?? DROPPED;
  };
  const step = (hop: number, next: number, rest: Fate): Fate => {
    const segment = segmentOf(network, hop);
    const own = network.segments[segment]?.mtu ?? Number.POSITIVE_INFINITY;
    const back = forwarding(next).hops.some((one) => segmentOf(network, one) === segment);
    return {
      arrives: rest.arrives,
      dropped: rest.dropped,
      loops: rest.loops,
      hops: [rest.hops[0] + 1, rest.hops[1] + 1],
      mtu: [Math.min(rest.mtu[0], own), Math.min(rest.mtu[1], own)],
      turns: rest.turns || (network.hasUnderlay && back),
    };
  };
  return { rib, forwarding, fate };
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

function forward(network: Network, underlay: Underlay, rib: Rib, index: number): Forwarding {
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
