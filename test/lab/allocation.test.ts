import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { forecast } from '../../analysis/index.ts';
import { type Allocation, withAllocation } from '../../fabric/index.ts';
import {
  bootLab,
  borrowedFailures,
  converged,
  findPrograms,
  judge,
  probe,
  probeBorrowed,
} from '../../lab/index.ts';
import { observe } from '../../lab/observe.ts';
import { routerFiles } from '../../routers/index.ts';
import { type IpAddress, type Prefix, parseAddress, parsePrefix } from '../../topology/address.ts';
import type { TopologyInput } from '../../topology/index.ts';
import { fabricOf } from '../fabric-of.ts';
import { scenario } from './labs.ts';

const topology = (bgp: object): TopologyInput => {
  const file = parse(readFileSync('test/lab/borrowed.yaml', 'utf8')) as TopologyInput;
  return { ...file, bgp: { ...file.bgp, ...bgp } };
};

function prefix(text: string): Prefix {
  const parsed = parsePrefix(text);
  if (!parsed.ok) throw new Error(`${text} is no prefix`);
  return parsed.prefix;
}

/** Other blocks than the topology names, one of a node that is gone; b1 has an address of a1's, and one of the gone node's. */
const ALLOCATION: Allocation = {
  nodes: ['a1', 'a2', 'b1'],
  blocks: [
    { prefix: prefix('10.42.21.0/26'), node: 'a1' },
    { prefix: prefix('10.42.25.64/26'), node: 'a1' },
    { prefix: prefix('10.42.22.0/26'), node: 'a2' },
    { prefix: prefix('10.42.23.0/26'), node: 'b1' },
    { prefix: prefix('10.42.9.0/26'), node: 'old-1' },
  ],
  addresses: ['10.42.21.40', '10.42.9.7'].map((text) => ({
    address: parseAddress(text) as IpAddress,
    node: 'b1',
    pod: 'default/far',
    isThere: true,
  })),
};

scenario('the blocks and addresses of a cluster', () => {
  test.each([
    { nodeToNodeMesh: false },
    { nodeToNodeMesh: true },
    { nodeToNodeMesh: false, exportBorrowed: false },
  ])('with %j real BIRD does with them what the simulator says', async (bgp) => {
    const fabric = withAllocation(fabricOf(topology(bgp)), ALLOCATION);
    const expected = forecast(fabric);
    expect(
      expected.borrowed?.map(({ address, node, owner }) => `${address.text} ${node} ${owner}`).sort(),
    ).toEqual(['10.42.21.40 b1 a1', '10.42.9.7 b1 ']);
    const programs = findPrograms('.');
    if ('message' in programs) throw new Error(programs.message);
    const lab = await bootLab({ fabric, routerFiles, programs, expected });
    if ('message' in lab) throw new Error(lab.message);
    try {
      await converged(lab, { patience: 6_000 });
      const failures = [
        ...judge(lab, await observe(lab), await probe(lab)),
        ...borrowedFailures(lab, await probeBorrowed(lab)),
      ];
      expect(failures).toEqual([]);
      const arrives = expected.borrowed?.flatMap(({ address, arrives }) =>
        [...arrives].map(([from, how]) => `${from} ${address.text} ${how}`),
      );
      const isCarried = !('exportBorrowed' in bgp);
      expect(arrives?.every((one) => one.endsWith(isCarried ? ' all' : ' none'))).toBe(true);
    } finally {
      await lab.holder.end();
    }
  });
});
