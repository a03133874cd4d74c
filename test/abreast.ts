/** Runs the work of every item in order, a limited number at a time; returns a promise for each. A rejected one need not be handled. */
export function abreast<T, R>(
  items: readonly T[],
  limit: number,
  work: (item: T) => Promise<R>,
): ReadonlyMap<T, Promise<R>> {
  let free = limit;
  const waiting: (() => void)[] = [];
  const enter = async (): Promise<void> => {
    if (free > 0) free -= 1;
    else await new Promise<void>((go) => waiting.push(go));
  };
  const leave = (): void => {
    const next = waiting.shift();
    if (next === undefined) free += 1;
    else next();
  };
  return new Map(
    items.map((item) => {
      const result = enter()
        .then(() => work(item))
        .finally(leave);
      result.catch(() => {});
      return [item, result] as const;
    }),
  );
}
