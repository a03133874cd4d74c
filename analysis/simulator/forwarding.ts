import { gatewayRouteTo } from '../../fabric/index.ts';
import type { Fate, Forwarding } from './fate.ts';
import { fatesOf } from './fates.ts';
import type { Machine, Network } from './model.ts';
import type { Rib } from './rib.ts';
import type { Underlay } from './underlay.ts';
import { gatewayHop } from './way.ts';

/** Everything about the paths of packets to one block. */
export interface BlockPaths {
  readonly rib: Rib;
  forwarding(machine: number): Forwarding;
  fate(machine: number): Fate;
}

/** The ways to the block that holds a single address, on which a machine without a route to the address itself sends packets. */
export type Covering = Pick<BlockPaths, 'forwarding'>;

export function waysOf(network: Network, underlay: Underlay, rib: Rib, covering?: Covering): BlockPaths {
  const cached: (Forwarding | undefined)[] = [];
  const forwarding = (machine: number): Forwarding => {
    const found = cached[machine] ?? forward(network, underlay, rib, machine, covering);
    cached[machine] = found;
    return found;
  };
  return { rib, forwarding, fate: fatesOf({ network, underlay, forwarding }) };
}

export function forward(
  network: Network,
  underlay: Underlay,
  rib: Rib,
  index: number,
  covering?: Covering,
): Forwarding {
  if (index === rib.block.node) return POD;
  const { family } = rib.block.prefix;
  const machine = network.machines[index] as Machine;
  const [best] = rib.routes(index);
  if (best !== undefined) {
    const hops = rib.hops(index);
    return hops.length === 0 ? { by: 'unreachable route', hops } : { by: 'bgp', hops };
  }
  const written = gatewayRouteTo(machine.routes, rib.block.prefix);
  if (written !== undefined) {
    const by = written.prefix.length === 0 ? 'default route' : 'static route';
    return { by, hops: [gatewayHop(network, written)] };
  }
  if (covering !== undefined) {
    const sent = covering.forwarding(index);
    return sent.by === 'pod' ? BLACKHOLE : sent;
  }
  const route = machine.defaults.find((one) => one.family === family);
  const hops = route === undefined ? [] : underlay.way(index, route.via).hops;
  return hops.length === 0 ? NO_ROUTE : { by: 'default route', hops };
}

const POD: Forwarding = { by: 'pod', hops: [] };
/** A node drops packets for its own block that match no known pod. */
const BLACKHOLE: Forwarding = { by: 'unreachable route', hops: [] };
const NO_ROUTE: Forwarding = { by: 'no route', hops: [] };
