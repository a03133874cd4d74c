import { compareAddresses, valuesOf } from '../topology/address.ts';
import type { Topology } from '../topology/model.ts';
import type { Distance, FabricRegion, RouterSpeaker } from './fabric.ts';
import type { PathsTo } from './igp.ts';

/**
 * What the reflectors of a region tell its nodes, as MED: how far they are from the routers behind which other pods are. A node sees all
 * of its reflectors at one distance, and sends half of its flows to one whose own way may lead back over the node's segment to the
 * other one. Nothing is said where all of them are equally far from all others. Beside Calico's mesh, whose routes have no MED, it
 * would do harm: once the nearest reflector is dead the mesh's route wins, and that may lead over the dead one (the default route).
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
    // Of one region's reflectors none is the way to another one's nodes: all have sessions with these.
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
 * To a client that reaches the reflector over its default route only, whatever the distance from there: where its default router is not one
 * that knows pods, packets end there. A reflector on one of its segments is better as long as there is one.
 */
export const FARTHEST = 0xffff_ffff;

/** By router those whose distances a node may have to compare with its: reflectors of one region, and of regions that share some. */
function groupsOf(sets: readonly (readonly RouterSpeaker[])[]): ReadonlyMap<string, ReadonlySet<string>> {
  const groups = new Map<string, ReadonlySet<string>>();
  for (const set of sets) {
    const group = new Set(set.flatMap(({ name }) => [...(groups.get(name) ?? [name])]));
    for (const name of group) groups.set(name, group);
  }
  return groups;
}
