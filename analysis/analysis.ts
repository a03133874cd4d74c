import { type Fabric, nodeBlocks } from '../fabric/index.ts';
import type { Path } from '../topology/model.ts';
import { goesAsBlocks, realLoans, sampleLoans } from './loans.ts';
import { isBorrowed, type Loan } from './simulator/blocks.ts';
import { reduced } from './simulator/classes.ts';
import { type Failing, failureOf } from './simulator/failure.ts';
import type { Fate } from './simulator/fate.ts';
import type { BlockPaths } from './simulator/forwarding.ts';
import type { Block, Machine, Network } from './simulator/model.ts';
import { networkOf } from './simulator/network.ts';
import { type Simulation, simulatorOf } from './simulator/simulate.ts';
import { type Consequence, type PairChange, whatIf } from './simulator/what-if.ts';

/** A converged fabric, and what happens to it when something fails: the input of every check. */
export interface Analysis {
  readonly fabric: Fabric;
  /** Nodes with different values are not equivalent; undefined if the fabric alone decides which are. */
  readonly split: ((node: string) => string) | undefined;
  /** Reduced: a few nodes represent all that cannot be told apart. */
  readonly network: Network;
  readonly simulation: Simulation;
  readonly pairs: readonly Pair[];
  /** How many pairs of nodes a pair represents. */
  weight(from: number, block: Block): number;
  /** The nodes that a node represents, itself first. */
  like(machine: number): readonly string[];
  /** The nodes of the network that represent any two of the fabric; for a node and itself, its representative. */
  standIn(from: string, to: string): readonly [from: string, to: string];
  /** What these failures do to the converged network. */
  consequence(failed: readonly Failing[]): Consequence;
  /** Everything these failures break, borrowed addresses included, however many pairs a pair represents. */
  lost(failed: readonly Failing[]): readonly PairChange[];
  /** The same network with these failed. Nodes that fail must not represent others: see `analyse`. */
  without(failed: readonly Failing[]): Analysis;
}

/** How packets of one node reach the pods of another. */
export interface Pair {
  readonly from: Machine;
  readonly to: Machine;
  readonly block: Block;
  readonly ways: BlockPaths;
  readonly fate: Fate;
}

/**
 * `apart`: names of machines that must not be merged with equivalent ones; `split`: nodes with different values are not equivalent either.
 * `loans`: the borrowed addresses to follow; by default, where their paths may differ from those of blocks, a sample, or of a cluster that was
 * asked those that it has. None of them forms a pair.
 */
export function analyse(
  fabric: Fabric,
  apart: readonly string[] = [],
  split?: (node: string) => string,
  loans?: readonly Loan[],
): Analysis {
  const isRead = fabric.pods.allocation !== undefined;
  const real = loans === undefined && isRead && !goesAsBlocks(fabric) ? realLoans(fabric) : [];
  const parties = real.flatMap(({ node, owner }) => (owner === undefined ? [node] : [node, owner]));
  const small = reduced(fabric, nodeBlocks(fabric), new Set([...apart, ...parties]), split);
  const sample = () => (goesAsBlocks(fabric) ? [] : sampleLoans(small.fabric, small.blocks));
  const lent = loans ?? (isRead ? real : sample());
  const network = networkOf(small.fabric, small.blocks, lent);
  const simulate = simulatorOf(network);
  const atRest = simulate();
  const nameOf = (machine: number) => network.machines[machine]?.name ?? '';
  const weight: Analysis['weight'] = (from, { node }) => small.weight(nameOf(from), nameOf(node));
  const afterwards = onDemand(() => whatIf(network, atRest));
  const analysisOf = (simulation: Simulation): Analysis => ({
    fabric,
    split,
    network,
    simulation,
    pairs: pairsOf(network, simulation, weight),
    without: (failed) => analysisOf(simulate(failureOf(network, failed))),
    weight,
    like: (machine) => small.like(nameOf(machine)),
    standIn: small.standIn,
    consequence(failed) {
      const counts = ({ from, block: index }: PairChange) => {
        const block = network.blocks[index] as Block;
        return weight(from, block) > 0 && !isBorrowed(network, block);
      };
      const { broken, worse, parted } = afterwards(failed);
      return { broken: broken.filter(counts), worse: worse.filter(counts), parted };
    },
    lost: (failed) => afterwards(failed).broken,
  });
  return analysisOf(atRest);
}

/** Prepared on demand. Several checks try single failures; each is computed once. */
function onDemand(prepare: () => (failed: readonly Failing[]) => Consequence): ReturnType<typeof prepare> {
  const singles = new Map<string, Consequence>();
  let afterwards: ReturnType<typeof prepare> | undefined;
  return (failed) => {
    afterwards ??= prepare();
    const [one] = failed;
    if (one === undefined || failed.length > 1) return afterwards(failed);
    const key = `${one.kind} ${one.name}`;
    const found = singles.get(key) ?? afterwards(failed);
    singles.set(key, found);
    return found;
  };
}

function pairsOf(network: Network, simulation: Simulation, weight: Analysis['weight']): Pair[] {
  const nodes = network.machines.filter(({ kind }) => kind === 'node');
  const blocks = network.blocks.filter((block) => block.hasPods && !isBorrowed(network, block));
  return blocks.flatMap((block) => {
    const ways = simulation.waysTo(block);
    const to = network.machines[block.node] as Machine;
    return nodes
      .filter((from) => from !== to && hasFamily(from, block) && weight(from.index, block) > 0)
      .map((from) => ({ from, to, block, ways, fate: ways.fate(from.index) }));
  });
}

/** The number of ordered pairs of nodes; a pair counts once, however many blocks or families it has. */
export const countPairs = (analysis: Analysis): number =>
  count(
    analysis,
    analysis.pairs.map(({ from, block }) => ({ from: from.index, block })),
  );

/** How many of these pairs the changes affect. */
export const countChanges = (analysis: Analysis, changes: readonly PairChange[]): number =>
  count(
    analysis,
    changes.map(({ from, block }) => ({ from, block: analysis.network.blocks[block] as Block })),
  );

function count(
  { weight }: Analysis,
  pairs: readonly { readonly from: number; readonly block: Block }[],
): number {
  const weights = new Map(pairs.map(({ from, block }) => [`${from} ${block.node}`, weight(from, block)]));
  return [...weights.values()].reduce((sum, one) => sum + one, 0);
}

/** Whether pods of the node have addresses of the block's family. */
export const hasFamily = ({ speaker }: Machine, { prefix }: Block): boolean =>
  speaker?.kind === 'node' && speaker.address[prefix.family] !== undefined;

/** Where the topology defines a machine. */
export const placeOf = ({ fabric }: Analysis, { name, speaker }: Machine): Path =>
  speaker?.path ?? fabric.hosts.find((host) => host.name === name)?.path ?? [];

/** A pair's regions, whatever its direction: `east west`. */
export const regionsOf = ({ from, to }: Pair): string => [regionOf(from), regionOf(to)].sort().join(' ');

export const regionOf = ({ speaker }: Machine): string => (speaker?.kind === 'node' ? speaker.region : '');
