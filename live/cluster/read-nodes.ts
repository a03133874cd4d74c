import { oneLine } from '../../bootstrap/trouble.ts';
import type { Condition, NodeFacts, NodeStatusFacts, PodFacts } from '../../verify/cluster-look.ts';
import { type Fields, fieldsOf, items, number, text, textMap, texts } from './fields.ts';

export const NODES = { path: '/api/v1/nodes', what: 'nodes' };

export function nodeIn(object: Fields): NodeFacts | undefined {
  const metadata = fieldsOf(object.metadata);
  const name = text(metadata.name);
  if (name === undefined) return undefined;
  const [spec, status] = [fieldsOf(object.spec), fieldsOf(object.status)];
  const annotation = (of: string) => text(fieldsOf(metadata.annotations)[`projectcalico.org/${of}`]);
  return {
    name,
    ready: conditionIn(status, 'Ready'),
    isUnschedulable: spec.unschedulable === true,
    labels: textMap(metadata.labels),
    internalIPs: items(status.addresses).flatMap((one) => {
      const { type, address } = fieldsOf(one);
      return type === 'InternalIP' ? (text(address) ?? []) : [];
    }),
    podCIDRs: texts(spec.podCIDRs),
    calico: {
      ipv4: annotation('IPv4Address'),
      ipv6: annotation('IPv6Address'),
      asNumber: annotation('ASNumber'),
      clusterId: annotation('RouteReflectorClusterID'),
    },
  };
}

export function conditionIn(status: Fields, type: string): Condition | undefined {
  const found = items(status.conditions)
    .map(fieldsOf)
    .find((one) => one.type === type);
  if (found === undefined) return undefined;
  return {
    status: found.status === 'True' || found.status === 'False' ? found.status : 'Unknown',
    reason: oneLine(text(found.reason)),
    message: oneLine(text(found.message)),
    since: text(found.lastTransitionTime),
  };
}

export const PODS = { path: '/api/v1/namespaces/calico-system/pods', what: 'pods of calico-system' };

/** What every pod waits for at its start. */
const ORDINARY = ['PodInitializing', 'ContainerCreating'];

export function podIn(object: Fields): PodFacts | undefined {
  const metadata = fieldsOf(object.metadata);
  const name = text(metadata.name);
  if (name === undefined) return undefined;
  const status = fieldsOf(object.status);
  const containers = [...items(status.initContainerStatuses), ...items(status.containerStatuses)].map(
    fieldsOf,
  );
  const running = items(status.containerStatuses).map(fieldsOf);
  const ended = containers.map((one) => ({ one, was: fieldsOf(fieldsOf(one.lastState).terminated) }));
  const last = ended
    .filter(({ was }) => number(was.exitCode) !== undefined)
    .sort((a, b) => ((text(a.was.finishedAt) ?? '') < (text(b.was.finishedAt) ?? '') ? 1 : -1))[0];
  const waits = containers
    .map((one) => ({ one, waiting: fieldsOf(fieldsOf(one.state).waiting) }))
    .find(({ waiting }) => text(waiting.reason) !== undefined && !ORDINARY.includes(String(waiting.reason)));
  return {
    name,
    app: text(fieldsOf(metadata.labels)['k8s-app']),
    node: text(fieldsOf(object.spec).nodeName),
    phase: text(status.phase) ?? 'Unknown',
    isReady: conditionIn(status, 'Ready')?.status === 'True',
    restarts: running.reduce((sum, one) => sum + (number(one.restartCount) ?? 0), 0),
    ended: last && {
      container: text(last.one.name) ?? '',
      reason: oneLine(text(last.was.reason)),
      code: number(last.was.exitCode) ?? 0,
      at: text(last.was.finishedAt),
    },
    waiting: waits && {
      container: text(waits.one.name) ?? '',
      reason: oneLine(text(waits.waiting.reason)),
      message: oneLine(text(waits.waiting.message)),
    },
  };
}

export function nodeStatusIn(object: Fields): NodeStatusFacts | undefined {
  const [spec, status] = [fieldsOf(object.spec), fieldsOf(object.status)];
  const [name, node] = [text(fieldsOf(object.metadata).name), text(spec.node)];
  if (name === undefined || node === undefined) return undefined;
  const { peersV4, peersV6 } = fieldsOf(status.bgp);
  return {
    name,
    node,
    classes: texts(spec.classes),
    period: number(spec.updatePeriodSeconds) ?? 0,
    updatedAt: text(status.lastUpdated),
    peers: [...items(peersV4), ...items(peersV6)].map(fieldsOf).flatMap((peer) => {
      const [address, state] = [text(peer.peerIP), text(peer.state)];
      return address === undefined || state === undefined
        ? []
        : [{ address, state, type: text(peer.type) ?? '', since: text(peer.since) }];
    }),
  };
}
