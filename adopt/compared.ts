import type { SessionChange } from '../fabric/index.ts';
import type { Explanation } from './explanations.ts';

/** One thing of today or of the rendered network, and what becomes of it when that is applied. */
export interface Compared {
  /** `cluster`, or the router's name. */
  readonly where: string;
  readonly what: string;
  /** Of a session what the change does to it; `unknown`: nothing of today was found that it could be held against. */
  readonly became: 'same' | 'changes' | 'comes' | 'stays' | SessionChange | 'unknown';
  readonly details: readonly Detail[];
}

/** A difference; without an explanation somebody should look at it before anything is applied. */
export interface Detail {
  /** The field or option; empty where it is about the whole. */
  readonly field: string;
  readonly before: string | undefined;
  readonly after: string | undefined;
  readonly because: Explanation | undefined;
}
