import { analyse } from '../../analysis/index.ts';
import { render } from '../../repository/render.ts';
import { dangers } from '../../review/dangers.ts';
import { deliveryOrder, firstToGet } from '../../review/order.ts';
import type { TopologyInput } from '../../topology/index.ts';
import { fabricOf } from '../fabric-of.ts';
import { redundant } from '../lab/topologies.ts';
import { QUIET } from './changes.ts';

const network = (pods: TopologyInput['pods'], clusterCidrs = ['10.42.0.0/16']): TopologyInput =>
  redundant({
    pods: { mtu: 1380, ...pods },
    calico: { version: 'v3.32.1', api: 'projectcalico.org/v3' },
    k3s: { version: 'v1.34.5+k3s1', clusterCidrs },
  });

const old = network({ cidrs: ['10.42.0.0/16'] });
const both = network({ cidrs: ['10.44.0.0/16'], retiring: ['10.42.0.0/16'] });
const back = network({ cidrs: ['10.42.0.0/16'], retiring: ['10.44.0.0/16'] });
const moved = network({ cidrs: ['10.44.0.0/16'] });

const told = (base: TopologyInput, head: TopologyInput): string[] =>
  dangers({ ...QUIET, before: fabricOf(base), after: fabricOf(head) }).map(
    ({ severity, message }) => `${severity}: ${message}`,
  );

const order = (base: TopologyInput, head: TopologyInput) =>
  deliveryOrder(analyse(fabricOf(base)), analyse(fabricOf(head)), { routers: true, cluster: true }).first;

test.each<[string, TopologyInput, TopologyInput, string, RegExp[]]>([
  ['a pool comes beside one that retires', old, both, 'routers', []],
  ['pods go back to the pool that they left', both, back, 'either', []],
  [
    'the pool that they move to is forgotten',
    both,
    old,
    'cluster',
    [
      /^error: pool 10\.44\.0\.0\/16, from which pods get their addresses, is removed: the operator deletes it .* at once, in use or not/,
    ],
  ],
  [
    'the pool that retired goes',
    both,
    moved,
    'cluster',
    [
      /^warning: pool 10\.42\.0\.0\/16 is removed for good: any pod that still has an address from it is cut off/,
    ],
  ],
  [
    'a pool moves at once',
    old,
    moved,
    'apart',
    [/^error: pool 10\.42\.0\.0\/16 changes into 10\.44\.0\.0\/16/],
  ],
  [
    'the foundation is forgotten',
    moved,
    network({ cidrs: ['10.44.0.0/16'] }, ['10.44.0.0/16']),
    'either',
    [/^error: the cluster CIDR of K3s changes from 10\.42\.0\.0\/16 to 10\.44\.0\.0\/16/],
  ],
])('%s', (_, base, head, first, expected) => {
  expect(order(base, head)).toBe(first);
  const found = told(base, head);
  expect(found).toHaveLength(expected.length);
  for (const [index, one] of expected.entries()) expect(found[index]).toMatch(one);
});

test('a pool keeps its name whatever is added or removed beside it: a new name would ask the operator for a second pool', () => {
  const namesIn = (topology: TopologyInput): string[] => {
    const { files } = render(fabricOf(topology), undefined);
    const installation = files.get('cluster/10-installation/installation.yaml') ?? '';
    const pools = installation.matchAll(
      /cidr: (\S+)[\s\S]*?disableBGPExport[\s\S]*?disableNewAllocations: (\S+)[\s\S]*?name: (\S+)/g,
    );
    return [...pools].map(([, cidr, disabled, name]) => `${cidr} ${name} ${disabled}`);
  };
  expect(namesIn(old)).toEqual(['10.42.0.0/16 default-ipv4-ippool false']);
  expect(namesIn(both)).toEqual([
    '10.44.0.0/16 pods-10-44-0-0-16 false',
    '10.42.0.0/16 default-ipv4-ippool true',
  ]);
  expect(namesIn(moved)).toEqual(['10.44.0.0/16 pods-10-44-0-0-16 false']);
});

test('the lab removes a pool from the cluster first, and delivers everything else to the routers first', () => {
  const first = (base: TopologyInput, head: TopologyInput) => firstToGet(fabricOf(base), fabricOf(head));
  expect([first(old, both), first(both, moved), first(old, old)]).toEqual(['routers', 'cluster', 'routers']);
});

test('routers accept blocks of both pools', () => {
  const file = render(fabricOf(both), undefined).files.get('routers/e1/k3s/ibgp.conf') ?? '';
  expect(file).toContain('net ~ [ 10.44.0.0/16{16,26} ]');
  expect(file).toContain('net ~ [ 10.42.0.0/16{16,26} ]');
  expect(file).toContain('net ~ [ 10.44.0.0/16{32,32} ]');
  expect(file).toContain('net ~ [ 10.42.0.0/16{32,32} ]');
  const blocks = fabricOf({ ...both, bgp: { ...both.bgp, exportBorrowed: false } });
  expect(render(blocks, undefined).files.get('routers/e1/k3s/ibgp.conf')).toContain(
    'import limit 2048 action warn',
  );
});
