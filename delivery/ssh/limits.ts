import type { Most } from '../../machine/index.ts';

/** The limit of an answer on standard output. A router that says more is broken, or not what it seems: the rest is not read. */
export interface Limit extends Most {
  /** From the moment the verb is sent. */
  readonly seconds: number;
}

/** How long a router may take, and how much it may say. */
export interface Limits {
  /** Seconds until the connection is made, the login has succeeded and the script has begun. */
  readonly way: number;
  /** Bytes that a login shell may print before the script does, and the limit of standard error. */
  readonly noise: number;
  of(verb: string): Limit;
}

const [KIB, MIB] = [2 ** 10, 2 ** 20];

/**
 * Seconds. The script gives up on a BIRD that has not answered within one minute, waits one minute for another verb of its own delivery,
 * and one minute for BIRD's reconfiguration: a verb that reads meets the first of these once, one that changes may meet several.
 */
const [READS, CHANGES] = [120, 300];

const SHORT = { bytes: MIB, lines: 20_000, line: 64 * KIB };

/**
 * For a router with 20,000 sessions (10,000 nodes, both families) BIRD's protocols take about 10 MiB in 160,000 lines, the names of their
 * files about 5 MiB in 40,000; routes are counted on the router. Of a file the script shows at most 1 MiB.
 */
const LARGE = { bytes: 32 * MIB, lines: 400_000, line: 64 * KIB };

const OF: Readonly<Record<string, Limit>> = {
  inspect: { ...LARGE, seconds: READS },
  protocols: { ...LARGE, seconds: READS },
  // A route with two next hops has three lines, in BIRD and in the kernel.
  look: { ...LARGE, seconds: READS },
  // It takes the lock or refuses, and at its end releases it.
  hold: { ...SHORT, seconds: 30 },
  show: { bytes: MIB, lines: MIB, line: MIB, seconds: 60 },
};

const OTHER: Limit = { ...SHORT, seconds: CHANGES };

export const LIMITS: Limits = {
  way: 45,
  noise: 64 * KIB,
  of: (verb) => (Object.hasOwn(OF, verb) ? OF[verb] : undefined) ?? OTHER,
};

/** Additional seconds for an upload: a slow line carries 8 KiB per second. */
export const secondsFor = (bytes: number): number => Math.ceil(bytes / (8 * KIB));
