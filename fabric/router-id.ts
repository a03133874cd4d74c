import { createHash } from 'node:crypto';
import { type IpAddress, quadText } from '../topology/address.ts';

/** If a daemon has no IPv4 address for its router ID, the ID is derived from its name. */
export const routerIdText = (name: string, ipv4: IpAddress | undefined): string =>
  ipv4?.text ?? quadText(hashedRouterId(name));

/** First bytes from here on are multicast or reserved. */
const MULTICAST = 224;

/** As with CALICO_ROUTER_ID=hash: the first four bytes of SHA-256, with a first byte valid for a unicast address. */
export function hashedRouterId(name: string): number {
  const hash = createHash('sha256').update(name).digest();
  const [first = 0] = hash;
  if (first >= MULTICAST) hash[0] = first - 32;
  return hash.readUInt32BE();
}

/** FNV-1a, 32 bits. */
export function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (const char of Buffer.from(text)) hash = Math.imul(hash ^ char, 0x01000193) >>> 0;
  return hash;
}
