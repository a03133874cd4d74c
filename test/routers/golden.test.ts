import { join } from 'node:path';
import { routerFiles } from '../../routers/index.ts';
import type { TopologyInput } from '../../topology/index.ts';
import { fabricOf } from '../fabric-of.ts';
import { expectGolden } from '../golden.ts';
import { birdSays, filesOf, hostConfig } from './bird.ts';
import { NETWORKS } from './networks.ts';

const GOLDEN = join('test', 'routers', 'golden');

/** The report's network with the default rule is in test/fixture/report/dist. */
const reviewed = Object.entries(NETWORKS).filter(([name]) => name !== 'report');

test.each(reviewed)('the routers of %s are as reviewed (UPDATE_GOLDEN=1 rewrites it)', (name, topology) => {
  const files = [...routerFiles(fabricOf(topology))]
    .filter(([path]) => !path.includes('/sysctl.d/'))
    .map(([path, text]): [string, string] => [path.replace('routers/', ''), text]);
  expectGolden(join(GOLDEN, name), files);
});

const routers = Object.entries(NETWORKS).flatMap(([name, topology]) => {
  const fabric = fabricOf(topology);
  return fabric.routers
    .filter((router) => !router.planned)
    .map((router) => ({ network: name, router: router.name, mode: router.bird.mode, fabric }));
});

test.each(routers)('BIRD accepts $router of $network ($mode)', ({ fabric, router, mode }) => {
  const files = filesOf(fabric, router);
  if (mode === 'include') files.set('bird.conf', hostConfig(fabric, router));
  expect(birdSays(files)).toBe('');
});

test('BIRD accepts a router without peers yet', () => {
  const topology = NETWORKS['ipv4-over-ipv6'] as TopologyInput;
  const { underlay: _, ...alone } = topology;
  const fabric = fabricOf({ ...alone, nodes: {}, bgp: { backboneMesh: false } });
  const files = filesOf(fabric, 'e1');
  expect([...files.keys()]).toEqual(['k3s/ibgp.conf', 'sysctl.d/90-noencap.conf']);
  files.set('bird.conf', hostConfig(fabric, 'e1'));
  expect(birdSays(files)).toBe('');
});

test('bird -p does find errors: the test above can fail', () => {
  const fabric = fabricOf(NETWORKS.report as TopologyInput);
  const files = filesOf(fabric, 'gateway');
  files.set('bird.conf', hostConfig(fabric, 'gateway').replace('ipv4 table', 'ipv6 table'));
  expect(birdSays(files)).toContain('k3s/ibgp.conf:17:11 Incompatible table type');
});
