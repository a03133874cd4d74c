import { join } from 'node:path';
import { tree } from '../cli/run.ts';
import { scenario } from '../lab/labs.ts';
import { birdSays } from '../routers/bird.ts';
import { expectForecast } from './forecast.ts';
import { adoptNetwork, networkFolder, networks, routersIn } from './scenarios.ts';

/** What BIRD does to sessions when a running network gets the files rendered from its adopted topology. */

const filesOf = (network: string, router: string) => tree(join(networkFolder(network), 'routers', router));

const cases = networks
  .filter((network) => network !== 'beside' && routersIn(network).some(({ files }) => files.has('bird.conf')))
  .flatMap((network) => routersIn(network).map(({ name }) => ({ network, router: name })));

/**
 * What adopt keeps, and the effect on the gateway's sessions if it is not kept. Not the second
 * channel: BIRD removes one without a restart as long as it is down, and here no session is up.
 */
const REPORTS = ['k3s_backbone_cn_v4', 'k3s_backbone_global_v4', 'k3s_master_v4', 'k3s_wds1_v4'];
const taken: readonly {
  readonly without: string;
  readonly known: string;
  readonly reset: readonly string[];
}[] = [
  { without: 'nothing', known: '', reset: [] },
  {
    without: 'no source address',
    known: 'routers: {gateway: {bird: {adopted: {sourceAddress: true}}}}',
    reset: REPORTS,
  },
  { without: 'the hold time', known: 'bgp: {holdTime: 15}', reset: REPORTS },
  { without: 'graceful restart as it was', known: 'bgp: {gracefulRestart: true}', reset: REPORTS },
  { without: 'next hop self', known: 'bgp: {reflectorNextHop: keep}', reset: [] },
  { without: 'borrowed addresses', known: 'bgp: {exportBorrowed: false}', reset: [] },
];

scenario('real BIRD', () => {
  test.each(cases)(
    '$network, $router: the forecast is what BIRD does to each session',
    ({ network, router }) => {
      expectForecast(adoptNetwork(network), router, filesOf(network, router));
    },
  );

  test.each(taken)('the report without $without: the same', ({ known, reset }) => {
    const told = adoptNetwork('report', known);
    expectForecast(told, 'gateway', filesOf('report', 'gateway'));
    const forecast = told.comparison.compared.filter(({ change }) => change === 'reset');
    expect(forecast.filter(({ where }) => where === 'gateway').map(({ what }) => what)).toEqual(reset);
  });

  test('a name that is not kept is a new session', () => {
    const known =
      'routers: {gateway: {bird: {adopted: {protocols: {k3s_kubemaster_v4: k3s_kubemaster_v4}}}}}';
    const told = adoptNetwork('report', known);
    expectForecast(told, 'gateway', filesOf('report', 'gateway'));
    const change = (what: string) => told.comparison.compared.find((one) => one.what === what)?.change;
    expect([change('k3s_master_v4'), change('k3s_kubemaster_v4')]).toEqual(['gone', 'new']);
  });
});

test('what BIRD would refuse is reported before', () => {
  const { files, comparison } = adoptNetwork('beside');
  const prefix = 'routers/tor/';
  const rendered = [...files].filter(([path]) => path.startsWith(prefix));
  const main = tree(join(networkFolder('beside'), 'routers', 'tor'))['bird.conf'] ?? '';
  const said = birdSays(
    new Map([
      ...rendered.map(([path, text]): [string, string] => [path.slice(prefix.length), text]),
      ['bird.conf', `define INTRA_ROUTER_ID = 10.30.0.1;\n${main}`],
    ]),
  );
  // The line that calls lan_only, which was in the folder that is replaced.
  expect(said).toMatch(/bird\.conf:10:\d+ syntax error/);
  const told = comparison.compared.find(({ what }) => what === 'function lan_only');
  expect([told?.change, told?.details[0]?.because]).toEqual(['gone', undefined]);
});
