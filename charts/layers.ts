/** A folder of dist/cluster that is applied whole, once everything it stands on is healthy. */
export interface Layer {
  readonly name: 'operator' | 'installation' | 'node-labels' | 'bgp';
  /** Its path below dist. */
  readonly folder: string;
  /** What must be healthy before it: each Calico kind exists only once the layer that brings its CRD is. */
  readonly after: readonly Layer['name'][];
}

/**
 * The order of dist/cluster, for every engine and for the bootstrap alike. The operator brings the CRDs; an Installation
 * makes it serve Calico's own kinds; the labels must stand before a selector of a BGPPeer starts to matter.
 */
export const LAYERS: readonly Layer[] = [
  { name: 'operator', folder: 'cluster/00-operator', after: [] },
  { name: 'installation', folder: 'cluster/10-installation', after: ['operator'] },
  { name: 'node-labels', folder: 'cluster/20-node-labels', after: ['installation'] },
  { name: 'bgp', folder: 'cluster/30-bgp', after: ['node-labels'] },
];

/** How many layers stand one on another below this one. */
export function depth({ after }: Layer): number {
  const below = LAYERS.filter(({ name }) => after.includes(name));
  return below.length === 0 ? 0 : 1 + Math.max(...below.map(depth));
}
