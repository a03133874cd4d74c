import { type FailureSet, NO_FAILURE } from './failure.ts';
import { type BlockPaths, waysOf } from './forwarding.ts';
import type { Block, Network } from './model.ts';
import { type Policy, policyOf } from './policy.ts';
import { ribsOf } from './rib.ts';
import { liveSessions } from './sessions.ts';
import { type KnownUnderlay, underlayOf } from './underlay.ts';

/** A converged network with its failures. Everything is computed on demand, once. */
export interface Simulation {
  readonly network: Network;
  readonly failure: FailureSet;
  readonly underlay: KnownUnderlay;
  /** By session whether it is up. */
  readonly live: Uint8Array;
  isUp(session: number): boolean;
  waysTo(block: Block): BlockPaths;
}

/** The simulations of one network: what no failure changes is shared by all of them. */
export function simulatorOf(network: Network): (failure?: FailureSet) => Simulation {
  const policies: (Policy | undefined)[] = [];
  return (failure = NO_FAILURE) => {
    const underlay = underlayOf(network, failure);
    const live = liveSessions(network, failure, underlay);
    const ribOf = ribsOf(network, underlay, live);
    const cached: (BlockPaths | undefined)[] = [];
    const waysTo = (block: Block): BlockPaths => {
      const before = cached[block.index];
      if (before !== undefined) return before;
      const policy = policies[block.index] ?? policyOf(network, block);
      policies[block.index] = policy;
      const around = network.blocks[block.within ?? -1];
      const covering = around && waysTo(around);
      const ways = waysOf(network, underlay, ribOf(block, policy), covering);
      cached[block.index] = ways;
      return ways;
    };
    return {
      network,
      failure,
      underlay,
      live,
      isUp: (session) => live[session] === 1,
      waysTo,
    };
  };
}
