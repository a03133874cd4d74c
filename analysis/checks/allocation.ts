import { type AllocatedAddress, type Borrowed, borrowedIn } from '../../fabric/index.ts';
import { contains } from '../../topology/address.ts';
import { type Check, grouped, someLines, someOf } from '../finding.ts';

/** NE420: Calico frees the blocks of a node that is gone. Until it does nobody announces them, and no node gets them. */
export const staleBlocks: Check = ({ fabric }) => {
  const { allocation } = fabric.pods;
  if (allocation === undefined) return [];
  const there = new Set(allocation.nodes);
  const stale = allocation.blocks.filter(({ node }) => node !== undefined && !there.has(node));
  if (stale.length === 0) return [];
  return [
    {
      id: 'NE420',
      severity: 'warning',
      path: ['pods', 'cidrs'],
      message: `${counted(stale.length, 'block')} of nodes that are gone: nobody announces such a block, and no node gets it`,
      evidence: someLines(
        stale.map(({ prefix, node }) => {
          const used = allocation.addresses.filter(({ address }) => contains(prefix, address));
          const living = used.filter(({ isThere }) => isThere === true);
          const pods = living.length === 0 ? '' : `, ${someOf(living.map(userText), 3)}`;
          return `${prefix.text} of ${node}, ${used.length} of its addresses in use${pods}`;
        }),
      ),
      fix: 'calico-kube-controllers frees them: kubectl -n calico-system logs deployment/calico-kube-controllers says why it has not.',
    },
  ];
};

const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;

const userText = ({ address, pod, node }: AllocatedAddress): string =>
  `${address.text} by ${pod ?? 'something'} on ${node ?? 'an unknown node'}`;

/**
 * NE421: a node without a free block borrows addresses, if need be from a node of another region. What goes by regions, a summary, a
 * firewall, somebody who reads addresses, then takes the pod for one of a region where it is not.
 */
export const blocksAcrossRegions: Check = ({ fabric }) => {
  const { allocation } = fabric.pods;
  if (allocation === undefined) return [];
  const regions = new Map(fabric.nodes.map(({ name, region }) => [name, region]));
  const across = borrowedIn(allocation).filter(({ node, block }) => {
    const [here, there] = [regions.get(node), regions.get(block.node ?? '')];
    return here !== undefined && there !== undefined && here !== there;
  });
  if (across.length === 0) return [];
  const split = [...grouped(across, ({ block }) => block.prefix.text).values()];
  const line = (all: readonly Borrowed[]): string => {
    const [{ block }] = all as [Borrowed];
    const uses = all.map(({ address, node }) => `${address.text} on ${node} (${regions.get(node)})`);
    return `${block.prefix.text} of ${block.node} (${regions.get(block.node ?? '')}): ${someOf(uses, 3)}`;
  };
  return [
    {
      id: 'NE421',
      severity: 'warning',
      path: ['pods', 'cidrs'],
      message: `addresses of ${counted(split.length, 'block')} are in use in another region than the block's`,
      evidence: someLines(split.map(line)),
      fix: 'Give nodes room for blocks of their own (a larger pool, or smaller blocks), or stop Calico from lending addresses: calicoctl ipam configure --strictaffinity=true.',
    },
  ];
};
