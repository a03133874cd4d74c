import { type Analysis, hasFamily } from './analysis.ts';
import { isEqualCost } from './simulator/decision.ts';
import type { Fate } from './simulator/forwarding.ts';
import type { Block, Machine } from './simulator/network.ts';
import { MOST_WAYS, type Trace, traces } from './trace.ts';

/** All ways of packets from one machine to the pods of another, in one family. */
export interface PodPath {
  readonly from: string;
  readonly to: string;
  readonly prefix: string;
  readonly fate: Fate;
  readonly ways: readonly PodWay[];
  /** There are more ways than these. */
  readonly more: boolean;
}

export interface PodWay {
  readonly end: Trace['end'];
  /** Bytes: the smallest MTU on it. */
  readonly mtu: number | undefined;
  readonly hops: readonly PodHop[];
}

export interface PodHop {
  readonly machine: string;
  /** By which route it sends on: `BGP from gateway`, `default route`; `own pods` at the end. */
  readonly rule: string;
  /** Where it sends to; undefined at the end. */
  readonly segment: string | undefined;
  readonly mtu: number | undefined;
}

/** One for each block of the target whose family the source has. */
export function podPaths(analysis: Analysis, from: Machine, to: Machine): PodPath[] {
  const { network, simulation } = analysis;
  return network.blocks
    .filter((block) => block.node === to.index && (from.kind !== 'node' || hasFamily(from, block)))
    .map((block) => {
      const ways = simulation.waysTo(block);
      const all = traces(network, simulation.underlay, ways, from.index, MOST_WAYS + 1);
      return {
        from: from.name,
        to: to.name,
        prefix: block.prefix.text,
        fate: ways.fate(from.index),
        ways: all.slice(0, MOST_WAYS).map((trace) => podWay(analysis, block, trace)),
        more: all.length > MOST_WAYS,
      };
    });
}

function podWay(analysis: Analysis, block: Block, { machines, segments, end }: Trace): PodWay {
  const { network } = analysis;
  const mtus = segments.flatMap((segment) => network.segments[segment]?.mtu ?? []);
  return {
    end,
    mtu: mtus.length === 0 ? undefined : Math.min(...mtus),
    hops: machines.map((machine, index) => ({
      machine: network.machines[machine]?.name ?? '',
      rule: ruleAt(analysis, block, machine),
      segment: network.segments[segments[index] ?? -1]?.name,
      mtu: network.segments[segments[index] ?? -1]?.mtu,
    })),
  };
}

function ruleAt({ network, simulation }: Analysis, block: Block, machine: number): string {
  const ways = simulation.waysTo(block);
  const { by } = ways.forwarding(machine);
  if (by !== 'bgp') return by === 'pod' ? 'own pods' : by;
  const routes = ways.rib.routes(machine);
  const used = routes.filter((route) => isEqualCost(routes[0] as typeof route, route));
  const peers = used.map(({ from }) => network.machines[from?.peer ?? -1]?.name ?? '');
  return `BGP from ${[...new Set(peers)].join(' and ')}`;
}
