import type { Failing } from '../../lab/index.ts';
import type { Family } from '../../topology/address.ts';

/**
 * A network that a scenario speaks of, without knowing who answers: real daemons and kernels in a lab, or the simulator. Each
 * sentence is awaited before the next one is said; in a lab that takes until it holds, or fails when the patience is over.
 */
export interface Network {
  expect(machine: string): Expectation;
  /** Sessions are called as in the fabric, `e-a--e1/ipv4`. */
  expectSession(id: string): SessionExpectation;
  /** One more thing fails, as `lab --fail` breaks it. */
  fail(failing: Failing): Promise<void>;
  /** Everything that has failed works again. */
  fix(): Promise<void>;
}

export interface Expectation {
  /** This machine has a route to the block of a node. */
  routeTo(node: string, route: RouteTo): Promise<void>;
  /** Neither its daemon nor its kernel has one. A default route may be there. */
  hasNoRouteTo(node: string, of?: OfFamily): Promise<void>;
  /** Pods of this node reach those of another one and get their answers, over every one of equal ways. */
  reaches(node: string, how?: Reach): Promise<void>;
  /** No packet arrives, or no answer. */
  doesNotReach(node: string, of?: OfFamily): Promise<void>;
  /** Of several equal ways some arrive, and some go round between these machines. */
  mayLoopTo(node: string, of: { readonly between: readonly string[] } & OfFamily): Promise<void>;
}

export interface SessionExpectation {
  /** Established at both ends. */
  up(): Promise<void>;
  /** Established at neither. */
  down(): Promise<void>;
}

/** Without a family a sentence is said of each family that the pods have. */
export interface OfFamily {
  readonly family?: Family;
}

/** What is said of a route; what is left out may be anything. */
export interface RouteTo extends OfFamily {
  /** All machines that the kernel hands packets to. None where its route is unreachable. */
  readonly nextHops?: readonly string[];
  /** Of the kernel's route. */
  readonly metric?: number;
  /** The route that the daemon prefers. */
  readonly best?: Partial<BgpRoute>;
  /** All the others that it has, in any order. */
  readonly others?: readonly Partial<BgpRoute>[];
}

/** A BGP route in a daemon's table. */
export interface BgpRoute {
  /** The speaker that it was learned from. */
  readonly from: string;
  /** An address. */
  readonly nextHop: string;
  /** Whether the next hop is. */
  readonly resolved: boolean;
  readonly localPref: number;
  /** ORIGINATOR_ID; empty where there is none. */
  readonly originator: string;
  /** CLUSTER_LIST, the last reflector first. */
  readonly clusters: readonly string[];
}

export interface Reach extends OfFamily {
  /** The machines on the way, or of each of several equal ways. A packet takes one of these, and no table names another. */
  readonly by?: readonly string[] | readonly (readonly string[])[];
  /** Bytes: a packet of that size gets its answer, one that is a byte longer does not. */
  readonly mtu?: number;
  /** Machines that on some way send a packet back onto the segment that it came from. */
  readonly turnsAt?: readonly string[];
}
