import type { ClusterLook, Read, Unread } from '../../verify/cluster-look.ts';
import { type Connection, connect } from './connection.ts';
import type { Fields } from './fields.ts';
import { type Collection, list, PATIENCE, type Patience, patiently } from './list.ts';
import {
  affinityIn,
  blockIn,
  componentIn,
  configurationIn,
  installationIn,
  peerIn,
  poolIn,
} from './read-calico.ts';
import { NODES, nodeIn, nodeStatusIn, PODS, podIn } from './read-nodes.ts';
import { served } from './served.ts';

/** Which cluster is asked, and how long. */
export interface Asked {
  /** Of the kubeconfig; its current one if it names none. */
  readonly context?: string | undefined;
  readonly stop?: AbortSignal;
  readonly patience?: Patience;
}

/** The cluster of a context of the kubeconfig, the current one if none is given, as it is now. Writes nothing, reads no Secret. */
export async function lookAtCluster({
  context,
  stop,
  patience = PATIENCE,
}: Asked = {}): Promise<ClusterLook> {
  const connection = await connect(context, stop);
  return connection.ok ? look(connection.value, patience) : nothing(connection.why);
}

async function look(connection: Connection, patience: Patience): Promise<ClusterLook> {
  const { context, server } = connection;
  // If the server cannot be reached at all, it is asked once and not twelve times.
  const first = await list(connection, NODES, nodeIn, patience);
  if (!first.ok && CONCERNS_ALL.includes(first.why.because))
    return { ...nothing(first.why), context, server };
  const kinds = await served(connection, patience);
  const all = <T>(plural: string, read: (object: Fields) => T | undefined) =>
    listOf(connection, kinds(plural), read, patience);
  const [
    clock,
    installations,
    components,
    pools,
    peers,
    configurations,
    affinities,
    blocks,
    nodeStatuses,
    pods,
  ] = await Promise.all([
    clockOf(connection, patience),
    all('installations', installationIn),
    all('tigerastatuses', componentIn),
    all('ippools', poolIn),
    all('bgppeers', peerIn),
    all('bgpconfigurations', configurationIn),
    all('blockaffinities', affinityIn),
    all('ipamblocks', blockIn),
    all('caliconodestatuses', nodeStatusIn),
    list(connection, PODS, podIn, patience),
  ]);
  const installation = installations.ok
    ? { ok: true as const, value: installations.value.find(({ isUsed }) => isUsed) }
    : installations;
  return {
    context,
    server,
    clock,
    nodes: first,
    installation,
    components,
    pools,
    peers,
    configurations,
    affinities,
    blocks,
    nodeStatuses,
    pods,
  };
}

/** What goes wrong for every request alike. */
export const CONCERNS_ALL: readonly Unread['because'][] = [
  'interrupted',
  'unreachable',
  'timeout',
  'untrusted',
  'server-certificate-expired',
  'clock-skew',
  'unauthorised',
  'credentials-expired',
];

export const listOf = async <T>(
  connection: Connection,
  collection: Read<Collection>,
  read: (object: Fields) => T | undefined,
  patience: Patience,
): Promise<Read<readonly T[]>> =>
  collection.ok ? list(connection, collection.value, read, patience) : collection;

export async function clockOf(connection: Connection, patience: Patience): Promise<ClusterLook['clock']> {
  const answer = await patiently(connection, '/version', patience, Date.now() + patience.pageTime);
  if (!('status' in answer) || answer.date === undefined) return undefined;
  return { now: answer.date, ahead: Math.round((answer.date - Date.now()) / 1000) };
}

/** A look that saw nothing, always for the same reason. */
function nothing(why: Unread): ClusterLook {
  const unread = { ok: false, why } as const;
  return {
    context: undefined,
    server: undefined,
    clock: undefined,
    nodes: unread,
    installation: unread,
    components: unread,
    pools: unread,
    peers: unread,
    configurations: unread,
    affinities: unread,
    blocks: unread,
    nodeStatuses: unread,
    pods: unread,
  };
}
