import type { Expectations, Fabric, IgpHop, LoanExpectation, PairExpectation } from '../fabric/index.ts';
import { nodeBlocks, podAddresses } from '../fabric/index.ts';
import { type Family, hostPrefix, ipAddress } from '../topology/address.ts';
import { realLoans, sampleLoans } from './loans.ts';
import { isBorrowed, type Loan } from './simulator/blocks.ts';
import { type Failing, failureOf } from './simulator/failure.ts';
import type { Fate } from './simulator/fate.ts';
import type { Block, Machine, Network } from './simulator/model.ts';
import { networkOf } from './simulator/network.ts';
import { policyOf } from './simulator/policy.ts';
import { type Simulation, simulatorOf } from './simulator/simulate.ts';
import { machineOf, segmentOf } from './simulator/spf.ts';
import { isWhole } from './simulator/what-if.ts';

/**
 * What a lab of this fabric must show if the simulator is right: every session, and of every pair of nodes where each machine on the way
 * sends packets, be that good or not; with something failed, once it has come to rest again. Whether it is good is what `check` says:
 * the two can only differ where one of them is wrong. `loans` are the borrowed addresses that pods of the lab have.
 */
export function forecast(
  fabric: Fabric,
  failed: readonly Failing[] = [],
  loans: readonly Loan[] = loansToTry(fabric),
): Expectations {
  const network = networkOf(fabric, nodeBlocks(fabric), loans);
  const simulation = simulatorOf(network)(failureOf(network, failed));
  const podRoute = podRoutesIn(network);
  return {
    sessions: network.links.filter(({ index }) => index % 2 === 0).map(({ session }) => session),
    pairs: fabric.pods.families.flatMap((family) => {
      const blocksOf = (node: Machine) => blocksWith(network, node, family);
      const nodes = nodesOf(network).filter((node) => hasAddress(node, family));
      return nodes.flatMap((from) =>
        nodes
          .filter((to) => to !== from && blocksOf(to).length > 0)
          .map((to) => pairOf(simulation, podRoute, from, to, blocksOf(to))),
      );
    }),
    exported: exportsOf(simulation),
    borrowed: lentIn(simulation),
  };
}

/** Those of the cluster, where it was asked; none if the topology states that Calico lends no address. */
function loansToTry(fabric: Fabric): readonly Loan[] {
  if (fabric.pods.allocation !== undefined) return realLoans(fabric);
  const isStrict = fabric.suppressions.some(({ id }) => id === 'NE417');
  return isStrict ? [] : sampleLoans(fabric, nodeBlocks(fabric));
}

/** A lab has only these pods, and those with a borrowed address. */
function wiredIn({ fabric }: Network): ReadonlySet<string> {
  const blocks = nodeBlocks(fabric);
  const pods = fabric.nodes.flatMap(({ name }) => podAddresses(fabric, blocks.get(name) ?? []));
  return new Set(pods.map((pod) => hostPrefix(pod).text));
}

const blocksWith = ({ blocks }: Network, { index }: Machine, family: Family): Block[] =>
  blocks.filter(
    ({ node, within, prefix }) => node === index && within === undefined && prefix.family === family,
  );

function lentIn({ network, waysTo, failure }: Simulation): LoanExpectation[] {
  const nameOf = (machine: number) => network.machines[machine]?.name ?? '';
  const podRoute = podRoutesIn(network);
  const isLeft = ({ index }: Machine) => !failure.machines.has(index);
  return network.blocks
    .filter((block) => isBorrowed(network, block) && !failure.machines.has(block.node))
    .map((block): LoanExpectation => {
      const { prefix, node, within } = block;
      const { rib, fate } = waysTo(block);
      const senders = nodesOf(network).filter(
        (one) => one.index !== node && isLeft(one) && hasAddress(one, prefix.family),
      );
      const arrivesFrom = (sender: Machine) => {
        const back = blocksWith(network, sender, prefix.family)
          .slice(0, 1)
          .map((own) => waysTo(podRoute(own)).fate(node));
        const both = [fate(sender.index), ...back];
        return both.every(isWhole) ? 'all' : both.every(({ arrives }) => arrives) ? 'some' : 'none';
      };
      return {
        address: ipAddress(prefix.family, prefix.value),
        node: nameOf(node),
        owner: nameOf(network.blocks[within ?? -1]?.node ?? -1),
        withRoute: new Set(
          network.machines
            .filter((one) => isLeft(one) && one.index !== node && rib.routes(one.index).length > 0)
            .map(({ name }) => name),
        ),
        arrives: new Map(senders.map((sender) => [sender.name, arrivesFrom(sender)])),
      };
    });
}

