import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { bgpRouteOf, ORIGINS, routeOf } from '../../adopt/route-origins.ts';
import { filteringConfig } from '../../bird/filter/config.ts';
import { marked } from '../../bird/filter/marks.ts';
import { type FilteredRoute, runFilter } from '../../bird/filter/run.ts';
import { EXTENDED, int, type Value, word } from '../../bird/filter/values.ts';
import { readBird } from '../../bird/parser.ts';
import { type Prefix, parseAddress, parsePrefix } from '../../topology/address.ts';
import { type Bird, startBird, until } from '../delivery/bird.ts';
import { scenario } from '../lab/labs.ts';

/**
 * Routes of every source that a router has, made by real BIRD: OSPF intra-area, inter-area and external, RIP, Babel, the
 * kernel's own, static ones of each kind, connected ones, and BGP of another AS through a pipe. On each of them BIRD and adopt run the
 * filters that operators publish.
 */

const FILTERS = ['published.conf', 'language.conf'].map((file) => join('test', 'adopt', 'filters', file));
const texts = FILTERS.map((file) => readFileSync(file, 'utf8'));
const names = texts.flatMap((text) => [...text.matchAll(/^filter (\w+)/gm)].map(([, name = '']) => name));

const FAR = `
router id 10.9.0.2;
protocol device { scan time 1; }
protocol static first_ { ipv4; route 198.18.1.0/24 blackhole; }
protocol static second_ { ipv4; route 198.18.2.0/24 blackhole; }
protocol static third_ { ipv4; route 198.18.3.0/24 blackhole; }
protocol static fourth_ { ipv4; route 198.18.4.0/24 blackhole; }
protocol ospf v2 {
  ipv4 { import none; export filter {
    if proto = "first_" then { ospf_metric1 = 30; ospf_tag = 7; accept; }
    if proto = "second_" then { ospf_metric2 = 40; accept; }
    reject;
  }; };
  area 0 { interface "far0" { type ptp; hello 1; }; };
  area 1 { stubnet 10.91.0.0/24 { cost 5; }; };
}
protocol rip { ipv4 { import none; export where proto = "third_"; }; interface "far0" { update time 2; }; }
protocol babel { ipv4 { import none; export where proto = "fourth_"; }; interface "far0" { type wired; hello interval 1 s; }; }
protocol bgp {
  local 10.9.0.2 as 65001; neighbor 10.9.0.1 as 64512; connect delay time 0;
  ipv4 { import none; export filter {
    if proto = "first_" then {
      bgp_path.prepend(65003); bgp_path.prepend(65002); bgp_med = 30; bgp_community.add((65001,100));
      bgp_community.add((65001,200)); bgp_large_community.add((65001,1,2)); bgp_ext_community.add((rt,65001,5));
      accept;
    }
    if proto = "second_" then { bgp_origin = ORIGIN_INCOMPLETE; accept; }
    reject;
  }; };
}
`;

const NEAR = `
router id 10.9.0.1;
ipv4 table t4;
ipv4 table edge4;
protocol device { scan time 1; }
protocol direct lans { ipv4 { table t4; }; interface "lan*"; }
protocol ospf v2 core { ipv4 { table t4; }; area 0 { interface "lan0" { type ptp; hello 1; }; stubnet 10.92.0.0/24; }; }
protocol rip old { ipv4 { table t4; }; interface "lan0" { update time 2; }; }
protocol babel mesh { ipv4 { table t4; }; interface "lan0" { type wired; hello interval 1 s; }; }
protocol kernel alien { learn; scan time 1; ipv4 { table t4; import all; export none; }; }
protocol bgp edge {
  local 10.9.0.1 as 64512; neighbor 10.9.0.2 as 65001; connect delay time 0;
  ipv4 { table edge4; import filter { if net = 198.18.2.0/24 then bgp_local_pref = 70; accept; }; export none; };
}
protocol pipe { table t4; peer table edge4; import all; export none; }
protocol static all_kinds {
  ipv4 { table t4; };
  route 0.0.0.0/0 via 10.9.0.2;
  route 10.42.0.0/16 blackhole;
  route 10.42.1.0/24 unreachable;
  route 10.42.2.0/24 prohibit;
  route 10.42.3.0/24 via 10.9.0.2;
  route 10.42.4.0/24 via "lan0";
  route 10.42.5.0/24 recursive 10.9.0.2;
  route 10.42.6.0/24 via 10.9.0.2 via 10.9.0.3 weight 2;
  route 10.42.7.0/24 via 10.9.0.2 onlink;
  route 10.42.8.0/26 blackhole { preference = 150; igp_metric = 17; bgp_community.add((64512,7)); ospf_metric1 = 9; };
}
${texts.join('\n')}
`;

/** A route of a table, as in \`show route all\`. */
interface Shown {
  /** \`10.42.0.0/16 all_kinds\`. */
  readonly key: string;
  readonly net: Prefix;
  readonly attributes: ReadonlyMap<string, Value>;
}

