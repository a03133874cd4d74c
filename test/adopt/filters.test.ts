import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { comparisonText } from '../../cli/adopt-text.ts';
import { expectGolden } from '../golden.ts';
import { adoptRouters, changed, routersIn } from './scenarios.ts';

/** The report's gateway with a different guard each: what adopt says about the routes accepted today. UPDATE_GOLDEN=1 rewrites it. */

const FOLDER = join('test', 'adopt', 'filters');
const pieces = readFileSync(join(FOLDER, 'report.conf'), 'utf8')
  .split(/^=== /m)
  .slice(1)
  .map((piece) => {
    const [, name = '', before = '', send = ''] = /^(.+)\n([\s\S]*)^---\n([\s\S]*)$/m.exec(piece) ?? [];
    return { name, before, send };
  });

const saidOf = ({ before, send }: (typeof pieces)[number]): { text: string; unexplained: number } => {
  const { comparison } = adoptRouters(
    changed(routersIn('report'), (path, text) =>
      path === 'gateway/k3s/ibgp.conf' ? guarded(text, before, send) : text,
    ),
    'report',
  );
  const own = comparison.compared
    .filter(({ where }) => where === 'gateway')
    .map((one) => ({ ...one, details: one.details.filter(({ field }) => / filter/.test(field)) }));
  const text = comparisonText([], { compared: own, todo: [] }, 120).join('\n');
  return {
    text: `${text}\n`,
    unexplained: own.flatMap((one) => one.details).filter((one) => !one.because).length,
  };
};

/** The report's file with a different function, and a different filter in the node template. */
function guarded(text: string, before: string, send: string): string {
  const [head = '', nodes = ''] = text
    .replace(/^function is_insider_as[\s\S]*?^}\n/m, before)
    .split('template bgp k3speers');
  return `${head}template bgp k3speers${nodes.replace(/export filter\{[\s\S]*?\n {8}\};/g, send.trim())}`;
}

const said = new Map(pieces.map((piece) => [piece.name, saidOf(piece)]));

test('routes accepted today and afterwards, in words', () => {
  expectGolden(
    join(FOLDER, 'expected'),
    [...said].map(([name, { text }]): [string, string] => [`${name.replace(/\W+/g, '-')}.txt`, text]),
  );
});

test.each([
  ["the report's own", true],
  ['the same in other words', true],
  ['any host route, and pods', false],
  ['static routes, and pods', false],
  ['pods rejected, the rest accepted', false],
  ['all but two networks', false],
  ['nothing to nodes', false],
  ['everything to nodes', false],
  ['a default route as well', false],
  ['a preference for pods of one range', false],
  ['another next hop, which next hop self overrides', true],
  ['half of the pool', false],
  ['an origin that has to be valid', false],
  ['a metric decides', false],
  ['static routes by a mark that they are given', false],
  ['an address in a set of networks, which is an error for each route', false],
])('%s: as today is %s', (name, asToday) => {
  expect(said.get(name)?.unexplained === 0).toBe(asToday);
});

test('a mark set on import from nodes and tested on export between routers is unknown', () => {
  const routers = changed(routersIn('report'), (path, text) => {
    if (path !== 'gateway/k3s/ibgp.conf') return text;
    const [backbone = '', nodes = ''] = text.split('template bgp k3speers');
    const asking = backbone.replaceAll(
      /export filter\{[\s\S]*?\n {8}\};/g,
      'export where is_insider_as() && (64512, 100) ~ bgp_community;',
    );
    const marking = nodes.replaceAll(
      /import filter\{[\s\S]*?\n {8}\};/g,
      'import filter { if is_insider_as() then { bgp_community.add((64512, 100)); accept; } reject; };',
    );
    return `${asking}template bgp k3speers${marking}`;
  });
  const { comparison } = adoptRouters(routers, 'report');
  const details = comparison.compared
    .filter(({ what }) => what === 'k3s_backbone_cn_v4')
    .flatMap((one) => one.details)
    .filter(({ field }) => field.startsWith('ipv4/export filter: blocks'));
  expect(details).toMatchObject([
    { before: 'unknown (bgp_community)', after: 'accepted', because: undefined },
  ]);
});
