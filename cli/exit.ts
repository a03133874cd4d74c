/** What the process tells its caller. */
export const EXIT = {
  fine: 0,
  /** A check failed: stale dist, error findings. */
  doesNotHold: 1,
  /** Bad input or usage. */
  badInput: 2,
  /** The environment lacks something. */
  environment: 3,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];
