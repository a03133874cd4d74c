import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { libraryOf } from '../../../bird/filter/library.ts';
import { type FilteredRoute, runFilter } from '../../../bird/filter/run.ts';
import { int, type Value, word } from '../../../bird/filter/values.ts';
import { readBird } from '../../../bird/parser.ts';
import { parseAddress, parsePrefix } from '../../../topology/address.ts';
import { type Bird, startBird, until } from '../../delivery/bird.ts';
import { scenario } from '../../lab/labs.ts';

/** Filters run by BIRD and by adopt: each of filters/language.conf over routes of every kind. */

const FILE = join('test', 'adopt', 'filters', 'language.conf');
const text = readFileSync(FILE, 'utf8');
const filters = [...text.matchAll(/^filter (\w+)/gm)].map(([, name = '']) => name);

/** A router with a route of each kind: a session with itself provides those of BGP. */
const CONFIG = `
router id 10.0.0.1;
ipv4 table t4;
ipv6 table t6;
ipv4 table sent;
protocol device {}
protocol direct lans { ipv4 { table t4; }; ipv6 { table t6; }; interface "lan*"; }
protocol static statics {
  ipv4 {
    table t4;
    import filter {
      if net.len = 16 then { bgp_local_pref = 150; bgp_path.prepend(65000); bgp_community.add((64512,7)); }
      accept;
    };
  };
  route 0.0.0.0/0 via "lan0";
  route 10.42.0.0/16 blackhole;
  route 10.42.1.0/26 via "lan0";
  route 10.42.1.5/32 via "lan0";
  route 10.43.0.10/32 via "lan0";
  route 203.0.113.0/24 via "lan0";
}
protocol static statics6 {
  ipv6 { table t6; };
  route ::/0 blackhole;
  route fd42:0:0:1::/64 blackhole;
  route fd42::80/122 blackhole;
  route 2001:db8::1/128 blackhole;
}
protocol static nodes { ipv4 { table sent; }; route 10.42.64.64/26 blackhole; route 198.51.100.0/24 blackhole; }
protocol bgp node {
  router id 10.0.0.2;
  strict bind on;
  local 127.0.0.1 port 1791 as 64512;
  neighbor 127.0.0.1 port 1792 as 64512;
  connect delay time 0;
  ipv4 { table t4; import all; export none; };
}
protocol bgp itself {
  router id 10.0.0.3;
  strict bind on;
  local 127.0.0.1 port 1792 as 64512;
  neighbor 127.0.0.1 port 1791 as 64512;
  connect delay time 0;
  ipv4 { table sent; import none; export filter { bgp_next_hop = 192.168.100.251; accept; }; };
}
`;

const ip = (written: string): Value => {
  const value = parseAddress(written);
  if (value === undefined) throw new Error(written);
  return { type: 'ip', value };
};
const name = (value: string): Value => ({ type: 'string', value });

const STATIC = {
  never_set: { type: 'void' } as Value,
  source: word('RTS_STATIC'),
  proto: name('statics'),
  from: ip('::'),
  gw: ip('::'),
  dest: word('RTD_UNICAST'),
  scope: word('SCOPE_UNIVERSE'),
  preference: int(200),
  ifname: name('lan0'),
};
const BLACKHOLE = { ...STATIC, dest: word('RTD_BLACKHOLE'), ifname: name('') };
const DEVICE = { ...STATIC, source: word('RTS_DEVICE'), proto: name('lans'), preference: int(240) };
const BGP = {
  ...STATIC,
  source: word('RTS_BGP'),
  proto: name('node'),
  from: ip('127.0.0.1'),
  gw: ip('192.168.100.251'),
  preference: int(100),
  bgp_path: { type: 'path', value: [] } as Value,
  bgp_local_pref: int(100),
  bgp_origin: word('ORIGIN_IGP'),
  bgp_next_hop: ip('192.168.100.251'),
};
const MARKED = {
  ...BLACKHOLE,
  bgp_local_pref: int(150),
  bgp_path: { type: 'path', value: [65000] } as Value,
  bgp_community: { type: 'communities', of: 'pair', value: [[64512, 7]] } as Value,
};

const ROUTES: readonly (readonly [string, Readonly<Record<string, Value>>])[] = [
  ['0.0.0.0/0', STATIC],
  ['10.42.0.0/16', MARKED],
  ['10.42.1.0/26', STATIC],
  ['10.42.1.5/32', STATIC],
  ['10.43.0.10/32', STATIC],
  ['203.0.113.0/24', STATIC],
  ['192.168.100.0/24', DEVICE],
  ['10.42.64.64/26', BGP],
  ['198.51.100.0/24', BGP],
  ['::/0', { ...BLACKHOLE, proto: name('statics6') }],
  ['fd42:0:0:1::/64', { ...BLACKHOLE, proto: name('statics6') }],
  ['fd42::80/122', { ...BLACKHOLE, proto: name('statics6') }],
  ['2001:db8::1/128', { ...BLACKHOLE, proto: name('statics6') }],
];

const route = ([net, attributes]: (typeof ROUTES)[number]): FilteredRoute => {
  const parsed = parsePrefix(net);
  if (!parsed.ok) throw new Error(net);
  return { net: parsed.prefix, attributes: new Map(Object.entries(attributes)) };
};

const reading = readBird(FILE, new TextEncoder().encode(text));
if (!reading.ok) throw new Error(JSON.stringify(reading.problems.map(({ message }) => message)));
const library = libraryOf(reading.statements);

