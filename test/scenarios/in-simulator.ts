import { failureOf } from '../../analysis/simulator/failure.ts';
import type { Fate } from '../../analysis/simulator/fate.ts';
import type { Block, Network as Numbers } from '../../analysis/simulator/model.ts';
import { networkOf } from '../../analysis/simulator/network.ts';
import { type Simulation, simulatorOf } from '../../analysis/simulator/simulate.ts';
import { machineOf, segmentOf } from '../../analysis/simulator/spf.ts';
import { HIGHEST_LOCAL_PREF } from '../../calico/metric.ts';
import { carriesMetric } from '../../fabric/index.ts';
import type { Failing } from '../../lab/index.ts';
import { type Prefix, quadText } from '../../topology/address.ts';
import type { TopologyInput } from '../../topology/index.ts';
import { fabricOf } from '../fabric-of.ts';
import type { Look, Pair, World } from './world.ts';

/** Answers for a network with the simulator, without any delay. */
export async function simulated(topology: TopologyInput): Promise<World> {
  const fabric = fabricOf(topology);
  const network = networkOf(fabric);
  const simulate = simulatorOf(network);
  let failed: Failing[] = [];
  let now = simulate();
  const fates = ({ from, to, family }: Pair): readonly [Fate, Fate] => {
    const ways = (node: string) => {
      const block = network.blocks.find(
        (one) => one.node === machineIn(network, node) && one.prefix.family === family,
      );
      return decided(now, block as Block);
    };
    return [ways(to).fate(machineIn(network, from)), ways(from).fate(machineIn(network, to))];
  };
  return {
    name: 'the simulator',
    fabric,
    patience: 0,
    look: async () => lookAt(now),
    async send(pair) {
      const both = fates(pair);
      const isWhole = both.every(({ arrives, dropped, loops }) => arrives && !dropped && !loops);
      const isNever = both.some(({ arrives }) => !arrives);
      return {
        answered: isWhole ? 'always' : isNever ? 'never' : 'sometimes',
        turns: both[0].turns,
      };
    },
    fits: async (pair, size) => fates(pair).every(({ mtu: [least] }) => size <= least),
    async fail(failing) {
      failed = [...failed, failing];
      now = simulate(failureOf(network, failed));
    },
    async fix() {
      failed = [];
      now = simulate();
    },
    end: async () => {},
  };
}

function machineIn({ machines }: Numbers, name: string): number {
  const found = machines.find((machine) => machine.name === name);
  if (found === undefined) throw new Error(`the network has no ${name}`);
  return found.index;
}

/** If the result depends on timing, no scenario can expect anything. */
function decided(simulation: Simulation, block: Block) {
  const ways = simulation.waysTo(block);
  const [open] = ways.rib.undecided;
  if (open === undefined) return ways;
  const name = simulation.network.machines[open]?.name;
  throw new Error(`${name} settles on one route or another to ${block.prefix.text}: nobody can say on which`);
}

function lookAt(simulation: Simulation): Look {
  const { network } = simulation;
  const { fabric, machines, addresses, segments } = network;
  const clusterText = new Map(
    fabric.routers.map(({ clusterId }) => [Number(clusterId.value), clusterId.text]),
  );
  const waysTo = (prefix: Prefix) =>
    decided(simulation, network.blocks.find((one) => one.prefix.text === prefix.text) as Block);
  const metric = (prefix: Prefix, machine: number): number | undefined => {
    const [best] = waysTo(prefix).rib.routes(machine);
    if (best === undefined || machines[machine]?.kind !== 'node') return undefined;
    // Linux gives IPv6 routes without a metric 1024.
    if (!carriesMetric(fabric)) return prefix.family === 'ipv6' ? 1024 : 0;
    return HIGHEST_LOCAL_PREF - best.localPref;
  };
  return {
    isUp(session) {
      const link = network.links.find((one) => one.session.id === session.id);
      const isUp = link !== undefined && simulation.isUp(link.sessionIndex);
      return [isUp, isUp];
    },
    routes: (machine, prefix) =>
      waysTo(prefix)
        .rib.routes(machineIn(network, machine))
        .flatMap(({ from, way, nextHop, localPref, originator, clusters }, place) =>
          from === undefined
            ? []
            : [
                {
                  isBest: place === 0,
                  from: machines[from.peer]?.name ?? '',
                  nextHop: addresses[nextHop]?.address.text ?? '',
                  resolved: way.hops.length > 0,
                  localPref,
                  originator: clusters.length === 0 ? '' : quadText(originator),
                  clusters: clusters.map((id) => clusterText.get(id) ?? quadText(id)),
                },
              ],
        ),
    forwarding(machine, prefix) {
      const index = machineIn(network, machine);
      const { by, hops } = waysTo(prefix).forwarding(index);
      return {
        by,
        hops: hops.map((hop) => ({
          segment: segments[segmentOf(network, hop)]?.name ?? '',
          to: machines[machineOf(network, hop)]?.name,
        })),
        metric: metric(prefix, index),
      };
    },
  };
}
