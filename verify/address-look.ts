import type { AffinityFacts, BlockFacts, Read } from './cluster-look.ts';

/** What a look at a cluster's addresses finds: facts, as the API server tells them, or why they are unknown. */
export interface AddressLook {
  /** The kubeconfig's name for it; undefined if no kubeconfig could be read. */
  readonly context: string | undefined;
  readonly server: string | undefined;
  /** Milliseconds, by the API server's clock if it gives one. */
  readonly at: number;
  /** Their names. */
  readonly nodes: Read<readonly string[]>;
  readonly affinities: Read<readonly AffinityFacts[]>;
  readonly blocks: Read<readonly AddressBlockFacts[]>;
  /** Those of all namespaces that have addresses of their own. */
  readonly pods: Read<readonly PodAddressFacts[]>;
}

export interface AddressBlockFacts extends BlockFacts {
  /** It serves something else than nodes, such as load balancers. */
  readonly isOfOthers: boolean;
  /** By the place of the address in the block. */
  readonly given: readonly {
    readonly place: number;
    readonly node: string | undefined;
    readonly pod: string | undefined;
  }[];
}

export interface PodAddressFacts {
  /** `namespace/name`. */
  readonly pod: string;
  readonly node: string | undefined;
  readonly addresses: readonly string[];
}
