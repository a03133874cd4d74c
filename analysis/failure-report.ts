import { type Analysis, countPairs } from './analysis.ts';
import { type Failing, failings } from './failure.ts';
import type { Block } from './network.ts';
import type { Consequence, PairChange } from './what-if.ts';

/** What one failure, or several together, do to the pods. */
export interface FailureReport {
  readonly failed: readonly Failing[];
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
  readonly hops: readonly [before: number, after: number];
  readonly mtu: readonly [before: number | undefined, after: number | undefined];
  readonly turns: boolean;
}

/** Every single failure, and with `together` 2 every pair of them besides. */
export function failureReports(analysis: Analysis, together: 1 | 2): FailureReport[] {
  const all = failings(analysis.network);
  const single = all.map((one) => [one]);
  const pairs =
    together === 1 ? [] : all.flatMap((one, index) => all.slice(index + 1).map((other) => [one, other]));
  return [...single, ...pairs].map((failed) => reportOf(analysis, failed, analysis.consequence(failed)));
}

function reportOf(
  analysis: Analysis,
  failed: readonly Failing[],
  { broken, worse }: Consequence,
): FailureReport {
  const weight = ({ from, block }: PairChange) =>
    analysis.weight(from, analysis.network.blocks[block] as Block);
  const sum = (changes: readonly PairChange[]) =>
    countPairs(
      analysis,
      changes.map(({ from, block }) => ({ from, block: analysis.network.blocks[block] as Block })),
    );
  const most = (of: (change: PairChange) => number) =>
    worse.reduce((all, change) => Math.max(all, of(change)), 0);
  return {
    failed,
    lost: sum(broken),
    worse: sum(worse),
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
    hops: [before.hops[1], after.hops[1]],
    mtu: [before.mtu[0], after.mtu[0]].map((mtu) => (Number.isFinite(mtu) ? mtu : undefined)) as [
      number | undefined,
      number | undefined,
    ],
    turns: after.turns && !before.turns,
  };
}
