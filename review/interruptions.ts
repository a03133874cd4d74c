import { type Analysis, analyse, countChanges, type Failing } from '../analysis/index.ts';
import type { Fabric } from '../fabric/index.ts';
import type { SessionFate } from './session-fates.ts';

/** What packets lose while the sessions that one delivery resets are down. */
export interface Interruption {
  /** A router, or `Calico` for all nodes: the engine reconfigures them together. */
  readonly speaker: string;
  readonly sessions: number;
  /** Ordered pairs of nodes that are there before and after. */
  readonly lost: number;
}

/**
 * Routers get their configuration one after the other, so each is looked at alone. Routers first, by name. Nodes that come with the
 * change have nothing to lose; `after` tells them from others: see `comparable`.
 */
export function interruptions(
  before: Fabric,
  after: Analysis,
  sessions: readonly SessionFate[],
): Interruption[] {
  const reset = sessions.filter(({ became }) => became === 'reset');
  if (reset.length === 0) return [];
  const routers = new Set(after.fabric.routers.map(({ name }) => name));
  const known = new Set(before.nodes.map(({ name }) => name));
  const groups = new Map<string, Failing[]>();
  for (const { id, by } of reset) {
    for (const speaker of new Set(by.map((name) => (routers.has(name) ? name : 'Calico')))) {
      const group = groups.get(speaker) ?? [];
      group.push({ kind: 'session', name: id });
      groups.set(speaker, group);
    }
  }
  return [...groups]
    .sort(([a], [b]) => Number(a === 'Calico') - Number(b === 'Calico') || (a < b ? -1 : 1))
    .map(([speaker, down]) => {
      const analysis = whereAlike(after, down);
      const { machines, blocks } = analysis.network;
      const felt = analysis
        .consequence(down)
        .broken.filter(({ from, block }) =>
          [from, blocks[block]?.node ?? -1].every((index) => known.has(machines[index]?.name ?? '')),
        );
      return { speaker, sessions: down.length, lost: countChanges(analysis, felt) };
    });
}

/** The analysis in which nodes are alike only if they lose the same sessions: the same one unless a reset tells them apart. */
function whereAlike(after: Analysis, down: readonly Failing[]): Analysis {
  const names = new Set(down.map(({ name }) => name));
  const lostBy = new Map<string, string[]>();
  for (const { id, ends } of after.fabric.sessions) {
    if (!names.has(id)) continue;
    for (const [index, { speaker }] of ends.entries()) {
      const own = lostBy.get(speaker) ?? [];
      own.push(ends[1 - index]?.speaker ?? '');
      lostBy.set(speaker, own);
    }
  }
  const split = (node: string) => lostBy.get(node)?.join(' ') ?? '';
  const isUniform = after.fabric.nodes.every(
    ({ name }) => split(name) === split(after.standIn(name, name)[0]),
  );
  return isUniform
    ? after
    : analyse(after.fabric, [], (node) => `${after.split?.(node) ?? ''} ${split(node)}`);
}
