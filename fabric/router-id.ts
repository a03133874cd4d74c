import type { IpAddress } from '../topology/address.ts';

/** Where a daemon has no IPv4 address to call itself by, its router ID is made of its name, as CALICO_ROUTER_ID=hash does. */
export const routerIdText = (name: string, ipv4: IpAddress | undefined): string =>
  ipv4?.text ?? quadText(fnv1a(name));

/** A router or cluster ID as it is written. */
export const quadText = (id: number): string => [24, 16, 8, 0].map((shift) => (id >>> shift) & 255).join('.');

/** FNV-1a, 32 bits. */
export function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (const char of Buffer.from(text)) hash = Math.imul(hash ^ char, 0x01000193) >>> 0;
  return hash;
}
