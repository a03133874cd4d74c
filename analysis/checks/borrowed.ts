import type { Analysis } from '../analysis.ts';
import { hasFamily } from '../analysis.ts';
import { type Check, grouped, someLines, someOf } from '../finding.ts';
import { goesAsBlocks } from '../loans.ts';
import { isBorrowed } from '../simulator/blocks.ts';
import { failings } from '../simulator/failure.ts';
import type { Block } from '../simulator/model.ts';
import { isWhole, type PairChange } from '../simulator/what-if.ts';
import { traces, traceText } from '../trace.ts';

/**
 * NE417: Calico lends a node single addresses from another node's block when no block is free. Where the route to such an address
 * does not spread, packets follow the block to its owner, which drops or loops them.
 */
export const lostBorrowers: Check = (analysis) => {
  const { fabric, network } = analysis;
  if (goesAsBlocks(fabric)) return [];
  const { exportBorrowed } = fabric.bgp;
  const borrowed = network.blocks.filter((block) => isBorrowed(network, block));
  const atRest = borrowed.flatMap((block) => lostOf(analysis, block));
  const lines = atRest.length > 0 ? atRest : lostAfterwards(analysis);
  if (lines.length === 0) return [];
  const isFiltered = exportBorrowed && fabric.calico.filters.length > 0;
  const why = !exportBorrowed
    ? 'the routers do not carry host routes'
    : isFiltered
      ? 'filters block the host routes'
      : 'a gateway has routes to blocks but not to single addresses';
  return [
    {
      id: 'NE417',
      severity: 'warning',
      path: !exportBorrowed ? ['bgp', 'exportBorrowed'] : isFiltered ? ['calico', 'filters'] : ['hosts'],
      message: `pods whose node borrowed their address from another node's block lose packets${atRest.length > 0 ? '' : ' when something fails'}: ${why}`,
      evidence: someLines(lines),
      fix: !exportBorrowed
        ? `Remove bgp.exportBorrowed so that routers carry them, or ${STRICT}`
        : isFiltered
          ? 'Permit host routes inside the pools: a rule that rejects them, or that accepts only blocks before a rule that rejects, must not have a maximum prefixLength.'
          : `Route the pods' packets around the gateway, or ${STRICT}`,
    },
  ];
};

const STRICT = 'stop Calico from lending addresses: calicoctl ipam configure --strictaffinity=true.';

/** A line for each sender that loses packets to it, but none to the node's own block. */
function lostOf(analysis: Analysis, block: Block): string[] {
  const { network, simulation } = analysis;
  const own = ownBlock(analysis, block);
  const ways = simulation.waysTo(block);
  const senders = network.machines.filter(
    (one) =>
      one.kind === 'node' &&
      one.index !== block.node &&
      hasFamily(one, block) &&
      (own === undefined || isWhole(simulation.waysTo(own).fate(one.index))),
  );
  return senders
    .filter(({ index }) => !isWhole(ways.fate(index)))
    .flatMap(({ index }) => {
      const wrong = traces(network, simulation.underlay, ways, index).find(({ end }) => end !== 'arrives');
      return wrong === undefined ? [] : [`${lentText(analysis, block)}: ${traceText(network, wrong)}`];
    });
}

/** A line for each failure that loses packets to borrowed addresses, but none to the node's own blocks. */
function lostAfterwards(analysis: Analysis): string[] {
  const { network } = analysis;
  const shared = failings(network).filter(({ kind }) => kind !== 'session' && kind !== 'node');
  return shared.flatMap((failing) => {
    const lost = analysis.lost([failing]);
    const to = ({ block }: PairChange) => network.blocks[block] as Block;
    const isLostAnyway = (change: PairChange): boolean =>
      lost.some(
        (one) =>
          one.from === change.from &&
          to(one).node === to(change).node &&
          to(one).prefix.family === to(change).prefix.family &&
          !isBorrowed(network, to(one)),
      );
    const borrowed = lost.filter((change) => isBorrowed(network, to(change)) && !isLostAnyway(change));
    return [...grouped(borrowed, ({ block }) => String(block)).values()].map((changes) => {
      const senders = changes.map(({ from }) => network.machines[from]?.name ?? '');
      const [{ block }] = changes as [PairChange];
      return `without ${failing.name}: ${lentText(analysis, network.blocks[block] as Block)} is unreachable from ${someOf(senders, 3)}`;
    });
  });
}

const ownBlock = ({ network }: Analysis, { node, prefix }: Block): Block | undefined =>
  network.blocks.find(
    (one) => one.node === node && one.within === undefined && one.prefix.family === prefix.family,
  );

function lentText({ network }: Analysis, { node, within, prefix }: Block): string {
  const block = network.blocks[within ?? -1];
  const [holder, owner] = [node, block?.node ?? -1].map((one) => network.machines[one]?.name);
  return block === undefined
    ? `${holder} with ${prefix.text}, of a block that no node of the topology has`
    : `${holder} with an address of ${block.prefix.text} (${owner})`;
}
