import type { Segment } from '../topology/model.ts';
import type { NodeSpeaker, RouterSpeaker, TransitHost } from './fabric.ts';

/** The machines and segments that the IGP computes its paths over. */
export interface Underlay {
  readonly segments: readonly Segment[];
  readonly routers: readonly RouterSpeaker[];
  readonly nodes: readonly NodeSpeaker[];
  readonly hosts: readonly TransitHost[];
}

/** All shortest paths from one machine. */
export interface ShortestPaths {
  /** The segments on any shortest path to any of the machines. A machine that cannot be reached adds none. */
  segmentsTo(machines: Iterable<string>): ReadonlySet<string>;
}

/**
 * OSPF's graph (RFC 2328 section 2.1): segments are vertices of their own. A machine pays a segment's cost to send onto
 * it, and nothing is paid to get off it again, so the size is that of the memberships and not of the pairs. Machines
 * without the IGP are leaves: reached over their segments, never passed through.
 */
export function shortestPathsFrom(underlay: Underlay): (root: string) => ShortestPaths {
  const graph = graphOf(underlay);
  return (root) => {
    const distance = distancesFrom(graph, graph.forwarding.get(root));
    return { segmentsTo: (machines) => walkBack(graph, distance, machines) };
  };
}

/** Vertices are numbers: first the segments, in the order of the underlay, then the machines that forward. */
interface Graph {
  readonly segments: readonly Segment[];
  readonly forwarding: ReadonlyMap<string, number>;
  readonly leaves: ReadonlyMap<string, readonly number[]>;
  /** Of a segment its forwarding machines, of a machine its segments. */
  readonly neighbours: readonly (readonly number[])[];
}

function graphOf({ segments, routers, nodes, hosts }: Underlay): Graph {
  const index = new Map(segments.map((segment, at) => [segment.name, at]));
  const forwarding = new Map<string, number>();
  const leaves = new Map<string, readonly number[]>();
  const neighbours: number[][] = segments.map(() => []);
  for (const machine of [...routers.filter((router) => !router.planned), ...nodes, ...hosts]) {
    const own = machine.attachments.flatMap(({ segment }) => index.get(segment) ?? []);
    if (machine.kind !== 'router' && !machine.igp) {
      leaves.set(machine.name, own);
      continue;
    }
    const vertex = neighbours.push(own) - 1;
    forwarding.set(machine.name, vertex);
    for (const segment of own) neighbours[segment]?.push(vertex);
  }
  return { segments, forwarding, leaves, neighbours };
}

/** Dijkstra. Infinity for what cannot be reached. */
function distancesFrom({ segments, neighbours }: Graph, root: number | undefined): Float64Array {
  const distance = new Float64Array(neighbours.length).fill(Number.POSITIVE_INFINITY);
  if (root === undefined) return distance;
  distance[root] = 0;
  const open = new Queue();
  open.push(0, root);
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const [reached, vertex] = next;
    if (reached > at(distance, vertex)) continue;
    for (const neighbour of neighbours[vertex] ?? []) {
      const further = reached + (segments[neighbour]?.cost ?? 0);
      if (further >= at(distance, neighbour)) continue;
      distance[neighbour] = further;
      open.push(further, neighbour);
    }
  }
  return distance;
}

/** From the targets towards the root: a neighbour is on a shortest path if the distances differ by the cost between. */
function walkBack(graph: Graph, distance: Float64Array, machines: Iterable<string>): ReadonlySet<string> {
  const { segments, forwarding, leaves, neighbours } = graph;
  const seen = new Set<number>();
  const queue: number[] = [];
  const visit = (vertex: number) => {
    if (seen.has(vertex) || at(distance, vertex) === Number.POSITIVE_INFINITY) return;
    seen.add(vertex);
    queue.push(vertex);
  };
  for (const machine of machines) {
    const vertex = forwarding.get(machine);
    if (vertex !== undefined) visit(vertex);
    const own = leaves.get(machine) ?? [];
    const nearest = own.reduce((least, one) => Math.min(least, at(distance, one)), Number.POSITIVE_INFINITY);
    for (const segment of own) if (at(distance, segment) === nearest) visit(segment);
  }
  for (let vertex = queue.pop(); vertex !== undefined; vertex = queue.pop()) {
    const before = at(distance, vertex) - (segments[vertex]?.cost ?? 0);
    for (const neighbour of neighbours[vertex] ?? [])
      if (at(distance, neighbour) === before) visit(neighbour);
  }
  return new Set([...seen].flatMap((vertex) => segments[vertex]?.name ?? []));
}

const at = (distance: Float64Array, vertex: number): number => distance[vertex] ?? Number.POSITIVE_INFINITY;

/** A binary heap; the least distance comes out first. */
class Queue {
  private readonly heap: (readonly [distance: number, vertex: number])[] = [];

  push(distance: number, vertex: number): void {
    const { heap } = this;
    let hole = heap.length;
    const item = [distance, vertex] as const;
    heap.push(item);
    while (hole > 0) {
      const parent = (hole - 1) >> 1;
      const above = heap[parent];
      if (above === undefined || above[0] <= distance) break;
      heap[hole] = above;
      hole = parent;
    }
    heap[hole] = item;
  }

  pop(): readonly [distance: number, vertex: number] | undefined {
    const { heap } = this;
    const least = heap[0];
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return least;
    let hole = 0;
    for (let child = 1; child < heap.length; child = 2 * hole + 1) {
      const right = heap[child + 1];
      let lesser = heap[child];
      if (lesser !== undefined && right !== undefined && right[0] < lesser[0]) {
        child += 1;
        lesser = right;
      }
      if (lesser === undefined || lesser[0] >= last[0]) break;
      heap[hole] = lesser;
      hole = child;
    }
    heap[hole] = last;
    return least;
  }
}
