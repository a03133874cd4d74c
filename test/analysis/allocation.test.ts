import fc from 'fast-check';
import { analyse, findings, ownerOf, podPaths, targetOf } from '../../analysis/index.ts';
import { type Allocation, type Fabric, nodeBlocks, withAllocation } from '../../fabric/index.ts';
import { type IpAddress, ipAddress, type Prefix, parseAddress, parsePrefix } from '../../topology/address.ts';
import { fabricOf } from '../fabric-of.ts';
import { arbitraryNetwork } from './arbitrary-network.ts';

/** What a cluster says that gave every node the blocks that the fabric assumes. */
const asPlanned = (fabric: Fabric, change: Partial<Allocation> = {}): Allocation => ({
  nodes: fabric.nodes.map(({ name }) => name),
  blocks: [...nodeBlocks(fabric)].flatMap(([node, blocks]) => blocks.map((prefix) => ({ prefix, node }))),
  addresses: [],
  ...change,
});

test('a cluster with the blocks that are assumed is the network that is assumed', () => {
  fc.assert(
    fc.property(arbitraryNetwork(), (topology) => {
      const fabric = fabricOf(topology);
      const asked = withAllocation(fabric, asPlanned(fabric));
      const shape = (one: Fabric) =>
        analyse(one, [], undefined, []).pairs.map(({ from, to, block, fate }) => [
          from.name,
          to.name,
          block.prefix.text,
          fate,
        ]);
      expect(shape(asked)).toEqual(shape(fabric));
    }),
    { numRuns: 30 },
  );
});

/** Two regions of one router each, with as many nodes as nobody looks at one by one. */
const wide = (nodes: number, exportBorrowed: boolean) =>
  fabricOf({
    version: 1,
    name: 'wide',
    bgp: { nodeToNodeMesh: false, exportBorrowed },
    pods: { cidrs: ['10.42.0.0/16'] },
    services: { cidrs: ['10.43.0.0/16'] },
    calico: { version: 'v3.31.7' },
    k3s: { version: 'v1.34.5+k3s1' },
    gitops: { repoURL: 'https://git.example/net.git' },
    regions: { east: { router: 'e' }, west: { router: 'w' } },
    routers: {
      e: { routerId: '10.0.0.1', nodeAddress: '10.0.0.1', backboneAddress: '10.0.0.1' },
      w: { routerId: '10.0.0.2', nodeAddress: '10.0.0.2', backboneAddress: '10.0.0.2' },
    },
    nodes: Object.fromEntries(
      ['east', 'west'].flatMap((region, at) =>
        [...Array(nodes).keys()].map((index) => [
          `${region}-${String(index).padStart(3, '0')}`,
          {
            region,
            role: at + index === 0 ? 'server' : 'agent',
            address: `10.${at + 1}.${index >> 7}.${(index & 127) + 1}`,
          },
        ]),
      ),
    ),
  });

const address = (text: string): IpAddress => parseAddress(text) as IpAddress;

function prefix(text: string): Prefix {
  const parsed = parsePrefix(text);
  if (!parsed.ok) throw new Error(`${text} is no prefix`);
  return parsed.prefix;
}

/** `borrower` has an address of `owner`'s block. */
function lent(fabric: Fabric, borrower: string, owner: string): Allocation['addresses'][number] {
  const block = nodeBlocks(fabric).get(owner)?.[0];
  if (block === undefined) throw new Error(`${owner} has no block`);
  return {
    address: ipAddress(block.family, block.value + 9n),
    node: borrower,
    pod: 'default/far',
    isThere: true,
  };
}

