import type { RouterFolder } from '../../adopt/index.ts';
import { adoptedText } from '../../cli/adopt-text.ts';
import { adoptRouters, bytesOf, changed, routersIn } from './scenarios.ts';

/** The report's network where nothing running can be compared with the rendering: it is never reported as fine. */

const others = routersIn('report').filter(({ name }) => name !== 'gateway');
const gateway = (files: Readonly<Record<string, string>>): RouterFolder[] => [
  ...others,
  { name: 'gateway', files: bytesOf(files) },
];
const nodesBy = (line: string): RouterFolder[] =>
  changed(routersIn('report'), (path, text) =>
    /gateway\/k3s\/ibgpeers\/(master|wds1)/.test(path) ? text.replace(/neighbor .*;/, line) : text,
  );
const ranged = gateway({
  ...Object.fromEntries(
    [...(routersIn('report').find(({ name }) => name === 'gateway')?.files ?? [])]
      .filter(([path]) => !/master|wds1/.test(path))
      .map(([path, bytes]) => [path, new TextDecoder().decode(bytes)]),
  ),
  'k3s/ibgpeers/nodes.conf':
    'protocol bgp k3s_nodes from k3speers { neighbor range 192.168.100.0/24 as K3S_AS; dynamic name "k3s_node"; }',
});
/** What its operator says about the router if its files do not. */
const GATEWAY = 'routers: {gateway: {routerId: 192.168.100.1, nodeAddress: 192.168.100.1}}';

const WDS = 'sessions with nodes of WDS, IPv4';

test.each<[string, readonly RouterFolder[], string, string, string, string?]>([
  [
    'a router that speaks no BGP',
    gateway({ 'bird.conf': 'router id 192.168.100.1;\nprotocol device {}\n' }),
    'gateway',
    WDS,
    'its files contain no BGP session',
  ],
  [
    'a router that takes whoever comes',
    ranged,
    'gateway',
    WDS,
    'k3s_nodes accepts any neighbour in 192.168.100.0/24, and no file says which ones connect',
  ],
  [
    'a router whose sessions are with other addresses',
    nodesBy('neighbor 192.168.100.77;'),
    'gateway',
    WDS,
    'none of its sessions is with an address of these nodes',
  ],
  [
    'a router of which no folder was given',
    others,
    'wds',
    'its sessions',
    'no folder was given: give --router wds=FOLDER',
    'routers: {wds: {planned: false}}',
  ],
])('%s is unknown', (_, routers, router, what, why, known = GATEWAY) => {
  const { comparison } = adoptRouters(routers, 'report', known);
  const unknown = comparison.compared.filter(({ change }) => change === 'unknown');
  expect(unknown.map(({ where, what: said, details }) => [where, said, details[0]?.field])).toEqual([
    [router, what, why],
  ]);
  expect(adoptedText(comparison, undefined)).toMatch(
    new RegExp(`^unknown: ${what} \\(${router}\\), \\d+ differences? not explained`),
  );
});

test("BIRD 1's file for IPv6 is reported, unless BIRD 2 includes it", () => {
  const own = routersIn('report').find(({ name }) => name === 'gateway')?.files ?? new Map();
  const named = (text: string) => {
    const main = new TextDecoder().decode(own.get('bird.conf')) + text;
    const more = bytesOf({ 'bird.conf': main, 'bird6.conf': 'protocol static six { ipv6; }\n' });
    const { adopted } = adoptRouters(
      [...others, { name: 'gateway', files: new Map([...own, ...more]) }],
      'report',
    );
    return adopted.notes.map(({ what }) => what).filter((what) => what.includes('bird6'));
  };
  expect(named('')).toEqual(['gateway/bird6.conf']);
  expect(named('\ninclude "bird6.conf";\n')).toEqual([]);
});

test('one session of each region is enough, and a region without nodes needs none', () => {
  const { comparison } = adoptRouters(routersIn('report'), 'report');
  expect(comparison.compared.filter(({ change }) => change === 'unknown')).toEqual([]);
});

describe('what bird.conf includes', () => {
  const todo = (include: string, files: Readonly<Record<string, string>> = {}): readonly string[] => {
    const main = routersIn('report')
      .find(({ name }) => name === 'gateway')
      ?.files.get('bird.conf');
    const text = new TextDecoder().decode(main).replace('include "k3s/ibgp.conf";', include);
    const own = routersIn('report').find(({ name }) => name === 'gateway')?.files ?? new Map();
    const folder = { name: 'gateway', files: new Map([...own, ...bytesOf({ ...files, 'bird.conf': text })]) };
    const { comparison } = adoptRouters([...others, folder], 'report');
    return comparison.todo.filter((one) => one.includes('include "'));
  };

  test.each(['include "k3s/ibgp.conf";', 'include "/etc/bird/k3s/*.conf";', 'include "k3s/ibg?.conf";'])(
    '%s has our file in it',
    (include) => {
      expect(todo(include)).toEqual([]);
    },
  );

  test('if nothing includes our file, that is a step to do', () => {
    expect(todo('')).toEqual(['gateway: add this at the end of bird.conf: include "k3s/ibgp.conf";']);
  });

  test('a file that a delivery removes must no longer be included', () => {
    expect(todo('include "k3s/mine.conf";', { 'k3s/mine.conf': 'include "ibgp.conf";' })).toEqual([
      expect.stringMatching(/^gateway: remove include "k3s\/mine\.conf" from gateway\/bird\.conf/),
      'gateway: add this at the end of bird.conf: include "k3s/ibgp.conf";',
    ]);
  });
});
