import type { Fabric, Session } from '../../fabric/index.ts';
import type { Failing } from '../../lab/index.ts';
import type { Family, Prefix } from '../../topology/address.ts';
import type { BgpRoute } from './network.ts';

/** The world that answers for a network. Both worlds report in the same terms, so that one check serves both. */
export interface World {
  readonly name: 'the simulator' | 'real BIRD';
  readonly fabric: Fabric;
  /** Milliseconds until an expected state must be reached. */
  readonly patience: number;
  look(): Promise<Look>;
  /** A packet from the pods of one node to those of another, and its answer. */
  send(pair: Pair): Promise<Sent>;
  /** Whether a packet of this many bytes, which must not be fragmented, gets an answer. */
  fits(pair: Pair, size: number): Promise<boolean>;
  fail(failing: Failing): Promise<void>;
  fix(): Promise<void>;
  end(): Promise<void>;
}

export interface Pair {
  readonly from: string;
  readonly to: string;
  readonly family: Family;
}

/** The state of a network at one moment. */
export interface Look {
  /** Whether it is Established, at each end. */
  isUp(session: Session): readonly boolean[];
  routes(machine: string, block: Prefix): readonly (BgpRoute & { readonly isBest: boolean })[];
  forwarding(machine: string, block: Prefix): Forwarding;
}

/** What a kernel does with packets for a block. */
export interface Forwarding {
  readonly by: 'pod' | 'bgp' | 'static route' | 'default route' | 'unreachable route' | 'no route';
  /** Equal next hops; `to` is undefined if no machine on the segment has the address. */
  readonly hops: readonly { readonly segment: string; readonly to: string | undefined }[];
  readonly metric: number | undefined;
}

export interface Sent {
  readonly answered: 'always' | 'sometimes' | 'never';
  /** The machines that reported the packet, as far as they did. */
  readonly path?: readonly string[];
  /** Whether some path turns around, if the world itself can tell. */
  readonly turns?: boolean;
}
