import { type Analysis, analyse, countChanges } from './analysis.ts';
import { type Failing, failings } from './simulator/failure.ts';
import type { Block, Machine } from './simulator/model.ts';
import type { Consequence, PairChange } from './simulator/what-if.ts';

/** What one failure, or several together, do to the pods. */
export interface FailureReport {
  readonly failed: readonly Failing[];
  /** For how many failures it stands, itself included: those of nodes that cannot be told from each other. */
  readonly alike: number;
  /** Of how many ordered pairs of nodes packets get lost, all or some; those of failed nodes do not count. */
  readonly lost: number;
  /** Of how many they take a longer way, fit less, or turn around. */
  readonly worse: number;
  /** How many hops a way gets longer at most. */
  readonly moreHops: number;
  /** Bytes that the MTU of a path gets smaller at most. */
  readonly lessMtu: number;
  /** How many nodes have lost a session by it: for as long as it lasts BIRD on each waits 240 s at a start, and hides its pods. */
  readonly waiting: number;
  readonly changes: readonly ChangedPair[];
}

export interface ChangedPair {
  readonly from: string;
  readonly to: string;
  readonly prefix: string;
  /** How many pairs of nodes it stands for. */
  readonly pairs: number;
  readonly becomes: 'lost' | 'partly lost' | 'looping' | 'worse';
  readonly hops: readonly [before: number | undefined, after: number | undefined];
  readonly mtu: readonly [before: number | undefined, after: number | undefined];
  readonly turns: boolean;
}

/**
 * The failure of everything that many may depend on: routers, hosts, segments, and nodes that are like no other. What one of many
 * nodes alike does when it fails, or one session does, only `failureReports` tells, at many times the cost in a large network.
 */
export function sharedFailureReports(analysis: Analysis): FailureReport[] {
  return failings(analysis.network)
    .filter(
      (one) =>
        one.kind !== 'session' &&
        nodesOf(analysis, one).every((machine) => analysis.like(machine).length === 1),
    )
    .map((one) => ({ ...reportOf(analysis, [one], analysis.consequence([one])), alike: 1 }));
}

/** Every single failure, and with `together` 2 every pair of them besides. */
export function failureReports(usual: Analysis, together: 1 | 2): FailureReport[] {
  // What happens to one of many nodes alike happens to it alone: it has to stand for itself, and does so for the others.
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
  // What concerns no node of many is the same with fewer nodes, and perhaps known already.
  const isKnown = (failed: readonly Failing[]) => !failed.flatMap(namesOf).some((name) => alike.has(name));
  return [...single, ...pairs].map((failed) => {
    const analysis = isKnown(failed) ? usual : apart;
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

/** The nodes that something is, or that it is a session of. */
function nodesOf({ network }: Analysis, { kind, name }: Failing): number[] {
  const { machines, links, named } = network;
  const link = links[2 * (named.sessions.get(name) ?? -1)];
  const own = kind === 'session' ? [link?.machine, link?.peer] : [named.machines.get(name)];
  return own.flatMap((index) => (index !== undefined && machines[index]?.kind === 'node' ? [index] : []));
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

/** Nodes that are there and have lost a session, with those that are like them. */
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
    hops: [known(before.hops[1]), known(after.hops[1])],
    mtu: [known(before.mtu[0]), known(after.mtu[0])],
    turns: after.turns && !before.turns,
  };
}

/** What is not lost has a length and an MTU, and where no underlay says it, only the first. */
const known = (value: number): number | undefined => (Number.isFinite(value) ? value : undefined);
