import type { Fate } from '../../../analysis/simulator/fate.ts';
import type { Block, Machine, Network } from '../../../analysis/simulator/model.ts';
import type { Simulation } from '../../../analysis/simulator/simulate.ts';
import { machineOf, segmentOf } from '../../../analysis/simulator/spf.ts';
import type { RibRoute } from '../../../bird/answers/routes.ts';
import { HIGHEST_LOCAL_PREF } from '../../../calico/metric.ts';
import { carriesMetric, podAddress } from '../../../fabric/index.ts';
import { key } from '../../../lab/fping.ts';
import type { Lab, Probed } from '../../../lab/index.ts';
import type { KernelRoute, Observation } from '../../../lab/observe.ts';
import type { Sized } from '../../../lab/sizes.ts';
import { hostPrefix, quadText } from '../../../topology/address.ts';

/** All differences between the simulator and a lab's daemons and kernels; empty if they agree. */
export function routeDifferences(
  simulation: Simulation,
  lab: Lab,
  seen: Observation,
  ribs: ReadonlyMap<string, readonly RibRoute[]>,
): string[] {
  const { network, failure } = simulation;
  const machines = network.machines.filter(
    ({ index, speaker }) => speaker !== undefined && !failure.machines.has(index),
  );
  return network.blocks
    .filter(({ node }) => !failure.machines.has(node))
    .flatMap((block) => {
      // Which of two states such a block settles in depends on which was first.
      if (simulation.waysTo(block).rib.undecided.length > 0) return [];
      return machines.flatMap((machine) => [
        ...ribDifferences(simulation, block, machine, ribs.get(machine.name) ?? []),
        ...kernelDifferences(simulation, block, machine, lab, seen.routes.get(machine.name) ?? []),
      ]);
    });
}

function ribDifferences(
  simulation: Simulation,
  block: Block,
  machine: Machine,
  rib: readonly RibRoute[],
): string[] {
  const { network } = simulation;
  const clusterText = new Map(
    network.fabric.routers.map(({ clusterId }) => [Number(clusterId.value), clusterId.text]),
  );
  const expected = simulation
    .waysTo(block)
    .rib.routes(machine.index)
    .flatMap((route, place) =>
      route.from === undefined
        ? []
        : [
            show({
              neighbor: network.addresses[route.from.peerAddress]?.address.text ?? '',
              isBest: place === 0,
              isResolved: route.way.hops.length > 0,
              nextHop: network.addresses[route.nextHop]?.address.text ?? '',
              localPref: route.localPref,
              originator: route.clusters.length === 0 ? undefined : quadText(route.originator),
              clusters: route.clusters.map((id) => clusterText.get(id) ?? quadText(id)),
            }),
          ],
    )
    .sort();
  const found = rib
    .filter(({ prefix }) => prefix === block.prefix.text)
    .map(show)
    .sort();
  return expected.join('\n') === found.join('\n')
    ? []
    : [
        `RIB of ${machine.name} for ${block.prefix.text}:\n    simulator: ${expected.join('\n               ')}\n    BIRD:      ${found.join('\n               ')}`,
      ];
}

const show = (route: Omit<RibRoute, 'prefix'>): string =>
  `${route.neighbor}${route.isBest ? ' *' : ''}${route.isResolved ? '' : ' unreachable'} next hop ${route.nextHop} LP ${route.localPref} originator ${route.originator ?? '-'} clusters ${route.clusters.join(' ') || '-'}`;

function kernelDifferences(
  simulation: Simulation,
  block: Block,
  machine: Machine,
  lab: Lab,
  routes: readonly KernelRoute[],
): string[] {
  const { network } = simulation;
  if (machine.index === block.node) return [];
  const { by, hops } = simulation.waysTo(block).forwarding(machine.index);
  // A machine without a route to a single address uses the route to its block.
  const hasRoute =
    block.within === undefined || simulation.waysTo(block).rib.routes(machine.index).length > 0;
  const expected = !hasRoute
    ? 'none'
    : by === 'bgp'
      ? hops
          .map(
            (hop) =>
              `${network.segments[segmentOf(network, hop)]?.name}>${network.machines[machineOf(network, hop)]?.name ?? 'nobody'}`,
          )
          .sort()
          .join(' ')
      : by === 'unreachable route'
        ? 'unreachable'
        : 'none';
  const [route] = routes.filter(({ to }) => to === block.prefix.text).sort((a, b) => a.metric - b.metric);
  const interfaces = new Map(
    lab.plan.hosts
      .find(({ name }) => name === machine.name)
      ?.interfaces.map((one) => [one.name, one.segment]),
  );
  const found =
    route === undefined
      ? 'none'
      : route.type !== 'unicast'
        ? route.type
        : route.hops
            .map(({ via, dev }) => {
              const segment = interfaces.get(dev) ?? dev;
              const owner = via === undefined ? '?' : (lab.machineOf.get(via) ?? 'nobody');
              const isThere = lab.plan.hosts
                .find(({ name }) => name === owner)
                ?.interfaces.some((one) => one.segment === segment);
              return `${segment}>${isThere ? owner : 'nobody'}`;
            })
            .sort()
            .join(' ');
  const metric =
    hasRoute && by === 'bgp' && machine.kind === 'node' && route !== undefined
      ? metricDifference(simulation, block, machine, route.metric)
      : [];
  return expected === found
    ? metric
    : [
        `kernel of ${machine.name} for ${block.prefix.text}:\n    simulator: ${expected}\n    kernel:    ${found}`,
      ];
}

