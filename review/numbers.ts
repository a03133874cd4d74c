/** `1 node`, `2000 nodes`. */
export const counted = (count: number, one: string, many = `${one}s`): string =>
  `${number(count)} ${count === 1 ? one : many}`;

/** `a, b and c`, or `a, b and 3 more`: so many at most, and only those are rendered. */
export function listed<T>(items: readonly T[], most: number, render: (item: T) => string): string {
  const named = items.slice(0, most).map(render);
  const left = items.length - named.length;
  if (left > 0) return `${named.join(', ')} and ${number(left)} more`;
  return named.length < 2 ? named.join('') : `${named.slice(0, -1).join(', ')} and ${named.at(-1)}`;
}

/** `2000`, `12,000`: without a separator a number of seven digits could be the name of a commit. */
export function number(value: number): string {
  if (Math.abs(value) >= 1e15) return 'very many';
  const isSmall = Math.abs(value) < 10_000;
  // Most numbers of a review. To load what formats the others takes a tenth of a whole run of noencap.
  if (isSmall && Number.isInteger(value)) return String(value);
  formats ??= {
    plain: new Intl.NumberFormat('en-US', { maximumFractionDigits: 3, useGrouping: false }),
    grouped: new Intl.NumberFormat('en-US', { maximumFractionDigits: 3 }),
  };
  return (isSmall ? formats.plain : formats.grouped).format(value);
}

let formats: Readonly<Record<'plain' | 'grouped', Intl.NumberFormat>> | undefined;
