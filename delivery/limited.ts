/** Runs `work` for at most `most` items at a time; returns the results in the order of the items. */
export function inParallel<T, R>(
  items: readonly T[],
  most: number,
  work: (item: T) => Promise<R>,
): Promise<R[]> {
  const inTurn = limited(most);
  return Promise.all(items.map((item) => inTurn(() => work(item))));
}

/** A semaphore with `most` slots; waiters get a free slot in the order in which they came. */
export function limited(most: number): <R>(work: () => Promise<R>) => Promise<R> {
  let free = Math.max(1, most);
  const waiting: (() => void)[] = [];
  return async (work) => {
    if (free > 0) free -= 1;
    else await new Promise<void>((go) => waiting.push(go));
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next === undefined) free += 1;
      else next();
    }
  };
}
