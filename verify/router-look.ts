import type { ProtocolState } from '../bird/answers/protocols.ts';

/** One look at a router: the facts, or why there are none. */
export interface RouterLook {
  readonly router: string;
  readonly read: RouterFacts | undefined;
  /** Why it could not be read. */
  readonly unread: Unread | undefined;
}

export interface Unread {
  readonly message: string;
  readonly fix: string;
}

/** What a router said. Nothing here is judged. */
export interface RouterFacts {
  readonly birdVersion: string;
  /** BIRD's error for the files on disk, if it would reject them. */
  readonly filesError: string | undefined;
  /** Whoever delivers to it at the moment. */
  readonly holder: string | undefined;
  /** Seconds until BIRD undoes an unconfirmed change. */
  readonly pending: number | undefined;
  /** No reconfiguration is in progress. */
  readonly settled: boolean;
  /** A delivery that did not end, by its last step. */
  readonly cutOff: 'applying' | 'confirming' | undefined;
  /** The release that BIRD runs because of a timed commit; undefined if it has read the files on disk since. */
  readonly runs: string | undefined;
  /** The release that is on disk. */
  readonly onDisk: string | undefined;
  /** Files that are not as git renders them, the password's left out. */
  readonly notAsInGit: readonly FileDifference[];
  /** Files that are not as they were delivered; undefined if nothing was ever delivered. */
  readonly notAsDelivered: readonly FileDifference[] | undefined;
  readonly protocols: readonly ProtocolState[];
  /** By key: an empty value is one that the kernel does not have, or does not show. */
  readonly sysctls: ReadonlyMap<string, string>;
  /** The values that the topology renders. */
  readonly sysctlsRendered: ReadonlyMap<string, string>;
}

export interface FileDifference {
  readonly path: string;
  readonly is: 'changed' | 'missing' | 'added';
}
