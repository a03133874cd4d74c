import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { analyse, type Block, findings, forecast } from '../../../analysis/index.ts';
import { machineOf } from '../../../analysis/simulator/spf.ts';
import { type IpAddress, parseAddress } from '../../../topology/address.ts';
import type { TopologyInput } from '../../../topology/index.ts';
import { fabricOf } from '../../fabric-of.ts';

/** The findings on borrowed addresses: `path: severity`. */
function said(change: Partial<TopologyInput>): string[] {
  const file = parse(readFileSync('test/lab/borrowed.yaml', 'utf8')) as TopologyInput;
  return findings(analyse(fabricOf({ ...file, ...change })))
    .filter(({ id }) => id === 'NE417')
    .flatMap(({ path, evidence }) => [path.join('.'), ...evidence]);
}

const calico = (rules: NonNullable<TopologyInput['calico']['filters']>[string]['export']) => ({
  calico: { version: 'v3.32.1', filters: { ours: { routers: ['rb'], export: rules } } },
});
const POOL = { cidr: '10.42.0.0/16', operator: 'In' as const };

test('by default nothing: routers carry single addresses', () => {
  expect(said({})).toEqual([]);
});

test('routers that do not: lost at the owner without the mesh, round between it and its router with the mesh', () => {
  expect(said({ bgp: { nodeToNodeMesh: false, exportBorrowed: false } })).toContain(
    'b1 with an address of 10.42.1.0/26 (a1): a2 > a1 (unreachable)',
  );
  expect(said({ bgp: { nodeToNodeMesh: true, exportBorrowed: false } })).toContain(
    'b1 with an address of 10.42.1.0/26 (a1): a1 > ra > a1 (loops)',
  );
});

test('a filter that exports only blocks hides borrowed addresses; one that names the pool does not', () => {
  const accept = { action: 'Accept' as const, match: POOL };
  const reject = { action: 'Reject' as const };
  const bgp = { nodeToNodeMesh: false };
  expect(said({ bgp, ...calico([{ ...accept, prefixLength: { max: 26 } }, reject]) })).toEqual([
    'calico.filters',
    'b1 with an address of 10.42.1.0/26 (a1): a1 (unreachable)',
    'b1 with an address of 10.42.1.0/26 (a1): a2 > a1 (unreachable)',
  ]);
  expect(said({ bgp, ...calico([accept, reject]) })).toEqual([]);
});

test('a filter on one of two reflectors: lost once the other one is gone', () => {
  const file = parse(readFileSync('test/lab/borrowed.yaml', 'utf8')) as TopologyInput;
  const la = file.underlay?.segments?.la;
  const two: Partial<TopologyInput> = {
    bgp: { nodeToNodeMesh: false },
    regions: { a: { routers: ['ra', 'rc'] }, b: { router: 'rb' } },
    routers: {
      ...file.routers,
      rc: { routerId: '10.255.0.3', nodeAddress: '10.1.0.2', backboneAddress: '10.255.0.3' },
    },
    underlay: {
      segments: {
        ...file.underlay?.segments,
        la: { ...la, cidr: '10.1.0.0/24', mtu: 1500, members: { ...la?.members, rc: '10.1.0.2' } },
        v: { cidr: '10.3.1.0/31', mtu: 1500, members: { rc: '10.3.1.0', rb: '10.3.1.1' } },
      },
    },
    calico: {
      version: 'v3.32.1',
      filters: {
        ours: { routers: ['ra'], export: [{ action: 'Reject', match: POOL, prefixLength: { min: 32 } }] },
      },
    },
  };
  expect(said(two)).toEqual([
    'calico.filters',
    'without rc: a2 with an address of 10.42.1.0/26 (a1) is unreachable from a1, b1',
    'without rc: a2 with an address of 10.42.3.0/26 (b1) is unreachable from a1, b1',
  ]);
  expect(said({ ...two, calico: { version: 'v3.32.1' } })).toEqual([]);
});

test('a gateway that has routes to blocks hands a borrowed address to the owner of the block', () => {
  const file = parse(readFileSync('test/lab/borrowed.yaml', 'utf8')) as TopologyInput;
  const la = file.underlay?.segments?.la;
  const gateway = (routes: { to: string; via: string }[]): Partial<TopologyInput> => ({
    bgp: { nodeToNodeMesh: true },
    hosts: { gw: { forwards: true, default: '10.1.0.1', routes } },
    nodes: {
      ...file.nodes,
      a2: { ...file.nodes?.a2, region: 'a', role: 'agent', address: '10.1.0.12', defaultRouter: 'gw' },
    },
    regions: { a: { router: 'ra' }, b: { router: 'rb' } },
    routers: {
      ...file.routers,
      ra: { routerId: '10.255.0.1', nodeAddress: '10.1.0.1', backboneAddress: '10.255.0.1' },
    },
    underlay: {
      segments: {
        ...file.underlay?.segments,
        la: { ...la, cidr: '10.1.0.0/24', mtu: 1500, members: { ...la?.members, gw: '10.1.0.254' } },
      },
    },
  });
  const walk = (routes: { to: string; via: string }[]) => {
    const loan = { address: parseAddress('10.42.1.40') as IpAddress, node: 'b1' };
    const fabric = fabricOf({ ...file, ...gateway(routes), bgp: { nodeToNodeMesh: true } });
    const { network, simulation } = analyse(fabric, ['a2'], undefined, [loan]);
    const block = network.blocks.find(({ prefix }) => prefix.text === '10.42.1.40/32');
    const host = network.machines.find(({ name }) => name === 'gw')?.index ?? -1;
    const { by, hops } = simulation.waysTo(block as Block).forwarding(host);
    return [by, ...hops.map((hop) => network.machines[machineOf(network, hop)]?.name)];
  };
  expect(walk([])).toEqual(['default route', 'ra']);
  expect(walk([{ to: '10.42.1.0/26', via: '10.1.0.11' }])).toEqual(['static route', 'a1']);
});

test('a lab has no pod in a second block of a pool, and expects no route to one that a filter exports', () => {
  const file = parse(readFileSync('test/lab/borrowed.yaml', 'utf8')) as TopologyInput;
  const a1 = {
    ...file.nodes?.a1,
    region: 'a',
    address: '10.1.0.11',
    block: ['10.42.1.0/26', '10.42.4.0/26'],
  };
  const filters = calico([{ action: 'Accept', match: POOL }]).calico;
  const open = { ...filters, filters: { ours: { ...filters.filters.ours, routers: ['ra'] } } };
  const { pairs } = forecast(fabricOf({ ...file, nodes: { ...file.nodes, a1 }, calico: open }));
  const routes = pairs.find(({ from, to }) => from === 'b1' && to === 'a1')?.routes;
  expect([...(routes?.keys() ?? [])].sort()).toEqual(['10.42.1.0/26', '10.42.1.1/32', '10.42.4.0/26']);
});
