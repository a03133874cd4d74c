import type { Fabric, Session } from '../../fabric/index.ts';
import type { Failing } from '../../lab/index.ts';
import type { Family, Prefix } from '../../topology/address.ts';
import type { BgpRoute } from './network.ts';

/** Who answers for a network. Both worlds say what they see in the same words, so that one check holds for both. */
export interface World {
  readonly name: 'the simulator' | 'real BIRD';
  readonly fabric: Fabric;
  /** Milliseconds that something may take to become as it is expected. */
  readonly patience: number;
  look(): Promise<Look>;
  /** A packet from the pods of one node to those of another, and its answer. */
  send(pair: Pair): Promise<Sent>;
  /** Whether a packet of so many bytes, which nobody may cut, gets its answer. */
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

/** A network at one moment. */
export interface Look {
  /** Whether it is Established, at each of its ends. */
  isUp(session: Session): readonly boolean[];
  routes(machine: string, block: Prefix): readonly (BgpRoute & { readonly isBest: boolean })[];
  forwarding(machine: string, block: Prefix): Forwarding;
}

/** What a kernel does with packets for a block. */
export interface Forwarding {
  readonly by: 'pod' | 'bgp' | 'static route' | 'default route' | 'unreachable route' | 'no route';
  /** Equal next hops; `to` is undefined where nobody on the segment has the address. */
  readonly hops: readonly { readonly segment: string; readonly to: string | undefined }[];
  readonly metric: number | undefined;
}

export interface Sent {
  readonly answered: 'always' | 'sometimes' | 'never';
  /** The machines that said they had the packet, as far as they did. */
  readonly path?: readonly string[];
  /** Whether some way turns around, where the world has an opinion of its own. */
  readonly turns?: boolean;
}
