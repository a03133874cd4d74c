import type { Expectations, Fabric, PairExpectation, Step } from '../fabric/index.ts';
import type { Fate } from './simulator/forwarding.ts';
import { type Block, type Machine, type Network, networkOf } from './simulator/network.ts';
import { policyOf } from './simulator/policy.ts';
import { type Simulation, simulatorOf } from './simulator/simulate.ts';
import { machineOf, segmentOf } from './simulator/spf.ts';
import { isWhole } from './simulator/what-if.ts';

/**
 * What a lab of this fabric must show if the simulator is right: every session, and of every pair of nodes where each machine on the way
 * sends packets, be that good or not. Whether it is good is what `check` says: the two can only differ where one of them is wrong.
 */
export function forecast(fabric: Fabric): Expectations {
  const network = networkOf(fabric);
  const simulation = simulatorOf(network)();
  return {
    sessions: network.links.filter(({ index }) => index % 2 === 0).map(({ session }) => session),
    pairs: fabric.pods.families.flatMap((family) => {
      const blocksOf = (node: Machine) =>
        network.blocks.filter((block) => block.node === node.index && block.prefix.family === family);
      const nodes = nodesOf(network).filter((node) => hasAddress(node, family));
      return nodes.flatMap((from) =>
        nodes
          .filter((to) => to !== from && blocksOf(to).length > 0)
          .map((to) => pairOf(simulation, from, to, blocksOf(to))),
      );
    }),
    exported: exportsOf(simulation),
  };
}

const nodesOf = ({ machines }: Network): readonly Machine[] => machines.filter(({ kind }) => kind === 'node');

const hasAddress = ({ speaker }: Machine, family: Block['prefix']['family']): boolean =>
  speaker?.kind === 'node' && speaker.address[family] !== undefined;

function pairOf(
  { network, ...simulation }: Simulation,
  from: Machine,
  to: Machine,
  blocks: readonly Block[],
): PairExpectation {
  const steps = new Map<string, readonly Step[]>();
  for (const block of blocks) {
    const { forwarding } = simulation.waysTo(block);
    const open = [from.index];
    const seen = new Set(open);
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
      if (at === to.index) continue;
      const hops = forwarding(at).hops.filter((hop) => machineOf(network, hop) < network.machines.length);
      const name = network.machines[at]?.name ?? '';
      const own = hops.map((hop) => ({
        segment: network.segments[segmentOf(network, hop)]?.name ?? '',
        to: network.machines[machineOf(network, hop)]?.name ?? '',
      }));
      steps.set(name, unique([...(steps.get(name) ?? []), ...own]));
      for (const next of hops.map((hop) => machineOf(network, hop))) {
        if (!seen.has(next)) open.push(next);
        seen.add(next);
      }
    }
  }
  const fates = blocks.map((block) => simulation.waysTo(block).fate(from.index));
  const reachable = fates.every(({ arrives }) => arrives);
  return {
    from: from.name,
    to: to.name,
    family: (blocks[0] as Block).prefix.family,
    reachable,
    isLossy: reachable && fates.some((fate) => !isWhole(fate) || isPartlyNarrow(network, fate)),
    steps,
  };
}

/** Pods' largest packets fit one of several ways and not another. */
const isPartlyNarrow = ({ fabric }: Network, { mtu: [least, most] }: Fate): boolean =>
  fabric.pods.mtu !== undefined && least < fabric.pods.mtu && most >= fabric.pods.mtu;

const unique = (steps: readonly Step[]): Step[] => [
  ...new Map(steps.map((step) => [`${step.segment} ${step.to}`, step])).values(),
];

/** How many blocks an end of a session sends to the other. */
function exportsOf({ network, waysTo }: Simulation): NonNullable<Expectations['exported']> {
  const sent = new Map<string, number>();
  for (const block of network.blocks) {
    const policy = policyOf(network, block);
    const { rib } = waysTo(block);
    for (const link of network.links) {
      const [best] = rib.routes(link.machine);
      if (best === undefined || !link.session.carries.includes(block.prefix.family)) continue;
      if (typeof policy.send(link, best) !== 'object') continue;
      const key = `${link.session.id} ${link.local.speaker}`;
      sent.set(key, (sent.get(key) ?? 0) + 1);
    }
  }
  return (session, speaker) => sent.get(`${session.id} ${speaker}`) ?? 0;
}