function metricDifference(simulation: Simulation, block: Block, machine: Machine, found: number): string[] {
  const [best] = simulation.waysTo(block).rib.routes(machine.index);
  // Linux gives IPv6 routes without a metric 1024.
  const none = block.prefix.family === 'ipv6' ? 1024 : 0;
  const expected = carriesMetric(simulation.network.fabric)
    ? HIGHEST_LOCAL_PREF - (best?.localPref ?? 0)
    : none;
  return expected === found
    ? []
    : [`metric at ${machine.name} for ${block.prefix.text}: simulator ${expected}, kernel ${found}`];
}

/** The prefix that routes packets to the pod of a node: its block, or a route of its own. */
function podRouteOf({ blocks }: Network, node: number, family: string): Block | undefined {
  const block = blocks.find((one) => one.node === node && one.prefix.family === family);
  const pod = block && hostPrefix(podAddress(block.prefix)).text;
  return blocks.find((one) => one.within === block?.index && one.prefix.text === pod) ?? block;
}

/**
 * Compares the fate of packets between pods with the simulator's result for every pair, and the paths that single packets were `traced` on
 * with those in the kernels' tables.
 */
export function pairDifferences(
  simulation: Simulation,
  probed: readonly Probed[],
  traced: ReadonlyMap<string, readonly string[]>,
): string[] {
  const { network } = simulation;
  const named = new Map(network.machines.map(({ name, index }) => [name, index]));
  const index = (name: string) => named.get(name) ?? -1;
  const blockOf = (node: string, family: string) => podRouteOf(network, index(node), family);
  return probed.flatMap(({ pair, reached, isLossy, there: ways }) => {
    const [to, back] = [blockOf(pair.to, pair.family), blockOf(pair.from, pair.family)];
    if (to === undefined || back === undefined) return [];
    const [there, again] = [simulation.waysTo(to), simulation.waysTo(back)];
    if (there.rib.undecided.length > 0 || again.rib.undecided.length > 0) return [];
    const fates = [there.fate(index(pair.from)), again.fate(index(pair.to))];
    const who = `${pair.from} to ${pair.to} (${pair.family})`;
    const always = fates.every((fate) => !isMute(fate));
    const expected = always ? 'always' : fates.some(({ arrives }) => !arrives) ? 'never' : 'sometimes';
    const found = !reached ? 'never' : isLossy ? 'sometimes' : 'always';
    const path = traced.get(key(pair)) ?? [];
    if (expected !== found)
      return [`${who}: simulator says it ${expected} arrives, the lab ${found}; ${path.join(' > ')}`];
    const wrong = [...(ways?.hops ?? [])].flatMap(([machine, hops]) => {
      if (machine === pair.to) return [];
      const simulated = there.forwarding(index(machine)).hops.map((hop) => nameOf(simulation, hop));
      const [own, others] = [hops.map((hop) => hop.to ?? 'nobody'), simulated].map((names) =>
        [...new Set(names)].sort().join(' or '),
      );
      return own === others
        ? []
        : [`${who}: ${machine} hands over to ${own}, says the lab; simulator: ${others}`];
    });
    if (wrong.length > 0 || !always) return wrong;
    for (const [place, machine] of path.slice(0, -1).entries()) {
      const hops = there.forwarding(index(machine)).hops.map((hop) => machineOf(network, hop));
      if (hops.includes(index(path[place + 1] ?? ''))) continue;
      // A machine without a route back to the pod cannot send it a time exceeded: the trace has a gap there.
      if (hops.some((hop) => isMute(again.fate(hop)))) return [];
      return [`${who}: a packet goes from ${machine} to ${path[place + 1]}, where no table leads`];
    }
    return [];
  });
}

/** A failed machine does not exist for a lab. */
const nameOf = ({ network, failure }: Simulation, hop: number): string =>
  failure.machines.has(machineOf(network, hop))
    ? 'nobody'
    : (network.machines[machineOf(network, hop)]?.name ?? 'nobody');

const isMute = ({ arrives, dropped, loops }: Fate): boolean => !arrives || dropped || loops;

/** Pairs whose packets all have the same size limit in both directions, with that limit in bytes. */
export function sizeLimits(simulation: Simulation, probed: readonly Probed[]): Sized[] {
  const { network } = simulation;
  const named = new Map(network.machines.map(({ name, index }) => [name, index]));
  const index = (name: string) => named.get(name) ?? -1;
  return probed.flatMap(({ pair, reached }) => {
    const fates = [
      [pair.from, pair.to],
      [pair.to, pair.from],
    ].map(([from = '', to = '']) => {
      const block = podRouteOf(network, index(to), pair.family);
      return block === undefined ? undefined : simulation.waysTo(block).fate(index(from));
    });
    const mtus = new Set(fates.flatMap((fate) => fate?.mtu ?? []));
    const always = fates.every((fate) => fate?.arrives && !fate.dropped && !fate.loops);
    const [size] = mtus;
    return reached && always && mtus.size === 1 && size !== undefined ? [{ pair, size }] : [];
  });
}
