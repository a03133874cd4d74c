import { z } from 'zod';
import type { IpAddress, PerFamily, Prefix } from './address.ts';
import { contains, parseAddress, parsePrefix } from './address.ts';
import type { FaultCode } from './codes.ts';

// A file is parsed once: up to tens of thousands of nodes, compiling a parser per object costs more than it saves.
z.config({ jitless: true });

/** Reports what is wrong with a value, and the fix; the field then has no value. */
export type Complain = (code: FaultCode, message: string, fix: string) => never;

/** A field written as text: `parse` gives its meaning, `json` is what editors can check. */
export function text<T>(
  description: string,
  json: Record<string, unknown>,
  parse: (value: string, complain: Complain) => T,
) {
  return z
    .string()
    .transform((value, context): T => parse(value, complainTo(context)))
    .meta({ description, ...json });
}

/** A text field with a single syntax. */
export function matching(
  description: string,
  pattern: RegExp,
  code: FaultCode,
  problem: string,
  fix: string,
  maxLength?: number,
) {
  const words = { errorMessage: `This ${problem}. ${fix}` };
  const json = { pattern: pattern.source, ...words, ...(maxLength && { maxLength }) };
  return text(description, json, (value, complain) =>
    pattern.test(value) && value.length <= (maxLength ?? value.length)
      ? value
      : complain(code, `${quoted(value)} ${problem}`, fix),
  );
}

/** A map from names to entries. `starter` is what an editor offers for a new one, with its tab stops; the first is the name. */
export const entries = <Key extends z.ZodType<string, string>, Entry extends z.ZodType>(
  description: string,
  name: Key,
  entry: Entry,
  starter: Readonly<Record<string, unknown>>,
) =>
  z.record(name, entry).meta({
    description,
    defaultSnippets: [{ label: 'a new entry', description, body: { '${1:name}': starter } }],
  });

/** One of a few words, each with what it means: editors show that beside the word. */
export const choice = <const Word extends string>(
  description: string,
  meanings: Readonly<Record<Word, string>>,
) =>
  z
    .enum(Object.keys(meanings) as [Word, ...Word[]])
    .meta({ description, enumDescriptions: Object.values(meanings) });

/** A whole number in that range. */
export function wholeNumber(description: string, minimum: number, maximum: number, code: FaultCode) {
  return z
    .int()
    .transform((value, context) =>
      value >= minimum && value <= maximum
        ? value
        : complainTo(context)(
            code,
            `${value} is out of range`,
            `Write a whole number from ${minimum} to ${maximum}.`,
          ),
    )
    .meta({ description, minimum, maximum });
}

/** A switch, on or off by default. */
export const switchField = (description: string, byDefault: boolean) =>
  z.boolean().describe(description).prefault(byDefault);

/** AS number of an iBGP fabric that Calico is part of. */
export const asNumber = (description: string) =>
  z
    .int()
    .transform((value, context) => {
      const refused =
        value < 1 || value > 4294967295
          ? 'is not a valid AS number'
          : value > 2147483647
            ? "does not fit Calico's field, a signed 32-bit number"
            : RESERVED_AS.get(value);
      return refused === undefined
        ? value
        : complainTo(context)('as-number', `${value} ${refused}`, 'Use a private one: 64512 to 65534.');
    })
    .meta({ description, minimum: 1, maximum: 2147483647 });

const RESERVED_AS = new Map([
  [23456, 'is AS_TRANS, which replaces AS numbers that old speakers cannot read (RFC 6793)'],
  [65535, 'is reserved (RFC 7300)'],
]);

const OCTET = '(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])';
const ADDRESS_FORM =
  'Write IPv4 as four numbers from 0 to 255 without leading zeros, IPv6 without a zone; no prefix length.';
const CIDR_FORM = 'Write network/length, such as 10.42.0.0/16 or fd42::/48.';
const ID_FORM = 'Write four numbers from 0 to 255, such as 100.64.0.1; 0.0.0.0 means "none" to BIRD.';

/** One usable unicast address of either family. */
export const address = text(
  'An IPv4 or IPv6 address, without a prefix length.',
  {
    pattern: `^${OCTET}(\\.${OCTET}){3}$|^[0-9A-Fa-f:]*:[0-9A-Fa-f:.]*$`,
    errorMessage: `This is not an address. ${ADDRESS_FORM}`,
    examples: ['192.168.100.1', 'fd18:3e15:61d0:cafe:f002::1'],
  },
  toAddress,
);

/** An address, or a pair `{ipv4, ipv6}`. */
export const addresses = perFamily(
  'An address, or a pair {ipv4: ..., ipv6: ...}.',
  'An address for one family, or for each.',
  address,
);

/** A CIDR without host bits. */
export const prefix = text(
  'A CIDR without host bits.',
  {
    pattern: '^[0-9A-Fa-f.:]+/[0-9]{1,3}$',
    errorMessage: `This is not a CIDR. ${CIDR_FORM}`,
    examples: ['10.42.0.0/16', 'fd42::/48'],
  },
  toPrefix,
);

/** One CIDR, a pair, or a list; always parsed to a list. */
export const blocks = z
  .union([
    prefix,
    z
      .strictObject({ ipv4: prefix.optional(), ipv6: prefix.optional() })
      .describe('A CIDR for one family, or for each.'),
    z.array(prefix).describe('Several CIDRs of either family.'),
  ])
  .transform((value): Prefix[] => {
    if (Array.isArray(value)) return value;
    return 'family' in value ? [value] : [value.ipv4, value.ipv6].filter((block) => block !== undefined);
  });

