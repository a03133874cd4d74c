import type { Session } from '../fabric/index.ts';
import type { Family } from '../topology/address.ts';

/** `k3s_kubemaster_v4`: from the node's name alone, so that no other node's coming or going renames it. */
export const nodeProtocol = (node: string, family: Family): string =>
  `k3s_${mapped(node)}_${version(family)}`;

/** `k3s_backbone_cn_ns_v4`: the last part is the first family that the session carries, as in the field report. */
export const backboneProtocol = (router: string, session: Session): string =>
  `k3s_backbone_${mapped(router)}_${version(session.carries[0] ?? session.transport)}`;

/** `via_kubemaster_v4`: the route to a node that peers from an address on no segment. */
export const staticProtocol = (node: string, family: Family): string =>
  `via_${mapped(node)}_${version(family)}`;

/** The report's name, for IPv4; a second family gets its own template and renames nothing. */
export const reflectorTemplate = (family: Family): string => (family === 'ipv4' ? 'k3speers' : 'k3speers_v6');

export function backboneTemplate(carries: readonly Family[]): string {
  if (carries.length === 2) return 'k3sbackbone_dual';
  return carries[0] === 'ipv6' ? 'k3sbackbone_v6' : 'k3sbackbone';
}

/** BIRD symbols have no dash outside quotes, and `birdc` is easier to type without quotes. */
const mapped = (name: string): string => name.replace(/[-.]/g, '_');

const version = (family: Family): string => (family === 'ipv4' ? 'v4' : 'v6');
