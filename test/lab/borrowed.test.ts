import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { analyse, forecast, isWhole } from '../../analysis/index.ts';
import { REPLY } from '../../lab/fping.ts';
import {
  bootLab,
  borrowedFailures,
  converged,
  findPrograms,
  judge,
  type Lab,
  probe,
  probeBorrowed,
} from '../../lab/index.ts';
import type { LabPlan } from '../../lab/model.ts';
import { observe } from '../../lab/observe.ts';
import { routerFiles } from '../../routers/index.ts';
import { parseAddress } from '../../topology/address.ts';
import type { TopologyInput } from '../../topology/index.ts';
import { fabricOf } from '../fabric-of.ts';
import { booted, on, scenario } from './labs.ts';

/**
 * Addresses from a1's block that pods on other nodes have: one on a1's LAN, one in the other region. Such a node announces a /32 or
 * /128 for it, which passes Calico's aggregation because it is in no block of the node.
 */
const BORROWED: Readonly<Record<string, string>> = { a2: '10.42.1.40', b1: '10.42.1.41' };

const topology = (bgp: object): TopologyInput => {
  const file = parse(readFileSync('test/lab/borrowed.yaml', 'utf8')) as TopologyInput;
  return { ...file, bgp: { ...file.bgp, ...bgp } };
};

function withBorrowed(plan: LabPlan): LabPlan {
  return {
    ...plan,
    pods: plan.pods.map((pod) => {
      const borrowed = parseAddress(BORROWED[pod.node] ?? '');
      return borrowed === undefined ? pod : { ...pod, borrowed: [borrowed] };
    }),
  };
}

/** `a1 b1`: a pod of a1 reaches the borrowed address on b1. */
async function reached(lab: Lab): Promise<string[]> {
  const asked = lab.plan.pods.flatMap(({ node, netns }) =>
    Object.entries(BORROWED).flatMap(([holder, address]) =>
      holder === node ? [] : [{ pair: `${node} ${holder}`, netns, address }],
    ),
  );
  const answers = await Promise.all(
    asked.map(async ({ pair, netns, address }) => {
      const said = await on(lab, netns, `fping -r 3 -B 1 -t ${REPLY} ${address}`);
      return said.includes('is alive') ? [pair] : [];
    }),
  );
  return answers.flat().sort();
}

/** The same according to the simulator. */
function simulated(file: TopologyInput): string[] {
  const loans = Object.entries(BORROWED).flatMap(([node, text]) => {
    const address = parseAddress(text);
    return address === undefined ? [] : [{ address, node }];
  });
  const { network, simulation } = analyse(fabricOf(file), [], undefined, loans);
  const nodes = network.machines.filter(({ kind }) => kind === 'node');
  return nodes.flatMap((from) =>
    nodes
      .filter((to) => to !== from)
      .filter((to) => {
        const block = network.blocks.find(({ prefix }) => prefix.text === `${BORROWED[to.name]}/32`);
        return block !== undefined && isWhole(simulation.waysTo(block).fate(from.index));
      })
      .map((to) => `${from.name} ${to.name}`),
  );
}

const ALL = ['a1 a2', 'a1 b1', 'a2 b1', 'b1 a2'];

scenario("a pod with an address that its node borrowed from another node's block", () => {
  test.each([
    { bgp: { nodeToNodeMesh: true }, those: ALL },
    { bgp: { nodeToNodeMesh: false }, those: ALL },
    // Only its node knows where it is: packets end at the node with the block.
    { bgp: { nodeToNodeMesh: false, exportBorrowed: false }, those: [] },
    // The mesh informs nodes, but not routers: between regions packets go back and forth.
    { bgp: { nodeToNodeMesh: true, exportBorrowed: false }, those: ['a1 a2', 'b1 a2'] },
  ])('$bgp: it answers $those', async ({ bgp, those }) => {
    const lab = await booted(topology(bgp), withBorrowed, 6000);
    try {
      expect(await reached(lab)).toEqual(those);
      expect(simulated(topology(bgp))).toEqual(those);
    } finally {
      await lab.holder.end();
    }
  });

  test('the lab lends addresses, and reports one that answers although it should not, or that is unknown', async () => {
    const fabric = fabricOf(topology({ nodeToNodeMesh: false }));
    const programs = findPrograms('.');
    if ('message' in programs) throw new Error(programs.message);
    // A router that drops single addresses, whatever the topology says.
    const narrow = (plan: LabPlan): LabPlan => ({
      ...plan,
      hosts: plan.hosts.map((host) =>
        host.name === 'rb'
          ? {
              ...host,
              files: new Map(
                [...host.files].map(([path, text]) => [path, text.replaceAll('{32,32}', '{31,31}')]),
              ),
            }
          : host,
      ),
    });
    const lab = await bootLab({ fabric, routerFiles, programs, expected: forecast(fabric), change: narrow });
    if ('message' in lab) throw new Error(lab.message);
    try {
      await converged(lab, { patience: 5_000 });
      const failures = [
        ...judge(lab, await observe(lab), await probe(lab)),
        ...borrowedFailures(lab, await probeBorrowed(lab)),
      ].map(({ message }) => message);
      expect(failures).toContain('b1 has no route to 10.42.1.2/32 (a pod of a2, borrowed)');
      expect(failures).toContain('a1 to 10.42.1.3 on b1, borrowed from a1: the pod does not answer');
    } finally {
      await lab.holder.end();
    }
  });
});
