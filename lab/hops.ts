import type { PairExpectation } from '../fabric/index.ts';
import { askAll } from './ask.ts';
import type { Hop } from './fib.ts';
import type { Lab } from './lab.ts';
import { pairsToPing } from './ping.ts';
import { HEADERS } from './sizes.ts';

/** The results of single hops. */
export interface HopTrial {
  /** No reply comes back across it. */
  readonly isSilent: (hop: Hop) => boolean;
  /** A packet of this size with DF set does not get across and back. */
  readonly isTooLarge: (hop: Hop, size: number) => boolean;
}

/** The hops of all paths of a pair, and the sizes in bytes to try on them. */
export interface ToTry {
  readonly pair: PairExpectation;
  readonly hops: readonly Hop[];
  readonly sizes: readonly number[];
}

/**
 * Sends packets over each of these hops, from one machine to the next. In a large IPv6 network sizes are tried
 * for one pair per pair of regions, as between pods.
 */
export async function tryHops(lab: Lab, all: readonly ToTry[]): Promise<HopTrial> {
  const hopsOf = ({ hops }: ToTry) => hops.filter(({ via, to }) => via !== undefined && to !== undefined);
  const sized = [
    ...all.filter(({ pair }) => pair.family === 'ipv4'),
    ...pairsToPing(
      lab,
      all.filter(({ pair }) => pair.family === 'ipv6'),
      1,
    ),
  ];
  const asked = new Map(
    [
      ...all.flatMap((one) => hopsOf(one).map((hop) => ({ hop, size: undefined }))),
      ...sized.flatMap((one) => hopsOf(one).flatMap((hop) => one.sizes.map((size) => ({ hop, size })))),
    ].map((one) => [keyOf(one.hop, one.size), one]),
  );
  const silent = new Set<string>();
  const tried = [...asked];
  for (let start = 0; start < tried.length; start += AT_ONCE) {
    const part = tried.slice(start, start + AT_ONCE);
    const answers = await askAll(
      lab,
      part.map(([, { hop, size }]) => ({ netns: hop.machine, command: command(hop, size) })),
    );
    for (const [index, [key]] of part.entries())
      if (!/^\d+ bytes from /m.test(answers[index] ?? '')) silent.add(key);
  }
  return {
    isSilent: (hop) => silent.has(keyOf(hop, undefined)),
    isTooLarge: (hop, size) => silent.has(keyOf(hop, size)) && !silent.has(keyOf(hop, undefined)),
  };
}

/** Processes started at once on a machine. */
const AT_ONCE = 200;

const keyOf = ({ machine, dev, via }: Hop, size: number | undefined): string =>
  `${machine} ${dev} ${via} ${size}`;

function command({ dev, via = '' }: Hop, size: number | undefined): string {
  const family = via.includes(':') ? 'ipv6' : 'ipv4';
  const whole = size === undefined ? '' : `-M do -s ${size - HEADERS[family]}`;
  return `ping ${family === 'ipv6' ? '-6' : '-4'} -n -I ${dev} -c 3 -i 0.2 -W 1 ${whole} ${via}`;
}
