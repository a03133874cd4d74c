import fc from 'fast-check';
import { analyse, forecast } from '../../analysis/index.ts';
import { render } from '../../cli/render.ts';
import { usualWaves } from '../../delivery/rollout.ts';
import { findPrograms, type Rehearsal, type Ride, rehearse } from '../../lab/index.ts';
import { type Whole, wholeIn } from '../../review/class-pairs.ts';
import { firstToGet, NO_TRUST_FILES, type Review, review, type State } from '../../review/index.ts';
import { routerFiles } from '../../routers/index.ts';
import type { TopologyInput } from '../../topology/index.ts';
import { redundantNetwork, visitedNetwork } from '../analysis/redundant-network.ts';
import { fabricOf } from '../fabric-of.ts';
import { arbitraryChange, type Edited } from './random-changes.ts';

/** A network, and what somebody makes of it. */
export interface Trial {
  readonly base: TopologyInput;
  readonly head: TopologyInput;
  readonly edits: readonly Edited[];
}

/**
 * Networks that are well: in a lab that never comes to what must be, each look would wait until its time is up. With more nodes than
 * these a lab takes longer, and shows no more.
 */
const arbitraryTrial = (): fc.Arbitrary<Trial> =>
  arbitraryChange(
    fc
      .oneof({ weight: 3, arbitrary: redundantNetwork() }, { weight: 1, arbitrary: visitedNetwork() })
      .filter(({ nodes, routers }) => Object.keys({ ...nodes, ...routers }).length <= 14),
  );

/** The first trials of a seed. */
export const trialsOf = (seed: number, runs: number): Trial[] =>
  fc.sample(arbitraryTrial(), { seed, numRuns: runs });

/** Milliseconds: see test/lifecycle. */
const BLIP = 200;

/** What was foretold of a trial, and what came of it. */
export interface Held {
  /** Everything in which the rehearsal is not what `noencap diff` foretells. */
  readonly differs: readonly string[];
  /** Pairs of nodes of which it says that they may lose packets while sessions are down, and those that did. */
  readonly felt: { readonly foretold: number; readonly seen: number };
}

/** Makes the change in a lab. */
export async function held({ base, head }: Trial): Promise<Held> {
  const programs = findPrograms('.');
  if ('says' in programs) throw new Error(`${programs.says}. ${programs.mend}`);
  const [before, after] = [state(base), state(head)];
  const told = review(before, after, { accepted: false, rehearsal: null, notes: [] });
  const first = firstToGet(before.fabric, after.fabric);
  const result = await rehearse({
    base: before.fabric,
    fabric: after.fabric,
    first,
    waves: usualWaves,
    expects: forecast,
    routerFiles,
    programs,
  });
  if ('says' in result) throw new Error(`${result.says}. ${result.mend}`);
  const [was, is] = [before, after].map(({ fabric }) => wholeIn(analyse(fabric))) as [Whole, Whole];
  const stay = result.pairs.filter(({ from, to }) => was(from, to) && is(from, to));
  const lossy = stay.filter(({ gap }) => gap > BLIP);
  return {
    differs: [
      ...sessionDifferences(told, result.sessions),
      ...lossDifferences(told, lossy),
      ...result.pairs
        .filter((pair) => was(pair.from, pair.to) && pair.lost === 0 && isLost(told, pair))
        .map(({ from, to }) => `${from} to ${to} is said to be lost, and loses no packet`),
      ...endDifferences(told, result),
    ],
    felt: { foretold: mostFelt(told), seen: lossy.length },
  };
}

/** How many pairs are said to lose packets at most, while the change is made. */
const mostFelt = ({ interruptions, order: { first, lost } }: Review): number =>
  interruptions.reduce((sum, one) => sum + one.lost, 0) +
  (first === 'apart' ? Math.min(lost.routersFirst, lost.clusterFirst) : 0);

/**
 * What is said of it is a maximum: so many may lose packets, none must. A packet of the lab comes back, so that one that is lost on its way is
 * missed by two pairs.
 */
function lossDifferences(told: Review, lossy: readonly Ride[]): string[] {
  const most = 2 * mostFelt(told);
  if (lossy.length <= most || untilOspf(told)) return [];
  return lossy.map(
    ({ from, to, gap }) =>
      `${from} to ${to} loses packets for ${gap} ms: ${lossy.length} pairs do, and ${most} are foretold at most`,
  );
}

/** How many pairs cross a router whose OSPF ends is said of those that are handed over to it, not of all that come to notice. */
const untilOspf = ({ dangers }: Review): boolean =>
  dangers.some(({ says }) => /no way until OSPF has found another|no way for some five seconds/.test(says));

const isLost = ({ traffic }: Review, { from, to }: Ride): boolean =>
  traffic.some((one) => one.became === 'lost' && one.from === from && one.to === to);

/** What must hold of the end state holds, unless it is foretold that it does not; and history leaves nothing behind. */
function endDifferences(told: Review, { differences, failures }: Rehearsal): string[] {
  const isForetold =
    told.findings.introduced.some(({ severity }) => severity === 'error') ||
    told.traffic.some(({ became }) => ['lost', 'partly lost', 'too narrow'].includes(became));
  return [...differences, ...(isForetold ? [] : failures.map(({ says }) => says))];
}

/** Sessions that nobody foretold anything of stay as they are. */
function sessionDifferences(
  told: Review,
  seen: readonly { readonly id: string; readonly became: string }[],
): string[] {
  const { changed } = told.sessions;
  const expected = new Map(changed.map(({ id, became }) => [id, became === 'reloaded' ? 'kept' : became]));
  const known = new Set(seen.map(({ id }) => id));
  // What a router that goes takes along is known of packets; of sessions only that they may end.
  const mayEnd = (became: string, foretold: string) =>
    became === 'reset' && foretold === 'kept' && untilOspf(told);
  return [
    ...seen
      .map(({ id, became }) => ({ id, became, foretold: expected.get(id) ?? 'kept' }))
      .filter((one) => one.became !== one.foretold && !mayEnd(one.became, one.foretold))
      .map((one) => `${one.id} is ${one.became}, not ${one.foretold}`),
    ...changed
      .filter(({ id }) => !known.has(id))
      .map(({ id, became }) => `${id} is said to be ${became}, and is none that the lab has`),
  ];
}

function state(topology: TopologyInput): State {
  const fabric = fabricOf(topology);
  const { files } = render(fabric, undefined);
  return { name: '', commit: undefined, fabric, files, trust: NO_TRUST_FILES, placeOf: () => '' };
}
