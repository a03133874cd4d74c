import type { PairExpectation } from '../fabric/index.ts';
import { askAll } from './ask.ts';
import type { Lab } from './lab.ts';

export interface Ping {
  readonly pair: PairExpectation;
  readonly args: string;
}

/**
 * Pings pods over IPv6; returns the outputs in order. fping can neither forbid IPv6 fragmentation nor show which machine reported
 * time exceeded; ping can, at the price of a process per pair.
 */
export function pingIpv6(lab: Lab, asked: readonly Ping[]): Promise<string[]> {
  const podOf = new Map(lab.plan.pods.map((pod) => [pod.node, pod]));
  const commands = asked.map(({ pair, args }) => {
    const to = podOf.get(pair.to)?.addresses.find(({ family }) => family === 'ipv6');
    return {
      netns: podOf.get(pair.from)?.netns ?? '',
      command: `ping -6 -n -W 1 ${args} ${to?.text ?? ''}`,
    };
  });
  return askAll(lab, commands);
}

/** Processes that may be started at once on a machine. */
const MOST_PINGS = 300;

/** The IPv6 pairs to ping `each` times: all of a small network, one per pair of regions in a large one. */
export function pairsToPing<Of extends { readonly pair: PairExpectation }>(
  lab: Lab,
  all: readonly Of[],
  each: number,
): readonly Of[] {
  const most = Math.floor(MOST_PINGS / each);
  if (all.length <= most) return all;
  const regionOf = new Map(lab.fabric.nodes.map(({ name, region }) => [name, region]));
  const first = new Map<string, Of>();
  for (const one of all) {
    const regions = `${regionOf.get(one.pair.from)} ${regionOf.get(one.pair.to)}`;
    if (!first.has(regions)) first.set(regions, one);
  }
  return [...first.values()].slice(0, most);
}
