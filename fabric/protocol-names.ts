import { symbolPart } from '../bird/words.ts';
import type { Family } from '../topology/address.ts';
import type { Session } from './fabric.ts';

/** The name of a router's `protocol bgp` for a session: used in its configuration and in queries to the daemon. */
export function sessionProtocol(session: Session, router: string): string {
  const name = session.ends.find(({ speaker }) => speaker === router)?.protocol;
  if (name === undefined) throw new Error(`${router} is not a router of ${session.id}`);
  return name;
}

/** What a router's `protocol bgp` starts with, unless the topology names it. */
export const PROTOCOL_PREFIX = 'k3s_';

/** `k3s_kubemaster_v4`: from the node's name alone, so that adding or removing another node never renames it. */
export const nodeProtocol = (node: string, family: Family): string =>
  `${PROTOCOL_PREFIX}${symbolPart(node)}_${version(family)}`;

/** `${PROTOCOL_PREFIX}backbone_cn_ns_v4`: the last part is the first family that the session carries, as in the field report. */
export const backboneProtocol = (router: string, carries: readonly Family[], transport: Family): string =>
  `${PROTOCOL_PREFIX}backbone_${symbolPart(router)}_${version(carries[0] ?? transport)}`;

/** `via_kubemaster_v4`: the route to a node that peers from an off-segment address. */
export const staticProtocol = (node: string, family: Family): string =>
  `via_${symbolPart(node)}_${version(family)}`;

const version = (family: Family): string => (family === 'ipv4' ? 'v4' : 'v6');
