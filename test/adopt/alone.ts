import type { Surroundings } from '../delivery/bird.ts';

/** A network namespace for a BIRD: it listens on the standard BGP port, as the tested configurations do, and so may others. */
export const ALONE: Surroundings = {
  enter: ['unshare', ...(process.getuid?.() === 0 ? [] : ['--user', '--map-root-user']), '--net'],
};
