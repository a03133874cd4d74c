import { Address4, Address6 } from 'ip-address';

/** The two address families; every pool, session and segment belongs to one or to both. */
export type Family = 'ipv4' | 'ipv6';

export const FAMILIES: readonly Family[] = ['ipv4', 'ipv6'];

/** IPv6 needs 1280 bytes on every link (RFC 8200 section 5); Linux silently disables IPv6 below that. */
export const LEAST_IPV6_MTU = 1280;

/** A parsed address. `text` is canonical (RFC 5952 for IPv6), `value` is the address as an unsigned integer. */
export interface IpAddress {
  readonly family: Family;
  readonly value: bigint;
  readonly text: string;
}

/** A parsed prefix without host bits. `value` is the network address as an unsigned integer, `length` in bits. */
export interface Prefix {
  readonly family: Family;
  readonly value: bigint;
  readonly length: number;
  readonly text: string;
}

/** A value for one family or for both. Where a topology requires an address, at least one is present. */
export interface PerFamily<T> {
  readonly ipv4?: T;
  readonly ipv6?: T;
}

/** Width of an address of the family in bits. */
export const addressBits = (family: Family): number => (family === 'ipv4' ? 32 : 128);

/**
 * Parses one address without prefix length. Strict where libc is not: `010.0.0.1` and `1.2.3` are refused, because
 * BIRD, Calico and the kernel would each read them differently. Zones (`fe80::1%eth0`) are refused too: they have no
 * meaning across the topology.
 */
export function parseAddress(text: string): IpAddress | undefined {
  if (text.includes('/') || text.includes('%')) return undefined;
  try {
    const [family, parsed] = text.includes(':')
      ? (['ipv6', new Address6(text)] as const)
      : (['ipv4', new Address4(text)] as const);
    return { family, value: parsed.bigInt(), text: parsed.correctForm() };
  } catch {
    return undefined;
  }
}

/** What `parsePrefix` found: a prefix, or an address with host bits set and the prefix that was probably meant. */
export type ParsedPrefix =
  | { readonly ok: true; readonly prefix: Prefix }
  | { readonly ok: false; readonly hostBits: Prefix }
  | { readonly ok: false; readonly hostBits?: never };

/** Parses `address/length`. The length is required: no target accepts a bare address as a prefix. */
export function parsePrefix(text: string): ParsedPrefix {
  const match = /^([^/]+)\/(0|[1-9][0-9]{0,2})$/.exec(text);
  const address = match?.[1] === undefined ? undefined : parseAddress(match[1]);
  const length = Number(match?.[2]);
  if (address === undefined || length > addressBits(address.family)) return { ok: false };
  const network = prefixOf(address, length);
  return network.value === address.value ? { ok: true, prefix: network } : { ok: false, hostBits: network };
}

/** The address with that integer value. Source of canonical text: RFC 5952 via ip-address. */
export function ipAddress(family: Family, value: bigint): IpAddress {
  if (value < 0n || value >> BigInt(addressBits(family)) > 0n)
    throw new RangeError(`${value} is not a valid ${family} address`);
  const text = family === 'ipv4' ? quadText(Number(value)) : Address6.fromBigInt(value).correctForm();
  return { family, value, text };
}

/** 32 bits in dotted notation, as router and cluster IDs are written. */
export const quadText = (bits: number): string =>
  `${bits >>> 24}.${(bits >>> 16) & 255}.${(bits >>> 8) & 255}.${bits & 255}`;

/** The prefix of that length that contains the address. */
export function prefixOf(address: IpAddress, length: number): Prefix {
  const hostBits = BigInt(addressBits(address.family) - length);
  const value = (address.value >> hostBits) << hostBits;
  const text = value === address.value ? address.text : ipAddress(address.family, value).text;
  return { family: address.family, value, length, text: `${text}/${length}` };
}

/** The /32 or /128 of one address. */
export const hostPrefix = (address: IpAddress): Prefix => prefixOf(address, addressBits(address.family));

/** Whether `outer` contains all of `inner`. False across families. */
export function contains(outer: Prefix, inner: Prefix | IpAddress): boolean {
  const length = 'length' in inner ? inner.length : addressBits(inner.family);
  const shift = BigInt(addressBits(outer.family) - outer.length);
  return (
    outer.family === inner.family && length >= outer.length && inner.value >> shift === outer.value >> shift
  );
}

/** Whether the prefixes share an address. */
export const overlaps = (a: Prefix, b: Prefix): boolean => contains(a, b) || contains(b, a);

/** Order for output: IPv4 first, then by address, then shorter prefixes first. */
export function compareAddresses(a: IpAddress | Prefix, b: IpAddress | Prefix): number {
  if (a.family !== b.family) return a.family === 'ipv4' ? -1 : 1;
  if (a.value !== b.value) return a.value < b.value ? -1 : 1;
  return ('length' in a ? a.length : 0) - ('length' in b ? b.length : 0);
}

/** The families for which a value is present, IPv4 first. */
export function familiesOf(value: PerFamily<unknown>): Family[] {
  return FAMILIES.filter((family) => value[family] !== undefined);
}

/** The values that are present, IPv4 first. */
export function valuesOf<T>(value: PerFamily<T>): T[] {
  return FAMILIES.flatMap((family) => value[family] ?? []);
}

/** For JSON.stringify: addresses are bigints, which JSON cannot represent. */
export const withIntegers = (_: string, value: unknown): unknown =>
  typeof value === 'bigint' ? String(value) : value;
