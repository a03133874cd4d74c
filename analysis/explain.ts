import { type IpAddress, quadText } from '../topology/address.ts';
import type { Analysis } from './analysis.ts';
import { SOURCES } from './path.ts';
import { decidingStep, isEqualCost, type Route } from './simulator/decision.ts';
import type { Block, Machine, Network } from './simulator/model.ts';
import { machineOf, segmentOf } from './simulator/spf.ts';
import type { UnderlayRoute } from './simulator/way.ts';
import { type Absence, whyWithout } from './why.ts';

/** All that a speaker knows about a block, and why it forwards packets the way it does. */
export interface Explanation {
  readonly speaker: string;
  readonly prefix: string;
  /** The topology does not name the block: see `Block`. */
  readonly assumed: boolean;
  /** The node whose block it is. */
  readonly node: string;
  /** The best first. */
  readonly routes: readonly ExplainedRoute[];
  /** Sessions that do not bring the block, with the reason. */
  readonly absences: readonly Absence[];
  /** What the kernel has. */
  readonly kernel: { readonly by: string; readonly hops: readonly ExplainedHop[] };
  /** For a single address without a route: the covering block whose route packets take. */
  readonly covering?: string;
}

export interface ExplainedRoute {
  /** The peer; undefined for the node's own block. */
  readonly from: string | undefined;
  readonly session: string | undefined;
  readonly kind: 'own' | 'reflector' | 'mesh' | 'backbone';
  readonly nextHop: string | undefined;
  /** How the next hop is reached. */
  readonly way: UnderlayRoute['source'];
  readonly hops: readonly ExplainedHop[];
  readonly localPref: number;
  readonly clusters: readonly string[];
  /** `shared`: as good as the best, and used together with it. */
  readonly verdict: 'best' | 'shared' | 'lost';
  /** The step of the decision process at which it lost to the best, and the value of each. */
  readonly step: { readonly name: string; readonly best: string; readonly own: string } | undefined;
}

export interface ExplainedHop {
  readonly machine: string;
  readonly segment: string;
}

export function explain(analysis: Analysis, machine: Machine, block: Block): Explanation {
  const { network, simulation } = analysis;
  const ways = simulation.waysTo(block);
  const routes = ways.rib.routes(machine.index);
  const [best] = routes;
  const { by, hops } = ways.forwarding(machine.index);
  const around = network.blocks[block.within ?? -1];
  const hopsOf = (all: readonly number[]) => hopsIn(network, all);
  const explained = (route: Route): ExplainedRoute => {
    const step = best === undefined || route === best ? undefined : decidingStep(best, route);
    return {
      from: route.from && network.machines[route.from.peer]?.name,
      session: route.from?.session.id,
      kind: route.from?.session.kind ?? 'own',
      nextHop: network.addresses[route.nextHop]?.address.text,
      way: route.way.source,
      hops: hopsOf(route.way.hops),
      localPref: route.localPref,
      clusters: route.clusters.map(quadText),
      verdict: route === best ? 'best' : best !== undefined && isEqualCost(best, route) ? 'shared' : 'lost',
      step: step && {
        name: step.name,
        best: step.shows(best as Route),
        own: step.shows(route),
      },
    };
  };
  return {
    speaker: machine.name,
    prefix: block.prefix.text,
    assumed: block.assumed,
    node: network.machines[block.node]?.name ?? '',
    routes: routes.map(explained),
    absences: machine.index === block.node ? [] : whyWithout(analysis, machine, block),
    kernel: { by, hops: hopsOf(hops) },
    ...(around === undefined || best !== undefined ? {} : { covering: around.prefix.text }),
  };
}

/** How a speaker reaches an address of the underlay. */
export function explainAddress(
  { network, simulation }: Analysis,
  machine: Machine,
  owner: string,
  address: IpAddress,
): ExplainedAddress {
  const { source, hops } = simulation.underlay.way(
    machine.index,
    network.named.addresses.get(address.text) ?? -1,
  );
  return {
    speaker: machine.name,
    address: address.text,
    owner,
    by: SOURCES[source],
    hops: hopsIn(network, hops),
  };
}

/** An address that BGP does not carry: reached by the IGP, the speaker's segments or a static route. */
export interface ExplainedAddress {
  readonly speaker: string;
  readonly address: string;
  readonly owner: string;
  readonly by: string;
  readonly hops: readonly ExplainedHop[];
}

const hopsIn = (network: Network, all: readonly number[]): ExplainedHop[] =>
  all.map((hop) => ({
    machine: network.machines[machineOf(network, hop)]?.name ?? 'nobody',
    segment: network.segments[segmentOf(network, hop)]?.name ?? '',
  }));
