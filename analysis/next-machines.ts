import type { Family } from '../topology/address.ts';
import type { Analysis } from './analysis.ts';
import { machineOf } from './simulator/spf.ts';

/**
 * The machines to which one forwards packets for a node's pods by its BGP routes; none where it has no such route. By names of the fabric. A
 * prefix that the fabric does not know goes as the node's first block.
 */
export function nextMachines(
  { network, simulation, standIn }: Analysis,
  from: string,
  to: string,
  family: Family,
  prefix: string,
): ReadonlySet<string> {
  const [sender, receiver] = standIn(from, to).map((name) => network.named.machines.get(name));
  const own = network.blocks.filter((one) => one.node === receiver && one.prefix.family === family);
  const first = own.find((one) => one.prefix.text === prefix) ?? own[0];
  // Where filters export pods of a block, their packets take routes of their own.
  const block =
    first?.hasPods === false ? network.blocks.find(({ within }) => within === first.index) : first;
  if (sender === undefined || block === undefined) return new Set();
  const { by, hops } = simulation.waysTo(block).forwarding(sender);
  if (by !== 'bgp') return new Set();
  // Representatives have other names.
  const nameOf = (machine: number) => (machine === receiver ? to : network.machines[machine]?.name);
  return new Set(hops.flatMap((hop) => nameOf(machineOf(network, hop)) ?? []));
}
