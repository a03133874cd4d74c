import type { Family } from '../topology/address.ts';
import type { Analysis } from './analysis.ts';
import type { Block, Link, Machine } from './simulator/model.ts';
import { policyOf, type Refusal } from './simulator/policy.ts';

/** Why a session does not bring a block to a speaker, or that the session is missing. */
export type Absence =
  | { readonly kind: 'no session'; readonly speaker: string; readonly family: Family }
  /** A router without a session with a reflector of the node that has the block. */
  | { readonly kind: 'no peering'; readonly speaker: string; readonly reflector: string }
  | { readonly kind: 'down'; readonly session: string }
  | { readonly kind: 'not sent'; readonly from: string; readonly to: string; readonly refusal: Refusal }
  | { readonly kind: 'not accepted'; readonly from: string; readonly to: string; readonly refusal: Refusal };

/** An absence as a clause. */
export function absenceText(one: Absence): string {
  switch (one.kind) {
    case 'no session':
      return `${one.speaker} has no session for ${one.family}`;
    case 'no peering':
      return `${one.speaker} has no session with ${one.reflector}`;
    case 'down':
      return `session ${one.session} is not up`;
    case 'not sent':
      return `${one.from} does not send it to ${one.to}: ${one.refusal}`;
    case 'not accepted':
      return `${one.to} does not accept it from ${one.from}: ${one.refusal}`;
  }
}

/**
 * Why a speaker has no route to a block: for each of its sessions what keeps the block out, and for a router that lacks the
 * block too, why.
 */
export function whyWithout(analysis: Analysis, machine: Machine, block: Block): Absence[] {
  const found = absences(analysis, machine, block, new Set([machine.index]));
  return [...new Map(found.map((one) => [absenceText(one), one])).values()];
}

function absences(analysis: Analysis, machine: Machine, block: Block, asked: Set<number>): Absence[] {
  const { network, simulation } = analysis;
  const policy = policyOf(network, block);
  const { rib } = simulation.waysTo(block);
  const links = (network.linksOf[machine.index] ?? []).filter(({ session }) =>
    session.carries.includes(block.prefix.family),
  );
  if (links.length === 0) {
    return [{ kind: 'no session', speaker: machine.name, family: block.prefix.family }];
  }
  const found = links.flatMap((link): Absence[] => {
    const peer = network.machines[link.peer] as Machine;
    // Nodes propagate nothing, and announce only their own blocks.
    if (peer.kind === 'node' && peer.index !== block.node) return [];
    const [best] = rib.routes(peer.index);
    if (best === undefined) {
      if (asked.has(peer.index) || (machine.kind === 'router' && !isReflectorOf(analysis, peer, block)))
        return [];
      if (!simulation.isUp(link.sessionIndex)) return [{ kind: 'down', session: link.session.id }];
      return absences(analysis, peer, block, asked.add(peer.index));
    }
    if (!simulation.isUp(link.sessionIndex)) return [{ kind: 'down', session: link.session.id }];
    const sent = policy.send(network.links[link.other] as Link, best);
    if (typeof sent === 'string') {
      return [{ kind: 'not sent', from: peer.name, to: machine.name, refusal: sent }];
    }
    const refused = policy.take(link, sent);
    return refused === undefined
      ? []
      : [{ kind: 'not accepted', from: peer.name, to: machine.name, refusal: refused }];
  });
  return [...missingSessions(analysis, machine, block), ...found];
}

const isReflectorOf = ({ network }: Analysis, { index }: Machine, block: Block): boolean =>
  (network.linksOf[block.node] ?? []).some(({ local, peer }) => local.role === 'client' && peer === index);

/** The reflectors of the block's node with which a router has no session. */
function missingSessions({ network }: Analysis, machine: Machine, block: Block): Absence[] {
  if (machine.kind !== 'router') return [];
  const joined = new Set((network.linksOf[machine.index] ?? []).map(({ peer }) => peer));
  return (network.linksOf[block.node] ?? [])
    .filter(({ local, peer }) => local.role === 'client' && peer !== machine.index && !joined.has(peer))
    .map(({ peer }) => ({
      kind: 'no peering',
      speaker: machine.name,
      reflector: network.machines[peer]?.name ?? '',
    }));
}
