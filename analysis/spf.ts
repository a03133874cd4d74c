import type { Family } from '../topology/address.ts';
import type { Failure } from './failure.ts';
import type { Network } from './network.ts';

/** OSPF's shortest paths from one machine, over what has not failed. */
export interface Tree {
  /** To a segment; what it costs to get onto it. Infinite where there is no way. */
  distanceToSegment(segment: number): number;
  distanceToMachine(machine: number): number;
  /** The first hops of all equal ways, see `hopOf`. None onto a segment that the root is on itself. */
  hopsToSegment(segment: number): readonly number[];
  hopsToMachine(machine: number): readonly number[];
}

/** A next hop as one number: the segment and the machine on it. Machine `machines.length` stands for nobody. */
export const hopOf = ({ machines }: Network, segment: number, machine: number): number =>
  segment * (machines.length + 1) + machine;

export const segmentOf = ({ machines }: Network, hop: number): number =>
  Math.floor(hop / (machines.length + 1));
export const machineOf = ({ machines }: Network, hop: number): number => hop % (machines.length + 1);

/**
 * Dijkstra over OSPF's own graph (RFC 2328 section 2.1): segments and machines are vertices, a machine pays a segment's cost
 * to send onto it, getting off is free. Equal ways are kept together, as BIRD does (`ecmp`, on by default).
 */
export function spfOver(network: Network, family: Family, failure: Failure): (root: number) => Tree {
  const { machines, segments } = network;
  const first = segments.length;
  const alive = (machine: number) => !failure.machines.has(machine);
  const neighbours: number[][] = [...segments, ...machines].map(() => []);
  for (const { index, igp, ports } of machines) {
    if (!igp.includes(family) || !alive(index)) continue;
    for (const { segment, ospf } of ports) {
      if (!ospf.includes(family) || failure.segments.has(segment)) continue;
      neighbours[first + index]?.push(segment);
      neighbours[segment]?.push(first + index);
    }
  }
  return (root) => {
    const size = neighbours.length;
    const distance = new Float64Array(size).fill(Number.POSITIVE_INFINITY);
    const hops: (readonly number[])[] = new Array(size).fill(NONE);
    const settled = new Uint8Array(size);
    const queue = new Queue();
    const start = first + root;
    distance[start] = 0;
    queue.push(start);
    for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
      // Segments have the lesser numbers: at one distance all of them come before the machines on them (RFC 2328 16.1).
      const vertex = next % size;
      if (settled[vertex] === 1) continue;
      settled[vertex] = 1;
      const reached = distance[vertex] ?? 0;
      const isSegment = vertex < first;
      const isDirect = isSegment && hops[vertex] === NONE;
      for (const neighbour of neighbours[vertex] ?? []) {
        if (settled[neighbour] === 1) continue;
        const further = reached + (isSegment ? 0 : (segments[neighbour]?.cost ?? 0));
        const before = distance[neighbour] ?? Number.POSITIVE_INFINITY;
        if (further > before) continue;
        const via = isDirect ? [hopOf(network, vertex, neighbour - first)] : (hops[vertex] ?? NONE);
        if (further < before) {
          distance[neighbour] = further;
          hops[neighbour] = via;
          queue.push(further * size + neighbour);
        } else hops[neighbour] = union(hops[neighbour] ?? NONE, via);
      }
    }
    const at = (vertex: number): number => distance[vertex] ?? Number.POSITIVE_INFINITY;
    return {
      distanceToSegment: (segment) => at(segment),
      distanceToMachine: (machine) => at(first + machine),
      hopsToSegment: (segment) => hops[segment] ?? NONE,
      hopsToMachine: (machine) => hops[first + machine] ?? NONE,
    };
  };
}

const NONE: readonly number[] = [];

/** Both sorted sets as one. */
export function union(a: readonly number[], b: readonly number[]): readonly number[] {
  if (a === b || b.length === 0) return a;
  if (a.length === 0) return b;
  return [...new Set([...a, ...b])].sort((one, other) => one - other);
}

/** A binary heap of numbers; the least comes out first. */
class Queue {
  private readonly heap: number[] = [];

  push(item: number): void {
    const { heap } = this;
    let hole = heap.length;
    heap.push(item);
    while (hole > 0) {
      const parent = (hole - 1) >> 1;
      const above = heap[parent] as number;
      if (above <= item) break;
      heap[hole] = above;
      hole = parent;
    }
    heap[hole] = item;
  }

  pop(): number | undefined {
    const { heap } = this;
    const least = heap[0];
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return least;
    let hole = 0;
    for (let child = 1; child < heap.length; child = 2 * hole + 1) {
      if (child + 1 < heap.length && (heap[child + 1] as number) < (heap[child] as number)) child += 1;
      const lesser = heap[child] as number;
      if (lesser >= last) break;
      heap[hole] = lesser;
      hole = child;
    }
    heap[hole] = last;
    return least;
  }
}
