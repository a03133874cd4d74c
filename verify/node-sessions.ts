import { endsFor, type Fabric, meshSessions, type Session, type SessionEnd } from '../fabric/index.ts';
import { parseAddress } from '../topology/address.ts';
import type { ClusterLook, NodeStatusFacts } from './cluster-look.ts';
import { typed } from './typed.ts';
import { asPromised, different, unknown, type Verdict } from './verdict.ts';

/**
 * A node's own view of its sessions, where somebody has asked calico-node for it with a CalicoNodeStatus. Without one there is no verdict:
 * routers tell the other end.
 */
export function nodeSessionVerdicts(fabric: Fabric, look: ClusterLook): Verdict[] {
  const { nodeStatuses } = look;
  if (!nodeStatuses.ok) return [];
  const views = new Map<string, View[]>();
  for (const view of nodeStatuses.value.filter(({ classes }) => classes.includes('BGP')))
    views.set(view.node, [...(views.get(view.node) ?? []), viewOf(view)]);
  if (views.size === 0) return [];
  const found: Verdict[] = [];
  // 1,000 nodes have half a million sessions: they are passed once.
  for (const session of both(fabric.sessions, meshSessions(fabric))) {
    for (const { speaker } of session.ends) {
      for (const view of views.get(speaker) ?? [])
        found.push(verdict(session, endsFor(session, speaker).remote, view, look));
    }
  }
  return found;
}

function* both<T>(one: Iterable<T>, other: Iterable<T>): Generator<T> {
  yield* one;
  yield* other;
}

interface View extends NodeStatusFacts {
  /** By address, in canonical text. */
  readonly byAddress: ReadonlyMap<string, NodeStatusFacts['peers'][number]>;
}

const viewOf = (view: NodeStatusFacts): View => ({
  ...view,
  byAddress: new Map(view.peers.map((peer) => [parseAddress(peer.address)?.text ?? peer.address, peer])),
});

/** How many of its periods a view may be old. */
const PERIODS = 3;

function verdict(session: Session, other: SessionEnd, view: View, { clock }: ClusterLook): Verdict {
  const about = { kind: 'session', name: session.id, machine: view.node } as const;
  const expected = `Established with ${other.speaker} (${other.address.text})`;
  const next = typed`kubectl get caliconodestatuses ${view.name} -o yaml`;
  const age = clock === undefined ? Number.NaN : (clock.now - Date.parse(view.updatedAt ?? '')) / 1000;
  if (!(view.period > 0 && age < PERIODS * view.period)) {
    const updated = `last updated at ${view.updatedAt ?? 'no time'}, every ${view.period} s`;
    const cause = { message: 'calico-node has not renewed its view', evidence: [updated] };
    return unknown({ about, kind: 'session', expected, cause, next });
  }
  const peer = view.byAddress.get(other.address.text);
  if (peer?.state === 'Established')
    return asPromised({ about, kind: 'session', expected, found: peer.state });
  return different({
    about,
    kind: peer === undefined ? 'session-missing' : 'session-down',
    expected,
    found:
      peer === undefined ? 'no such neighbour' : `${peer.state}${peer.since ? ` since ${peer.since}` : ''}`,
    next,
  });
}
