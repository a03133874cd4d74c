import { compareAddresses, valuesOf } from '../topology/address.ts';
import type { Topology } from '../topology/model.ts';
import type { Distance, FabricRegion, RouterSpeaker } from './fabric.ts';
import type { PathsTo } from './igp.ts';

/**
 * The MED that the reflectors of a region send its nodes: their distance to the routers with other pods behind them. To a node all
 * of its reflectors are equally far, and it sends half of its flows to one whose own path may lead back over the node's segment to the
 * other one. No MED is set if all of them are equally far from all others. Next to Calico's mesh, whose routes have no MED, it
 * would do harm: once the nearest reflector is dead the mesh's route wins, which may lead through the dead one (the default route).
 */
export function distancesOf(
  topology: Topology,
  regions: readonly FabricRegion[],
  pathsTo: PathsTo,
): (router: RouterSpeaker) => readonly Distance[] {
  if (topology.bgp.nodeToNodeMesh || topology.segments === undefined) return () => [];
  const sets = regions.map(({ routers }) => routers.filter(({ planned }) => !planned));
  const reflectors = [...new Map(sets.flat().map((router) => [router.name, router])).values()];
  const groups = groupsOf(sets);
  const exits = (router: RouterSpeaker) =>
    reflectors
      .filter(({ name }) => name !== router.name)
      .flatMap(({ name, backboneAddress }) =>
        valuesOf(backboneAddress).map((nextHop) => ({
          name,
          nextHop,
          from: pathsTo(name, nextHop.family).distanceTo,
        })),
      );
  return (router) => {
    const group = groups.get(router.name) ?? new Set();
    if (group.size < 2 || router.reflectorNextHop !== 'keep') return [];
    // No reflector of a region is the path to another one's nodes: all have sessions with these.
    const isOneRegion = sets.every(
      (set) => set.length === group.size || !set.some(({ name }) => group.has(name)),
    );
    const all = exits(router);
    const isOneFar = all
      .filter(({ name }) => !isOneRegion || !group.has(name))
      .every(({ from }) => [...group].every((one) => from(one) === from(router.name)));
    if (isOneFar) return [];
    return all
      .map(({ nextHop, from }) => ({ nextHop, cost: from(router.name) }))
      .filter(({ cost }) => Number.isFinite(cost))
      .sort((a, b) => compareAddresses(a.nextHop, b.nextHop));
  };
}

/**
 * To a client that reaches the reflector only through its default route, whatever the distance from there: if its default router is not one
 * that knows pod routes, packets end there. A reflector on one of its segments is better as long as there is one.
 */
export const FARTHEST = 0xffff_ffff;

/** By router, the routers whose distances a node may compare with its own: reflectors of one region, and of regions that share some. */
function groupsOf(sets: readonly (readonly RouterSpeaker[])[]): ReadonlyMap<string, ReadonlySet<string>> {
  const groups = new Map<string, ReadonlySet<string>>();
  for (const set of sets) {
    const group = new Set(set.flatMap(({ name }) => [...(groups.get(name) ?? [name])]));
    for (const name of group) groups.set(name, group);
  }
  return groups;
}
