import { setTimeout as sleep } from 'node:timers/promises';
import type { Read, ClusterUnread as Unread } from '../../verify/index.ts';
import type { Connection } from '../cluster/connection.ts';
import { fieldsOf, text } from '../cluster/fields.ts';
import { list } from '../cluster/list.ts';
import { create, one, remove } from '../cluster/write.ts';
import { MANAGED_BY, namespace, RUN, type Way } from './manifests.ts';
import { podIn, podsOf, type Running } from './pods.ts';
import type { ProbePatience } from './to-probe.ts';

/** Whether noencap made the namespace: one that somebody prepared stays. */
export interface Namespace {
  readonly isOurs: boolean;
}

/** The namespace, without what a run left there that was killed. */
export async function clearedNamespace(
  connection: Connection,
  way: Way,
  patience: ProbePatience,
  stop: AbortSignal,
): Promise<Read<Namespace>> {
  const path = `/api/v1/namespaces/${way.namespace}`;
  const end = Date.now() + patience.gone;
  for (;;) {
    const found = await one(connection, path);
    if (!found.ok) return found;
    if (found.value === undefined) {
      const made = await create(connection, '/api/v1/namespaces', namespace(way));
      if (!made.ok) return made;
      if (made.value !== 'taken') return { ok: true, value: { isOurs: true } };
    } else {
      const { labels, deletionTimestamp } = fieldsOf(found.value.metadata);
      if (deletionTimestamp === undefined) {
        const cleared = await withoutPods(connection, way, `${MANAGED_BY}=noencap`, end, patience);
        if (!cleared.ok) return cleared;
        return { ok: true, value: { isOurs: text(fieldsOf(labels)[MANAGED_BY]) === 'noencap' } };
      }
    }
    if (Date.now() > end || stop.aborted) return { ok: false, why: late(way) };
    await sleep(patience.look);
  }
}

/**
 * Removes what a run has created, in any case, so no interrupt ends it. The namespace stays where pods of another run are. Returns what is
 * left, and the command that removes it.
 */
export async function removed(
  { connection, way, run, patience }: Running,
  { isOurs }: Namespace,
): Promise<string | undefined> {
  const end = Date.now() + patience.gone;
  const cleared = await withoutPods(connection, way, `${RUN}=${run}`, end, patience);
  if (!cleared.ok) return `pods of the namespace ${way.namespace}: ${cleared.why.evidence.join(', ')}`;
  if (!isOurs) return undefined;
  const others = await list(connection, { path: podsOf(way), what: 'pods' }, podIn);
  if (others.ok && others.value.length > 0) return undefined;
  const gone = await remove(connection, `/api/v1/namespaces/${way.namespace}`);
  return gone.ok ? undefined : `the namespace ${way.namespace}: ${gone.why.evidence.join(', ')}`;
}

/** Deletes the pods of a label, and waits until they are gone. */
async function withoutPods(
  connection: Connection,
  way: Way,
  labels: string,
  end: number,
  patience: ProbePatience,
): Promise<Read<undefined>> {
  const path = podsOf(way);
  for (;;) {
    const left = await list(connection, { path, what: `pods of ${way.namespace}`, labels }, podIn);
    if (!left.ok) return left;
    if (left.value.length === 0) return { ok: true, value: undefined };
    const gone = await remove(connection, `${path}?${new URLSearchParams({ labelSelector: labels })}`);
    if (!gone.ok) return gone;
    if (Date.now() > end) return { ok: false, why: late(way) };
    await sleep(patience.look);
  }
}

const late = ({ namespace }: Way): Unread => ({
  because: 'timeout',
  what: `the namespace ${namespace}`,
  evidence: ['what an earlier run left there is not gone in time'],
});
