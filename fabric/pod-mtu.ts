import type { FabricRegion } from './fabric.ts';
import { shortestPathsFrom, type Underlay } from './shortest-paths.ts';

/**
 * The smallest MTU in bytes on any pod path, for `pods.mtu: auto`. A pod path is node, reflector of its region, IGP
 * shortest paths (all equal ones) to a reflector of the other region, node; and directly between nodes of one
 * segment. Undefined where no two nodes are connected. The analysis checks the value against exact paths.
 */
export function smallestPodMtu(underlay: Underlay, regions: readonly FabricRegion[]): number | undefined {
  const served = regions.filter((region) => region.nodes.length > 0);
  const reflectors = new Set(
    served.flatMap((region) => region.routers.filter((router) => !router.planned).map(({ name }) => name)),
  );
  const crossed = new Set<string>(segmentsWithSeveralNodes(underlay));
  const pathsFrom = shortestPathsFrom(underlay);
  for (const reflector of reflectors) {
    const clients = served
      .filter((region) => region.routers.some(({ name }) => name === reflector))
      .flatMap((region) => region.nodes.map((node) => node.name));
    const paths = pathsFrom(reflector);
    for (const segment of paths.segmentsTo([...reflectors, ...clients])) crossed.add(segment);
  }
  const mtus = underlay.segments
    .filter((segment) => crossed.has(segment.name))
    .flatMap(({ mtu, members }) => [mtu, ...members.map((member) => member.mtu)]);
  return mtus.length === 0 ? undefined : mtus.reduce((a, b) => Math.min(a, b));
}

function segmentsWithSeveralNodes(underlay: Underlay): string[] {
  const nodes = new Set(underlay.nodes.map((node) => node.name));
  return underlay.segments
    .filter((segment) => segment.members.filter((member) => nodes.has(member.machine)).length > 1)
    .map((segment) => segment.name);
}
