import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Comparison } from '../../adopt/index.ts';
import { tree } from '../cli/run.ts';
import { type Bird, put, startBird, until } from '../delivery/bird.ts';
import { scenario } from '../lab/labs.ts';
import { birdSays } from '../routers/bird.ts';
import { ALONE } from './alone.ts';
import { type AdoptedNetwork, adoptNetwork, networkFolder, networks, routersIn } from './scenarios.ts';

/** What BIRD does to sessions when a running network gets what was rendered of its adopted topology. */

const cases = networks
  .filter((network) => network !== 'beside' && routersIn(network).some(({ files }) => files.has('bird.conf')))
  .flatMap((network) => routersIn(network).map(({ name }) => ({ network, router: name })));

/**
 * What adopt keeps, and what becomes of the gateway's sessions if somebody does not want it kept. Not the second
 * channel: BIRD takes one away without a restart as long as it is down, and here no session is up.
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
      expectForecast(adoptNetwork(network), network, router);
    },
  );

  test.each(taken)('the report without $without: the same', ({ known, reset }) => {
    const told = adoptNetwork('report', known);
    expectForecast(told, 'report', 'gateway');
    const forecast = told.comparison.compared.filter(({ became }) => became === 'reset');
    expect(forecast.filter(({ where }) => where === 'gateway').map(({ what }) => what)).toEqual(reset);
  });

  test('a name that is not kept is another session', () => {
    const known =
      'routers: {gateway: {bird: {adopted: {protocols: {k3s_kubemaster_v4: k3s_kubemaster_v4}}}}}';
    const told = adoptNetwork('report', known);
    expectForecast(told, 'report', 'gateway');
    const became = (what: string) => told.comparison.compared.find((one) => one.what === what)?.became;
    expect([became('k3s_master_v4'), became('k3s_kubemaster_v4')]).toEqual(['gone', 'new']);
  });
});

/** Lets BIRD run the router's files, gives it the rendered ones, and holds what it says against the comparison. */
function expectForecast(
  { files: rendered, comparison }: AdoptedNetwork,
  network: string,
  router: string,
): void {
  const folder = join(networkFolder(network), 'routers', router);
  const bird = startBird((own) => {
    const files = tree(folder);
    const main = `log "${own}/log" all;\n${files['bird.conf']}`.replaceAll('/etc/bird/', `${own}/etc/`);
    return { ...files, 'bird.conf': main };
  }, ALONE);
  try {
    expect(bird.sessions().length).toBeGreaterThan(0);
    rmSync(join(bird.config, 'k3s'), { recursive: true });
    doByHand(bird, router, comparison, folder);
    for (const [path, text] of rendered) {
      const prefix = `routers/${router}/k3s/`;
      if (path.startsWith(prefix)) put(join(bird.config, 'k3s', path.slice(prefix.length)), text);
    }
    expect(bird.birdc('configure')).toMatch(/Reconfigur(ed|ation in progress)/);
    const logged = () => readFileSync(join(bird.folder, 'log'), 'utf8');
    until(() => /Reconfigured/.test(logged()));
    const touched = (verb: string): string[] =>
      [
        ...(logged()
          .split('Reconfiguring')
          .at(-1)
          ?.matchAll(new RegExp(`<INFO> ${verb} protocol (\\S+)`, 'g')) ?? []),
      ]
        .map(([, name = '']) => name)
        .sort();
    const forecast = (...became: string[]): string[] =>
      comparison.compared
        .filter((one) => one.where === router && became.includes(one.became))
        .map(({ what }) => what)
        .sort();
    expect({ reset: touched('Restarting'), gone: touched('Removing'), new: touched('Adding') }).toEqual({
      reset: forecast('reset'),
      gone: forecast('gone'),
      new: forecast('new'),
    });
    expect(bird.sessions()).toEqual(expect.arrayContaining(forecast('kept', 'reloaded', 'reset', 'new')));
    expect(logged().split('Reconfiguring').at(-1)).not.toContain('<ERR>');
  } finally {
    bird.end();
  }
}

/** What is to do by hand on this router, as it is told: lines for bird.conf, and the password into its own file. */
function doByHand(bird: Bird, router: string, { todo }: Comparison, folder: string): void {
  const own = todo.filter((one) => one.startsWith(`${router}: `));
  for (const one of own) {
    const [, line] = /: add this to bird\.conf, before its include: (.+)$/.exec(one) ?? [];
    const [, file] =
      /: put the line password "\.\.\." of its sessions into \/etc\/bird\/(\S+)$/.exec(one) ?? [];
    const main = join(bird.config, 'bird.conf');
    if (line !== undefined) writeFileSync(main, `${line}\n${readFileSync(main, 'utf8')}`);
    else if (file !== undefined) {
      const password = Object.values(tree(folder))
        .join('')
        .match(/password "[^"]+";/)?.[0];
      put(join(bird.config, file), `${password}\n`);
    } else throw new Error(`nobody can do this: ${one}`);
  }
}

test('what BIRD would refuse is told before', () => {
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
  // The line that calls lan_only, which stood in the folder that is replaced.
  expect(said).toMatch(/bird\.conf:10:\d+ syntax error/);
  const told = comparison.compared.find(({ what }) => what === 'function lan_only');
  expect([told?.became, told?.details[0]?.because]).toEqual(['gone', undefined]);
});
