import { setTimeout as sleep } from 'node:timers/promises';
import { oneLine } from '../../bootstrap/trouble.ts';
import type { Read, Told } from '../../verify/index.ts';
import type { Connection } from '../cluster/connection.ts';
import { type Fields, fieldsOf, items, text } from '../cluster/fields.ts';
import { list } from '../cluster/list.ts';
import { create } from '../cluster/write.ts';
import { RUN, type ToRun, type Way } from './manifests.ts';
import type { ProbeNode, ProbePatience } from './to-probe.ts';

/** Where and as what the pods of one run are. */
export interface Running {
  readonly connection: Connection;
  readonly way: Way;
  readonly image: string;
  readonly run: string;
  readonly patience: ProbePatience;
  readonly stop: AbortSignal;
}

/** What the API server says of one pod. */
export interface PodState {
  readonly name: string;
  readonly addresses: readonly string[];
  readonly isUp: boolean;
  readonly hasEnded: boolean;
  /** What it waits for, or how it failed. */
  readonly reason: string;
  readonly message: string;
}

interface Wanted {
  readonly manifest: (node: ProbeNode, one: ToRun) => object;
  readonly isDone: (pod: PodState) => boolean;
  /** Milliseconds that it may take. */
  readonly time: number;
}

export const podsOf = ({ namespace }: Way): string => `/api/v1/namespaces/${namespace}/pods`;

/** Creates a pod on each node, and waits until each is as wanted or cannot become so. */
export async function runPods(
  running: Running,
  prefix: string,
  nodes: readonly ProbeNode[],
  { manifest, isDone, time }: Wanted,
): Promise<Read<ReadonlyMap<string, Told<PodState>>>> {
  const { run, image, stop } = running;
  const found = new Map<string, Told<PodState>>();
  const waiting = new Map<string, string>();
  for (const [index, node] of nodes.entries()) {
    if (stop.aborted) break;
    const name = `${prefix}-${index}-${run}`;
    const made = await created(running, manifest(node, { run, name, node: node.name, image }));
    // What is refused for one is refused for all.
    if (!made.ok) return made;
    waiting.set(name, node.name);
  }
  const end = Date.now() + time;
  for (;;) {
    const seen = await statesOf(running);
    if (!seen.ok) return seen;
    const states = new Map(seen.value.map((one) => [one.name, one]));
    const isLast = stop.aborted || Date.now() > end;
    for (const [name, node] of waiting) {
      const told = toldBy(states.get(name), isDone, stop.aborted, isLast);
      if (told === undefined) continue;
      found.set(node, told);
      waiting.delete(name);
    }
    if (waiting.size === 0 || isLast) return { ok: true, value: found };
    await pause(running);
  }
}

/** Undefined as long as it may still become what it should. */
function toldBy(
  pod: PodState | undefined,
  isDone: (pod: PodState) => boolean,
  isStopped: boolean,
  isLast: boolean,
): Told<PodState> | undefined {
  const not = (message: string, ...evidence: string[]): Told<PodState> => ({ ok: false, message, evidence });
  if (pod === undefined) return not('somebody removed its pod, perhaps another run of noencap');
  if (isDone(pod)) return { ok: true, value: pod };
  const said = [pod.reason, pod.message].filter((one) => one !== '').join(': ');
  if (NEVER.test(pod.reason)) return not('its pod cannot start', said);
  if (pod.hasEnded) return not('its pod has ended too early', ...(said === '' ? [] : [said]));
  if (isStopped) return not('it was interrupted');
  return isLast ? not('its pod is not ready in time', ...(said === '' ? [] : [said])) : undefined;
}

/** Reasons that no waiting mends. An image is fetched again and again; kubelet says BackOff after the second time. */
const NEVER =
  /^(ImagePullBackOff|InvalidImageName|ErrImageNeverPull|CreateContainerConfigError|CreateContainerError|RunContainerError|SysctlForbidden|NodeAffinity|OutOf[a-z]+|UnexpectedAdmissionError|CrashLoopBackOff)$/;

/** A new namespace has no service account yet, without which the API server takes no pod. */
async function created(running: Running, pod: object): Promise<Read<unknown>> {
  const end = Date.now() + running.patience.gone;
  for (;;) {
    const made = await create(running.connection, podsOf(running.way), pod);
    const isEarly = !made.ok && made.why.evidence.some((one) => /error looking up service account/.test(one));
    if (!isEarly || Date.now() > end || running.stop.aborted) return made;
    await pause(running);
  }
}

const statesOf = ({ connection, way, run }: Running): Promise<Read<readonly PodState[]>> =>
  list(connection, { path: podsOf(way), what: `pods of ${way.namespace}`, labels: `${RUN}=${run}` }, podIn);

export function podIn(object: Fields): PodState | undefined {
  const name = text(fieldsOf(object.metadata).name);
  if (name === undefined) return undefined;
  const status = fieldsOf(object.status);
  const [container] = items(status.containerStatuses).map(fieldsOf);
  const state = fieldsOf(container?.state);
  const [waits, ended] = [fieldsOf(state.waiting), fieldsOf(state.terminated)];
  const phase = text(status.phase);
  return {
    name,
    addresses: items(status.podIPs).flatMap((one) => text(fieldsOf(one).ip) ?? []),
    isUp: phase === 'Running' && items(status.podIPs).length > 0,
    hasEnded: phase === 'Succeeded' || phase === 'Failed',
    reason: oneLine(text(status.reason) ?? text(waits.reason) ?? text(ended.reason) ?? ''),
    message: oneLine(text(status.message) ?? text(waits.message) ?? text(ended.message) ?? ''),
  };
}

const pause = ({ patience, stop }: Running): Promise<unknown> =>
  sleep(patience.look, undefined, { signal: stop }).catch(() => {});
