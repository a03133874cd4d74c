import { leadsTo, type PairExpectation } from '../fabric/index.ts';
import { type Fib, type Hop, readFib } from './fib.ts';
import { key } from './fping.ts';
import type { Lab } from './lab.ts';

/** All paths that packets of one pair may take in one direction. */
export interface PairPaths {
  readonly from: string;
  readonly to: string;
  /** For each machine that a packet may reach, its next hops; none at the target, and where packets end before it. */
  readonly hops: ReadonlyMap<string, readonly Hop[]>;
  /** `sometimes`: one of several paths ends too early, or loops. */
  readonly arrives: 'always' | 'sometimes' | 'never';
}

/** The forward paths of a pair; see `turned` for those back. */
export type AllPaths = ReadonlyMap<string, PairPaths>;

/** The paths of all pairs, according to the kernels' tables. */
export async function walk(lab: Lab): Promise<AllPaths> {
  const podOf = new Map(lab.plan.pods.map((pod) => [pod.node, pod]));
  const asked = lab.expected.pairs.flatMap((pair) => {
    const pod = podOf.get(pair.to);
    const address = pod?.addresses.find(({ family }) => family === pair.family);
    return pod === undefined || address === undefined ? [] : [{ pair, pod, address }];
  });
  const addresses = new Map(asked.map(({ address }) => [address.text, address]));
  const fib = await readFib(lab, [...addresses.values()]);
  return new Map(
    asked.map(({ pair, pod, address }) => [key(pair), waysOf(fib, pair, address.text, pod.veth)]),
  );
}

/** The same pair, reversed. */
export const turned = (pair: PairExpectation): PairExpectation => ({ ...pair, from: pair.to, to: pair.from });

function waysOf(fib: Fib, { from, to }: PairExpectation, address: string, veth: string): PairPaths {
  const hops = new Map<string, readonly Hop[]>();
  const open = [from];
  let isDelivered = false;
  for (let machine = open.shift(); machine !== undefined; machine = open.shift()) {
    if (hops.has(machine)) continue;
    const all = fib(machine, address);
    const isTarget = machine === to && all.some(({ dev }) => dev === veth);
    isDelivered ||= isTarget;
    hops.set(machine, isTarget ? [] : unique(all));
    if (!isTarget) open.push(...all.flatMap((hop) => hop.to ?? []));
  }
  const ways = { from, to, hops, arrives: 'never' as const };
  if (!isDelivered) return ways;
  const isWhole = [...hops].every(
    ([machine, all]) => machine === to || (all.length > 0 && all.every((hop) => hop.to !== undefined)),
  );
  return { ...ways, arrives: isWhole && !goesRound(ways) ? 'always' : 'sometimes' };
}

/** The paths without these broken hops. */
export function withoutHops(ways: PairPaths, isDead: (hop: Hop) => boolean): PairPaths {
  if (![...ways.hops.values()].flat().some(isDead)) return ways;
  const cut = (hop: Hop): Hop => (isDead(hop) ? { ...hop, to: undefined } : hop);
  const hops = new Map([...ways.hops].map(([machine, all]) => [machine, all.map(cut)]));
  const isLeft = leadsTo(ways.from, ways.to, (machine) => hops.get(machine) ?? []);
  return { ...ways, hops, arrives: ways.arrives !== 'never' && isLeft ? 'sometimes' : 'never' };
}

const unique = (hops: readonly Hop[]): Hop[] => [
  ...new Map(hops.map((hop) => [`${hop.dev} ${hop.via}`, hop])).values(),
];

function goesRound({ from, hops }: PairPaths): boolean {
  const state = new Map<string, 'open' | 'done'>();
  const visit = (machine: string): boolean => {
    if (state.has(machine)) return state.get(machine) === 'open';
    state.set(machine, 'open');
    const isRound = (hops.get(machine) ?? []).some(({ to }) => to !== undefined && visit(to));
    state.set(machine, 'done');
    return isRound;
  };
  return visit(from);
}

/** Whether there is exactly one path, so that all packets share one fate. */
export const isOne = ({ hops }: PairPaths): boolean => [...hops.values()].every((all) => all.length <= 1);

