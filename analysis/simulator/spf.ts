import { NearestFirst } from '../../fabric/index.ts';
import type { Family } from '../../topology/address.ts';
import { adjacencyOn } from './adjacency.ts';
import type { FailureSet } from './failure.ts';
import type { Network } from './model.ts';

/** OSPF's shortest paths from one machine, over what has not failed. */
export interface Tree {
  readonly root: number;
  /** By vertex: the segments come first, then the machines. Infinite where there is no way. */
  readonly distance: Float64Array;
  /** By vertex: the first hops of all equal ways, see `hopOf`. None onto a segment that the root is on itself. */
  readonly hops: readonly (readonly number[])[];
  /** What a failure changed, by vertex. */
  readonly since?: ReadonlyMap<number, Reached>;
}

/** How a vertex is reached. */
interface Reached {
  readonly distance: number;
  readonly hops: readonly number[];
}

/** What it costs to get onto a segment. */
export const distanceToSegment = (tree: Tree, segment: number): number => distanceTo(tree, segment);
export const distanceToMachine = ({ segments }: Network, tree: Tree, machine: number): number =>
  distanceTo(tree, segments.length + machine);
export const hopsToSegment = (tree: Tree, segment: number): readonly number[] => hopsTo(tree, segment);
export const hopsToMachine = ({ segments }: Network, tree: Tree, machine: number): readonly number[] =>
  hopsTo(tree, segments.length + machine);

const distanceTo = ({ distance, since }: Tree, vertex: number): number =>
  since?.get(vertex)?.distance ?? distance[vertex] ?? Number.POSITIVE_INFINITY;
const hopsTo = ({ hops, since }: Tree, vertex: number): readonly number[] =>
  since?.get(vertex)?.hops ?? hops[vertex] ?? NONE;

/** A next hop as one number: the segment and the machine on it. Machine `machines.length` means none. */
export const hopOf = (
  { machines }: { readonly machines: readonly unknown[] },
  segment: number,
  machine: number,
): number => segment * (machines.length + 1) + machine;

export const segmentOf = ({ machines }: Network, hop: number): number =>
  Math.floor(hop / (machines.length + 1));
export const machineOf = ({ machines }: Network, hop: number): number => hop % (machines.length + 1);

/**
 * Dijkstra over OSPF's own graph (RFC 2328 section 2.1): segments and machines are vertices, a machine pays a segment's cost
 * to send onto it, getting off is free. Equal ways are kept together, as BIRD does (`ecmp`, on by default).
 */
export function treeFrom(network: Network, neighbours: Neighbours, root: number): Tree {
  const tree = emptyTree(network, root);
  const queue = new NearestFirst();
  const start = network.segments.length + root;
  tree.distance[start] = 0;
  queue.push(start);
  settle(network, neighbours, tree, queue, new Uint8Array(tree.distance.length));
  return tree;
}

/** Who is next to whom in OSPF's graph, by vertex. */
export type Neighbours = readonly (readonly number[])[];

export function neighboursIn(network: Network, family: Family, failure: FailureSet): Neighbours {
  const { machines, segments } = network;
  const first = segments.length;
  const neighbours: number[][] = [...segments, ...machines].map(() => []);
  for (const { index } of segments) {
    for (const machine of adjacencyOn(network, family, failure, index).joined) {
      neighbours[first + machine]?.push(index);
      neighbours[index]?.push(first + machine);
    }
  }
  return neighbours;
}

/**
 * What of a tree is otherwise after a failure, by vertex. Only what lies behind something that failed can be: all other vertices
 * keep their ways, and the rest is settled again from them. `neighbours` are those before the failure.
 */
