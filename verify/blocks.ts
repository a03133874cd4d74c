import type { Fabric } from '../fabric/index.ts';
import { contains, type Prefix } from '../topology/address.ts';
import type { ClusterLook } from './cluster-look.ts';
import { type Held, heldBlocks, prefixIn } from './held-blocks.ts';
import { typed } from './typed.ts';
import { firstUnread, unreadVerdict } from './unread.ts';
import { asPromised, type Cause, different, type Verdict } from './verdict.ts';

/** Each block is a node's that exists, within a pool of the topology, and those that the topology names are where it says. */
export function blockVerdicts(fabric: Fabric, look: ClusterLook): Verdict[] {
  const why = firstUnread(look.affinities, look.blocks);
  if (why !== undefined) {
    const named = fabric.nodes.flatMap(({ name, blocks }) =>
      blocks.map(({ text }) => ({ text, machine: name })),
    );
    const subjects = named.length > 0 ? named : fabric.pods.pools.map(({ cidr }) => ({ text: cidr.text }));
    return subjects.map(({ text, ...where }) =>
      unreadVerdict(fabric, look, why, { kind: 'block', name: text, ...where }, 'block'),
    );
  }
  const held = heldBlocks(look);
  const { nodes } = look;
  const there = nodes.ok ? new Set(nodes.value.map(({ name }) => name)) : undefined;
  return [...held.map((one) => block(fabric, look, one, there)), ...elsewhere(fabric, held)];
}

function block(
  fabric: Fabric,
  look: ClusterLook,
  { cidr, prefix, node, used, evidence }: Held,
  there: ReadonlySet<string> | undefined,
): Verdict {
  const about = { kind: 'block', name: cidr, machine: node } as const;
  const { nodes } = look;
  if (!nodes.ok) return unreadVerdict(fabric, look, nodes.why, about, 'block');
  const inUse = used === undefined ? '' : `, ${used} of its addresses in use`;
  if (there?.has(node) === false) {
    return different({
      about,
      kind: 'stale-block',
      expected: 'a block of a node that exists',
      found: `one of ${node}, which is no Node${inUse}`,
      cause: collectorCause(look, evidence),
      next: 'kubectl -n calico-system logs deployment/calico-kube-controllers',
    });
  }
  const isInside = prefix !== undefined && fabric.pods.pools.some((pool) => contains(pool.cidr, prefix));
  if (!isInside) {
    return different({
      about,
      kind: 'block-outside-pool',
      expected: `a block of ${fabric.pods.pools.map((pool) => pool.cidr.text).join(', ')}`,
      found: `${cidr}${inUse}`,
      cause: poolCause(look, prefix, evidence),
      next: typed`kubectl get pods -A -o wide --field-selector spec.nodeName=${node}`,
    });
  }
  return asPromised({ about, kind: 'block', found: `on ${node}` });
}

/** calico-kube-controllers frees the blocks of Nodes that are gone. */
function collectorCause({ pods }: ClusterLook, evidence: string): Cause | undefined {
  if (!pods.ok) return undefined;
  const collectors = pods.value.filter(({ app }) => app === 'calico-kube-controllers');
  if (collectors.some(({ isReady }) => isReady)) return undefined;
  const states = collectors.map(({ name, phase }) => `pod ${name} is ${phase} and not Ready`);
  return {
    message: 'calico-kube-controllers, which frees blocks of nodes that are gone, is not running',
    evidence: [evidence, ...(states.length === 0 ? ['calico-system has no pod of it'] : states)],
  };
}

function poolCause({ pools }: ClusterLook, prefix: Prefix | undefined, evidence: string): Cause | undefined {
  if (!pools.ok || prefix === undefined) return undefined;
  const from = pools.value.find(({ cidr }) => {
    const range = prefixIn(cidr);
    return range !== undefined && contains(range, prefix);
  });
  return from === undefined
    ? { message: 'its pool is gone, and pods still have its addresses', evidence: [evidence] }
    : {
        message: `it comes from IPPool ${from.name}, which the topology does not have`,
        evidence: [evidence, `IPPool ${from.name} is ${from.cidr}`],
      };
}

/** The topology's own blocks are those that analysis and lab reckon with. */
function elsewhere(fabric: Fabric, held: readonly Held[]): Verdict[] {
  const owners = new Map(held.flatMap((one) => (one.prefix === undefined ? [] : [[one.prefix.text, one]])));
  return fabric.nodes.flatMap(({ name, blocks }) =>
    blocks.flatMap(({ text }): Verdict[] => {
      const owner = owners.get(text);
      if (owner?.node === name) return [];
      return [
        different({
          about: { kind: 'block', name: text, machine: name },
          kind: 'block-elsewhere',
          expected: `on ${name}, as its block in the topology`,
          found: owner === undefined ? 'no node has it' : `on ${owner.node}`,
          next: `kubectl get blockaffinities | grep ${text.replace(/[.:/]/g, '-')}`,
        }),
      ];
    }),
  );
}
