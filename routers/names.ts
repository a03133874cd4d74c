import type { Family } from '../topology/address.ts';

/** The field report's name, for IPv4; a second family gets its own template and renames nothing. */
export const reflectorTemplate = (family: Family): string => (family === 'ipv4' ? 'k3speers' : 'k3speers_v6');

/** The function that gives clients this router's distance to a route's next hop. */
export const DISTANCE = 'k3s_distance';

export function backboneTemplate(carries: readonly Family[]): string {
  if (carries.length === 2) return 'k3sbackbone_dual';
  return carries[0] === 'ipv6' ? 'k3sbackbone_v6' : 'k3sbackbone';
}
