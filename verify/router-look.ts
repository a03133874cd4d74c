import type { ProtocolState } from '../bird/answers/protocols.ts';
import type { BgpRoute } from '../bird/answers/routes.ts';
import type { FilteredUpdates } from '../bird/answers/updates.ts';
import type { Drained } from '../fabric/index.ts';

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
  /** What was delivered last; undefined if nothing ever was. */
  readonly delivery: Delivery | undefined;
  /** Since when traffic is kept away from it, and by whom; undefined if it is not. */
  readonly drained: Drained | undefined;
  /** Files that are not as git renders them for a router in that state, the password's left out. */
  readonly notAsInGit: readonly FileDifference[];
  /** Files that are not as they were delivered; undefined if nothing was ever delivered. */
  readonly notAsDelivered: readonly FileDifference[] | undefined;
  readonly protocols: readonly ProtocolState[];
  /** Seconds that its clock is ahead of this machine's, give or take `unsure`; undefined if it was not asked. */
  readonly clock: { readonly ahead: number; readonly unsure: number } | undefined;
  readonly pods: PodRoutes | undefined;
  /** Why it did not say what it does with packets to pods. */
  readonly noPods: Unread | undefined;
  /** By key: an empty value is one that the kernel does not have, or does not show. */
  readonly sysctls: ReadonlyMap<string, string>;
  /** The values that the topology renders. */
  readonly sysctlsRendered: ReadonlyMap<string, string>;
}

export interface Delivery {
  /** Path to sha256. */
  readonly manifest: ReadonlyMap<string, string>;
  /** Seconds since it was recorded, by the router's own clock; undefined if it does not say. */
  readonly ago: number | undefined;
}

/** What a router does with packets to pods. */
export interface PodRoutes {
  /** BIRD's routes from BGP in the pools. */
  readonly routes: readonly BgpRoute[];
  /** The kernel's in the pools, of all its tables; undefined if nobody knows. */
  readonly kernel: readonly KernelRoute[] | undefined;
  /** Why the kernel's routes are not known. */
  readonly noKernel: string | undefined;
  /** By protocol and channel (`k3s_kube_1_v4 ipv4`). */
  readonly updates: ReadonlyMap<string, FilteredUpdates>;
  /** Reverse path filtering by interface, as far as it is on: `1` is strict. */
  readonly rpFilters: ReadonlyMap<string, string>;
  /** By WireGuard interface, the AllowedIPs of its peers; empty if none is known. */
  readonly allowedIPs: ReadonlyMap<string, readonly string[]>;
}

export interface KernelRoute {
  readonly prefix: string;
  /** As ip(8) names it: `unicast`, `blackhole`, ... */
  readonly type: string;
  readonly hops: readonly { readonly via: string | undefined; readonly dev: string }[];
}

export interface FileDifference {
  readonly path: string;
  readonly is: 'changed' | 'missing' | 'added';
}
