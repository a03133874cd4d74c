import { addressBits, contains, FAMILIES, type Family, type Prefix, valuesOf } from '../topology/address.ts';
import type { Attachment, FabricRegion, NodeSpeaker, RouterSpeaker } from './fabric.ts';
import type { PathsTo } from './igp.ts';

/**
 * BIRD's preference for routes from a reflector's own client behind another router: the same as all BGP routes, so that
 * it prefers the route of a reflector next to the client, as all others do. If it has only the client's own route, this distinguishes it from those of
 * other clients, and it leaves the next hop unchanged: with itself as next hop it would attract packets that its own path takes back to
 * their sender. RFC 4456 section 10 requires this of every reflector; here only for these clients, which each router reaches by the IGP.
 */
export const FAR_CLIENT_PREFERENCE = 100;

type Attached = Pick<RouterSpeaker | NodeSpeaker, 'attachments'>;

/**
 * The families in which nodes of a region may be on segments of another of its reflectors but not of this one, and in which all
 * routers reach them by the IGP. Independent of existing nodes: otherwise a new one would change sessions between routers.
 */
export function farClientsOf(
  router: RouterSpeaker,
  routers: readonly RouterSpeaker[],
  regions: readonly FabricRegion[],
): Family[] {
  if (router.reflectorNextHop !== 'keep') return [];
  const segments = new Set(router.attachments.map(({ segment }) => segment));
  const others = regions
    .filter((region) => region.routers.some(({ name }) => name === router.name))
    .flatMap((region) => region.routers)
    .filter(({ name, planned }) => !planned && name !== router.name);
  return FAMILIES.filter(
    (family) =>
      isCarriedByIgp(routers, family) &&
      others.some((other) =>
        other.attachments.some(({ segment, cidr }) => {
          const range = cidr[family];
          return range !== undefined && !segments.has(segment) && mayHaveNodesIn(other, range);
        }),
      ),
  );
}

/** Segments on which it peers with nodes; if it peers from a loopback, any segment with room for more than the two ends of a link. */
export function mayHaveNodesIn({ nodeAddress, attachments }: RouterSpeaker, range: Prefix): boolean {
  const { family } = range;
  const own = nodeAddress[family];
  if (own === undefined) return false;
  const isLoopback = attachments.every(({ address }) => address[family]?.text !== own.text);
  return contains(range, own) || (isLoopback && addressBits(family) - range.length > 2);
}

/** Whether a reflector's path to the address of a client leads through another machine. */
export function isFar(router: RouterSpeaker, node: NodeSpeaker, family: Family, pathsTo: PathsTo): boolean {
  if (!router.farClients.includes(family)) return false;
  const address = node.address[family];
  if (address === undefined || node.attachments.length === 0) return false;
  const isOn = ({ address: onSegment }: Attachment) => onSegment[family]?.text === address.text;
  const on = node.attachments.find(isOn)?.segment;
  if (on !== undefined) return !isAttached(router, on);
  const isStatic = router.staticRoutes.some(
    ({ machine, prefix }) => machine === node.name && prefix.family === family,
  );
  if (isStatic) return false;
  return pathsTo(node.name, family)
    .firstHopsFrom(router.name)
    .some(({ to }) => to !== node.name);
}

/** Whether a machine on these segments may be the next hop of a reflector to its own far clients. */
export const mayPassFarClients = (
  router: RouterSpeaker,
  attachments: readonly Attachment[],
  family: Family,
): boolean =>
  router.farClients.includes(family) && attachments.some(({ segment }) => !isAttached(router, segment));

const isAttached = ({ attachments }: Attached, segment: string): boolean =>
  attachments.some((one) => one.segment === segment);

/** If IPv4 routes run over IPv6 between routers (RFC 8950), these need not know IPv4 addresses behind other routers. */
const isCarriedByIgp = (routers: readonly RouterSpeaker[], family: Family): boolean =>
  routers
    .filter(({ planned, backboneAddress }) => !planned && valuesOf(backboneAddress).length > 0)
    .every(({ backboneAddress }) => backboneAddress[family] !== undefined);
