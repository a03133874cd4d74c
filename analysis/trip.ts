import type { Family } from '../topology/address.ts';
import type { Analysis } from './analysis.ts';
import type { Fate } from './simulator/fate.ts';
import { machineOf } from './simulator/spf.ts';
import { linksUsed } from './trace.ts';

/** What happens to packets between pods of two nodes, in a form comparable across networks. */
export interface Trip {
  readonly fate: Fate;
  /** `from lan gateway`: every link on any way, in an order that does not depend on the network. */
  readonly links: readonly string[];
}

/** By names of any two nodes of the fabric; undefined if one of them does not exist or has no pods of the family. */
export function trip(analysis: Analysis, from: string, to: string, family: Family): Trip | undefined {
  const { network, simulation } = analysis;
  const [sender, receiver] = analysis.standIn(from, to).map((name) => network.named.machines.get(name));
  const first = network.blocks.find((one) => one.node === receiver && one.prefix.family === family);
  // Where filters export pods of a block, their packets take routes of their own.
  const block =
    first?.hasPods === false ? network.blocks.find(({ within }) => within === first.index) : first;
  const speaker = network.machines[sender ?? -1]?.speaker;
  if (sender === undefined || block === undefined || speaker?.kind !== 'node') return undefined;
  if (speaker.address[family] === undefined) return undefined;
  const ways = simulation.waysTo(block);
  // Representatives have other names: both ends are labelled by their role here.
  const nameOf = (machine: number) =>
    machine === sender ? 'from' : machine === receiver ? 'to' : (network.machines[machine]?.name ?? 'nobody');
  const links = [...linksUsed(network, ways, sender)].map((link) => {
    const [a = -1, segment = -1, b = -1] = link.split(' ').map(Number);
    const [first, second] = [nameOf(a), nameOf(b)].sort();
    return `${first} ${network.segments[segment]?.name ?? ''} ${second}`;
  });
  return { fate: ways.fate(sender), links: links.sort() };
}

/** The routers to which another router forwards packets of this pair: only its IGP decides that. */
export function relays(analysis: Analysis, from: string, to: string, family: Family): ReadonlySet<string> {
  const { network, simulation } = analysis;
  const [sender, receiver] = analysis.standIn(from, to).map((name) => network.named.machines.get(name));
  const block = network.blocks.find((one) => one.node === receiver && one.prefix.family === family);
  const found = new Set<string>();
  if (sender === undefined || block === undefined) return found;
  const ways = simulation.waysTo(block);
  const seen = new Set([sender]);
  for (const machine of seen) {
    for (const hop of ways.forwarding(machine).hops) {
      const next = machineOf(network, hop);
      seen.add(next);
      const [giver, taker] = [network.machines[machine], network.machines[next]];
      if (giver?.kind === 'router' && taker?.kind === 'router') found.add(taker.name);
    }
  }
  return found;
}

/** All machines that packets of this pair may cross, sender and receiver included. */
export function machinesOnWay(
  analysis: Analysis,
  from: string,
  to: string,
  family: Family,
): ReadonlySet<string> {
  const { network, simulation } = analysis;
  const [sender, receiver] = analysis.standIn(from, to).map((name) => network.named.machines.get(name));
  const block = network.blocks.find((one) => one.node === receiver && one.prefix.family === family);
  if (sender === undefined || block === undefined) return new Set();
  const ways = simulation.waysTo(block);
  const seen = new Set([sender]);
  for (const machine of seen) {
    for (const hop of ways.forwarding(machine).hops) seen.add(machineOf(network, hop));
  }
  // Representatives have other names.
  const nameOf = (machine: number) =>
    machine === sender ? from : machine === receiver ? to : network.machines[machine]?.name;
  return new Set([...seen].flatMap((machine) => nameOf(machine) ?? []));
}
