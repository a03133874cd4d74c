import { addressBits, contains, FAMILIES, type Family, type Prefix, valuesOf } from '../topology/address.ts';
import type { Attachment, FabricRegion, NodeSpeaker, RouterSpeaker } from './fabric.ts';
import type { PathsTo } from './igp.ts';

/**
 * BIRD's preference of what a reflector hears from a client of its own that is behind another router: that of all BGP routes, so that
 * it goes by what a reflector beside the client says as all others do. Where it has only the client's own route, this tells it from those of
 * other clients, and it leaves the next hop alone: with itself as next hop it would draw packets that its own way takes back to who
 * sent them. RFC 4456 section 10 has every reflector do so; here only for these, whom each router finds by the IGP.
 */
export const FAR_CLIENT_PREFERENCE = 100;

type Attached = Pick<RouterSpeaker | NodeSpeaker, 'attachments'>;

/**
 * The families in which a region's nodes may be on segments that this reflector of it is not on, while another one is, and in which all
 * routers find the way to them by the IGP. Says nothing of the nodes there are, or one that comes would change sessions between routers.
 */
export function farClientsOf(
  router: RouterSpeaker,
  routers: readonly RouterSpeaker[],
  regions: readonly FabricRegion[],
): Family[] {
  if (router.reflectorNextHop !== 'keep') return [];
  const own = new Set(router.attachments.map(({ segment }) => segment));
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
          return range !== undefined && !own.has(segment) && mayHaveNodesIn(other, range);
        }),
      ),
  );
}

/** Where it peers with nodes; one that does so from a loopback has them on any segment with room for more than the two ends of a link. */
export function mayHaveNodesIn({ nodeAddress, attachments }: RouterSpeaker, range: Prefix): boolean {
  const { family } = range;
  const own = nodeAddress[family];
  if (own === undefined) return false;
  const isLoopback = attachments.every(({ address }) => address[family]?.text !== own.text);
  return contains(range, own) || (isLoopback && addressBits(family) - range.length > 2);
}

/** Whether a way of a reflector to the address of a client leads through another machine. */
export function isFar(router: RouterSpeaker, node: NodeSpeaker, family: Family, pathsTo: PathsTo): boolean {
  if (!router.farClients.includes(family)) return false;
  const address = node.address[family];
  if (address === undefined || node.attachments.length === 0) return false;
  const isOn = ({ address: own }: Attachment) => own[family]?.text === address.text;
  const on = node.attachments.find(isOn)?.segment;
  if (on !== undefined) return !isAttached(router, on);
  const isStatic = router.staticRoutes.some(
    ({ machine, prefix }) => machine === node.name && prefix.family === family,
  );
  if (isStatic) return false;
  return pathsTo(node.name, family)
    .stepsFrom(router.name)
    .some(({ to }) => to !== node.name);
}

/** Whether a machine on these segments may be the next one on a reflector's way to far clients of its own. */
export const mayPassFarClients = (
  router: RouterSpeaker,
  attachments: readonly Attachment[],
  family: Family,
): boolean =>
  router.farClients.includes(family) && attachments.some(({ segment }) => !isAttached(router, segment));

const isAttached = ({ attachments }: Attached, segment: string): boolean =>
  attachments.some((one) => one.segment === segment);

/** Where IPv4 routes go over IPv6 between routers (RFC 8950), these need not know of IPv4 addresses behind others. */
const isCarriedByIgp = (routers: readonly RouterSpeaker[], family: Family): boolean =>
  routers
    .filter(({ planned, backboneAddress }) => !planned && valuesOf(backboneAddress).length > 0)
    .every(({ backboneAddress }) => backboneAddress[family] !== undefined);
