import { compareAddresses, type Family, valuesOf } from '../topology/address.ts';
import type { Topology } from '../topology/model.ts';
import type { Distance, FabricRegion, RouterSpeaker } from './fabric.ts';
import type { ShortestPaths } from './shortest-paths.ts';

/**
 * What the reflectors of a region tell its nodes, as MED: how far they are from the routers behind which other pods are. A node sees all
 * of its reflectors at one distance, and sends half of its flows to one whose own way may lead back over the node's segment to the
 * other one. Beside Calico's mesh, whose routes have no MED, it would do harm: once the nearest reflector is dead the mesh's route
 * wins, and that may lead over the dead one (the default route).
 */
export function distancesOf(
  topology: Topology,
  regions: readonly FabricRegion[],
  pathsTo: (machine: string, family: Family) => ShortestPaths,
): (router: RouterSpeaker) => readonly Distance[] {
  if (topology.bgp.nodeToNodeMesh || topology.segments === undefined) return () => [];
  const reflectors = [...new Set(regions.flatMap(({ routers }) => routers))].filter(isLive);
  const isOneOfSeveral = ({ name }: RouterSpeaker) =>
    regions.some(({ routers }) => {
      const own = routers.filter(isLive).map((router) => router.name);
      return own.length > 1 && own.includes(name);
    });
  return (router) => {
    if (router.reflectorNextHop !== 'keep' || !isOneOfSeveral(router)) return [];
    return reflectors
      .filter(({ name }) => name !== router.name)
      .flatMap(({ name, backboneAddress }) =>
        valuesOf(backboneAddress).map((nextHop) => {
          const cost = pathsTo(name, nextHop.family).distanceTo(router.name);
          return { nextHop, cost };
        }),
      )
      .filter(({ cost }) => Number.isFinite(cost))
      .sort((a, b) => compareAddresses(a.nextHop, b.nextHop));
  };
}

const isLive = ({ planned }: RouterSpeaker): boolean => !planned;
