import type { Fabric } from '../fabric/index.ts';
import { type Analysis, analyse, countChanges } from './analysis.ts';
import { type Failing, failings } from './simulator/failure.ts';
import type { Block } from './simulator/network.ts';
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

/** Every single failure, and with `together` 2 every pair of them besides. `split`: see `analyse`. */
export function failureReports(
  fabric: Fabric,
  together: 1 | 2,
  split?: (node: string) => string,
): FailureReport[] {
  const usual = analyse(fabric, [], split);
  // What happens to one of many nodes alike happens to it alone: it has to stand for itself.
  const alike = firstOfClasses(usual);
  const analysis = alike.size === 0 ? usual : analyse(fabric, [...alike.keys()], split);
  const isOfMany = ({ kind, name }: Failing) =>
    nodesOf(analysis, { kind, name }).some((machine) => analysis.like(machine).length > 1);
  const all = failings(analysis.network).filter((one) => !isOfMany(one));
  const countAlike = (failed: readonly Failing[]) =>
    Math.max(
      ...failed
        .flatMap((one) => nodesOf(analysis, one))
        .map((machine) => alike.get(analysis.network.machines[machine]?.name ?? '') ?? 1),
      1,
    );
  const single = all.map((one) => [one]);
  const pairs =
    together === 1 ? [] : all.flatMap((one, index) => all.slice(index + 1).map((other) => [one, other]));
  return [...single, ...pairs].map((failed) => ({
    ...reportOf(analysis, failed, analysis.consequence(failed)),
    alike: countAlike(failed),
  }));
}

/** Of every class of several nodes the first, and how many they are. */
function firstOfClasses({ network, like }: Analysis): ReadonlyMap<string, number> {
  const seen = new Set<string>();
  const firsts = new Map<string, number>();
  for (const { index, kind, name } of network.machines) {
    const members = like(index);
    if (kind !== 'node' || members.length === 1 || seen.has(name)) continue;
    firsts.set(name, members.length);
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
  { broken, worse }: Consequence,
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
    changes: [...broken, ...worse].map((change) => changed(analysis, change, weight(change))),
  };
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
