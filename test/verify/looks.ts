import type { Fields } from '../../live/cluster/fields.ts';
import {
  affinityIn,
  blockIn,
  componentIn,
  configurationIn,
  installationIn,
  peerIn,
  poolIn,
} from '../../live/cluster/read-calico.ts';
import { NODES, nodeIn, nodeStatusIn, PODS, podIn } from '../../live/cluster/read-nodes.ts';
import type { ClusterLook, Read, Unread } from '../../verify/cluster-look.ts';
import { type Changes, CRD, OPERATOR, reportCluster } from '../live/cluster/report-cluster.ts';

/** The clock of the cluster that is looked at. */
export const NOW = Date.parse('2026-03-01T12:00:00Z');

/** A time before that, as the API writes it. */
export const before = (seconds: number): string => new Date(NOW - seconds * 1000).toISOString();

/** What a look at the field report's cluster sees after these changes, without a server. */
export const reportLook = (changes: Changes = {}): ClusterLook => lookIn(reportCluster(changes));

/** What a look at a cluster with these objects sees. */
export function lookIn(lists: ReadonlyMap<string, readonly object[]>): ClusterLook {
  const all = <T>(path: string, read: (object: Fields) => T | undefined): Read<readonly T[]> => ({
    ok: true,
    value: (lists.get(path) ?? []).map((object) => {
      const one = read(object as Fields);
      if (one === undefined) throw new Error(`not understood: ${JSON.stringify(object)}`);
      return one;
    }),
  });
  const installations = all(`${OPERATOR}/installations`, installationIn);
  return {
    context: 'home',
    server: 'https://192.168.100.251:6443',
    clock: { now: NOW, ahead: 0 },
    nodes: all(NODES.path, nodeIn),
    installation: { ok: true, value: installations.ok ? installations.value[0] : undefined },
    components: all(`${OPERATOR}/tigerastatuses`, componentIn),
    pools: all(`${CRD}/ippools`, poolIn),
    peers: all(`${CRD}/bgppeers`, peerIn),
    configurations: all(`${CRD}/bgpconfigurations`, configurationIn),
    affinities: all(`${CRD}/blockaffinities`, affinityIn),
    blocks: all(`${CRD}/ipamblocks`, blockIn),
    nodeStatuses: all(`${CRD}/caliconodestatuses`, nodeStatusIn),
    pods: all(PODS.path, podIn),
  };
}

export const unread = (because: Unread['because'], what: string): { ok: false; why: Unread } => ({
  ok: false,
  why: { because, what, evidence: ['as the server says'] },
});