/** A path as machines, and why it ends unless at the target. */
export interface PacketPath {
  readonly machines: readonly string[];
  readonly ends: 'arrives' | 'lost' | 'goes round';
}

/** Equal paths multiply from hop to hop: no more than these are listed. Judgement is hop by hop, over all of them. */
const MOST_PATHS = 16;

/** The first paths, in the order of their machines' names. */
export function listPaths(ways: PairPaths): PacketPath[] {
  const found: PacketPath[] = [];
  const follow = (machines: readonly string[]): void => {
    if (found.length >= MOST_PATHS) return;
    const machine = machines.at(-1) ?? '';
    const hops = ways.hops.get(machine) ?? [];
    if (machines.indexOf(machine) < machines.length - 1) found.push({ machines, ends: 'goes round' });
    else if (machine === ways.to && ways.arrives !== 'never') found.push({ machines, ends: 'arrives' });
    else if (hops.length === 0) found.push({ machines, ends: 'lost' });
    else {
      const next = [...new Set(hops.map(({ to }) => to))].sort((a = '', b = '') => (a < b ? -1 : 1));
      for (const to of next) {
        if (to !== undefined) follow([...machines, to]);
        else if (found.length < MOST_PATHS) found.push({ machines, ends: 'lost' });
      }
    }
  };
  follow([ways.from]);
  return found;
}

/** A path through these machines in order: the shortest to the first of them, and on from the last. */
export function pathBy({ from, hops }: PairPaths, by: readonly string[]): string[] {
  const before = new Map<string, string>();
  const open = [from];
  for (let machine = open.shift(); machine !== undefined && machine !== by[0]; machine = open.shift()) {
    for (const { to } of hops.get(machine) ?? []) {
      if (to === undefined || to === from || before.has(to)) continue;
      before.set(to, machine);
      open.push(to);
    }
  }
  const way = [...by];
  for (let machine = before.get(by[0] ?? ''); machine !== undefined; machine = before.get(machine)) {
    way.unshift(machine);
  }
  for (let next = hops.get(way.at(-1) ?? '')?.[0]?.to; next !== undefined && !way.includes(next); ) {
    way.push(next);
    next = hops.get(next)?.[0]?.to;
  }
  return way;
}

/** A path in readable form. */
export const shown = (machines: readonly string[]): string => machines.join(' > ');

/** The MTUs in bytes of all paths that arrive, the smallest first. */
export const wayMtus = (lab: Lab, ways: PairPaths): number[] =>
  alongWays(ways, Number.POSITIVE_INFINITY, (rest, hop) => Math.min(rest, mtuOf(lab, hop)));

/** The hop counts of all paths that arrive, the smallest first. */
export const wayLengths = (ways: PairPaths): number[] => alongWays(ways, 0, (rest) => rest + 1);

/** Of a segment and of the interfaces at both ends of a hop. */
function mtuOf({ plan }: Lab, { machine, to, segment }: Hop): number {
  const found = plan.segments.find(({ name }) => name === segment);
  const portMtus =
    found?.ports.filter(({ host }) => host === machine || host === to).map(({ mtu }) => mtu) ?? [];
  return Math.min(found?.mtu ?? 0, ...portMtus);
}

/** Sums along each path that arrives: each distinct value, the smallest first. */
function alongWays(
  { from, to, hops, arrives }: PairPaths,
  atEnd: number,
  along: (rest: number, hop: Hop) => number,
): number[] {
  if (arrives === 'never') return [];
  const cache = new Map<string, readonly number[]>([[to, [atEnd]]]);
  const at = (machine: string): readonly number[] => {
    const before = cache.get(machine);
    if (before !== undefined) return before;
    // A path that returns to a machine under evaluation leads nowhere.
    cache.set(machine, []);
    const all = (hops.get(machine) ?? []).flatMap((hop) =>
      hop.to === undefined ? [] : at(hop.to).map((rest) => along(rest, hop)),
    );
    const found = [...new Set(all)].sort((a, b) => a - b);
    cache.set(machine, found);
    return found;
  };
  return [...at(from)];
}
