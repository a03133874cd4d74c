import type { Failing } from '../../lab/index.ts';
import type { Family } from '../../topology/address.ts';

/**
 * The network of a scenario, which does not know what answers: real daemons and kernels in a lab, or the simulator. Each
 * sentence is awaited before the next; in a lab it waits until it holds, or fails when the patience is over.
 */
export interface Network {
  expect(machine: string): Expectation;
  /** Sessions have the names of the fabric, `e-a--e1/ipv4`. */
  expectSession(id: string): SessionExpectation;
  /** One more failure, as `lab --fail` makes it. */
  fail(failing: Failing): Promise<void>;
  /** Repairs everything that has failed. */
  fix(): Promise<void>;
}

export interface Expectation {
  /** This machine has a route to the block of a node. */
  routeTo(node: string, route: RouteTo): Promise<void>;
  /** Neither its daemon nor its kernel has one. It may have a default route. */
  hasNoRouteTo(node: string, of?: OfFamily): Promise<void>;
  /** Pods of this node reach those of another and get answers, over each of several equal paths. */
  reaches(node: string, how?: Reach): Promise<void>;
  /** No packet or no answer arrives. */
  doesNotReach(node: string, of?: OfFamily): Promise<void>;
  /** On some of several equal paths packets arrive, on others they loop between these machines. */
  mayLoopTo(node: string, of: { readonly between: readonly string[] } & OfFamily): Promise<void>;
}

export interface SessionExpectation {
  /** Established at both ends. */
  up(): Promise<void>;
  /** Established at neither. */
  down(): Promise<void>;
}

/** Without a family a sentence applies to each family of the pods. */
export interface OfFamily {
  readonly family?: Family;
}

/** The expected properties of a route; omitted ones may be anything. */
export interface RouteTo extends OfFamily {
  /** All machines that the kernel forwards packets to. None if its route is unreachable. */
  readonly nextHops?: readonly string[];
  /** Of the kernel's route. */
  readonly metric?: number;
  /** The route that the daemon prefers. */
  readonly best?: Partial<BgpRoute>;
  /** All other routes that it has, in any order. */
  readonly others?: readonly Partial<BgpRoute>[];
}

/** A BGP route in a daemon's table. */
export interface BgpRoute {
  /** The speaker that it was learned from. */
  readonly from: string;
  /** An address. */
  readonly nextHop: string;
  /** Whether the next hop is reachable. */
  readonly resolved: boolean;
  readonly localPref: number;
  /** ORIGINATOR_ID; empty if there is none. */
  readonly originator: string;
  /** CLUSTER_LIST, the last reflector first. */
  readonly clusters: readonly string[];
}

export interface Reach extends OfFamily {
  /** The machines on the path, or on each of several equal paths. A packet takes one of these, and the tables contain no other. */
  readonly by?: readonly string[] | readonly (readonly string[])[];
  /** Bytes: a packet of that size gets an answer, one that is a byte longer does not. */
  readonly mtu?: number;
  /** Machines that on some path send a packet back onto the segment that it came from. */
  readonly turnsAt?: readonly string[];
}
