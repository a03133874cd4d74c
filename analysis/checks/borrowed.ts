import { addressBits } from '../../topology/address.ts';
import { type Analysis, hasFamily, regionOf } from '../analysis.ts';
import { type Check, someLines } from '../finding.ts';
import type { Block, Machine } from '../simulator/network.ts';
import { isWhole } from '../simulator/what-if.ts';
import { traces, traceText } from '../trace.ts';

/**
 * NE417: Calico lends a node single addresses of another one's block when it finds no free block. Where the route of such an address
 * does not get everywhere, packets follow the block to its owner, and that drops them or sends them round.
 */
export const lostBorrowers: Check = (analysis) => {
  const { fabric } = analysis;
  const { exportBorrowed } = fabric.bgp;
  // Let through everywhere, these routes spread as the blocks of their nodes do: other checks are about those.
  if (exportBorrowed && fabric.calico.filters.length === 0) return [];
  const lost = loans(analysis).flatMap((loan) => lostOf(analysis, loan));
  if (lost.length === 0) return [];
  return [
    {
      id: 'NE417',
      severity: 'warning',
      path: exportBorrowed ? ['calico', 'filters'] : ['bgp', 'exportBorrowed'],
      says: `pods on addresses that their node borrowed from another one's block lose packets: ${exportBorrowed ? 'filters do not let the routes of single addresses pass' : 'the routers do not carry the routes of single addresses'}`,
      evidence: someLines(lost),
      mend: exportBorrowed
        ? 'Let single addresses of the pools pass: a rule that rejects them, or that accepts blocks alone before one that rejects, needs no upper prefixLength.'
        : 'Remove bgp.exportBorrowed, so that routers carry them; or forbid Calico to lend any: calicoctl ipam configure --strictaffinity=true.',
    },
  ];
};

/** An address of the block is on the node. */
interface Loan {
  readonly block: Block;
  readonly node: Machine;
}

/** Of each region one node that borrows: from one of its own region, and from one of another. What filters there are is by region. */
function loans({ network, fabric }: Analysis): Loan[] {
  const ownerOf = ({ node }: Block) => network.machines[node] as Machine;
  return fabric.regions.flatMap(({ name }) => {
    const node = network.machines.findLast((one) => one.kind === 'node' && regionOf(one) === name);
    if (node === undefined) return [];
    return fabric.pods.families.flatMap((family) => {
      const others = network.blocks.filter(
        (block) =>
          block.prefix.family === family &&
          block.prefix.length < addressBits(family) &&
          block.node !== node.index &&
          hasFamily(node, block),
      );
      const near = others.find((block) => regionOf(ownerOf(block)) === name);
      const far = others.find((block) => regionOf(ownerOf(block)) !== name);
      return [near, far].flatMap((block) => (block === undefined ? [] : [{ block, node }]));
    });
  });
}

/** A line for each sender that loses packets to it, and none to the block that the node has itself. */
function lostOf({ network, simulation }: Analysis, { block, node }: Loan): string[] {
  const own = network.blocks.find(
    (one) => one.node === node.index && one.prefix.family === block.prefix.family,
  );
  const ways = simulation.waysToBorrowed(block, node.index);
  const senders = network.machines.filter(
    (one) =>
      one.kind === 'node' &&
      one !== node &&
      hasFamily(one, block) &&
      (own === undefined || isWhole(simulation.waysTo(own).fate(one.index))),
  );
  return senders
    .filter(({ index }) => !isWhole(ways.fate(index)))
    .flatMap(({ index }) => {
      const wrong = traces(network, simulation.underlay, ways, index).find(({ end }) => end !== 'arrives');
      const owner = network.machines[block.node]?.name ?? '';
      return wrong === undefined
        ? []
        : [`${node.name} with an address of ${block.prefix.text} (${owner}): ${traceText(network, wrong)}`];
    });
}
