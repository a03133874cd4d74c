import type { IpAddress } from '../topology/address.ts';
import { type Analysis, hasFamily } from './analysis.ts';
import { isEqualCost } from './simulator/decision.ts';
import type { Fate, Forwarding } from './simulator/fate.ts';
import { fatesOf } from './simulator/fates.ts';
import type { Block, Machine } from './simulator/model.ts';
import type { UnderlayRoute } from './simulator/way.ts';
import { type PodTarget, targetBlocks } from './target.ts';
import { MOST_WAYS, type Trace, traces } from './trace.ts';

/** All paths of packets from one machine to the pods of another, in one family. */
export interface PodPath {
  readonly from: string;
  readonly to: string;
  /** Of the pods, or the one address. */
  readonly prefix: string;
  /** The topology does not name the block: see `Block`. */
  readonly assumed: boolean;
  readonly fate: Fate;
  readonly ways: readonly PodWay[];
  /** There are more paths than these. */
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
  /** The route it forwards by: `BGP from gateway`, `default route`; `own pods` at the end. */
  readonly rule: string;
  /** Its next hop; undefined at the end. */
  readonly segment: string | undefined;
  readonly mtu: number | undefined;
}

/** One for each block of the target whose family the source has, and for each of its pods that is a route of its own. */
export function podPaths(analysis: Analysis, from: Machine, target: PodTarget): PodPath[] {
  const { network, simulation } = analysis;
  const to = network.machines.find(({ name }) => name === target.machine) as Machine;
  return targetBlocks(network, target)
    .filter((block) => block.hasPods && (from.kind !== 'node' || hasFamily(from, block)))
    .map((block) => {
      const ways = simulation.waysTo(block);
      const all = traces(network, simulation.underlay, ways, from.index, MOST_WAYS + 1);
      return {
        from: from.name,
        to: to.name,
        prefix: block.prefix.text,
        assumed: block.assumed,
        fate: ways.fate(from.index),
        ways: all
          .slice(0, MOST_WAYS)
          .map((trace) => wayOf(analysis, (machine) => ruleAt(analysis, block, machine), trace)),
        more: all.length > MOST_WAYS,
      };
    });
}

/** The path to one address of a machine, by the routes of the underlay; pods' packets to addresses outside the pools take these too. */
export function addressPath(analysis: Analysis, from: Machine, to: Machine, address: IpAddress): PodPath {
  const { network, simulation } = analysis;
  const { underlay } = simulation;
  const index = network.named.addresses.get(address.text) ?? -1;
  const forwarding = (machine: number): Forwarding => {
    if (machine === to.index) return { by: 'pod', hops: [] };
    const { hops } = underlay.way(machine, index);
    return { by: hops.length === 0 ? 'no route' : 'static route', hops };
  };
  const all = traces(network, underlay, { forwarding }, from.index, MOST_WAYS + 1);
  const rule = (machine: number) => SOURCES[underlay.way(machine, index).source];
  return {
    from: from.name,
    to: to.name,
    prefix: address.text,
    assumed: false,
    fate: fatesOf({ network, underlay, forwarding })(from.index),
    ways: all.slice(0, MOST_WAYS).map((trace) => wayOf(analysis, rule, trace)),
    more: all.length > MOST_WAYS,
  };
}

/** What people call the source of a route to an address. */
export const SOURCES: Readonly<Record<UnderlayRoute['source'], string>> = {
  own: 'own address',
  connected: 'connected route',
  static: 'static route',
  ospf: 'OSPF',
  'ospf-external': 'OSPF, external',
  kernel: 'IGP',
  default: 'default route',
  assumed: 'assumed reachable: no underlay',
  none: 'no route',
};

function wayOf(
  { network }: Analysis,
  rule: (machine: number) => string,
  { machines, segments, end }: Trace,
): PodWay {
  const mtus = segments.flatMap((segment) => network.segments[segment]?.mtu ?? []);
  return {
    end,
    mtu: mtus.length === 0 ? undefined : Math.min(...mtus),
    hops: machines.map((machine, index) => ({
      machine: network.machines[machine]?.name ?? '',
      rule: rule(machine),
      segment: network.segments[segments[index] ?? -1]?.name,
      mtu: network.segments[segments[index] ?? -1]?.mtu,
    })),
  };
}

function ruleAt({ network, simulation }: Analysis, block: Block, machine: number): string {
  const ways = simulation.waysTo(block);
  const { by } = ways.forwarding(machine);
  if (by !== 'bgp') return by === 'pod' ? 'own pods' : by;
  const blockRoutes = ways.rib.routes(machine);
  const around = network.blocks[block.within ?? -1];
  // A machine without a route to a single address forwards by that of the covering block.
  const isByBlock = blockRoutes.length === 0 && around !== undefined;
  const routes = isByBlock ? simulation.waysTo(around).rib.routes(machine) : blockRoutes;
  const used = routes.filter((route) => isEqualCost(routes[0] as typeof route, route));
  const peers = used.map(({ from }) => network.machines[from?.peer ?? -1]?.name ?? '');
  return `BGP from ${[...new Set(peers)].join(' and ')}${isByBlock ? `, ${around.prefix.text}` : ''}`;
}
