import type { PairExpectation } from '../fabric/index.ts';
import { answered, fping, key, questions, REPLY } from './fping.ts';
import { type HopTrial, tryHops } from './hops.ts';
import type { Lab } from './lab.ts';
import { type Arrivals, sendSized, tooLargeBy } from './sizes.ts';
import { isOne, type PairPaths, pathBy, shown, turned, walk, wayMtus, withoutHops } from './walk.ts';

/** The fate of packets between two pods, on any of the equal-cost paths that kernels may choose. */
export interface Probed {
  readonly pair: PairExpectation;
  /** Whether packets come back on at least one forward and return path. */
  readonly reached: boolean;
  /** Whether they are lost on another forward or return path. */
  readonly isLossy: boolean;
  /** Undefined if the target pod has no address. */
  readonly there: PairPaths | undefined;
  readonly back: PairPaths | undefined;
  /** Bytes: the smallest MTU of the segments on the paths there; undefined if there is no path. */
  readonly pathMtu: number | undefined;
  /** Unexpected results of packet sizes. */
  readonly mtu: readonly string[];
}

/**
 * Pings every pair of pods, follows all their paths, and tries sizes: what a pod sends at its own MTU arrives; of larger packets
 * (the pod's interface is widened for that) one of the path's MTU arrives, and one byte more does not. One prober per pod
 * and question, not per pair. A ping takes one of several equal-cost paths, chosen by the kernel's hash: if there are several, each of their hops is tried individually.
 */
export async function probe(lab: Lab): Promise<Probed[]> {
  const { pairs } = lab.expected;
  const answering = await ping(lab);
  const walked = await walk(lab);
  const several = pairs.filter((pair) => !isSingle(walked.get(key(pair)), walked.get(key(turned(pair)))));
  const podMtu = new Map(lab.plan.pods.map(({ node, mtu }) => [node, mtu]));
  // After a change pods with the old and the new MTU coexist: neither accepts more than its own.
  const podMtuOf = ({ from, to }: PairExpectation) => Math.min(podMtu.get(from) ?? 0, podMtu.get(to) ?? 0);
  const trial = await tryHops(
    lab,
    several.map((pair) => {
      const both = [pair, turned(pair)].flatMap((one) => walked.get(key(one)) ?? []);
      const limits = both.slice(0, 1).flatMap((there) => wayMtus(lab, there).slice(0, 1));
      const sizes = [podMtuOf(pair), ...limits.flatMap((limit) => [limit, limit + tooLargeBy(lab)])];
      return { pair, hops: both.flatMap(({ hops }) => [...hops.values()].flat()), sizes };
    }),
  );
  const looked = pairs.map((pair): Looked => {
    const [there, back] = [pair, turned(pair)].map((one) => {
      const ways = walked.get(key(one));
      return ways && withoutHops(ways, trial.isSilent);
    });
    const outcome = outcomeOf(answering.has(key(pair)), there, back);
    const mtus = there === undefined ? [] : wayMtus(lab, there);
    const isSure =
      mtus.length === 1 && back !== undefined && wayMtus(lab, back).every((mtu) => mtu >= Number(mtus[0]));
    return { pair, there, back, outcome, mtu: podMtuOf(pair), limit: mtus[0], isSure };
  });
  const faults = await sizeFaults(lab, looked, trial);
  return looked.map(({ pair, there, back, outcome, limit }) => ({
    pair,
    reached: outcome !== 'never',
    isLossy: outcome === 'sometimes',
    there,
    back,
    pathMtu: outcome === 'never' ? undefined : limit,
    mtu: faults(pair),
  }));
}

/** What is known about a pair before sizes are tried. */
interface Looked {
  readonly pair: PairExpectation;
  readonly there: PairPaths | undefined;
  readonly back: PairPaths | undefined;
  readonly outcome: 'always' | 'sometimes' | 'never';
  /** Bytes: the MTU of its pod, and the smallest MTU of the paths there. */
  readonly mtu: number;
  readonly limit: number | undefined;
  /** Whether all paths there have that MTU and all paths back carry it: otherwise it is unknown which one a packet takes. */
  readonly isSure: boolean;
}

const isSingle = (there: PairPaths | undefined, back: PairPaths | undefined): boolean =>
  there === undefined || back === undefined || (isOne(there) && isOne(back));

