/** Since when traffic is kept away from a router, and by whom. No topology says so: it is a state of the router, which has the mark. */
export interface Drained {
  /** In UTC, to the second: `2026-11-30T09:15:00Z`. */
  readonly since: string;
  /** Without blanks: `thomas@desk`. */
  readonly by: string;
}

export const drainedText = ({ since, by }: Drained): string => `drained since ${since}, by ${by}`;
