/** What a machine does with a packet for a block. */
export interface Forwarding {
  /** The kernel route it uses. */
  readonly by: 'pod' | 'bgp' | 'static route' | 'default route' | 'unreachable route' | 'no route';
  /** Equal next hops, see `hopOf`. */
  readonly hops: readonly number[];
}

/** What happens to packets for a block at a machine, over all equal-cost paths. */
export interface Fate {
  /** On some way. */
  readonly arrives: boolean;
  readonly dropped: boolean;
  readonly loops: boolean;
  /**
   * Machines that the packet still goes through until its node, on the shortest and the longest way that arrives; no way is
   * the longest where some go round in a circle before they leave it. 0 if none arrives.
   */
  readonly hops: readonly [least: number, most: number];
  /** Bytes: of the ways that arrive the smallest and the largest MTU; infinite where no underlay says it. */
  readonly mtu: readonly [least: number, most: number];
  /** On some path it leaves a machine over the segment it arrived on. */
  readonly turns: boolean;
}