export function regrowth(
  network: Network,
  neighbours: Neighbours,
  failure: FailureSet,
): (before: Tree) => ReadonlyMap<number, Reached> {
  const first = network.segments.length;
  const failed = [...failure.segments, ...[...failure.machines].map((machine) => first + machine)];
  // One tree to work in for all of them: only what lies behind, and what is next to that, is ever looked at.
  const after = emptyTree(network, -1);
  const settled = new Uint8Array(neighbours.length).fill(1);
  return ({ distance, hops }) => {
    const behind: number[] = [];
    const touch = (vertex: number) => {
      if (settled[vertex] === 0) return;
      settled[vertex] = 0;
      behind.push(vertex);
    };
    for (const vertex of failed) if (distance[vertex] !== Number.POSITIVE_INFINITY) touch(vertex);
    if (behind.length === 0) return NOTHING;
    for (let at = 0; at < behind.length; at++) {
      const vertex = behind[at] as number;
      for (const next of neighbours[vertex] as readonly number[]) {
        if (distance[next] === (distance[vertex] as number) + costOnto(network, vertex, next)) touch(next);
      }
    }
    for (const vertex of behind) {
      after.distance[vertex] = Number.POSITIVE_INFINITY;
      after.hops[vertex] = NONE;
    }
    // Nothing leads to what failed, nor from there.
    for (const vertex of failed) settled[vertex] = FAILED;
    const edges = new Set<number>();
    for (const vertex of behind) {
      if (settled[vertex] === FAILED) continue;
      for (const edge of neighbours[vertex] as readonly number[]) {
        if (settled[edge] === 1 && distance[edge] !== Number.POSITIVE_INFINITY) edges.add(edge);
      }
    }
    // These keep their ways, but have to be looked at from again, in their order.
    const queue = new NearestFirst();
    for (const edge of edges) {
      settled[edge] = 0;
      after.distance[edge] = distance[edge] as number;
      after.hops[edge] = hops[edge] as readonly number[];
      queue.push((after.distance[edge] as number) * neighbours.length + edge);
    }
    settle(network, neighbours, after, queue, settled);
    const since = new Map<number, Reached>();
    for (const vertex of behind) {
      settled[vertex] = 1;
      const now = { distance: after.distance[vertex] as number, hops: after.hops[vertex] ?? NONE };
      const isSame = now.distance === distance[vertex] && isSameSet(now.hops, hops[vertex] ?? NONE);
      if (!isSame) since.set(vertex, now);
    }
    return since;
  };
}

const NOTHING: ReadonlyMap<number, Reached> = new Map();

/** As good as settled. */
const FAILED = 2;

interface GrowingTree extends Tree {
  readonly hops: (readonly number[])[];
}

function emptyTree({ segments, machines }: Network, root: number): GrowingTree {
  const size = segments.length + machines.length;
  const hops: (readonly number[])[] = new Array(size).fill(NONE);
  return { root, distance: new Float64Array(size).fill(Number.POSITIVE_INFINITY), hops };
}

const costOnto = ({ segments }: Network, from: number, onto: number): number =>
  from < segments.length ? 0 : (segments[onto]?.cost ?? 0);

/** Settles one vertex after the other, the nearest first. */
function settle(
  network: Network,
  neighbours: Neighbours,
  { distance, hops }: GrowingTree,
  queue: NearestFirst,
  settled: Uint8Array,
): void {
  const first = network.segments.length;
  const size = neighbours.length;
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    // Segments have the lesser numbers: at one distance all of them come before the machines on them (RFC 2328 16.1).
    const vertex = next % size;
    if (settled[vertex] !== 0) continue;
    settled[vertex] = 1;
    const reached = distance[vertex] as number;
    const isDirect = vertex < first && (hops[vertex] as readonly number[]).length === 0;
    for (const neighbour of neighbours[vertex] as readonly number[]) {
      if (settled[neighbour] !== 0) continue;
      const further = reached + costOnto(network, vertex, neighbour);
      const before = distance[neighbour] as number;
      if (further > before) continue;
      const via = isDirect
        ? [hopOf(network, vertex, neighbour - first)]
        : (hops[vertex] as readonly number[]);
      if (further < before) {
        distance[neighbour] = further;
        hops[neighbour] = via;
        queue.push(further * size + neighbour);
      } else hops[neighbour] = union(hops[neighbour] as readonly number[], via);
    }
  }
}

const NONE: readonly number[] = [];

/** Both sorted sets as one. */
export function union(a: readonly number[], b: readonly number[]): readonly number[] {
  if (a === b || b.length === 0) return a;
  if (a.length === 0) return b;
  return [...new Set([...a, ...b])].sort((one, other) => one - other);
}

export function isSameSet(a: readonly number[], b: readonly number[]): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let at = 0; at < a.length; at++) if (a[at] !== b[at]) return false;
  return true;
}
