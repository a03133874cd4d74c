/**
 * What a change does to a session. `reloaded`: it stays up, and routes are requested or sent again; `reset`: it goes down and is established
 * again.
 */
export type SessionChange = 'kept' | 'reloaded' | 'reset' | 'new' | 'gone';

/** Changes that are listed one by one, the most disruptive first: a kept session needs no mention. */
export const FELT_CHANGES = ['reset', 'gone', 'new', 'reloaded'] as const satisfies readonly SessionChange[];

/** Why something becomes of a session: what changes, and at which speaker; null where it is in between. */
export interface SessionReason {
  readonly speaker: string | null;
  /** `hold time 15 -> 20`. */
  readonly message: string;
}

/** `e1: hold time 15 -> 20`. */
export const reasonText = ({ speaker, message }: SessionReason): string =>
  speaker === null ? message : `${speaker}: ${message}`;
