import { familiesOf } from '../topology/address.ts';
import type { Topology } from '../topology/model.ts';
import { podFamilies } from '../topology/model.ts';
import type { FabricRegion, Peering, RouterSpeaker } from './fabric.ts';
import type { Forwarders } from './forwarders.ts';
import type { PathsTo } from './igp.ts';
import { reflectorSession } from './sessions.ts';

/**
 * One peering per region, router and family: the BGPPeer that Calico gets, with the sessions it creates. A planned router has its
 * peering only as long as it selects no node: a starting BIRD on a node waits up to 240 s for every configured peer, and hides
 * its pods that long (graceful restart; no field of a BGPPeer shortens it).
 */
export function buildPeerings(
  topology: Topology,
  regions: readonly FabricRegion[],
  forwarders: Forwarders,
  pathsTo: PathsTo,
): Peering[] {
  const families = podFamilies(topology);
  return regions
    .flatMap((region) =>
      region.routers
        .filter((router) => !isAwaited(region, router))
        .flatMap((router) =>
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
                    : region.nodes.flatMap(
                        (node) => reflectorSession(topology, router, node, family, forwarders, pathsTo) ?? [],
                      ),
                },
              ];
            }),
        ),
    )
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Which nodes have a peering, in Calico's selector syntax: it quotes with ' or " and has no escapes; label values contain neither. */
export function peeringSelector(regionLabel: string, { region }: Pick<Peering, 'region'>): string {
  if (region.includes("'")) throw new Error(`not a label value: ${JSON.stringify(region)}`);
  return `${regionLabel} == '${region}'`;
}

/** Whether nodes would wait for a router that does not exist yet. */
export const isAwaited = ({ nodes }: FabricRegion, { planned }: RouterSpeaker): boolean =>
  planned && nodes.length > 0;

/**
 * Independent of the number of routers in a region: a second reflector must not rename the first one's BGPPeer,
 * because Calico would reset its sessions. Kubernetes names are lower case; regions need not be.
 */
function peeringName(region: FabricRegion, router: RouterSpeaker, family: Peering['family']): string {
  const suffix = family === 'ipv6' ? '-v6' : '';
  return `route-reflector-${region.name.toLowerCase()}-${router.name}${suffix}`;
}