/** Adopt's result for each route: its prefix if it is accepted, and unknown values with a question mark. */
function evaluated(filter: string): string[] {
  const { commands = [] } = library.routines.get(filter) ?? {};
  return ROUTES.flatMap((one) => {
    const { verdict } = runFilter({ kind: 'commands', commands }, library, route(one));
    return verdict === 'accepted' ? [one[0]] : verdict === 'unknown' ? [`? ${one[0]}`] : [];
  }).sort();
}

scenario('real BIRD', () => {
  let bird: Bird;
  beforeAll(() => {
    const user = process.getuid?.() === 0 ? [] : ['--user', '--map-root-user'];
    const links =
      'ip link set lo up && ip link add lan0 type veth peer name far0 && ip addr add 192.168.100.1/24 dev lan0 && ' +
      'ip link set lan0 up && ip link set far0 up && exec "$@"';
    bird = startBird((folder) => ({ 'bird.conf': `log "${folder}/log" all;\n${CONFIG}\n${text}` }), {
      enter: ['unshare', ...user, '--net', 'sh', '-c', links, 'sh'],
    });
    until(() => bird.birdc('show route table t4').includes('10.42.64.64/26'));
  });
  afterAll(() => bird.end());

  const passed = (filter: string): string[] =>
    ['t4', 't6']
      .flatMap((table) => prefixes(bird.birdc(`show route table ${table} filter ${filter}`)))
      .sort();

  test('has these routes and no others of these families, except link-local ones', () => {
    const all = ['t4', 't6'].flatMap((table) => prefixes(bird.birdc(`show route table ${table}`)));
    expect(all.filter((one) => !one.startsWith('fe80:')).sort()).toEqual(ROUTES.map(([net]) => net).sort());
  });

  test.each(filters)('%s', (filter) => {
    expect(evaluated(filter)).toEqual(passed(filter).filter((one) => !one.startsWith('fe80:')));
  });
});

const prefixes = (said: string): string[] =>
  [...said.matchAll(/^(?:\d{4}[- ])?\s*([0-9a-f.:]+\/\d+)\s/gm)].map(([, net = '']) => net);

test('there are filters, and each accepts some routes or none', () => {
  expect(filters.length).toBeGreaterThan(80);
  expect(filters.flatMap(evaluated).filter((one) => one.startsWith('?'))).toEqual([]);
});

describe('unknown values', () => {
  const outcome = (body: string, attributes: Readonly<Record<string, Value>>) => {
    const read = readBird('x.conf', new TextEncoder().encode(`filter x {\n${body}\n}`));
    if (!read.ok) throw new Error(body);
    const own = libraryOf(read.statements);
    return runFilter(
      { kind: 'commands', commands: own.routines.get('x')?.commands ?? [] },
      own,
      route(['10.42.0.0/26', attributes]),
    );
  };
  const doubt: Value = { type: 'unknown', why: 'bgp_med', present: false };
  const hop: Value = { type: 'unknown', why: 'bgp_next_hop', present: true };

  test('in a condition leave the verdict unknown', () => {
    expect(outcome('if bgp_med = 5 then accept; reject;', { bgp_med: doubt })).toEqual({
      verdict: 'unknown',
      why: 'bgp_med',
    });
  });

  test('but not if both branches give the same result', () => {
    expect(outcome('if bgp_med = 5 then print "x"; accept;', { bgp_med: doubt }).verdict).toBe('accepted');
    expect(outcome('if bgp_med = 5 && false then reject; accept;', { bgp_med: doubt }).verdict).toBe(
      'accepted',
    );
  });

  test('and never hide an error that BIRD would raise', () => {
    expect(outcome('if bgp_med ~ [1..5] then accept; accept;', { bgp_med: doubt }).verdict).toBe('unknown');
    expect(outcome('if bgp_next_hop ~ 10.0.0.0/8 then accept; accept;', { bgp_next_hop: hop }).verdict).toBe(
      'accepted',
    );
  });

  test('commands before syntax that is not understood still count', () => {
    expect(
      outcome('if net.len = 26 then reject; for int i in bgp_path do { accept; } accept;', {}).verdict,
    ).toBe('rejected');
    expect(outcome('if roa_check(r4) = ROA_VALID then accept; reject;', {})).toEqual({
      verdict: 'unknown',
      why: 'x.conf:2:4: roa_check',
    });
  });

  test('a variable in a block without a value: an error in BIRD 2.0.12', () => {
    expect(outcome('int i; i = 3; if i = 3 then accept; reject;', {})).toEqual({
      verdict: 'unknown',
      why: 'x.conf:2:1: int',
    });
    expect(outcome('int i; i = 3; reject;', {}).verdict).toBe('rejected');
  });

  test('a set with overlapping elements', () => {
    const attributes = { bgp_community: { type: 'communities', of: 'pair', value: [[64512, 7]] } as Value };
    expect(
      outcome('if bgp_community ~ [(64512,*), (64512..64513,5)] then accept; reject;', attributes).verdict,
    ).toBe('unknown');
  });

  test('attributes that a filter changes are reported, others are not', () => {
    const set = outcome('bgp_local_pref = 200; bgp_origin = ORIGIN_IGP; accept;', BGP);
    expect(set).toEqual({ verdict: 'accepted', sets: new Map([['bgp_local_pref', '200']]) });
  });
});
