import type { BlockPaths } from './simulator/forwarding.ts';
import type { Network } from './simulator/model.ts';
import { machineOf, segmentOf } from './simulator/spf.ts';
import type { Underlay } from './simulator/underlay.ts';

/** One path of a packet, machine by machine, and how it ends. */
export interface Trace {
  readonly machines: readonly number[];
  /** Between them; one less. */
  readonly segments: readonly number[];
  readonly end: 'arrives' | 'loops' | 'no route' | 'unreachable' | 'nobody answers';
}

/** More equal-cost paths than anybody reads. */
export const MOST_WAYS = 16;

/** All equal-cost paths from a machine, `most` at most. The last machine of a loop appears twice. */
export function traces(
  network: Network,
  underlay: Underlay,
  ways: Pick<BlockPaths, 'forwarding'>,
  from: number,
  most = MOST_WAYS,
): Trace[] {
  const found: Trace[] = [];
  const follow = (machines: readonly number[], segments: readonly number[]): void => {
    if (found.length >= most) return;
    const machine = machines.at(-1) as number;
    if (machines.indexOf(machine) < machines.length - 1) {
      found.push({ machines, segments, end: 'loops' });
      return;
    }
    const { by, hops } = ways.forwarding(machine);
    if (by === 'pod') found.push({ machines, segments, end: 'arrives' });
    else if (hops.length === 0) {
      found.push({ machines, segments, end: by === 'unreachable route' ? 'unreachable' : 'no route' });
    }
    for (const hop of hops) {
      const segment = segmentOf(network, hop);
      if (underlay.answers(machine, hop))
        follow([...machines, machineOf(network, hop)], [...segments, segment]);
      else if (found.length < most) found.push({ machines, segments, end: 'nobody answers' });
    }
  };
  follow([from], []);
  return found;
}

/** All links on any path from a machine, in either direction: `machine segment machine`. */
export function linksUsed(network: Network, ways: BlockPaths, from: number): ReadonlySet<string> {
  const links = new Set<string>();
  const seen = new Set([from]);
  for (const machine of seen) {
    for (const hop of ways.forwarding(machine).hops) {
      const next = machineOf(network, hop);
      links.add(`${Math.min(machine, next)} ${segmentOf(network, hop)} ${Math.max(machine, next)}`);
      seen.add(next);
    }
  }
  return links;
}

export const traceText = (network: Network, { machines, end }: Trace): string => {
  const names = machines.map((machine) => network.machines[machine]?.name ?? '?').join(' > ');
  return end === 'arrives' ? names : `${names} (${end})`;
};
