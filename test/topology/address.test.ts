import { isIPv4, isIPv6 } from 'node:net';
import fc from 'fast-check';
import {
  addressBits,
  compareAddresses,
  contains,
  type Family,
  ipAddress,
  overlaps,
  type Prefix,
  parseAddress,
  parsePrefix,
  prefixOf,
} from '../../topology/address.ts';

const family = fc.constantFrom<Family>('ipv4', 'ipv6');
const anyAddress = family.chain((which) =>
  fc
    .bigInt({ min: 0n, max: (1n << BigInt(addressBits(which))) - 1n })
    .map((value) => ipAddress(which, value)),
);
const anyPrefix = anyAddress.chain((address) =>
  fc.integer({ min: 0, max: addressBits(address.family) }).map((length) => prefixOf(address, length)),
);

/** First and last address, by arithmetic independent of the module. */
function range({ family: which, value, length }: Prefix): readonly [bigint, bigint] {
  const size = 2n ** BigInt(addressBits(which) - length);
  return [value - (value % size), value - (value % size) + size - 1n];
}

test('an address converts to its canonical text and back', () => {
  fc.assert(
    fc.property(anyAddress, (address) => {
      expect(parseAddress(address.text)).toEqual(address);
      expect(address.family === 'ipv4' ? isIPv4(address.text) : isIPv6(address.text)).toBe(true);
    }),
  );
});

test.each<[Family, bigint]>([
  ['ipv4', 1n << 32n],
  ['ipv6', 1n << 128n],
  ['ipv4', -1n],
])('an %s cannot be built from %s', (which, value) => {
  expect(() => ipAddress(which, value)).toThrow();
});

test('a prefix converts to its canonical text and back', () => {
  fc.assert(
    fc.property(anyPrefix, (prefix) => expect(parsePrefix(prefix.text)).toEqual({ ok: true, prefix })),
  );
});

test.each([
  ['2001:DB8:0:0:0:0:0:1', '2001:db8::1'],
  ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
  ['::ffff:192.0.2.1', '::ffff:c000:201'],
  ['0::0', '::'],
])('%s is written %s (RFC 5952)', (written, canonical) => {
  expect(parseAddress(written)?.text).toBe(canonical);
});

/** What some parsers accept: libc, older versions of popular packages, browsers. */
test.each([
  '010.0.0.1',
  '1.2.3',
  '0x7f.1',
  '127.1',
  '2130706433',
  '256.0.0.1',
  '1.2.3.4.5',
  '1.2.3.4 ',
  ' 1.2.3.4',
  '1.2.3.4\n',
  '1.2.3.4/32',
  '1.2.3.-4',
  '١.2.3.4',
  '',
  '1::2::3',
  ':::',
  'fe80::1%eth0',
  '12345::',
  '1:2:3:4:5:6:7',
  '1:2:3:4:5:6:7:8:9',
  'g::1',
  '::1.2.3',
  '[::1]',
  'localhost',
])('%j is not a valid address', (text) => expect(parseAddress(text)).toBeUndefined());

test.each([
  '10.0.0.0',
  '10.0.0.0/',
  '10.0.0.0/33',
  '10.0.0.0/08',
  '10.0.0.0/-1',
  '10.0.0.0/8/8',
  '::/129',
  '/8',
  '10.0/8',
  '10.0.0.0/1e1',
])('%j is not a prefix', (text) => expect(parsePrefix(text)).toEqual({ ok: false }));

test('parsing any text never throws, and only accepts what Node also accepts as an address', () => {
  const texts = fc.oneof(fc.string(), fc.stringMatching(/^[0-9a-fA-F.:x%/]{0,45}$/));
  fc.assert(
    fc.property(texts, (text) => {
      if (parseAddress(text) !== undefined) expect(isIPv4(text) || isIPv6(text)).toBe(true);
      parsePrefix(text);
    }),
    { numRuns: 2000 },
  );
});

test('host bits are detected, with the intended prefix', () => {
  expect(parsePrefix('10.42.7.1/16')).toMatchObject({ ok: false, hostBits: { text: '10.42.0.0/16' } });
  expect(parsePrefix('fd42::1/48')).toMatchObject({ ok: false, hostBits: { text: 'fd42::/48' } });
});

test('contains and overlaps agree with the ranges of addresses', () => {
  const near = fc.tuple(anyPrefix, fc.integer({ min: 0, max: 128 }), fc.bigInt({ min: 0n, max: 255n }));
  fc.assert(
    fc.property(near, ([outer, length, shift]) => {
      const bits = addressBits(outer.family);
      const value = BigInt.asUintN(
        bits,
        outer.value + (shift << BigInt(Math.max(0, bits - outer.length - 4))),
      );
      const other = prefixOf(ipAddress(outer.family, value), Math.min(length, bits));
      const [a, b] = [range(outer), range(other)];
      expect(contains(outer, other)).toBe(a[0] <= b[0] && b[1] <= a[1]);
      expect(overlaps(outer, other)).toBe(a[0] <= b[1] && b[0] <= a[1]);
      expect(overlaps(other, outer)).toBe(overlaps(outer, other));
    }),
  );
});

test('the two families never share an address', () => {
  const [v4, v6] = ['0.0.0.0/0', '::/0'].map((text) => parsePrefix(text)) as { prefix: Prefix }[];
  expect(v4 && v6 && overlaps(v4.prefix, v6.prefix)).toBe(false);
});

test('the order of addresses is total: IPv4 first, then by value, shorter prefixes first', () => {
  fc.assert(
    fc.property(fc.array(anyPrefix, { maxLength: 8 }), (prefixes) => {
      const texts = [...prefixes].sort(compareAddresses).map(({ text }) => text);
      expect(
        [...prefixes]
          .reverse()
          .sort(compareAddresses)
          .map(({ text }) => text),
      ).toEqual(texts);
    }),
  );
  const sorted = ['fd00::/8', '10.0.0.0/16', '9.0.0.0/8', '10.0.0.0/8'].map((text) => {
    const parsed = parsePrefix(text);
    if (!parsed.ok) throw new Error(text);
    return parsed.prefix;
  });
  expect(sorted.sort(compareAddresses).map(({ text }) => text)).toEqual([
    '9.0.0.0/8',
    '10.0.0.0/8',
    '10.0.0.0/16',
    'fd00::/8',
  ]);
});
