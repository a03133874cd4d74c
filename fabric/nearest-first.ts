/** A binary heap of numbers; the smallest comes out first. */
export class NearestFirst {
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
