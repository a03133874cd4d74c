import type { Surroundings } from '../delivery/bird.ts';

/** A network namespace for a BIRD: it listens on BGP's own port, as the configurations that are tried have it, and others may too. */
export const ALONE: Surroundings = {
  enter: ['unshare', ...(process.getuid?.() === 0 ? [] : ['--user', '--map-root-user']), '--net'],
};
