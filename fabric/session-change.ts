/**
 * What a change does to a session. `reloaded`: it stays up, and routes are asked for or sent again; `reset`: it ends and is established
 * again.
 */
export type SessionChange = 'kept' | 'reloaded' | 'reset' | 'new' | 'gone';

/** Those that are listed one by one, what hurts first: of a session that is kept there is nothing to say. */
export const FELT_CHANGES = ['reset', 'gone', 'new', 'reloaded'] as const satisfies readonly SessionChange[];
