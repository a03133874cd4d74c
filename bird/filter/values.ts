import { addressBits, contains, type IpAddress, ipAddress, type Prefix } from '../../topology/address.ts';

/** A value of BIRD's filter language. `void`: an attribute that the route lacks; `unknown`: an unknown value. */
export type Value =
  | { readonly type: 'bool'; readonly value: boolean }
  | { readonly type: 'int'; readonly value: number }
  | { readonly type: 'ip'; readonly value: IpAddress }
  /** A router ID: equal to an address with the same numbers, but inside no network. */
  | { readonly type: 'quad'; readonly value: IpAddress }
  | { readonly type: 'net'; readonly value: Prefix }
  | { readonly type: 'string'; readonly value: string }
  /** `RTS_BGP`: the word of an enumeration. */
  | { readonly type: 'enum'; readonly value: string }
  /** A pair, or any value compared number by number. */
  | { readonly type: 'tuple'; readonly value: readonly number[] }
  /** The AS numbers, from the neighbour's to the origin's. */
  | { readonly type: 'path'; readonly value: readonly number[] }
  | {
      readonly type: 'communities';
      readonly of: CommunityKind;
      readonly value: readonly (readonly number[])[];
    }
  | { readonly type: 'set'; readonly value: readonly Range[] }
  | { readonly type: 'prefixes'; readonly value: readonly PrefixPattern[] }
  | {
      readonly type: 'mask';
      readonly value: readonly ('*' | '?' | [number, number] | readonly Range[])[];
    }
  | { readonly type: 'void' }
  /** `present`: the route has it, whatever the value. `like`: a sample value of its type, if known. */
  | { readonly type: 'unknown'; readonly why: string; readonly present: boolean; readonly like?: Value };

/** Standard, extended and large communities: three types in BIRD. */
export type CommunityKind = 'pair' | 'ec' | 'lc';

export type Range =
  | { readonly kind: 'range'; readonly low: Value; readonly high: Value }
  | { readonly kind: 'pattern'; readonly parts: readonly (readonly [number, number])[] };

export interface PrefixPattern {
  readonly prefix: Prefix;
  readonly shortest: number;
  readonly longest: number;
}

export const VOID: Value = { type: 'void' };
export const bool = (value: boolean): Value => ({ type: 'bool', value });
export const int = (value: number): Value => ({ type: 'int', value: value >>> 0 });
export const word = (value: string): Value => ({ type: 'enum', value });
export const unknown = (why: string, present = true): Value => ({ type: 'unknown', why, present });

/** The kinds of extended communities, as the first of three numbers; no other number can be one of these. */
export const EXTENDED = { rt: 0x1_0000_0002, ro: 0x1_0000_0003 } as const;

/** A run-time error of a BIRD filter: BIRD logs it and rejects the route. */
export class FilterError extends Error {}

/** Enumeration values are compared by number (nest/route.h, nest/bgp.h). */
const ORDERED: readonly (readonly string[])[] = [
  [
    'RTS_DUMMY',
    'RTS_STATIC',
    'RTS_INHERIT',
    'RTS_DEVICE',
    'RTS_STATIC_DEVICE',
    'RTS_REDIRECT',
    'RTS_RIP',
    'RTS_OSPF',
    'RTS_OSPF_IA',
    'RTS_OSPF_EXT1',
    'RTS_OSPF_EXT2',
    'RTS_BGP',
    'RTS_PIPE',
    'RTS_BABEL',
  ],
  ['SCOPE_HOST', 'SCOPE_LINK', 'SCOPE_SITE', 'SCOPE_ORGANIZATION', 'SCOPE_UNIVERSE'],
  ['ORIGIN_IGP', 'ORIGIN_EGP', 'ORIGIN_INCOMPLETE'],
];

/** Whether both belong to one enumeration of known order. */
export const areOrdered = (a: string, b: string): boolean =>
  ORDERED.some((one) => one.includes(a) && one.includes(b));

/** IPv4 addresses are mapped into IPv6, as in BIRD. */
const MAPPED = 0xffff00000000n;
const wide = ({ family, value }: IpAddress): bigint => (family === 'ipv4' ? MAPPED + value : value);

