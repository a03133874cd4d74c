import { contains, type IpAddress, type PerFamily, type Prefix, valuesOf } from '../topology/address.ts';
import type { Fabric, GatewayRoute, NodeSpeaker, RouterSpeaker, TransitHost } from './fabric.ts';
import { meetingOf } from './meeting.ts';

/** The off-segment addresses of a router or node: on `lo` or a dummy interface. */
export function loopbacks(machine: RouterSpeaker | NodeSpeaker): IpAddress[] {
  const given: readonly PerFamily<IpAddress>[] =
    machine.kind === 'router' ? [machine.nodeAddress, machine.backboneAddress] : [machine.address];
  const onSegments = new Set(
    machine.attachments.flatMap(({ address }) => valuesOf(address).map(({ text }) => text)),
  );
  const all = given.flatMap((addresses) => valuesOf(addresses)).filter(({ text }) => !onSegments.has(text));
  return [...new Map(all.map((address) => [address.text, address])).values()];
}

/** Where a default route leads: an address of the default router on a segment that it shares with the node. */
export interface DefaultRoute {
  readonly segment: string;
  readonly via: IpAddress;
}

/** A machine that a default route may point to. */
export type Gateway = RouterSpeaker | TransitHost;

/** By name. Planned routers do not forward yet. */
export function gatewaysOf({
  routers,
  hosts,
}: Pick<Fabric, 'routers' | 'hosts'>): ReadonlyMap<string, Gateway> {
  return new Map<string, Gateway>([
    ...routers.filter(({ planned }) => !planned).map((router) => [router.name, router] as const),
    ...hosts.filter(({ forwards }) => forwards).map((host) => [host.name, host] as const),
  ]);
}

/** The longest route of a gateway that contains all of a prefix, or an address. */
export const gatewayRouteTo = <R extends Pick<GatewayRoute, 'prefix'>>(
  routes: readonly R[],
  target: Prefix | IpAddress,
): R | undefined => routes.find(({ prefix }) => contains(prefix, target));

/** A node's default routes, at most one per family. A node that runs the IGP has none. */
export function defaultRoutes(node: NodeSpeaker, gateways: ReadonlyMap<string, Gateway>): DefaultRoute[] {
  const router = gateways.get(node.defaultRouter);
  if (node.igp || router === undefined) return [];
  return (['ipv4', 'ipv6'] as const).flatMap((family) => {
    const talking = [node.address[family], router.kind === 'router' ? router.nodeAddress[family] : undefined];
    const meeting = meetingOf(node.attachments, router.attachments, family, talking);
    const via = meeting?.other.address[family];
    return meeting === undefined || via === undefined ? [] : [{ segment: meeting.own.segment, via }];
  });
}
