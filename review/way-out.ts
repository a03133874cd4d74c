import { calicoNodeChanges, type Fabric, type NodeSpeaker, type RouterSpeaker } from '../fabric/index.ts';
import { type PerFamily, valuesOf } from '../topology/address.ts';
import { listed } from '../topology/suggest.ts';
import type { SessionFate } from './session-fates.ts';

interface Together {
  readonly before: Fabric;
  readonly after: Fabric;
  readonly sessions: readonly SessionFate[];
}

/**
 * The alternative to a change in which these nodes lose all their reflectors at once. Each cause has its own, and some require an
 * empty node: a node has one address, one name and one AS number.
 */
export function wayOut(change: Together, cut: readonly string[]): string {
  const { before, after, sessions } = change;
  const mine = after.nodes.filter(({ name }) => cut.includes(name));
  const nodesBefore = new Map(before.nodes.map((node) => [node.name, node]));
  const ids = new Map(after.sessions.map(({ id, ends }) => [id, ends[1].speaker]));
  const resets = sessions.filter(
    ({ id, change: fateChange }) => fateChange === 'reset' && cut.includes(ids.get(id) ?? ''),
  );
  if (before.bgp.asNumber !== after.bgp.asNumber) {
    return 'An AS number has no intermediate state: plan an outage, and deliver cluster and routers as close together as possible.';
  }
  const rejoin = new Set(
    resets.filter(({ meanwhile }) => meanwhile === 'rejoins').map(({ id }) => ids.get(id)),
  );
  const isMoved = (node: NodeSpeaker) =>
    rejoin.has(node.name) || addressOf(node) !== addressOf(nodesBefore.get(node.name));
  const moved = mine.filter(isMoved);
  const left = mine.filter((node) => !isMoved(node));
  const relabelled = left.filter(({ name }) =>
    resets.some(({ id, meanwhile }) => ids.get(id) === name && meanwhile === 'is relabelled'),
  );
  const others = left.filter((node) => !relabelled.includes(node));
  return [
    ...(moved.length === 0 ? [] : [emptied(moved)]),
    ...(relabelled.length === 0 ? [] : [beside(change, relabelled, nodesBefore)]),
    ...(others.length === 0
      ? []
      : [
          byRouters(
            change,
            others,
            resets.filter(({ id }) => others.some(({ name }) => name === ids.get(id))),
          ),
        ]),
  ].join(' ');
}

/** The alternative where neither routers nor cluster can get a change first, by what has no intermediate state. */
export function betweenOrders(before: Fabric, after: Fabric): string {
  if (before.bgp.asNumber !== after.bgp.asNumber) {
    return 'An AS number has no intermediate state: deliver both as close together as possible';
  }
  const had = new Map(before.nodes.map((node) => [node.name, addressesOf(node.address)]));
  const moved = after.nodes.filter(
    ({ name, address }) => had.has(name) && had.get(name) !== addressesOf(address),
  );
  if (moved.length > 0) {
    const names = listed(
      moved.map(({ name }) => name),
      'and',
    );
    return `Drain ${names} first, since a node has one address; or let another node join with the new address, then remove the old node`;
  }
  const peeredBefore = new Map(before.routers.map((router) => [router.name, peeredAs(router)]));
  const alone = after.regions.filter(
    ({ routers, nodes }) =>
      nodes.length > 0 &&
      routers.every(
        (router) => peeredBefore.has(router.name) && peeredBefore.get(router.name) !== peeredAs(router),
      ),
  );
  if (alone.length > 0) {
    const regions = listed(
      alone.map(({ name }) => name),
      'and',
    );
    return alone.every(({ routers }) => routers.length > 1)
      ? `Change one reflector of ${regions} in one merge, and the next in another`
      : `Give ${regions} a second reflector first (docs/replace-a-router.md), or deliver both as close together as possible`;
  }
  return 'Split the change in two: add the new next to the old, then remove the old';
}

/** What the cluster must know about a router to peer with it. */
const peeredAs = ({ nodeAddress, password }: RouterSpeaker): string =>
  `${addressesOf(nodeAddress)} ${password === undefined ? '' : `${password.secret.name}/${password.secret.key}`}`;

const addressOf = (node: NodeSpeaker | undefined): string =>
  node === undefined ? '' : addressesOf(node.address);

/** It never has its old and new address at once: both reflectors lose it, in either order. */
const emptied = (nodes: readonly NodeSpeaker[]): string => {
  const names = listed(
    nodes.map(({ name }) => name),
    'and',
  );
  return `Drain ${names} first, then accept it: nothing runs there that could be cut off. Or let another node join with the new name and address, then remove the old one (docs/add-a-node.md, docs/remove-a-node.md).`;
};

/** Labels come before the BGPPeers that select by them: those must be there before. */
function beside(
  { before, after }: Together,
  nodes: readonly NodeSpeaker[],
  nodesBefore: ReadonlyMap<string, NodeSpeaker>,
): string {
  if (after.labels.retired.includes(before.regionLabel)) {
    return `First change only regionLabel, leaving ${before.regionLabel} on the nodes; list that under labels.retired in a later, separate change.`;
  }
  const regions = [
    ...new Set(nodes.map(({ name, region }) => `${nodesBefore.get(name)?.region} to ${region}`)),
  ];
  return `In three changes, ${listed(regions, 'and')}: first add the new region with the routers of the old one and no nodes, then move the nodes into it, then remove the old one. No session resets in any of them.`;
}

function byRouters(
  { before, after }: Together,
  cut: readonly NodeSpeaker[],
  resets: readonly SessionFate[],
): string {
  if (calicoNodeChanges(before, after).length > 0 && resets.some(({ rolled }) => rolled === 'not graceful')) {
    return 'First set bgp.gracefulRestart: true and ship it to the routers; the routers then keep the routes of the nodes while calico-node is replaced.';
  }
  const routersBefore = new Map(before.routers.map((router) => [router.name, router]));
  const by = new Set(resets.flatMap((one) => one.by));
  const resetRouters = after.routers.filter(
    ({ name }) => by.has(name) && isOther(routersBefore.get(name), after, name),
  );
  if (resetRouters.length > 1) {
    return `Change ${listed(
      resetRouters.map(({ name }) => name),
      'and',
    )} in separate merges: each once all sessions of the one before are Established again.`;
  }
  const regions = listed([...new Set(cut.map(({ region }) => region))], 'and');
  return `Give ${regions} a second reflector first, in a separate change (docs/replace-a-router.md); or accept it, and deliver during a quiet hour.`;
}

/** Whether something specific to this router changes, not a global setting. */
function isOther(was: RouterSpeaker | undefined, after: Fabric, name: string): boolean {
  const is = after.routers.find((router) => router.name === name);
  const text = (router: RouterSpeaker | undefined) =>
    JSON.stringify([
      router?.routerId.text,
      router?.clusterId.text,
      router &&
        [router.nodeAddress, router.backboneAddress].map((both) =>
          valuesOf(both).map(({ text: one }) => one),
        ),
      router?.password,
      router?.bird,
    ]);
  return text(was) !== text(is);
}

const addressesOf = (both: PerFamily<{ readonly text: string }>): string =>
  valuesOf(both)
    .map(({ text }) => text)
    .join();
