import type { Fabric } from '../fabric/index.ts';
import { listed } from '../topology/suggest.ts';

/** The cluster's nodes compared with the topology's. */
export interface NodeMatch {
  readonly both: readonly string[];
  /** In the topology but not in the cluster: they join later. */
  readonly lacking: readonly string[];
  /** In the cluster but not in the topology. */
  readonly unknown: readonly string[];
}

export function matchNodes(fabric: Fabric, names: readonly string[]): NodeMatch {
  const ours = fabric.nodes.map(({ name }) => name);
  const there = new Set(names);
  return {
    both: ours.filter((name) => there.has(name)),
    lacking: ours.filter((name) => !there.has(name)),
    unknown: names.filter((name) => !ours.includes(name)).sort(),
  };
}

/** A line for each non-empty kind of node. */
export function nodesText({ both, lacking, unknown }: NodeMatch): string[] {
  return [
    ...(both.length === 0 ? [] : [`in the topology: ${listed(both, 'and')}`]),
    ...(lacking.length === 0
      ? []
      : [`not joined yet: ${listed(lacking, 'and')} (the label Jobs succeed without them)`]),
    ...(unknown.length === 0
      ? []
      : [
          `not in the topology: ${listed(unknown, 'and')} (no region label, no reflector; see docs/add-a-node.md)`,
        ]),
  ];
}

/** The part of an Installation that the preflight reads. */
export interface InstalledCalico {
  readonly spec?: {
    readonly calicoNetwork?: { readonly ipPools?: readonly { readonly cidr?: string }[] };
  };
}

/**
 * The pools of an existing Installation if they differ from the topology's, otherwise undefined. Pods use them:
 * changing them is a separate migration.
 */
export function otherPools(fabric: Fabric, { spec }: InstalledCalico): string[] | undefined {
  const installed = spec?.calicoNetwork?.ipPools?.map(({ cidr = '' }) => cidr).sort();
  const ours = fabric.pods.pools.map(({ cidr }) => cidr.text).sort();
  return installed === undefined || installed.join() === ours.join() ? undefined : installed;
}
