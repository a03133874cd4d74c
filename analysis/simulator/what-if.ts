import { type Failing, failureOf } from './failure.ts';
import type { Fate } from './fate.ts';
import type { Block, Machine, Network } from './model.ts';
import { policyOf } from './policy.ts';
import { ribsAfter } from './ribs-after.ts';
import { sessionsAfter } from './sessions.ts';
import { type Simulation, simulatorOf } from './simulate.ts';
import { underlayAfter } from './underlay-after.ts';
import { type WaysAfter, waysAfter } from './ways-after.ts';

/** What a failure does to the packets of one node for one block. */
export interface PairChange {
  /** Indices of a machine and of a block. */
  readonly from: number;
  readonly block: number;
  readonly before: Fate;
  readonly after: Fate;
}

export interface Consequence {
  /** All arrived before; now some or all do not. */
  readonly broken: readonly PairChange[];
  /** They still arrive, but over more hops, with a smaller MTU or a hairpin. */
  readonly worse: readonly PairChange[];
  /** Indices of the sessions that are up before and not after. */
  readonly parted: readonly number[];
}

/**
 * What happens to pairs of nodes when these fail together. The converged network is computed once; a failure costs only
 * what it changes, with the same result as a full simulation.
 */
export function whatIf(
  network: Network,
  { underlay, live, waysTo }: Simulation = simulatorOf(network)(),
): (failed: readonly Failing[]) => Consequence {
  // A designated router that fails may join what it kept apart: more can come up than the network at rest knows of.
  if (network.segments.some(({ isEven }) => !isEven)) return simulatedAnew(network, live, waysTo);
  const policies = network.blocks.map((block) => policyOf(network, block));
  const ways = network.blocks.map(waysTo);
  const ribs = ways.map(({ rib }) => rib);
  // What is looked up at rest while a failure is computed must not count as looked up before it.
  for (const { fate } of ways) for (const { index } of network.machines) fate(index);
  const laterUnderlay = underlayAfter(network, underlay);
  const laterSessions = sessionsAfter(network, underlay, live);
  const laterRibs = ribsAfter(network, ribs, policies);
  const laterWays = waysAfter(network, ways);
  return (failed) => {
    const failure = failureOf(network, failed);
    const { underlay: after, changed } = laterUnderlay(failure);
    const sessions = laterSessions(failure, after, changed);
    const follow = laterWays(failure, after, changed);
    const broken: PairChange[] = [];
    const worse: PairChange[] = [];
    const followed: WaysAfter[] = [];
    for (const rib of laterRibs(failure, sessions, after, changed)) {
      const { block } = rib;
      const later = follow(rib, followed[block.within ?? -1]);
      followed[block.index] = later;
      if (failure.machines.has(block.node) || !block.hasPods) continue;
      const { doubtful, fate } = later;
      for (const from of [...doubtful].sort((a, b) => a - b)) {
        if (failure.machines.has(from) || !isSender(network.machines[from], block)) continue;
        const before = ways[block.index]?.fate(from) as Fate;
        const change = { from, block: block.index, before, after: fate(from) };
        if (!isWhole(before)) continue;
        if (!isWhole(change.after)) broken.push(change);
        else if (isWorse(before, change.after)) worse.push(change);
      }
    }
    return { broken, worse, parted: partedIn(live, sessions.live) };
  };
}

/** A whole simulation for each failure. */
function simulatedAnew(
  network: Network,
  liveBefore: Uint8Array,
  waysBefore: Simulation['waysTo'],
): (failed: readonly Failing[]) => Consequence {
  const simulate = simulatorOf(network);
  return (failed) => {
    const failure = failureOf(network, failed);
    const { waysTo, live } = simulate(failure);
    const changes = network.blocks
      .filter(({ node, hasPods }) => hasPods && !failure.machines.has(node))
      .flatMap((block) =>
        network.machines
          .filter((machine) => isSender(machine, block) && !failure.machines.has(machine.index))
          .map(({ index }): PairChange => {
            const [before, after] = [waysBefore(block).fate(index), waysTo(block).fate(index)];
            return { from: index, block: block.index, before, after };
          }),
      )
      .filter(({ before }) => isWhole(before));
    return {
      broken: changes.filter(({ after }) => !isWhole(after)),
      worse: changes.filter(({ before, after }) => isWhole(after) && isWorse(before, after)),
      parted: partedIn(liveBefore, live),
    };
  };
}

const partedIn = (before: Uint8Array, after: Uint8Array): number[] =>
  [...before.keys()].filter((session) => before[session] === 1 && after[session] === 0);

/** Every packet arrives. */
export const isWhole = ({ arrives, dropped, loops }: Fate): boolean => arrives && !dropped && !loops;

/** Another node, whose pods have addresses of the block's family. */
const isSender = (machine: Machine | undefined, { node, prefix }: Block): boolean =>
  machine?.speaker?.kind === 'node' &&
  machine.index !== node &&
  machine.speaker.address[prefix.family] !== undefined;

const isWorse = (before: Fate, after: Fate): boolean =>
  after.hops[0] > before.hops[0] ||
  after.hops[1] > before.hops[1] ||
  after.mtu[0] < before.mtu[0] ||
  (after.turns && !before.turns);