/** Negative, zero or positive, or NaN if unknown; an error where BIRD raises one. A missing attribute is less than anything. */
export function compareValues(a: Value, b: Value): number {
  if (a.type === 'void' || b.type === 'void') return a.type === b.type ? 0 : a.type === 'void' ? -1 : 1;
  if (a.type === 'int' && b.type === 'int') return a.value - b.value;
  if ((a.type === 'ip' || a.type === 'quad') && (b.type === 'ip' || b.type === 'quad')) {
    return sign(wide(a.value), wide(b.value));
  }
  if (a.type === 'tuple' && b.type === 'tuple') {
    const at = a.value.findIndex((one, index) => one !== b.value[index]);
    return at < 0 ? 0 : (a.value[at] ?? 0) - (b.value[at] ?? 0);
  }
  if (a.type === 'string' && b.type === 'string') return sign(a.value, b.value);
  if (a.type === 'net' && b.type === 'net' && a.value.family === b.value.family) {
    return sign(a.value.value, b.value.value) || a.value.length - b.value.length;
  }
  if (a.type === 'enum' && b.type === 'enum') {
    if (a.value === b.value) return 0;
    const order = ORDERED.find((one) => one.includes(a.value) && one.includes(b.value));
    return order === undefined ? Number.NaN : order.indexOf(a.value) - order.indexOf(b.value);
  }
  throw new FilterError('comparison of values of different types');
}

const sign = <T>(a: T, b: T): number => (a < b ? -1 : a > b ? 1 : 0);

/** `=`: values of different types are simply not equal. */
export function sameValue(a: Value, b: Value): boolean {
  if (a.type === 'path' || a.type === 'communities') {
    return a.type === b.type && JSON.stringify(a) === JSON.stringify(b);
  }
  try {
    return compareValues(a, b) === 0;
  } catch (error) {
    if (error instanceof FilterError) return false;
    throw error;
  }
}

/** `~`: an error for a pair of types that BIRD does not support, such as an address and a set of prefixes. */
export function matches(a: Value, b: Value): boolean {
  if (b.type === 'prefixes' && a.type === 'net') return b.value.some((one) => inPattern(a.value, one));
  if (b.type === 'net' && a.type === 'ip') return contains(b.value, a.value);
  if (b.type === 'net' && a.type === 'net') return contains(b.value, a.value);
  if (b.type === 'mask' && a.type === 'path') return inMask(a.value, b.value);
  if (b.type === 'path' && a.type === 'int') return b.value.includes(a.value);
  if (b.type === 'communities' && a.type === 'tuple' && b.of === kindOf(a.value)) {
    return b.value.some((one) => equal(one, a.value));
  }
  if (b.type === 'string' && a.type === 'string') return glob(b.value).test(a.value);
  const elements = b.type === 'set' ? elementsOf(b.value) : undefined;
  if (b.type === 'set' && a.type === 'communities' && elements === a.of)
    return a.value.some((one) => inSet({ type: 'tuple', value: one }, b.value));
  // Other values never match AS numbers, and BIRD raises no error.
  if (b.type === 'set' && a.type === 'path')
    return elements === 'int' && a.value.some((one) => inSet(int(one), b.value));
  const kindOfA = a.type === 'tuple' ? kindOf(a.value) : a.type === 'quad' ? 'ip' : a.type;
  if (b.type === 'set' && kindOfA === elements) return inSet(a, b.value);
  throw new FilterError(`~ between ${a.type} and ${b.type}`);
}

/** The kind of community that these numbers form. */
export const kindOf = (numbers: readonly unknown[]): CommunityKind =>
  numbers.length === 2 ? 'pair' : isExtended(numbers[0]) ? 'ec' : 'lc';

const isExtended = (one: unknown): boolean => one === EXTENDED.rt || one === EXTENDED.ro;

/** The element type of a set: in BIRD, matching an address against a set of numbers is an error. */
function elementsOf([first]: readonly Range[]): string | undefined {
  if (first === undefined) return undefined;
  if (first.kind === 'pattern')
    return first.parts.length === 2 ? 'pair' : isExtended(first.parts[0]?.[0]) ? 'ec' : 'lc';
  return first.low.type === 'tuple' ? kindOf(first.low.value) : first.low.type;
}

