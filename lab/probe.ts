import type { PairExpectation } from '../fabric/index.ts';
import type { Lab } from './boot.ts';
import { answered, fping, key, questions } from './fping.ts';
import { type Arrivals, sendSized, tooLargeBy } from './sizes.ts';
import { trace } from './trace.ts';

/** What packets between two pods did. */
export interface Probed {
  readonly pair: PairExpectation;
  readonly reached: boolean;
  /** The machines that a packet went through, from node to node; as far as it came where it did not arrive. */
  readonly path: readonly string[];
  /** Bytes: the smallest MTU of the segments on the path; undefined where the path is not known whole. */
  readonly pathMtu: number | undefined;
  /** What sizes did that they should not. */
  readonly mtu: readonly string[];
}

/**
 * Pings every pair of pods, follows each way, and tries sizes: what a pod sends at its own MTU arrives; of larger packets
 * (the pod's interface is widened for that) one of the path's MTU arrives, and one byte more does not. One prober a pod and
 * question, not one a pair.
 */
export async function probe(lab: Lab): Promise<Probed[]> {
  const reached = await ping(lab);
  const paths = await trace(lab, reached);
  const pairs = lab.expected.pairs.filter((pair) => reached.has(key(pair)));
  const podMtu = new Map(lab.plan.pods.map(({ node, mtu }) => [node, mtu]));
  // After a change pods that were made with one MTU and with another stand beside each other: neither takes more than its own.
  const own = ({ from, to }: PairExpectation) => Math.min(podMtu.get(from) ?? 0, podMtu.get(to) ?? 0);
  const limits = new Map(pairs.map((pair) => [key(pair), pathMtu(lab, pair, paths.get(key(pair)) ?? [])]));
  const above = (more: number) =>
    pairs.flatMap((pair) => {
      const limit = limits.get(key(pair));
      return limit === undefined ? [] : [{ pair, size: limit + more }];
    });
  const back = new Map(pairs.map((pair) => [key(pair), pair]));
  const atPodMtu = await sendSized(
    lab,
    pairs.map((pair) => ({ pair, size: own(pair) })),
    3,
  );
  await widen(lab);
  const atLimit = await sendSized(lab, above(0), 3);
  const beyond = await sendSized(lab, above(tooLargeBy(lab)), 1);
  return lab.expected.pairs.map((pair) => {
    const limit = limits.get(key(pair));
    const isReached = reached.has(key(pair));
    return {
      pair,
      reached: isReached,
      path: paths.get(key(pair)) ?? [pair.from],
      pathMtu: limit,
      mtu: isReached ? sizeFaults(pair) : [],
    };
  });

  function sizeFaults(pair: PairExpectation): string[] {
    const limit = limits.get(key(pair));
    // Of ways of several MTUs nobody knows which one a packet takes: only what pods themselves send must arrive.
    const isSure = limit !== undefined && isOneWide(pair) && carries(turned(pair), limit);
    const lost = ({ tried, arrived }: Arrivals) => tried.has(key(pair)) && !arrived.has(key(pair));
    return [
      ...(lost(atPodMtu) ? [`packets of the pods' MTU, ${own(pair)} bytes, do not arrive`] : []),
      ...(isSure && lost(atLimit)
        ? [`packets of ${limit} bytes do not arrive, although every segment on the way has that MTU`]
        : []),
      ...(isSure && beyond.arrived.has(key(pair))
        ? [`packets of ${limit + tooLargeBy(lab)} bytes arrive, although the way has an MTU of ${limit}`]
        : []),
    ];
  }

  function isOneWide(pair: PairExpectation): boolean {
    return new Set(wayMtus(lab, pair)).size === 1;
  }

  function carries(pair: PairExpectation, size: number): boolean {
    return wayMtus(lab, back.get(key(pair)) ?? pair).every((mtu) => mtu >= size);
  }
}

/** The MTU of each way that packets of a pair may take. */
function wayMtus(lab: Lab, { from, to, steps }: PairExpectation): number[] {
  const known = new Map<string, readonly number[]>([[to, [Number.POSITIVE_INFINITY]]]);
  const mtusFrom = (machine: string): readonly number[] => {
    const before = known.get(machine);
    if (before !== undefined) return before;
    // A way that comes back to where it is being looked for leads nowhere.
    known.set(machine, []);
    const all = (steps.get(machine) ?? []).flatMap((step) =>
      mtusFrom(step.to).map((rest) => Math.min(rest, mtuOf(lab, step.segment, [machine, step.to]))),
    );
    const found = [...new Set(all)];
    known.set(machine, found);
    return found;
  };
  return [...mtusFrom(from)];
}

/** The same two, the other way round. */
const turned = (pair: PairExpectation): PairExpectation => ({ ...pair, from: pair.to, to: pair.from });

/** The pairs whose target answered. */
async function ping(lab: Lab): Promise<ReadonlySet<string>> {
  const asked = questions(lab);
  const answers = await fping(
    lab,
    asked.map((question) => ({ question, args: '-r 3 -B 1 -t 300' })),
  );
  return new Set(asked.flatMap((question, index) => answered(question, answers[index] ?? '')));
}

/** Of a segment and of the interfaces that these have on it. */
function mtuOf({ plan }: Lab, name: string, hosts: readonly (string | undefined)[]): number {
  const segment = plan.segments.find((one) => one.name === name);
  const own = segment?.ports.filter(({ host }) => hosts.includes(host)).map(({ mtu }) => mtu) ?? [];
  return Math.min(segment?.mtu ?? 0, ...own);
}

/** The least MTU of the segments between the machines of a path, and of their interfaces there. */
function pathMtu(lab: Lab, pair: PairExpectation, path: readonly string[]): number | undefined {
  const mtus = path.slice(0, -1).map((machine, index) => {
    const step = pair.steps.get(machine)?.find(({ to }) => to === path[index + 1]);
    return step === undefined ? undefined : mtuOf(lab, step.segment, [machine, path[index + 1]]);
  });
  return mtus.includes(undefined) || mtus.length === 0 ? undefined : Math.min(...mtus.map(Number));
}

/** Wide enough for any segment, so that not the pod's own interface is what limits a packet. */
const WIDE = 16_000;

async function widen(lab: Lab): Promise<void> {
  const commands = lab.plan.pods.flatMap(({ node, netns, veth }) => [
    `ip -n ${node} link set ${veth} mtu ${WIDE}`,
    `ip -n ${netns} link set eth0 mtu ${WIDE}`,
  ]);
  await lab.holder.run(commands.join('\n'));
}
