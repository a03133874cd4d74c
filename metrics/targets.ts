import type { Fabric, RouterSpeaker } from '../fabric/index.ts';
import type { IpAddress } from '../topology/address.ts';
import { BIRD, IPAM } from './series.ts';

/** What Prometheus scrapes, with the labels that the rules select by. */
export interface Target {
  readonly target: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** Each router's bird_exporter, at the address that its nodes use; a router without nodes at its backbone address. */
export const routerTargets = (fabric: Fabric): Target[] =>
  fabric.routers
    .filter(({ planned }) => !planned)
    .flatMap((router) => {
      const address = addressOf(router);
      if (address === undefined) return [];
      const host = address.family === 'ipv6' ? `[${address.text}]` : address.text;
      return [{ target: `${host}:${BIRD.port}`, labels: { fabric: fabric.name, router: router.name } }];
    });

const addressOf = ({ nodeAddress, backboneAddress }: RouterSpeaker): IpAddress | undefined =>
  nodeAddress.ipv4 ?? nodeAddress.ipv6 ?? backboneAddress.ipv4 ?? backboneAddress.ipv6;

export const ipamTarget = (fabric: Fabric): Target => ({
  target: IPAM.target,
  labels: { fabric: fabric.name },
});
