import fc from 'fast-check';
import {
  accept,
  address,
  block,
  type Condition,
  option,
  prefix,
  print,
  reject,
  string,
  symbol,
  when,
} from '../../bird/printer.ts';
import { ipAddress, type Prefix, prefixOf } from '../../topology/address.ts';
import { birdSays } from '../routers/bird.ts';

const v4 = fc.integer({ min: 1, max: 2 ** 32 - 1 }).map((value) => ipAddress('ipv4', BigInt(value)));
const v6 = fc.bigInt({ min: 1n, max: 2n ** 128n - 1n }).map((value) => ipAddress('ipv6', value));
const prefixes: fc.Arbitrary<Prefix> = fc.oneof(
  fc.tuple(v4, fc.integer({ min: 0, max: 32 })).map(([one, length]) => prefixOf(one, length)),
  fc.tuple(v6, fc.integer({ min: 0, max: 128 })).map(([one, length]) => prefixOf(one, length)),
);

const text = (condition: Condition) => print([when(condition, accept)]);

test('an address is matched against a prefix without brackets, whatever the prefix', () => {
  fc.assert(
    fc.property(prefixes, (on) => {
      expect(text({ test: 'nextHop', on })).toBe(`if bgp_next_hop ~ ${on.text} then accept;\n`);
    }),
  );
});

test('a prefix is matched against a set with its lengths, in brackets', () => {
  fc.assert(
    fc.property(prefixes, (within) => {
      expect(text({ test: 'net', within, lengths: [within.length, within.length] })).toBe(
        `if net ~ [ ${within.text}{${within.length},${within.length}} ] then accept;\n`,
      );
    }),
  );
});

/** Names at the limits of what a topology allows, as routers/names.ts maps them. */
const symbols = fc.stringMatching(/^[a-z0-9][a-z0-9_]{0,50}[a-z0-9]$/).map((name) => `k3s_${name}_v4`);

test('BIRD reads whatever the printer writes', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(symbols, { minLength: 5, maxLength: 10 }),
      fc.array(prefixes, { minLength: 5, maxLength: 10 }),
      fc.array(fc.oneof(v4, v6), { minLength: 1, maxLength: 5 }),
      (names, nets, hops) => {
        const config = print([
          option('router id', address(ipAddress('ipv4', 1n))),
          block(['protocol device'], []),
          ...names.map((name, index) => {
            const net = nets[index % nets.length] ?? prefixOf(ipAddress('ipv4', 1n), 8);
            const hop = hops[index % hops.length] ?? ipAddress('ipv4', 1n);
            return block(
              ['filter', symbol(name)],
              [
                when({ test: 'net', within: net, lengths: [net.length, net.length] }, accept),
                when(
                  { test: 'not', of: { test: 'nextHop', on: net } },
                  option('bgp_next_hop =', address(hop)),
                  accept,
                ),
                when(
                  {
                    test: 'any',
                    of: [
                      { test: 'nextHop', on: net },
                      { test: 'nextHop', on: net },
                    ],
                  },
                  accept,
                ),
                when({ test: 'foreignPath', asNumber: 64512 }, reject),
                option('print', string('a # b { } ; c')),
                option('if net =', prefix(net), 'then reject'),
              ],
            );
          }),
        ]);
        expect(birdSays(new Map([['bird.conf', config]]))).toBe('');
      },
    ),
    { numRuns: 25 },
  );
});

test.each(["a'b", 'a b', '', 'a\nb', 'x'.repeat(65), 'a;b', 'ä'])(
  '%j is not a symbol: a bug of the caller',
  (name) => {
    expect(() => print([option(symbol(name))])).toThrow('not a BIRD symbol');
  },
);

test.each(['a"b', 'a\nb', '', 'ä', 'a\u0000b'])('%j is not a string: BIRD has no escapes', (value) => {
  expect(() => print([option(string(value))])).toThrow('not a BIRD string');
});

/** A configuration that uses the name, as printed and as BIRD accepts it. */
const birdOn = (printed: string): string =>
  birdSays(
    new Map([['bird.conf', `router id 1.1.1.1;\nprotocol device {}\nfilter ${printed} { accept; }\n`]]),
  );

test('the longest symbol has 64 characters, for BIRD and for the printer', () => {
  const longest = `k3s_${'x'.repeat(57)}_v4`;
  expect(longest).toHaveLength(64);
  expect(print([option(symbol(longest))])).toBe(`'${longest}';\n`);
  expect(birdOn(`'${longest}'`)).toBe('');
  expect(() => print([option(symbol(`${longest}x`))])).toThrow('not a BIRD symbol');
  expect(birdOn(`'${longest}x'`)).toContain('Symbol too long');
});