const SOURCES: Readonly<Record<string, string>> = {
  static: 'RTS_STATIC',
  device: 'RTS_DEVICE',
  inherit: 'RTS_INHERIT',
  OSPF: 'RTS_OSPF',
  'OSPF-IA': 'RTS_OSPF_IA',
  'OSPF-E1': 'RTS_OSPF_EXT1',
  'OSPF-E2': 'RTS_OSPF_EXT2',
  RIP: 'RTS_RIP',
  Babel: 'RTS_BABEL',
  BGP: 'RTS_BGP',
};
const DESTINATIONS: Readonly<Record<string, string>> = {
  unicast: 'RTD_UNICAST',
  blackhole: 'RTD_BLACKHOLE',
  unreachable: 'RTD_UNREACHABLE',
  prohibited: 'RTD_PROHIBIT',
};
const ORIGIN: Readonly<Record<string, string>> = { IGP: 'ORIGIN_IGP', Incomplete: 'ORIGIN_INCOMPLETE' };

const ip = (written: string): Value => {
  const value = parseAddress(written);
  if (value === undefined) throw new Error(written);
  return { type: 'ip', value };
};

function attribute(name: string, said: string): [string, Value] {
  const [family = '', own = ''] = name.split('.');
  if (own === '') return [name, int(Number(said))];
  const written = `${{ Kernel: 'krt' }[family] ?? family.toLowerCase()}_${own === 'as_path' ? 'path' : own}`;
  if (own === 'as_path')
    return [written, { type: 'path', value: said.split(' ').filter(Boolean).map(Number) }];
  if (/community$/.test(own)) {
    const value = [...said.matchAll(/\(([^)]*)\)/g)].map(([, inner = '']) =>
      inner.split(',').map((one) => (one.trim() === 'rt' ? EXTENDED.rt : Number(one))),
    );
    const of = own === 'large_community' ? 'lc' : own === 'ext_community' ? 'ec' : 'pair';
    return [written, { type: 'communities', of, value }];
  }
  if (own === 'origin') return [written, word(ORIGIN[said] ?? '')];
  if (/^\d+\.\d+\.\d+\.\d+$/.test(said)) {
    const value = parseAddress(said);
    if (value !== undefined) return [written, { type: own === 'router_id' ? 'quad' : 'ip', value }];
  }
  return [written, int(Number(said))];
}