/** The route of packets to the pod that represents a block: its own route, if it has one. A node's second block of a pool has no pod. */
function podRoutesIn(network: Network): (block: Block) => Block {
  const wired = wiredIn(network);
  const podRoutes = new Map(
    network.blocks.flatMap((block): [number, Block][] => {
      const around = network.blocks[block.within ?? -1];
      const isPod = around !== undefined && !isBorrowed(network, block) && wired.has(block.prefix.text);
      return isPod ? [[around.index, block]] : [];
    }),
  );
  return (block) => podRoutes.get(block.index) ?? block;
}

const nodesOf = ({ machines }: Network): readonly Machine[] => machines.filter(({ kind }) => kind === 'node');

const hasAddress = ({ speaker }: Machine, family: Family): boolean =>
  speaker?.kind === 'node' && speaker.address[family] !== undefined;

function pairOf(
  { network, ...simulation }: Simulation,
  podRoute: (block: Block) => Block,
  from: Machine,
  to: Machine,
  blocks: readonly Block[],
): PairExpectation {
  const steps = new Map<string, readonly IgpHop[]>();
  const routes = new Map<string, ReadonlyMap<string, readonly IgpHop[]>>();
  const taken = blocks.map(podRoute);
  for (const block of new Set([...blocks, ...taken])) {
    const { forwarding, rib } = simulation.waysTo(block);
    const blockSteps = new Map<string, readonly IgpHop[]>();
    routes.set(block.prefix.text, blockSteps);
    const isTaken = taken.includes(block);
    const open = [from.index];
    const seen = new Set(open);
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
      if (at === to.index) continue;
      const hops = forwarding(at).hops.filter((hop) => machineOf(network, hop) < network.machines.length);
      const name = network.machines[at]?.name ?? '';
      const next = hops.map((hop) => ({
        segment: network.segments[segmentOf(network, hop)]?.name ?? '',
        to: network.machines[machineOf(network, hop)]?.name ?? '',
      }));
      if (isTaken) steps.set(name, unique([...(steps.get(name) ?? []), ...next]));
      // Who speaks BGP and has learned no route goes by what holds it: that to the block, or a default route.
      const isSpeaker = ['router', 'node'].includes(network.machines[at]?.kind ?? '');
      if ((block.within === undefined && !isSpeaker) || rib.routes(at).length > 0) blockSteps.set(name, next);
      for (const machine of hops.map((hop) => machineOf(network, hop))) {
        if (!seen.has(machine)) open.push(machine);
        seen.add(machine);
      }
    }
  }
  const fates = taken.map((block) => simulation.waysTo(block).fate(from.index));
  const reachable = fates.every(({ arrives }) => arrives);
  return {
    from: from.name,
    to: to.name,
    family: (blocks[0] as Block).prefix.family,
    reachable,
    isLossy: reachable && fates.some((fate) => !isWhole(fate) || isPartlyNarrow(network, fate)),
    steps,
    routes,
  };
}

/** Pods' largest packets fit one of several paths but not another. */
const isPartlyNarrow = ({ fabric }: Network, { mtu: [least, most] }: Fate): boolean =>
  fabric.pods.mtu !== undefined && least < fabric.pods.mtu && most >= fabric.pods.mtu;

const unique = (steps: readonly IgpHop[]): IgpHop[] => [
  ...new Map(steps.map((step) => [`${step.segment} ${step.to}`, step])).values(),
];

/** How many blocks an end of a session sends to the other, and single addresses of the pods that are there. */
function exportsOf({ network, waysTo }: Simulation): NonNullable<Expectations['exported']> {
  const sent = new Map<string, number>();
  const wired = wiredIn(network);
  const there = network.blocks.filter(
    (block) => block.within === undefined || isBorrowed(network, block) || wired.has(block.prefix.text),
  );
  for (const block of there) {
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
