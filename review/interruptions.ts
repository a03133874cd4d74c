import { type Analysis, analyse, countChanges, type Failing, grouped } from '../analysis/index.ts';
import type { Fabric } from '../fabric/index.ts';
import type { SessionFate } from './session-fates.ts';

/** What packets lose while the sessions that one delivery resets are down. */
export interface Interruption {
  /** A router, or `Calico` for all nodes: they are reconfigured together, and get another calico-node one after the other. */
  readonly speaker: string;
  readonly sessions: number;
  /** Ordered pairs of nodes that are there before and after. */
  readonly lost: number;
  /** Nodes without a reflector session meanwhile; sorted. */
  readonly cut: readonly string[];
}

/**
 * Routers get their configuration one by one, so each is analysed alone. Routers first, by name. Nodes that come with the
 * change have nothing to lose; `after` tells them from others: see `comparable`. A node's session that comes with the change
 * stands in for none that it resets: it is up when router and cluster have it, and need not be before.
 */
export function interruptions(
  before: Fabric,
  after: Analysis,
  sessions: readonly SessionFate[],
): Interruption[] {
  const reset = sessions.filter(({ change, rolled }) => change === 'reset' && rolled === undefined);
  const come = sessions
    .filter(({ change, kind }) => change === 'new' && kind !== 'backbone')
    .map(({ id }): Failing => ({ kind: 'session', name: id }));
  const routers = new Set(after.fabric.routers.map(({ name }) => name));
  const nodesBefore = new Set(before.nodes.map(({ name }) => name));
  const groups = new Map<string, Failing[]>();
  for (const { id, by } of reset) {
    for (const speaker of new Set(by.map((name) => (routers.has(name) ? name : 'Calico')))) {
      const group = groups.get(speaker) ?? [];
      group.push({ kind: 'session', name: id });
      groups.set(speaker, group);
    }
  }
  const lostBy = (down: readonly Failing[]): number => {
    const analysis = whereAlike(after, [...down, ...come]);
    const { machines, blocks } = analysis.network;
    const keysOf = (failed: readonly Failing[]) =>
      new Set(analysis.consequence(failed).broken.map(({ from, block }) => `${from} ${block}`));
    // What only sessions that come lead to has no way before them that a reset could take.
    const [atFirst, byReset] = come.length === 0 ? [NONE, NONE] : [keysOf(come), keysOf(down)];
    const felt = analysis
      .consequence([...down, ...come])
      .broken.filter(({ from, block }) =>
        [from, blocks[block]?.node ?? -1].every((index) => nodesBefore.has(machines[index]?.name ?? '')),
      )
      .filter(({ from, block }) => !atFirst.has(`${from} ${block}`) || byReset.has(`${from} ${block}`));
    return countChanges(analysis, felt);
  };
  const perSpeaker = [...groups]
    .sort(([a], [b]) => Number(a === 'Calico') - Number(b === 'Calico') || (a < b ? -1 : 1))
    .map(([speaker, down]) => ({
      speaker,
      sessions: down.length,
      lost: lostBy(down),
      cut: cutOff(after.fabric, down, come).filter((node) => nodesBefore.has(node)),
    }));
  return [...perSpeaker, ...rolledNodes(after, sessions, come, lostBy)];
}

const NONE: ReadonlySet<string> = new Set();

/**
 * A new calico-node on every node, one by one: the worst loss. Peers with graceful restart keep its routes, so nothing is
 * lost. One node of each class is tried.
 */
function rolledNodes(
  after: Analysis,
  sessions: readonly SessionFate[],
  come: readonly Failing[],
  lostBy: (down: readonly Failing[]) => number,
): Interruption[] {
  const rolled = sessions.filter((one) => one.rolled !== undefined);
  if (rolled.length === 0) return [];
  const dropped = new Map<string, Failing[]>();
  for (const { id, by, rolled: how } of rolled) {
    if (how === 'graceful') continue;
    for (const node of by) {
      const [like] = after.standIn(node, node);
      if (like !== node) continue;
      dropped.set(node, [...(dropped.get(node) ?? []), { kind: 'session', name: id }]);
    }
  }
  const felt = [...dropped].map(([node, down]) => ({ node, down, lost: lostBy(down) }));
  const cut = felt
    .filter(({ node, down, lost }) => lost > 0 && cutOff(after.fabric, down, come).includes(node))
    .flatMap(({ node }) => after.like(after.network.named.machines.get(node) ?? -1));
  const lost = Math.max(0, ...felt.map((one) => one.lost));
  return [{ speaker: 'Calico', sessions: rolled.length, lost, cut: [...new Set(cut)].sort() }];
}

/** The nodes all of whose sessions with reflectors are among these, or are yet to come. */
function cutOff({ sessions }: Fabric, down: readonly Failing[], come: readonly Failing[]): string[] {
  const [reset, missing] = [down, [...down, ...come]].map((all) => new Set(all.map(({ name }) => name))) as [
    Set<string>,
    Set<string>,
  ];
  const reflectorSessions = grouped(
    sessions.filter(({ kind }) => kind === 'reflector'),
    ({ ends }) => ends[1].speaker,
  );
  return [...reflectorSessions]
    .flatMap(([node, all]) =>
      all.some(({ id }) => reset.has(id)) && all.every(({ id }) => missing.has(id)) ? [node] : [],
    )
    .sort();
}

/** The analysis in which nodes are alike only if they lose the same sessions: the same one unless a reset tells them apart. */
function whereAlike(after: Analysis, down: readonly Failing[]): Analysis {
  const names = new Set(down.map(({ name }) => name));
  const farEndsOf = new Map<string, string[]>();
  for (const { id, ends } of after.fabric.sessions) {
    if (!names.has(id)) continue;
    for (const [index, { speaker }] of ends.entries()) {
      const farEnds = farEndsOf.get(speaker) ?? [];
      farEnds.push(ends[1 - index]?.speaker ?? '');
      farEndsOf.set(speaker, farEnds);
    }
  }
  const split = (node: string) => farEndsOf.get(node)?.join(' ') ?? '';
  const isUniform = after.fabric.nodes.every(
    ({ name }) => split(name) === split(after.standIn(name, name)[0]),
  );
  return isUniform
    ? after
    : analyse(after.fabric, [], (node) => `${after.split?.(node) ?? ''} ${split(node)}`);
}
