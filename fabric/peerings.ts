import { familiesOf } from '../topology/address.ts';
import type { Topology } from '../topology/model.ts';
import { podFamilies } from '../topology/model.ts';
import type { FabricRegion, Peering, RouterSpeaker } from './fabric.ts';
import { reflectorSession } from './sessions.ts';

/**
 * One peering per region, router and family: the BGPPeer that Calico gets, with the sessions it makes. A planned
 * router has its peering and no session yet, so that the cluster's side is ready before the router is.
 */
export function buildPeerings(topology: Topology, regions: readonly FabricRegion[]): Peering[] {
  const families = podFamilies(topology);
  return regions
    .flatMap((region) =>
      region.routers.flatMap((router) =>
        familiesOf(router.nodeAddress)
          .filter((family) => families.includes(family))
          .flatMap((family): Peering[] => {
            const peerAddress = router.nodeAddress[family];
            if (peerAddress === undefined) return [];
            return [
              {
                name: peeringName(region, router, family),
                region: region.name,
                router: router.name,
                family,
                peerAddress,
                asNumber: topology.bgp.asNumber,
                password: router.password,
                filters: topology.calico.filters.filter((filter) => filter.routers.includes(router.name)),
                planned: router.planned,
                sessions: router.planned
                  ? []
                  : region.nodes.flatMap((node) => reflectorSession(topology, router, node, family) ?? []),
              },
            ];
          }),
      ),
    )
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/**
 * Never depends on how many routers a region has: a second reflector must not rename the first one's BGPPeer,
 * because Calico would reset its sessions. Kubernetes names are lower case; regions need not be.
 */
function peeringName(region: FabricRegion, router: RouterSpeaker, family: Peering['family']): string {
  const suffix = family === 'ipv6' ? '-v6' : '';
  return `route-reflector-${region.name.toLowerCase()}-${router.name}${suffix}`;
}
