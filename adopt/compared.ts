import type { SessionChange } from '../fabric/index.ts';
import type { Explanation } from './explanations.ts';

/** One part of today's or of the rendered network, and what happens to it when the latter is applied. */
export interface Compared {
  /** `cluster`, or the router's name. */
  readonly where: string;
  readonly what: string;
  /** `left`: noencap does not render it, and it stays. For a session, what the change does to it; `unknown`: nothing was found today to compare it with. */
  readonly change: 'same' | 'added' | 'changed' | 'left' | SessionChange | 'unknown';
  readonly details: readonly Detail[];
}

/** A difference; without an explanation, review it before applying anything. */
export interface Detail {
  /** The field or option; empty for the whole. */
  readonly field: string;
  readonly before: string | undefined;
  readonly after: string | undefined;
  readonly because: Explanation | undefined;
}
