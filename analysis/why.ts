import type { Analysis } from './analysis.ts';
import type { Block, Link, Machine } from './network.ts';
import { policyOf } from './policy.ts';

/** Why a speaker has no route to a block: of each of its sessions what keeps the block from coming over it. */
export function whyWithout({ network, simulation }: Analysis, machine: Machine, block: Block): string[] {
  const policy = policyOf(network, block);
  const { rib } = simulation.waysTo(block);
  const links = (network.linksOf[machine.index] ?? []).filter(({ session }) =>
    session.carries.includes(block.prefix.family),
  );
  const said = links.flatMap((link) => {
    const peer = network.machines[link.peer]?.name ?? '';
    const session = link.session.id;
    if (!simulation.isUp(link.sessionIndex)) return [`session ${session} is not up`];
    const back = network.links[link.other] as Link;
    const [best] = rib.routes(link.peer);
    if (best === undefined) return withoutRoute(peer);
    const sent = policy.send(back, best);
    if (typeof sent === 'string') return [`${peer} does not send it: ${sent}`];
    const refused = policy.take(link, sent);
    return refused === undefined ? [] : [`${machine.name} does not take it from ${peer}: ${refused}`];
  });
  return [
    ...new Set(links.length === 0 ? [`${machine.name} has no session for ${block.prefix.family}`] : said),
  ];

  /** A router that does not know either lacks a session with a reflector of the node. */
  function withoutRoute(peer: string): string[] {
    const index = network.machines.findIndex(({ name }) => name === peer);
    if (network.machines[index]?.kind !== 'router') return [];
    const reflectors = (network.linksOf[block.node] ?? [])
      .filter(({ local }) => local.role === 'client')
      .map((link) => link.peer);
    const joined = new Set(
      (network.linksOf[index] ?? [])
        .filter(({ sessionIndex }) => simulation.isUp(sessionIndex))
        .map((link) => link.peer),
    );
    return reflectors
      .filter((reflector) => reflector !== index && !joined.has(reflector))
      .map((reflector) => `${peer} has no session with ${network.machines[reflector]?.name}`);
  }
}