/** With a single path one ping is conclusive; with several of which one fails, it is chance whether the ping comes back. */
function outcomeOf(
  answers: boolean,
  there: PairPaths | undefined,
  back: PairPaths | undefined,
): Looked['outcome'] {
  const arrive = [there?.arrives, back?.arrives];
  if (isSingle(there, back) || arrive.every((one) => one === 'always')) return answers ? 'always' : 'never';
  return arrive.includes('never') && !answers ? 'never' : 'sometimes';
}

/** The pairs whose target answered. */
async function ping(lab: Lab): Promise<ReadonlySet<string>> {
  const asked = questions(lab);
  const answers = await fping(
    lab,
    asked.map((question) => ({ question, args: `-r 3 -B 1 -t ${REPLY}` })),
  );
  return new Set(asked.flatMap((question, index) => answered(question, answers[index] ?? '')));
}

/** Sends packets at the limits; returns by pair what went wrong. */
async function sizeFaults(
  lab: Lab,
  looked: readonly Looked[],
  trial: HopTrial,
): Promise<(pair: PairExpectation) => readonly string[]> {
  const reached = looked.filter(({ outcome }) => outcome !== 'never');
  const above = (more: number) =>
    reached.flatMap(({ pair, limit }) => (limit === undefined ? [] : [{ pair, size: limit + more }]));
  const more = tooLargeBy(lab);
  const atPods = await sendSized(
    lab,
    reached.map(({ pair, mtu }) => ({ pair, size: mtu })),
    3,
  );
  await widen(lab);
  const atLimit = await sendSized(lab, above(0), 3);
  const beyond = await sendSized(lab, above(more), 1);
  const faults = new Map(
    reached.map((one) => {
      const { pair, mtu, limit = 0, isSure, outcome } = one;
      // If packets of any size may be lost, a large one proves nothing.
      const lost = (arrivals: Arrivals, size: number) =>
        lostOn(one, trial, size) ??
        (outcome === 'always' && arrivals.tried.has(key(pair)) && !arrivals.arrived.has(key(pair))
          ? ''
          : undefined);
      const [ofPods, ofLimit] = [lost(atPods, mtu), lost(atLimit, limit)];
      const passes = isSingle(one.there, one.back)
        ? beyond.arrived.has(key(pair))
        : lostOn(one, trial, limit + more) !== '';
      return [
        key(pair),
        [
          ...(ofPods === undefined ? [] : [`packets of the pods' MTU, ${mtu} bytes, do not arrive${ofPods}`]),
          ...(isSure && ofLimit !== undefined
            ? [
                `packets of ${limit} bytes do not arrive${ofLimit}, although every segment on the path has that MTU`,
              ]
            : []),
          ...(isSure && passes
            ? [`packets of ${limit + more} bytes arrive, although the path MTU is ${limit}`]
            : []),
        ],
      ] as const;
    }),
  );
  return (pair) => faults.get(key(pair)) ?? [];
}

/** With several paths: on which of them packets of a size get lost; empty: on all; undefined: on none. */
function lostOn({ pair, there, back }: Looked, { isTooLarge }: HopTrial, size: number): string | undefined {
  const found = [there, back].flatMap((ways) => {
    const narrow = [...(ways?.hops.values() ?? [])].flat().find((hop) => isTooLarge(hop, size));
    if (ways === undefined || narrow?.to === undefined) return [];
    const left = withoutHops(ways, (hop) => isTooLarge(hop, size));
    const name = ways.from === pair.from ? 'on the forward path' : 'on the return path';
    return left.arrives === 'never' ? '' : ` ${name} ${shown(pathBy(ways, [narrow.machine, narrow.to]))}`;
  });
  return found.includes('') ? '' : found[0];
}

/** Large enough for any segment, so that the pod's own interface is not the limit. */
const WIDE = 16_000;

async function widen(lab: Lab): Promise<void> {
  const commands = lab.plan.pods.flatMap(({ node, netns, veth }) => [
    `ip -n ${node} link set ${veth} mtu ${WIDE}`,
    `ip -n ${netns} link set eth0 mtu ${WIDE}`,
  ]);
  await lab.holder.run(commands.join('\n'));
}