test('of hundreds of alike loans one is followed, and each kind is', () => {
  const fabric = wide(200, false);
  const near = [...Array(100).keys()].map((at) =>
    lent(fabric, `east-${String(at).padStart(3, '0')}`, `east-${String(at + 100).padStart(3, '0')}`),
  );
  const far = near.map((_, at) =>
    lent(fabric, `east-${String(at).padStart(3, '0')}`, `west-${String(at).padStart(3, '0')}`),
  );
  const asked = withAllocation(fabric, asPlanned(fabric, { addresses: [...near, ...far] }));
  const analysis = analyse(asked);
  expect(analysis.network.machines.length).toBeLessThan(20);
  const [lost] = findings(analysis).filter(({ id }) => id === 'NE417');
  expect(lost?.evidence.join()).toContain('east-000 with an address of 10.42.25.0/26 (east-100)');
  const followed = analysis.network.blocks.filter(({ prefix }) => prefix.length === 32);
  expect(followed.map(({ prefix }) => prefix.text)).toEqual(['10.42.25.9/32', '10.42.50.9/32']);
  expect(
    findings(analyse(withAllocation(wide(200, true), asPlanned(fabric)))).map(({ id }) => id),
  ).not.toContain('NE417');
});

test('nodes with other numbers of blocks are alike, and the path to each block of one that is asked about is there', () => {
  const fabric = wide(60, true);
  const extra = fabric.nodes.flatMap(({ name }, at) =>
    [...Array(at % 4).keys()].map((more) => ({
      prefix: prefix(`10.42.${100 + at}.${more * 64}/26`),
      node: name,
    })),
  );
  const { blocks } = asPlanned(fabric);
  const asked = withAllocation(fabric, asPlanned(fabric, { blocks: [...blocks, ...extra] }));
  expect(analyse(asked).network.machines.length).toBe(analyse(fabric).network.machines.length);
  const analysis = analyse(asked, ['east-003', 'west-000'], undefined, []);
  const from = analysis.network.machines.find(({ name }) => name === 'west-000');
  const target = targetOf(asked, 'east-003');
  if (target?.kind !== 'pods' || from === undefined) throw new Error('there is no such node');
  expect(podPaths(analysis, from, target).map((path) => [path.prefix, path.fate.arrives])).toEqual([
    ['10.42.0.192/26', true],
    ['10.42.103.0/26', true],
    ['10.42.103.64/26', true],
    ['10.42.103.128/26', true],
  ]);
});

test('a node without a block has none, and one whose node left the cluster is announced by nobody', () => {
  const fabric = wide(2, true);
  const { blocks } = asPlanned(fabric);
  const gone = withAllocation(
    fabric,
    asPlanned(fabric, {
      nodes: ['east-000', 'east-001', 'west-000'],
      blocks: blocks.filter(({ node }) => node !== 'east-001'),
    }),
  );
  expect([...nodeBlocks(gone)].map(([name, own]) => [name, own.length])).toEqual([
    ['east-000', 1],
    ['east-001', 0],
    ['west-000', 1],
    ['west-001', 0],
  ]);
  const left = blocks.find(({ node }) => node === 'west-001');
  const inside = ipAddress('ipv4', (left?.prefix.value ?? 0n) + 3n).text;
  expect(targetOf(gone, inside)).toBeUndefined();
  expect(ownerOf(gone, inside)).toMatchObject({
    block: { node: 'west-001', nodeIs: 'gone' },
    holder: undefined,
  });
});

test('a pod on a node that borrowed its address is where the pod is; --on may still name another', () => {
  const fabric = wide(2, true);
  const one = lent(fabric, 'west-001', 'east-000');
  const asked = withAllocation(fabric, asPlanned(fabric, { addresses: [one] }));
  expect(targetOf(asked, one.address.text)).toMatchObject({ kind: 'pods', machine: 'west-001' });
  expect(targetOf(asked, one.address.text, 'east-001')).toMatchObject({ machine: 'east-001' });
  expect(targetOf(asked, address('10.42.0.3').text)).toMatchObject({ machine: 'east-000' });
  const target = targetOf(asked, one.address.text);
  const analysis = analyse(asked, ['east-001', 'west-001'], undefined, [
    { address: one.address, node: 'west-001' },
  ]);
  const from = analysis.network.machines.find(({ name }) => name === 'east-001');
  if (target?.kind !== 'pods' || from === undefined) throw new Error('there is no such pod');
  expect(podPaths(analysis, from, target).map(({ prefix, to, fate }) => [prefix, to, fate.arrives])).toEqual([
    [`${one.address.text}/32`, 'west-001', true],
  ]);
});
