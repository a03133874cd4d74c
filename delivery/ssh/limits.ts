import type { Most } from '../../machine/index.ts';

/** What an answer may be at most, on standard output. Whoever says more is out of order, or not who he seems: no more of it is read. */
export interface Limit extends Most {
  /** From the moment that the verb is asked for. */
  readonly seconds: number;
}

/** How long and how much a router may take and say, at most. */
export interface Limits {
  /** Seconds until a connection is made, whoever logs in is let in and the script has begun. */
  readonly way: number;
  /** What a login shell may say before the script does, and all that may be said on standard error. Bytes. */
  readonly noise: number;
  of(verb: string): Limit;
}

const [KIB, MIB] = [2 ** 10, 2 ** 20];

/**
 * Seconds. The script gives up a BIRD that has not answered within one minute, waits for another verb of its own delivery for one
 * minute, and for BIRD's reconfiguration for one minute: what reads meets the first of these once, what changes may meet several.
 */
const [READS, CHANGES] = [120, 300];

const SHORT = { bytes: MIB, lines: 20_000, line: 64 * KIB };

/**
 * Of a router with 20,000 sessions (10,000 nodes, both families) BIRD's protocols are some 10 MiB in 160,000 lines, the names of their
 * files some 5 MiB in 40,000; routes are counted on the router. Of a file the script shows 1 MiB.
 */
const LARGE = { bytes: 32 * MIB, lines: 400_000, line: 64 * KIB };

const OF: Readonly<Record<string, Limit>> = {
  inspect: { ...LARGE, seconds: READS },
  protocols: { ...LARGE, seconds: READS },
  // It takes the lock or refuses; and at its end lets it go.
  hold: { ...SHORT, seconds: 30 },
  show: { bytes: MIB, lines: MIB, line: MIB, seconds: 60 },
};

const OTHER: Limit = { ...SHORT, seconds: CHANGES };

export const LIMITS: Limits = {
  way: 45,
  noise: 64 * KIB,
  of: (verb) => (Object.hasOwn(OF, verb) ? OF[verb] : undefined) ?? OTHER,
};

/** Seconds that an upload may take besides: a slow line carries 8 KiB in one. */
export const secondsFor = (bytes: number): number => Math.ceil(bytes / (8 * KIB));
