import { type Analysis, analyse, countChanges } from './analysis.ts';
import { type Failing, failings } from './simulator/failure.ts';
import type { Block, Machine } from './simulator/model.ts';
import type { Consequence, PairChange } from './simulator/what-if.ts';

/** What one failure, or several together, do to the pods. */
export interface FailureReport {
  readonly failed: readonly Failing[];
  /** How many failures it represents, itself included: those of equivalent nodes. */
  readonly alike: number;
  /** The number of ordered pairs of nodes that lose all or some packets; pairs with failed nodes do not count. */
  readonly lost: number;
  /** The number of pairs with a longer path, a smaller MTU or a hairpin. */
  readonly worse: number;
  /** By how many hops a path grows at most. */
  readonly moreHops: number;
  /** By how many bytes a path MTU shrinks at most. */
  readonly lessMtu: number;
  /** How many nodes lose a session: while it lasts, BIRD on each waits 240 s at a start and hides its pods. */
  readonly waiting: number;
  readonly changes: readonly ChangedPair[];
}

export interface ChangedPair {
  readonly from: string;
  readonly to: string;
  readonly prefix: string;
  /** How many pairs of nodes it represents. */
  readonly pairs: number;
  readonly becomes: 'lost' | 'partly lost' | 'looping' | 'worse';
  readonly hops: readonly [before: number | undefined, after: number | undefined];
  readonly mtu: readonly [before: number | undefined, after: number | undefined];
  readonly turns: boolean;
}

/**
 * The failure of everything that many may depend on: routers, hosts, segments, and nodes without an equivalent. The failure of
 * one of many equivalent nodes, or of a session, is left to `failureReports`, at many times the cost in a large network.
 */
export function sharedFailureReports(analysis: Analysis): FailureReport[] {
  return failings(analysis.network)
    .filter(
      (one) =>
        one.kind !== 'session' &&
        nodesOf(analysis, one).every((machine) => analysis.like(machine).length === 1),
    )
    .map((one) => failureReport(analysis, [one]));
}

/** One failure, or several together. */
export const failureReport = (analysis: Analysis, failed: readonly Failing[]): FailureReport => ({
  ...reportOf(analysis, failed, analysis.consequence(failed)),
  alike: 1,
});

/** Every single failure, and with `together` 2 every pair of them too. */
export function failureReports(usual: Analysis, together: 1 | 2): FailureReport[] {
  // The failure of one of many equivalent nodes hits it alone: it is analysed on its own and represents the others.
  const alike = firstOfClasses(usual);
  const apart = alike.size === 0 ? usual : analyse(usual.fabric, [...alike.keys()], usual.split);
  const namesOf = (one: Failing) =>
    nodesOf(apart, one).map((machine) => apart.network.machines[machine]?.name ?? '');
  const others = new Set([...alike.values()].flatMap((members) => members.slice(1)));
  const all = failings(apart.network).filter((one) => !namesOf(one).some((name) => others.has(name)));
  const countAlike = (failed: readonly Failing[]) =>
    Math.max(...failed.flatMap(namesOf).map((name) => alike.get(name)?.length ?? 1), 1);
  const single = all.map((one) => [one]);
  const pairs =
    together === 1 ? [] : all.flatMap((one, index) => all.slice(index + 1).map((other) => [one, other]));
  // What concerns no node of a class gives the same result with fewer nodes, perhaps already known.
  const isSameWithFewer = (failed: readonly Failing[]) =>
    !failed.flatMap(namesOf).some((name) => alike.has(name));
  return [...single, ...pairs].map((failed) => {
    const analysis = isSameWithFewer(failed) ? usual : apart;
    return { ...reportOf(analysis, failed, analysis.consequence(failed)), alike: countAlike(failed) };
  });
}

/** Every class of several nodes by its first. */
function firstOfClasses({ network, like }: Analysis): ReadonlyMap<string, readonly string[]> {
  const seen = new Set<string>();
  const firsts = new Map<string, readonly string[]>();
  for (const { index, kind, name } of network.machines) {
    const members = like(index);
    if (kind !== 'node' || members.length === 1 || seen.has(name)) continue;
    firsts.set(name, members);
    for (const member of members) seen.add(member);
  }
  return firsts;
}

/** The node that fails, or the nodes of the session that fails. */
function nodesOf({ network }: Analysis, { kind, name }: Failing): number[] {
  const { machines, links, named } = network;
  const link = links[2 * (named.sessions.get(name) ?? -1)];
  const indices = kind === 'session' ? [link?.machine, link?.peer] : [named.machines.get(name)];
  return indices.flatMap((index) => (index !== undefined && machines[index]?.kind === 'node' ? [index] : []));
}

function reportOf(
  analysis: Analysis,
  failed: readonly Failing[],
  { broken, worse, parted }: Consequence,
): Omit<FailureReport, 'alike'> {
  const weight = ({ from, block }: PairChange) =>
    analysis.weight(from, analysis.network.blocks[block] as Block);
  const most = (of: (change: PairChange) => number) =>
    worse.reduce((all, change) => Math.max(all, of(change)), 0);
  return {
    failed,
    lost: countChanges(analysis, broken),
    worse: countChanges(analysis, worse),
    moreHops: most(({ before, after }) => after.hops[1] - before.hops[1]),
    lessMtu: most(({ before, after }) => finite(before.mtu[0]) - finite(after.mtu[0])),
    waiting: waiting(analysis, failed, parted),
    changes: [...broken, ...worse].map((change) => changed(analysis, change, weight(change))),
  };
}

/** Running nodes that have lost a session, with their equivalents. */
function waiting(analysis: Analysis, failed: readonly Failing[], parted: readonly number[]): number {
  const { machines, links } = analysis.network;
  const gone = new Set(failed.map(({ name }) => name));
  const nodes = new Set(
    parted.flatMap((session) => [2 * session, 2 * session + 1].map((one) => links[one]?.machine ?? -1)),
  );
  return [...nodes]
    .map((index) => machines[index])
    .filter((machine): machine is Machine => machine?.kind === 'node' && !gone.has(machine.name))
    .reduce((sum, { index }) => sum + analysis.like(index).length, 0);
}

const finite = (mtu: number): number => (Number.isFinite(mtu) ? mtu : 0);

function changed(
  { network }: Analysis,
  { from, block, before, after }: PairChange,
  pairs: number,
): ChangedPair {
  const target = network.blocks[block] as Block;
  const isLost = !after.arrives || after.dropped;
  return {
    from: network.machines[from]?.name ?? '',
    to: network.machines[target.node]?.name ?? '',
    prefix: target.prefix.text,
    pairs,
    becomes: after.loops ? 'looping' : isLost ? (after.arrives ? 'partly lost' : 'lost') : 'worse',
    hops: [ifFinite(before.hops[1]), ifFinite(after.hops[1])],
    mtu: [ifFinite(before.mtu[0]), ifFinite(after.mtu[0])],
    turns: after.turns && !before.turns,
  };
}

/** A path that works has a length, and an MTU if there is an underlay. */
const ifFinite = (value: number): number | undefined => (Number.isFinite(value) ? value : undefined);
