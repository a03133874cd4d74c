import { type Check, someOf } from '../finding.ts';

/** NE404: without an underlay it is unknown which next hops a client reaches directly. One finding per reflector. */
export const hairpinUnknown: Check = ({ fabric, network }) => {
  if (fabric.bgp.reflectorNextHop === 'self' || network.hasUnderlay) return [];
  return fabric.routers.flatMap((router) => {
    const nodes = fabric.regions
      .filter(({ routers, nodes }) => routers.includes(router) && nodes.length > 1)
      .flatMap((region) => region.nodes.map(({ name }) => name));
    if (router.planned || nodes.length === 0) return [];
    return [
      {
        id: 'NE404',
        severity: 'info' as const,
        path: router.path,
        message: `${router.name} sets itself as next hop for ${nodes.length} nodes: which of them are neighbours is unknown`,
        evidence: [`nodes: ${someOf(nodes)}`, 'flows between neighbours may detour through the router'],
        fix: 'List the nodes under underlay.segments with the addresses they peer from; flows on that segment then stay on it.',
      },
    ];
  });
};
