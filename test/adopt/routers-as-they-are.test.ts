import { concerns } from '../../adopt/compare.ts';
import { scenario } from '../lab/labs.ts';
import { expectForecast } from './forecast.ts';
import { adoptRouters, bytesOf } from './scenarios.ts';

/**
 * Routers as operators have them, each with its own option or form: what real BIRD does to each session when it gets the rendered
 * files, and what adopt predicted.
 */

const POLICY = 'ipv4 { table t4; import where pods(); export where pods(); next hop self; };';
const HEAD = `router id 10.50.0.1;
ipv4 table t4;
ipv6 table t6;
protocol device {}
function pods() { return net ~ [ 10.42.0.0/16{26,26} ]; }
`;
const two = (
  own: string,
  as = 'as 64530',
) => `protocol bgp node_a { local 10.50.0.1 as 64530; neighbor 10.50.0.10 ${as}; ${own} rr client; ${POLICY} }
protocol bgp node_b { local 10.50.0.1 as 64530; neighbor 10.50.0.11 ${as}; ${own} rr client; ${POLICY} }
`;
const one = (text: string) => ({ 'bird.conf': `${HEAD}include "k3s/ibgp.conf";\n`, 'k3s/ibgp.conf': text });

const FOLDERS: Record<string, Record<string, string>> = {
  'as simple as it gets': one(two('')),
  'neighbours that are internal': one(two('', 'internal')),
  'passive sessions': one(two('passive on;')),
  'passive in one word': one(two('passive;')),
  'multihop, which is the default': one(two('multihop;')),
  'multihop with a number': one(two('multihop 5;')),
  'direct neighbours': one(two('direct;')),
  'a password in its place': one(two('password "x;y{}";')),
  'a password in a file': {
    ...one(two('\ninclude "/etc/bird/secret.conf";\n')),
    'secret.conf': 'password "geheim";\n',
  },
  'a password in a file beside': {
    ...one(two('\ninclude "../secret.conf";\n')),
    'secret.conf': 'password "geheim";\n',
  },
  BFD: { ...one(two('bfd on;')), 'bird.conf': `${HEAD}protocol bfd {}\ninclude "k3s/ibgp.conf";\n` },
  'graceful BFD': {
    ...one(two('bfd graceful;')),
    'bird.conf': `${HEAD}protocol bfd {}\ninclude "k3s/ibgp.conf";\n`,
  },
  'the VRF of the machine': one(two('vrf default;')),
  'a confederation': one(two('confederation 65000; confederation member on;')),
  'sessions that are switched off': one(two('disabled;')),
  'sessions that are not switched off': one(two('disabled no;')),
  'a description': one(two('description "a node {of} ours";')),
  'debug of some kinds': one(two('debug { states, routes };')),
  'an interface': one(two('direct; interface "eth0";')),
  "BGP's own port at this end": one(two('').replace(/local 10.50.0.1 as/g, 'local 10.50.0.1 port 179 as')),
  "BGP's own port at the other end": one(two('').replace(/neighbor (\S+) as/g, 'neighbor $1 port 179 as')),
  'a neighbour in two lines': one(
    two('').replace(/neighbor (\S+) as 64530;/g, 'neighbor $1; neighbor as 64530;'),
  ),
  'no address of its own': one(two('').replace(/local 10.50.0.1 as/g, 'local as')),
  'a source address': one(two('source address 10.50.0.1;').replace(/local 10.50.0.1 as/g, 'local as')),
  'an AS number that is a sum': one(`define BASE = 64000;\n${two('').replace(/64530/g, '(BASE + 530)')}`),
  constants: one(
    `define OWN = 64530;\ndefine A = 10.50.0.10;\n${two('').replace(/64530/g, 'OWN').replace('10.50.0.10', 'A')}`,
  ),
  'templates three deep':
    one(`template bgp all_of_us { local 10.50.0.1 as 64530; hold time 30; ipv4 { table t4; import none; export none; }; }
template bgp clients from all_of_us { rr client; ipv4 { next hop self; }; }
template bgp pods_only from clients { neighbor as 64530; ipv4 { import where pods(); export where pods(); }; }
protocol bgp node_a from pods_only { neighbor 10.50.0.10; }
protocol bgp node_b from pods_only { neighbor 10.50.0.11; hold time 60; }
`),
  'templates of two channels':
    one(`template bgp all_of_us { local 10.50.0.1 as 64530; ipv4 { table t4; import none; export none; }; ipv6 { table t6; import none; export none; }; }
template bgp clients from all_of_us { rr client; neighbor as 64530; ipv4 { next hop self; import where pods(); export where pods(); }; }
protocol bgp node_a from clients { neighbor 10.50.0.10; }
protocol bgp node_b from clients { neighbor 10.50.0.11; }
`),
  'includes by pattern': {
    'bird.conf': `${HEAD}include "k3s/*.conf";\ninclude "own.d/*.conf";\n`,
    'k3s/10-a.conf': two('').split('\n')[0] ?? '',
    'k3s/20-b.conf': two('').split('\n')[1] ?? '',
    'own.d/x.conf': 'protocol static extra { ipv4 { table t4; }; route 10.99.0.0/16 blackhole; }\n',
  },
  'sessions in another folder': {
    'bird.conf': `${HEAD}include "peers/*.conf";\n`,
    'peers/all.conf': two(''),
  },
  'sessions in bird.conf': { 'bird.conf': `${HEAD}${two('')}` },
  'a range of neighbours': one(
    `protocol bgp nodes { local 10.50.0.1 as 64530; neighbor range 10.50.0.0/24 as 64530; rr client; ${POLICY} dynamic name "n"; }\n`,
  ),
  'a range of neighbours, and one of them': one(
    `${two('').split('\n')[0]}\nprotocol bgp nodes { local 10.50.0.1 as 64530; neighbor range 10.50.0.0/24 as 64530; rr client; ${POLICY} dynamic name "n"; }\n`,
  ),
  'additional paths': one(two('').replaceAll('ipv4 { table t4;', 'ipv4 { table t4; add paths tx;')),
  "BIRD's own table": one(two('').replaceAll('table t4; ', '')),
  'a table of another name': {
    'bird.conf': `${HEAD.replace('ipv4 table t4', 'ipv4 table nodes_table')}include "k3s/ibgp.conf";\n`,
    'k3s/ibgp.conf': two('').replaceAll('table t4', 'table nodes_table'),
  },
  'next hops from another table': one(two('').replaceAll('table t4;', 'table t4; igp table master4;')),
  'a preference': one(two('').replaceAll('table t4;', 'table t4; preference 150;')),
  'filtered routes are kept': one(two('').replaceAll('table t4;', 'table t4; import keep filtered on;')),
  'a limit that blocks': one(two('').replaceAll('table t4;', 'table t4; import limit 10 action block;')),
  'an import table': one(two('').replaceAll('table t4;', 'table t4; import table on;')),
  'a limit of what is sent': one(
    two('').replaceAll('table t4;', 'table t4; export limit 10 action disable;'),
  ),
  'extended next hops': one(two('').replaceAll('table t4;', 'table t4; extended next hop on;')),
  'direct gateways': one(two('direct;').replaceAll('table t4;', 'table t4; gateway direct;')),
  'long lived graceful restart': one(two('long lived graceful restart on;')),
  'roles of another AS': one(two('local role provider;', 'as 64999').replaceAll('rr client;', '')),
  'nodes in another AS': one(two('', 'as 64999').replaceAll('rr client;', '')),
  'an uplink beside': one(
    `${two('')}protocol bgp uplink { local 10.50.0.1 as 64530; neighbor 10.50.0.254 as 65010; ipv4 { table t4; import all; export none; }; }\n`,
  ),
  'a keepalive time': one(two('hold time 30; keepalive time 5;')),
  'another cluster ID': one(two('rr cluster id 10.50.0.99;')),
  'a router ID of the sessions': one(two('router id 10.50.0.77;')),
  comments: one(`/* protocol bgp gone { } */\n# protocol bgp gone2 {\n${two('')}`),
  'names in quotes': one(two('').replace('protocol bgp node_a', "protocol bgp 'node-a.1'")),
  'one node of two': one(two('').split('\n')[0] ?? ''),
  'a node twice': one(
    `${two('')}protocol bgp again { local 10.50.0.1 as 64530; neighbor 10.50.0.10 port 1179 as 64530; rr client; ${POLICY} }\n`,
  ),
  'a pipe and the kernel': {
    ...one(two('')),
    'bird.conf': `${HEAD}include "k3s/ibgp.conf";\nprotocol pipe { table t4; peer table master4; export all; import none; }\nprotocol kernel { ipv4 { export all; }; }\n`,
  },
};