const equal = (a: readonly number[], b: readonly number[]): boolean =>
  JSON.stringify(a) === JSON.stringify(b);

/** Whether a set contains a tuple or a number; all elements of a set have one type. */
export function inSet(value: Value, ranges: readonly Range[]): boolean {
  return ranges.some((one) => {
    if (one.kind === 'range') {
      return compareValues(one.low, value) <= 0 && compareValues(value, one.high) <= 0;
    }
    if (value.type !== 'tuple' || value.value.length !== one.parts.length) return false;
    return one.parts.every(([low, high], index) => {
      const part = value.value[index] ?? -1;
      return low <= part && part <= high;
    });
  });
}

/** Whether a value could match two elements of one set. */
export function overlapping(ranges: readonly Range[]): boolean {
  const spans = ranges.map((one) => (one.kind === 'pattern' ? one.parts : [[one.low, one.high] as const]));
  const order = (a: Value | number, b: Value | number): number =>
    typeof a === 'number' || typeof b === 'number' ? Number(a) - Number(b) : compareValues(a, b);
  return spans.some((one, index) =>
    spans.slice(index + 1).some(
      (other) =>
        one.length === other.length &&
        one.every(([low, high], part) => {
          const [from, to] = other[part] ?? [low, high];
          return order(low, to) <= 0 && order(from, high) <= 0;
        }),
    ),
  );
}

/** `10.0.0.0/8{4,24}`: a length in the range, and equal in the bits that both have. */
function inPattern(net: Prefix, { prefix, shortest, longest }: PrefixPattern): boolean {
  if (net.family !== prefix.family || net.length < shortest || net.length > longest) return false;
  const bits = BigInt(addressBits(net.family) - Math.min(net.length, prefix.length));
  return net.value >> bits === prefix.value >> bits;
}

/** `*` matches any numbers, `?` one, and a range one inside it. */
function inMask(path: readonly number[], mask: Extract<Value, { type: 'mask' }>['value']): boolean {
  const [item, ...rest] = mask;
  if (item === undefined) return path.length === 0;
  if (item === '*') return path.some((_, index) => inMask(path.slice(index), rest)) || inMask([], rest);
  const [first] = path;
  if (first === undefined) return false;
  return (item === '?' || isOne(item, first)) && inMask(path.slice(1), rest);
}

const isOne = (item: [number, number] | readonly Range[], one: number): boolean => {
  const [low, high] = item;
  return typeof low === 'number' && typeof high === 'number'
    ? low <= one && one <= high
    : inSet(int(one), item as readonly Range[]);
};

const glob = (pattern: string): RegExp =>
  new RegExp(
    `^${pattern.replace(/[\\^$.*+?()[\]{}|]/g, (sign) => (sign === '*' ? '.*' : sign === '?' ? '.' : `\\${sign}`))}$`,
    's',
  );

/** `net.ip.mask(24)`. */
export function masked(address: IpAddress, length: number): IpAddress {
  const bits = BigInt(Math.max(0, addressBits(address.family) - length));
  return ipAddress(address.family, (address.value >> bits) << bits);
}

const tupleText = (numbers: readonly number[]): string =>
  `(${numbers.map((one) => (one === EXTENDED.rt ? 'rt' : one === EXTENDED.ro ? 'ro' : one)).join(',')})`;

/** A value in BIRD's notation. */
export function valueText(value: Value): string {
  switch (value.type) {
    case 'void':
      return 'not set';
    case 'unknown':
      return 'unknown';
    case 'ip':
    case 'quad':
    case 'net':
      return value.value.text;
    case 'path':
      return value.value.join(' ') || 'empty';
    case 'tuple':
      return tupleText(value.value);
    case 'communities':
      return value.value.map(tupleText).join(' ') || 'empty';
    case 'bool':
    case 'int':
    case 'string':
    case 'enum':
      return String(value.value);
    default:
      return 'a set';
  }
}
