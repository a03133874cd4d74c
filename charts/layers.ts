/** A folder of dist/cluster that is applied as a whole, once everything it depends on is healthy. */
export interface Layer {
  readonly name: 'operator' | 'installation' | 'node-labels' | 'bgp';
  /** Its path below dist. */
  readonly folder: string;
  /** What must be healthy before it: a Calico kind exists only once the layer with its CRD is healthy. */
  readonly after: readonly Layer['name'][];
}

/**
 * The order of dist/cluster, for every engine and for the bootstrap. The operator installs the CRDs; an Installation
 * makes it serve Calico's own kinds; labels must be set before a BGPPeer selects by them.
 */
export const LAYERS: readonly Layer[] = [
  { name: 'operator', folder: 'cluster/00-operator', after: [] },
  { name: 'installation', folder: 'cluster/10-installation', after: ['operator'] },
  { name: 'node-labels', folder: 'cluster/20-node-labels', after: ['installation'] },
  { name: 'bgp', folder: 'cluster/30-bgp', after: ['node-labels'] },
];

/**
 * Beside the layers: nothing waits for it, it waits for nothing, and the bootstrap does not apply it. Its kinds are the Prometheus
 * Operator's, which may come later or never.
 */
export const METRICS = { name: 'metrics', folder: 'cluster/40-metrics' } as const;

/** Depth of this layer in the chain of dependencies. */
export function depth({ after }: Layer): number {
  const below = LAYERS.filter(({ name }) => after.includes(name));
  return below.length === 0 ? 0 : 1 + Math.max(...below.map(depth));
}