/** What adopt says about the sessions; for routers not listed, that each is reloaded and nothing resets. */
const BECAME: Readonly<Record<string, string>> = {
  'neighbours that are internal': 'node_a reset, node_b reset',
  'passive sessions': 'node_a reset, node_b reset',
  'passive in one word': 'node_a reset, node_b reset',
  'multihop with a number': 'node_a reset, node_b reset',
  'direct neighbours': 'node_a reset, node_b reset',
  'a password in its place': 'node_a reset, node_b reset; not explained',
  'a password in a file': 'node_a reset, node_b reset; not explained',
  'a password in a file beside': 'node_a reset, node_b reset; not explained',
  'the VRF of the machine': 'node_a reset, node_b reset',
  'a confederation': 'node_a reset, node_b reset',
  'sessions that are switched off': 'node_a reloaded, node_b reloaded; not explained',
  'an interface': 'node_a reset, node_b reset',
  'templates three deep': 'node_a reloaded, node_b reset',
  'templates of two channels': 'node_a reloaded, node_b reloaded; not explained',
  'a range of neighbours':
    'sessions with nodes of home, IPv4 unknown, k3s_a_v4 new, k3s_b_v4 new, nodes gone; not explained',
  'a range of neighbours, and one of them': 'k3s_b_v4 new, node_a reloaded, nodes gone; not explained',
  'additional paths': 'node_a reset, node_b reset',
  'next hops from another table': 'node_a reset, node_b reset',
  // Only by BIRD 3, which no file distinguishes from BIRD 2.
  'filtered routes are kept': 'node_a reset, node_b reset',
  'an import table': 'node_a reset, node_b reset',
  'extended next hops': 'node_a reset, node_b reset',
  'direct gateways': 'node_a reset, node_b reset',
  'long lived graceful restart': 'node_a reset, node_b reset',
  'roles of another AS':
    'sessions with nodes of home, IPv4 unknown, k3s_a_v4 new, k3s_b_v4 new, node_a gone, node_b gone; not explained',
  'nodes in another AS':
    'sessions with nodes of home, IPv4 unknown, k3s_a_v4 new, k3s_b_v4 new, node_a gone, node_b gone; not explained',
  'an uplink beside': 'node_a reloaded, node_b reloaded, uplink gone; not explained',
  'a keepalive time': 'node_a reset, node_b reset',
  'names in quotes': 'node-a.1 reloaded, node_b reloaded',
  'one node of two': 'k3s_b_v4 new, node_a reloaded; not explained',
  'a node twice': 'again reset, node_a gone, node_b reloaded; not explained',
};

const told = (files: Readonly<Record<string, string>>) =>
  adoptRouters([{ name: 'gw', files: bytesOf(files) }], 'one-region');

/** The fate of each session of the router, and whether anything is unexplained. */
function said(files: Readonly<Record<string, string>>): string {
  const { comparison } = told(files);
  const own = comparison.compared.filter(({ where }) => where === 'gw');
  const { unexplained } = concerns({ compared: own, todo: [] });
  const change = own.map(({ what, change }) => `${what} ${change}`).join(', ');
  return `${change}${unexplained > 0 ? '; not explained' : ''}`;
}

test.each(Object.entries(FOLDERS))('%s: what is said of it', (name, files) => {
  expect(said(files)).toBe(BECAME[name] ?? 'node_a reloaded, node_b reloaded');
});

scenario('real BIRD', () => {
  test.each(Object.entries(FOLDERS))('%s: does to each session what was said', (_, files) => {
    expectForecast(told(files), 'gw', files);
  });
});
