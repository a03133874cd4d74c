import type { Ride } from '../../lab/index.ts';

const names = (rides: readonly Ride[]): string[] =>
  [...new Set(rides.map(({ from, to }) => `${from} ${to}`))].sort();

/** All of these pairs felt it, and no other lost a packet. Where the machine is busy the cause of a loss may be unknown. */
export function expectFelt(rides: readonly Ride[], pairs: readonly string[]): void {
  expect(names(rides.filter(({ lost, unsure }) => lost + unsure > 0))).toEqual(
    expect.arrayContaining([...pairs]),
  );
  expect(pairs).toEqual(expect.arrayContaining(names(rides.filter(({ lost }) => lost > 0))));
}
