import type { TopologyInput } from '../../topology/index.ts';
import { redundant } from './topologies.ts';

/** Two regions on one LAN, whose reflectors have one cluster ID; the node of the second one has its default route by the first one's. */
export function oneClusterBeside(clusterId = '10.7.7.7'): TopologyInput {
  const base = redundant();
  const [{ e1, e2 }, { 'e-b': beside }] = [base.routers, base.nodes ?? {}];
  return {
    ...base,
    regions: { east: { router: 'e1' }, beside: { router: 'e2' }, west: { router: 'w1' } },
    routers: {
      ...base.routers,
      e1: { ...e1, clusterId } as never,
      e2: { ...e2, clusterId } as never,
    },
    nodes: { ...base.nodes, 'e-b': { ...beside, region: 'beside', defaultRouter: 'e1' } as never },
  };
}
