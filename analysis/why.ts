import type { Analysis } from './analysis.ts';
import type { Block, Link, Machine } from './simulator/model.ts';
import { policyOf } from './simulator/policy.ts';

/**
 * Why a speaker has no route to a block: for each of its sessions what keeps the block out, and for a router that lacks the
 * block too, why.
 */
export function whyWithout(analysis: Analysis, machine: Machine, block: Block): string[] {
  return [...new Set(reasons(analysis, machine, block, new Set([machine.index])))];
}

function reasons(analysis: Analysis, machine: Machine, block: Block, asked: Set<number>): string[] {
  const { network, simulation } = analysis;
  const policy = policyOf(network, block);
  const { rib } = simulation.waysTo(block);
  const links = (network.linksOf[machine.index] ?? []).filter(({ session }) =>
    session.carries.includes(block.prefix.family),
  );
  if (links.length === 0) return [`${machine.name} has no session for ${block.prefix.family}`];
  const said = links.flatMap((link): string[] => {
    const peer = network.machines[link.peer] as Machine;
    // Nodes propagate nothing, and announce only their own blocks.
    if (peer.kind === 'node' && peer.index !== block.node) return [];
    const [best] = rib.routes(peer.index);
    if (best === undefined) {
      if (asked.has(peer.index) || (machine.kind === 'router' && !isReflectorOf(analysis, peer, block)))
        return [];
      if (!simulation.isUp(link.sessionIndex)) return [`session ${link.session.id} is not up`];
      return reasons(analysis, peer, block, asked.add(peer.index));
    }
    if (!simulation.isUp(link.sessionIndex)) return [`session ${link.session.id} is not up`];
    const sent = policy.send(network.links[link.other] as Link, best);
    if (typeof sent === 'string') return [`${peer.name} does not send it to ${machine.name}: ${sent}`];
    const refused = policy.take(link, sent);
    return refused === undefined ? [] : [`${machine.name} does not accept it from ${peer.name}: ${refused}`];
  });
  return [...missingSessions(analysis, machine, block), ...said];
}

const isReflectorOf = ({ network }: Analysis, { index }: Machine, block: Block): boolean =>
  (network.linksOf[block.node] ?? []).some(({ local, peer }) => local.role === 'client' && peer === index);

/** The reflectors of the block's node with which a router has no session. */
function missingSessions({ network }: Analysis, machine: Machine, block: Block): string[] {
  if (machine.kind !== 'router') return [];
  const joined = new Set((network.linksOf[machine.index] ?? []).map(({ peer }) => peer));
  return (network.linksOf[block.node] ?? [])
    .filter(({ local, peer }) => local.role === 'client' && peer !== machine.index && !joined.has(peer))
    .map(({ peer }) => `${machine.name} has no session with ${network.machines[peer]?.name}`);
}
