import type { Segment } from '../topology/model.ts';
import type { NodeSpeaker, RouterSpeaker, TransitHost } from './fabric.ts';
import { NearestFirst } from './nearest-first.ts';

/** The machines and segments of the IGP's path computation. */
export interface Underlay {
  readonly segments: readonly Segment[];
  readonly routers: readonly RouterSpeaker[];
  readonly nodes: readonly NodeSpeaker[];
  readonly hosts: readonly TransitHost[];
}

/** All shortest paths between one machine and the others; a segment costs the same in both directions. */
export interface ShortestPaths {
  /** The sum of costs; infinite if there is no path. */
  distanceTo(machine: string): number;
  /** The first steps of all shortest paths from another machine to this one. */
  firstHopsFrom(machine: string): readonly IgpHop[];
}

/** The next machine, and the segment to it. */
export interface IgpHop {
  readonly segment: string;
  readonly to: string;
}

/**
 * OSPF's graph (RFC 2328 section 2.1): segments are separate vertices. A machine pays a segment's cost to send onto
 * it, and leaving it is free, so the size grows with memberships, not with pairs. Machines
 * without the IGP are leaves: reached over their segments, never passed through.
 */
export function shortestPathsFrom(underlay: Underlay): (root: string) => ShortestPaths {
  const graph = graphOf(underlay);
  return (root) => {
    const distance = distancesFrom(graph, root);
    return {
      distanceTo: (machine) => (machine === root ? 0 : distanceTo(graph, distance, machine)),
      firstHopsFrom: (machine) => (machine === root ? [] : steps(graph, distance, root, machine)),
    };
  };
}

/** Vertices are numbers: first the segments, in the order of the underlay, then the machines that forward. */
interface Graph {
  readonly segments: readonly Segment[];
  readonly forwarding: ReadonlyMap<string, number>;
  readonly leaves: ReadonlyMap<string, readonly number[]>;
  /** For a segment its forwarding machines, for a machine its segments. */
  readonly neighbours: readonly (readonly number[])[];
}

function graphOf({ segments, routers, nodes, hosts }: Underlay): Graph {
  const index = new Map(segments.map((segment, at) => [segment.name, at]));
  const forwarding = new Map<string, number>();
  const leaves = new Map<string, readonly number[]>();
  const neighbours: number[][] = segments.map(() => []);
  for (const machine of [...routers.filter((router) => !router.planned), ...nodes, ...hosts]) {
    const vertices = machine.attachments.flatMap(({ segment }) => index.get(segment) ?? []);
    if (machine.kind !== 'router' && !machine.igp) {
      leaves.set(machine.name, vertices);
      continue;
    }
    const vertex = neighbours.push(vertices) - 1;
    forwarding.set(machine.name, vertex);
    for (const segment of vertices) neighbours[segment]?.push(vertex);
  }
  return { segments, forwarding, leaves, neighbours };
}

const segmentsOf = ({ forwarding, leaves, neighbours }: Graph, machine: string): readonly number[] =>
  neighbours[forwarding.get(machine) ?? -1] ?? leaves.get(machine) ?? [];

/** Dijkstra. Infinity for unreachable vertices. A leaf sends onto its segments, but nothing passes through it. */
function distancesFrom(graph: Graph, root: string): Float64Array {
  const { segments, neighbours } = graph;
  const distance = new Float64Array(neighbours.length).fill(Number.POSITIVE_INFINITY);
  const size = neighbours.length;
  const open = new NearestFirst();
  const vertex = graph.forwarding.get(root);
  const starts = vertex === undefined ? segmentsOf(graph, root) : [vertex];
  for (const start of starts) {
    distance[start] = segments[start]?.cost ?? 0;
    open.push(distanceAt(distance, start) * size + start);
  }
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const [reached, vertex] = [Math.floor(next / size), next % size];
    if (reached > distanceAt(distance, vertex)) continue;
    for (const neighbour of neighbours[vertex] ?? []) {
      const further = reached + (segments[neighbour]?.cost ?? 0);
      if (further >= distanceAt(distance, neighbour)) continue;
      distance[neighbour] = further;
      open.push(further * size + neighbour);
    }
  }
  return distance;
}

/** Leaving a segment is free. */
const distanceTo = (graph: Graph, distance: Float64Array, machine: string): number =>
  segmentsOf(graph, machine).reduce(
    (least, one) => Math.min(least, distanceAt(distance, one)),
    Number.POSITIVE_INFINITY,
  );

function steps(graph: Graph, distance: Float64Array, root: string, machine: string): IgpHop[] {
  const nearest = distanceTo(graph, distance, machine);
  if (nearest === Number.POSITIVE_INFINITY) return [];
  const ofRoot = new Set(segmentsOf(graph, root));
  const names = new Map([...graph.forwarding].map(([name, vertex]) => [vertex, name]));
  return segmentsOf(graph, machine)
    .filter((segment) => distanceAt(distance, segment) === nearest)
    .flatMap((segment): IgpHop[] => {
      const { name, cost } = graph.segments[segment] ?? { name: '', cost: 0 };
      if (ofRoot.has(segment) && nearest === cost) return [{ segment: name, to: root }];
      return (graph.neighbours[segment] ?? [])
        .filter((vertex) => distanceAt(distance, vertex) + cost === nearest)
        .map((vertex) => ({ segment: name, to: names.get(vertex) ?? '' }));
    });
}

const distanceAt = (distance: Float64Array, vertex: number): number =>
  distance[vertex] ?? Number.POSITIVE_INFINITY;