const HEAD =
  /^(?:\d{4}-)?\s*([\d.]+\/\d+)?\s+(unicast|blackhole|unreachable|prohibited) \[(\S+) \S+?(?: from (\S+))?\].*?\((\d+)/;

function routesIn(text: string): Shown[] {
  const blocks: string[][] = [];
  for (const line of text.split('\n')) {
    if (HEAD.test(line)) blocks.push([line]);
    else blocks.at(-1)?.push(line);
  }
  let last = '';
  return blocks.map(([head = '', ...lines]): Shown => {
    const [, net = last, kind = '', proto = '', from, preference] = HEAD.exec(head) ?? [];
    last = net;
    const parsed = parsePrefix(net);
    if (!parsed.ok) throw new Error(head);
    const body = lines.join('\n');
    const source = SOURCES[/Type: (\S+)/.exec(body)?.[1] ?? ''] ?? '';
    const [, via] = /^\s+via (\S+)/m.exec(body) ?? [];
    const isFirstHop = /^\s+(via|dev) /m.exec(body)?.[1] === 'via';
    const [, iface = ''] = /^\s+(?:via \S+ on|dev) (\S+)/m.exec(body) ?? [];
    const gw = ip(isFirstHop ? (via ?? '::') : '::');
    return {
      key: `${net} ${proto}`,
      net: parsed.prefix,
      attributes: new Map<string, Value>([
        ['source', word(source)],
        ['proto', { type: 'string', value: proto }],
        ['dest', word(DESTINATIONS[kind] ?? '')],
        ['scope', word('SCOPE_UNIVERSE')],
        ['gw', gw],
        ['ifname', { type: 'string', value: iface }],
        ['preference', int(Number(preference))],
        // It is shown only if it differs from the gateway.
        ['from', from === undefined ? (/BGP|RIP/.test(source) ? gw : ip('::')) : ip(from)],
        ...[...body.matchAll(/^\s*(?:1012-)?\s*([A-Za-z_]+(?:\.[a-z_0-9]+)?): (\S.*?)\s*$/gm)]
          .filter(([, name]) => name !== 'Type')
          .map(([, name = '', said = '']) => attribute(name, said)),
      ]),
    };
  });
}

const read = readBird('near.conf', new TextEncoder().encode(NEAR));
if (!read.ok) throw new Error(JSON.stringify(read.problems.map(({ message, at }) => [message, at])));
const { library, marks } = filteringConfig(read.statements);

const verdict = (name: string, route: FilteredRoute): string =>
  runFilter({ kind: 'commands', commands: library.routines.get(name)?.commands ?? [] }, library, route)
    .verdict;

/** What adopt knows about such a route: its source, and what may be written to it here. */
function asAdoptKnowsIt({ net, attributes }: Shown): FilteredRoute {
  const source = attributes.get('source');
  const origin = ORIGINS.find((one) => source?.type === 'enum' && one.source === source.value);
  const path = attributes.get('bgp_path') ?? { type: 'path', value: [] };
  return marked(origin === undefined ? bgpRouteOf(net, path) : routeOf(origin, net), marks);
}

/** They use RPKI, or leave a variable in a block without a value. */
const NOT_KNOWN = /roa|^prefix_set_variable$/;

scenario('real BIRD', () => {
  let far: Bird;
  let near: Bird;
  let shown: readonly Shown[];

  beforeAll(() => {
    const isRoot = process.getuid?.() === 0;
    const user = isRoot ? [] : ['--user', '--map-root-user'];
    const up = 'ip link set lo up && exec "$@"';
    far = startBird((folder) => ({ 'bird.conf': `log "${folder}/log" all;\n${FAR}` }), {
      enter: ['unshare', ...user, '--net', 'sh', '-c', up, 'sh'],
    });
    const pid = (bird: Bird) => readFileSync(join(bird.folder, 'pid'), 'utf8').trim();
    const within = ['-t', pid(far), '-n', ...(isRoot ? [] : ['-U', '--preserve-credentials'])];
    near = startBird((folder) => ({ 'bird.conf': `log "${folder}/log" all;\n${NEAR}` }), {
      enter: ['nsenter', ...within, 'unshare', '--net', 'sh', '-c', up, 'sh'],
    });
    const run = (namespace: readonly string[], ...lines: readonly string[]) => {
      const { status, stderr } = spawnSync('nsenter', [...namespace, 'sh', '-ec', lines.join('\n')], {
        encoding: 'utf8',
      });
      if (status !== 0) throw new Error(stderr);
    };
    run(
      within,
      `ip link add far0 type veth peer name lan0 netns ${pid(near)}`,
      'ip addr add 10.9.0.2/24 dev far0',
      'ip link set far0 up',
    );
    run(
      ['-t', pid(near), '-n', ...within.slice(3)],
      'ip addr add 10.9.0.1/24 dev lan0',
      'ip link set lan0 up',
      'ip route add 10.93.0.0/24 via 10.9.0.2 proto 99 metric 50',
      'ip route add 10.94.0.0/24 dev lan0 proto static src 10.9.0.1',
    );
    const all = () => routesIn(near.birdc('show route all table t4'));
    const keys = () => new Set(all().map(({ key }) => key));
    until(() => EVERY.every((one) => keys().has(one)), 60);
    shown = all();
  });
  afterAll(() => {
    near?.end();
    far?.end();
  });

  test('has a route of every source', () => {
    expect(shown.map(({ key }) => key).sort()).toEqual([...EVERY].sort());
    const sources = new Set(shown.map(({ attributes }) => JSON.stringify(attributes.get('source'))));
    expect(sources.size).toBe(Object.keys(SOURCES).length);
  });

  const passed = (name: string): Set<string> =>
    new Set(routesIn(near.birdc(`show route all table t4 filter ${name}`)).map(({ key }) => key));

  test.each(names)('%s', (name) => {
    const taken = passed(name);
    const truth = (one: Shown): string => (taken.has(one.key) ? 'accepted' : 'rejected');
    const judged = shown.map((one) => ({
      key: one.key,
      exact: verdict(name, one),
      known: verdict(name, asAdoptKnowsIt(one)),
      is: truth(one),
    }));
    // With all attributes known adopt says what BIRD does, except for what no file says and what not every BIRD accepts.
    expect(
      judged.filter(({ exact, is }) => exact !== is && !(exact === 'unknown' && NOT_KNOWN.test(name))),
    ).toEqual([]);
    // With its partial knowledge of a route adopt may say unknown, but is never wrong.
    expect(judged.filter(({ known, is }) => known !== is && known !== 'unknown')).toEqual([]);
  });
});

const EVERY = [
  '0.0.0.0/0 all_kinds',
  '10.9.0.0/24 lans',
  '10.9.0.0/24 core',
  '10.42.0.0/16 all_kinds',
  ...[1, 2, 3, 4, 5, 6, 7].map((one) => `10.42.${one}.0/24 all_kinds`),
  '10.42.8.0/26 all_kinds',
  '10.91.0.0/24 core',
  '10.93.0.0/24 alien',
  '10.94.0.0/24 alien',
  '198.18.1.0/24 core',
  '198.18.1.0/24 edge',
  '198.18.2.0/24 core',
  '198.18.2.0/24 edge',
  '198.18.3.0/24 old',
  '198.18.4.0/24 mesh',
];