/** A CIDR, or a pair `{ipv4, ipv6}`. */
export const prefixes = perFamily(
  'A CIDR, or a pair {ipv4: ..., ipv6: ...}.',
  'A CIDR for one family, or for each.',
  prefix,
);

/** A 32-bit identifier in dotted notation: router ID, cluster ID. Not necessarily an address of the machine. */
export const dottedId = text(
  'Four numbers from 0 to 255, not all of them 0.',
  {
    pattern: '^([0-9]{1,3}\\.){3}[0-9]{1,3}$',
    errorMessage: `This is not an identifier. ${ID_FORM}`,
    examples: ['100.64.0.1'],
  },
  (value, complain): IpAddress => {
    const id = parseAddress(value);
    return id === undefined || id.family !== 'ipv4' || id.value === 0n
      ? complain('id', `${quoted(value)} is not a valid identifier`, ID_FORM)
      : id;
  },
);

/** A value from the file as a message shows it. */
export function quoted(value: string): string {
  return `"${value.length > 60 ? `${value.slice(0, 57)}...` : value}"`;
}

function complainTo(context: z.core.$RefinementCtx): Complain {
  return (fault, message, fix) => {
    context.addIssue({ code: 'custom', message, params: { fault, fix } });
    return z.NEVER;
  };
}

/** A value of one family, or one of each. The pair's keys must match the families of its values. */
function perFamily<T extends IpAddress | Prefix>(
  description: string,
  pair: string,
  single: z.ZodType<T, string>,
) {
  return z
    .union([single, z.strictObject({ ipv4: single.optional(), ipv6: single.optional() }).describe(pair)])
    .transform((value, context): PerFamily<T> => {
      const complain = complainTo(context);
      if ('family' in value) return value.family === 'ipv4' ? { ipv4: value } : { ipv6: value };
      const { ipv4, ipv6 } = value;
      if (ipv4 === undefined && ipv6 === undefined) {
        return complain('pair-empty', 'has neither ipv4 nor ipv6', 'Give at least one of the two.');
      }
      if ((ipv4 ?? { family: 'ipv4' }).family !== 'ipv4' || (ipv6 ?? { family: 'ipv6' }).family !== 'ipv6') {
        return complain(
          'pair-family',
          'has an address family that does not match its key',
          'Put IPv4 under ipv4 and IPv6 under ipv6.',
        );
      }
      return { ...(ipv4 !== undefined && { ipv4 }), ...(ipv6 !== undefined && { ipv6 }) };
    })
    .meta({ description });
}

function toAddress(value: string, complain: Complain): IpAddress {
  const parsed = parseAddress(value);
  if (parsed === undefined) {
    const [address = '', length] = value.split('/');
    return length !== undefined && parseAddress(address) !== undefined
      ? complain('address', `${quoted(value)} has a prefix length`, `Write the address alone: ${address}.`)
      : complain(
          'address',
          `${quoted(value)} is not a valid address`,
          'Write IPv4 as four numbers from 0 to 255 without leading zeros, IPv6 without a zone.',
        );
  }
  const unusable = UNUSABLE.find(([range]) => contains(range, parsed));
  return unusable === undefined
    ? parsed
    : complain('address-unusable', `${parsed.text} is ${unusable[1]}`, unusable[2]);
}

function toPrefix(value: string, complain: Complain): Prefix {
  const parsed = parsePrefix(value);
  if (!parsed.ok) {
    if (parsed.hostBits !== undefined) {
      return complain(
        'host-bits',
        `${quoted(value)} has host bits set`,
        `Did you mean ${parsed.hostBits.text}?`,
      );
    }
    const withoutLength = parseAddress(value);
    return complain(
      'cidr',
      `${quoted(value)} is not a valid CIDR`,
      withoutLength === undefined
        ? CIDR_FORM
        : `Add the prefix length, such as ${withoutLength.text}/${withoutLength.family === 'ipv4' ? 32 : 128} for this address alone.`,
    );
  }
  const unusable = UNUSABLE.find(([range]) => contains(range, parsed.prefix) && range.length > 0);
  return unusable === undefined
    ? parsed.prefix
    : complain('address-unusable', `${parsed.prefix.text} is ${unusable[1]}`, unusable[2]);
}

/** Ranges that no BGP session, next hop or pod can use, with the reason and the fix. RFC 6890; RFC 4291 section 2.5.5. */
const UNUSABLE: readonly (readonly [Prefix, string, string])[] = (
  [
    ['0.0.0.0/8', 'in "this network" (0.0.0.0/8)', 'Give the actual address of the machine.'],
    ['127.0.0.0/8', 'a loopback address', 'Give an address that other machines can reach.'],
    ['169.254.0.0/16', 'a link-local address', 'Give an address that other machines can reach.'],
    ['224.0.0.0/4', 'a multicast address', 'Give a unicast address.'],
    ['240.0.0.0/4', 'reserved (240.0.0.0/4)', 'Give an address from a usable range, such as 10.0.0.0/8.'],
    ['::/128', 'the unspecified address', 'Give the actual address of the machine.'],
    ['::1/128', 'the loopback address', 'Give an address that other machines can reach.'],
    ['::ffff:0:0/96', 'an IPv4-mapped IPv6 address', 'Write it as plain IPv4.'],
    ['fe80::/10', 'a link-local address', 'Give a global or unique local (fd00::/8) address.'],
    ['ff00::/8', 'a multicast address', 'Give a unicast address.'],
  ] as const
).map(([range, is, instead]) => {
  const parsed = parsePrefix(range);
  if (!parsed.ok) throw new Error(`${range} is not a prefix`);
  return [parsed.prefix, is, instead] as const;
});
