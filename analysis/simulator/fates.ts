import type { Fate, Forwarding } from './fate.ts';
import type { Network } from './model.ts';
import { machineOf, segmentOf } from './spf.ts';
import type { Underlay } from './underlay.ts';

/** What is followed: packets to one block. */
export interface Flow {
  readonly network: Network;
  readonly underlay: Underlay;
  forwarding(machine: number): Forwarding;
  /** A fate that needs no computation. */
  unchanged?(machine: number): Fate | undefined;
}

/**
 * The fate of every machine follows from those of its next hops. Machines in a cycle get theirs together (Tarjan's
 * strongly connected components), so the result does not depend on the order of queries.
 */
export function fatesOf(flow: Flow): (machine: number) => Fate {
  const search: Search = { flow, fates: new Map(), entered: new Map(), path: [] };
  return (machine) => {
    const before = settledFate(search, machine);
    if (before !== undefined) return before;
    visit(search, machine);
    search.entered.clear();
    return settledFate(search, machine) as Fate;
  };
}

interface Search {
  readonly flow: Flow;
  readonly fates: Map<number, Fate>;
  /** In which order machines were entered. */
  readonly entered: Map<number, number>;
  /** Those whose fate is not known yet. */
  readonly path: number[];
}

const settledFate = ({ fates, flow }: Search, machine: number): Fate | undefined =>
  fates.get(machine) ?? flow.unchanged?.(machine);

/** Returns the earliest machine on the path to which this one leads, as a place in the order of entering. */
function visit(search: Search, machine: number): number {
  const { flow, fates, entered, path } = search;
  const place = entered.size;
  entered.set(machine, place);
  path.push(machine);
  let earliest = place;
  let isCircle = false;
  for (const hop of flow.forwarding(machine).hops) {
    const next = machineOf(flow.network, hop);
    if (settledFate(search, next) !== undefined || !flow.underlay.answers(machine, hop)) continue;
    isCircle ||= next === machine;
    earliest = Math.min(earliest, entered.get(next) ?? visit(search, next));
  }
  if (earliest < place) return earliest;
  if (!isCircle && path.at(-1) === machine) {
    path.pop();
    fates.set(machine, follow(search, machine));
  } else goRound(search, path.splice(path.lastIndexOf(machine)));
  return place;
}

/** All next hops have their fates. */
function follow(search: Search, machine: number): Fate {
  const { network, underlay, forwarding } = search.flow;
  const { by, hops } = forwarding(machine);
  if (by === 'pod') return ARRIVED;
  let all: Fate | undefined;
  for (const hop of hops) {
    const isUp = underlay.answers(machine, hop);
    const one = isUp
      ? step(search.flow, machine, hop, settledFate(search, machineOf(network, hop)) as Fate)
      : DROPPED;
    all = all === undefined ? one : together(all, one);
  }
  return all ?? DROPPED;
}

function step(flow: Flow, machine: number, hop: number, rest: Fate): Fate {
  const turns = rest.turns || turnsAt(flow, hop);
  if (!rest.arrives) return { ...rest, turns };
  const hopMtu = mtuOf(flow, machine, hop);
  return {
    arrives: true,
    dropped: rest.dropped,
    loops: rest.loops,
    hops: [rest.hops[0] + 1, rest.hops[1] + 1],
    mtu: [Math.min(rest.mtu[0], hopMtu), Math.min(rest.mtu[1], hopMtu)],
    turns,
  };
}

/** Of a segment and of both interfaces on it: what is too large for the receiver's is lost there. */
function mtuOf({ network }: Flow, machine: number, hop: number): number {
  const segment = segmentOf(network, hop);
  let least = network.segments[segment]?.mtu ?? Number.POSITIVE_INFINITY;
  for (const end of [network.machines[machine], network.machines[machineOf(network, hop)]]) {
    for (const port of end?.ports ?? []) if (port.segment === segment) least = Math.min(least, port.mtu);
  }
  return least;
}

function turnsAt({ network, forwarding }: Flow, hop: number): boolean {
  if (!network.hasUnderlay) return false;
  const segment = segmentOf(network, hop);
  return forwarding(machineOf(network, hop)).hops.some((one) => segmentOf(network, one) === segment);
}

/** Each may go to all others, any number of times: what is true of one is true of all, but for how near the way out is. */
function goRound(search: Search, circle: readonly number[]): void {
  const { flow, fates } = search;
  const out: [machine: number, fate: Fate][] = [];
  const inside: [machine: number, hop: number, next: number][] = [];
  for (const machine of circle) {
    for (const hop of flow.forwarding(machine).hops) {
      const next = machineOf(flow.network, hop);
      if (!flow.underlay.answers(machine, hop)) out.push([machine, DROPPED]);
      else if (circle.includes(next)) inside.push([machine, hop, next]);
      else out.push([machine, step(flow, machine, hop, settledFate(search, next) as Fate)]);
    }
  }
  const all = out.reduce((sum, [, fate]) => together(sum, fate), {
    ...LOOP,
    turns: inside.some(([, hop]) => turnsAt(flow, hop)),
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
      if (hops === Number.POSITIVE_INFINITY) continue;
      if (offer(machine, hops + 1, Math.min(mtu, mtuOf(flow, machine, hop)))) isNew = true;
    }
  }
  const least = Math.min(all.mtu[0], ...inside.map(([machine, hop]) => mtuOf(flow, machine, hop)));
  for (const machine of circle) {
    const { hops, mtu } = near.get(machine) as { hops: number; mtu: number };
    const round: Fate = { ...all, hops: [hops, Number.POSITIVE_INFINITY], mtu: [least, mtu] };
    fates.set(machine, all.arrives ? round : all);
  }
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
