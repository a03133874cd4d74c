import type { Segment } from '../topology/model.ts';
import type { FabricRegion, NodeSpeaker, RouterSpeaker, TransitHost } from './fabric.ts';

type Machine = RouterSpeaker | NodeSpeaker | TransitHost;

/** The parts of a fabric that decide which segments pods' packets cross. */
export interface Underlay {
  readonly segments: readonly Segment[];
  readonly routers: readonly RouterSpeaker[];
  readonly nodes: readonly NodeSpeaker[];
  readonly hosts: readonly TransitHost[];
  readonly regions: readonly FabricRegion[];
}

/**
 * The smallest MTU in bytes on any pod path, for `pods.mtu: auto`. A pod path is node, reflector of its region, IGP
 * shortest paths (all equal ones) to a reflector of the other region, node; and directly between nodes of one
 * segment. Undefined where no two nodes are connected. The analysis checks the value against exact paths.
 */
export function smallestPodMtu(underlay: Underlay): number | undefined {
  const crossed = new Set<string>();
  const reflectors = underlay.regions.flatMap((region) => (region.nodes.length > 0 ? region.routers : []));
  const live = new Set(reflectors.filter((router) => !router.planned));

  const spf = shortestPaths(underlay);
  for (const from of live) {
    const tree = spf(from.name);
    for (const to of live) for (const segment of tree.segmentsTo(to.name)) crossed.add(segment);
    for (const region of underlay.regions.filter((candidate) => candidate.routers.includes(from))) {
      for (const node of region.nodes) {
        for (const segment of tree.segmentsTo(node.name)) crossed.add(segment);
      }
    }
  }
  for (const segment of segmentsWithSeveralNodes(underlay)) crossed.add(segment);

  const mtus = underlay.segments.filter((segment) => crossed.has(segment.name)).map((segment) => segment.mtu);
  return mtus.length === 0 ? undefined : mtus.reduce((a, b) => Math.min(a, b));
}

function segmentsWithSeveralNodes(underlay: Underlay): string[] {
  const nodes = new Set(underlay.nodes.map((node) => node.name));
  return underlay.segments
    .filter((segment) => segment.members.filter((member) => nodes.has(member.machine)).length > 1)
    .map((segment) => segment.name);
}

interface Tree {
  /** The segments on every shortest path from the root to the machine; empty if there is none. */
  segmentsTo(machine: string): ReadonlySet<string>;
}

/**
 * Dijkstra over machines that forward by the IGP. Machines without it are leaves: they are reached over a segment
 * they are on, but nothing passes through them.
 */
function shortestPaths(underlay: Underlay): (root: string) => Tree {
  const machines = new Map<string, Machine>(
    [...underlay.routers.filter((router) => !router.planned), ...underlay.nodes, ...underlay.hosts].map(
      (machine) => [machine.name, machine],
    ),
  );
  const members = new Map(
    underlay.segments.map((segment) => [segment.name, segment.members.map((member) => member.machine)]),
  );
  const forwards = (machine: Machine): boolean => machine.kind === 'router' || machine.igp;

  return (root) => {
    const distance = new Map([[root, 0]]);
    const predecessors = new Map<string, { machine: string; segment: string }[]>();
    const open = new Set([root]);
    while (open.size > 0) {
      const next = [...open].reduce((a, b) => ((distance.get(b) ?? 0) < (distance.get(a) ?? 0) ? b : a));
      open.delete(next);
      const machine = machines.get(next);
      if (machine === undefined || (next !== root && !forwards(machine))) continue;
      for (const link of machine.attachments) {
        const cost = (distance.get(next) ?? 0) + link.cost;
        for (const neighbour of members.get(link.segment) ?? []) {
          if (neighbour === next || !machines.has(neighbour)) continue;
          const known = distance.get(neighbour);
          if (known !== undefined && known < cost) continue;
          const hop = { machine: next, segment: link.segment };
          if (known === cost) {
            predecessors.get(neighbour)?.push(hop);
            continue;
          }
          distance.set(neighbour, cost);
          predecessors.set(neighbour, [hop]);
          open.add(neighbour);
        }
      }
    }
    return { segmentsTo: (machine) => walkBack(predecessors, machine) };
  };
}

function walkBack(
  predecessors: ReadonlyMap<string, readonly { machine: string; segment: string }[]>,
  target: string,
): ReadonlySet<string> {
  const segments = new Set<string>();
  const seen = new Set([target]);
  const queue = [target];
  for (let machine = queue.pop(); machine !== undefined; machine = queue.pop()) {
    for (const hop of predecessors.get(machine) ?? []) {
      segments.add(hop.segment);
      if (!seen.has(hop.machine)) {
        seen.add(hop.machine);
        queue.push(hop.machine);
      }
    }
  }
  return segments;
}
