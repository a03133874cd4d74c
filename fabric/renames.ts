import { type PerFamily, valuesOf } from '../topology/address.ts';
import type { Fabric, NodeSpeaker, RouterSpeaker, Session } from './fabric.ts';
import { sessionId } from './sessions.ts';

/**
 * Routers and nodes of one fabric with a new name in a later one, by their old name. A topology identifies a machine only by
 * name; an added machine at an address of a removed one is treated as the same.
 */
export function newNames(before: Fabric, after: Fabric): ReadonlyMap<string, string> {
  return new Map([
    ...matched(before.routers, after.routers, ({ nodeAddress, backboneAddress }) => [
      nodeAddress,
      backboneAddress,
    ]),
    ...matched(before.nodes, after.nodes, ({ address }) => [address]),
  ]);
}

function matched<T extends RouterSpeaker | NodeSpeaker>(
  before: readonly T[],
  after: readonly T[],
  addressesOf: (one: T) => readonly PerFamily<{ readonly text: string }>[],
): [old: string, now: string][] {
  const [namesBefore, namesAfter] = [before, after].map((all) => new Set(all.map(({ name }) => name))) as [
    Set<string>,
    Set<string>,
  ];
  const come = new Map(
    after
      .filter(({ name }) => !namesBefore.has(name))
      .flatMap((one) =>
        addressesOf(one)
          .flatMap(valuesOf)
          .map(({ text }) => [text, one.name] as const),
      ),
  );
  const taken = new Set<string>();
  return before.flatMap((one): [string, string][] => {
    if (namesAfter.has(one.name)) return [];
    const found = addressesOf(one)
      .flatMap(valuesOf)
      .map(({ text }) => come.get(text))
      .find((name) => name !== undefined && !taken.has(name));
    if (found === undefined) return [];
    taken.add(found);
    return [[one.name, found]];
  });
}

/**
 * A fabric with its machines renamed, so that it can be compared with one that has the new names. Names in BIRD and Calico
 * stay: protocols and BGPPeers keep theirs.
 */
export function withNames(fabric: Fabric, names: ReadonlyMap<string, string>): Fabric {
  if (names.size === 0) return fabric;
  const named = (name: string): string => names.get(name) ?? name;
  const nodes = fabric.nodes
    .map((node) => ({ ...node, name: named(node.name), defaultRouter: named(node.defaultRouter) }))
    .sort(byName);
  const routers = fabric.routers
    .map((router) => ({
      ...router,
      name: named(router.name),
      staticRoutes: router.staticRoutes.map((one) => ({ ...one, machine: named(one.machine) })),
    }))
    .sort(byName);
  const nodeNamed = new Map(nodes.map((node) => [node.name, node]));
  const routerNamed = new Map(routers.map((router) => [router.name, router]));
  const session = (one: Session): Session => {
    const ends = one.ends.map((end) => ({ ...end, speaker: named(end.speaker) }));
    const [first, second] = ends as unknown as Session['ends'];
    // Between equals the lower name comes first.
    const isTurned = one.kind !== 'reflector' && second.speaker < first.speaker;
    const id = sessionId(first.speaker, second.speaker, one.transport);
    return { ...one, id, ends: isTurned ? [second, first] : [first, second] };
  };
  const filters = fabric.calico.filters.map((one) => ({ ...one, routers: one.routers.map(named) }));
  return {
    ...fabric,
    calico: { ...fabric.calico, filters },
    nodes,
    routers,
    regions: fabric.regions.map((region) => ({
      ...region,
      routers: region.routers.flatMap(({ name }) => routerNamed.get(named(name)) ?? []),
      nodes: region.nodes.flatMap(({ name }) => nodeNamed.get(named(name)) ?? []).sort(byName),
    })),
    peerings: fabric.peerings.map((peering) => ({
      ...peering,
      router: named(peering.router),
      sessions: peering.sessions.map(session),
    })),
    sessions: fabric.sessions.map(session).sort((a, b) => (a.id < b.id ? -1 : 1)),
    segments: fabric.segments?.map((segment) => ({
      ...segment,
      members: segment.members.map((member) => ({ ...member, machine: named(member.machine) })),
    })),
  };
}

const byName = (a: { readonly name: string }, b: { readonly name: string }): number =>
  a.name < b.name ? -1 : 1;
