import { type Failing, failureOf } from './failure.ts';
import type { Fate } from './forwarding.ts';
import type { Network } from './network.ts';
import { simulatorOf } from './simulate.ts';

/** What a failure does to the packets of one node for one block. */
export interface PairChange {
  /** Indices of a machine and of a block. */
  readonly from: number;
  readonly block: number;
  readonly before: Fate;
  readonly after: Fate;
}

export interface Consequence {
  /** They all arrived, and now some or all do not. */
  readonly broken: readonly PairChange[];
  /** They still arrive, over more hops, with a smaller MTU or turning around. */
  readonly worse: readonly PairChange[];
}

export function whatIf(network: Network): (failed: readonly Failing[]) => Consequence {
  const simulate = simulatorOf(network);
  const base = simulate();
  return (failed) => {
    const failure = failureOf(network, failed);
    const after = simulate(failure);
    const broken: PairChange[] = [];
    const worse: PairChange[] = [];
    for (const block of network.blocks) {
      if (failure.machines.has(block.node)) continue;
      const [was, is] = [base.waysTo(block), after.waysTo(block)];
      for (const { index, kind } of network.machines) {
        if (kind !== 'node' || index === block.node || failure.machines.has(index)) continue;
        const [before, now] = [was.fate(index), is.fate(index)];
        const change = { from: index, block: block.index, before, after: now };
        if (!isWhole(before)) continue;
        if (!isWhole(now)) broken.push(change);
        else if (isWorse(before, now)) worse.push(change);
      }
    }
    return { broken, worse };
  };
}

/** Every packet arrives. */
export const isWhole = ({ arrives, dropped, loops }: Fate): boolean => arrives && !dropped && !loops;

const isWorse = (before: Fate, now: Fate): boolean =>
  now.hops[1] > before.hops[1] || now.mtu[0] < before.mtu[0] || (now.turns && !before.turns);
