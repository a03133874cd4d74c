import type { AddressBlockFacts, AddressLook, PodAddressFacts } from '../../verify/address-look.ts';
import { type Connection, connect } from './connection.ts';
import { type Fields, fieldsOf, items, number, text } from './fields.ts';
import { list, PATIENCE, type Patience } from './list.ts';
import { type Asked, CONCERNS_ALL, clockOf, listOf } from './look.ts';
import { affinityIn, blockIn } from './read-calico.ts';
import { NODES } from './read-nodes.ts';
import { served } from './served.ts';

/** Who has which address in the cluster of a context of the kubeconfig, the current one if none is given, as it is now. */
export async function lookAtAddresses({
  context,
  stop,
  patience = PATIENCE,
}: Asked = {}): Promise<AddressLook> {
  const connection = await connect(context, stop);
  return connection.ok ? look(connection.value, patience) : nothing(connection);
}

async function look(connection: Connection, patience: Patience): Promise<AddressLook> {
  const { context, server } = connection;
  const nodes = await list(connection, NODES, (node) => text(fieldsOf(node.metadata).name), patience);
  // If the server cannot be reached at all, it is asked once.
  if (!nodes.ok && CONCERNS_ALL.includes(nodes.why.because)) return { ...nothing(nodes), context, server };
  const kinds = await served(connection, patience);
  const [clock, affinities, blocks, pods] = await Promise.all([
    clockOf(connection, patience),
    listOf(connection, kinds('blockaffinities'), affinityIn, patience),
    listOf(connection, kinds('ipamblocks'), addressBlockIn, patience),
    list(connection, PODS, podIn, patience),
  ]);
  const addressed = pods.ok ? { ok: true as const, value: pods.value.filter(hasAddresses) } : pods;
  return { context, server, at: clock?.now ?? Date.now(), nodes, affinities, blocks, pods: addressed };
}

const nothing = (unread: Extract<AddressLook['nodes'], { ok: false }>): AddressLook => ({
  context: undefined,
  server: undefined,
  at: Date.now(),
  nodes: unread,
  affinities: unread,
  blocks: unread,
  pods: unread,
});

const PODS = { path: '/api/v1/pods', what: 'pods' };

/** What has ended keeps its address in its status, while Calico may give it to the next pod. */
const ENDED = ['Succeeded', 'Failed'];

/** A pod; without addresses if it has none of its own. */
export function podIn(object: Fields): PodAddressFacts | undefined {
  const [metadata, spec, status] = [
    fieldsOf(object.metadata),
    fieldsOf(object.spec),
    fieldsOf(object.status),
  ];
  const [namespace, name] = [text(metadata.namespace), text(metadata.name)];
  if (namespace === undefined || name === undefined) return undefined;
  const isWithout = spec.hostNetwork === true || ENDED.includes(text(status.phase) ?? '');
  const listed = items(status.podIPs).flatMap((one) => text(fieldsOf(one).ip) ?? []);
  const addresses = listed.length > 0 ? listed : [text(status.podIP) ?? []].flat();
  return { pod: `${namespace}/${name}`, node: text(spec.nodeName), addresses: isWithout ? [] : addresses };
}

const hasAddresses = ({ addresses }: PodAddressFacts): boolean => addresses.length > 0;

/** An allocation is the index of an attribute, which says what Calico gave the address to. */
export function addressBlockIn(object: Fields): AddressBlockFacts | undefined {
  const block = blockIn(object);
  if (block === undefined) return undefined;
  const { affinity, allocations, attributes } = fieldsOf(object.spec);
  const owner = text(affinity);
  const given = items(attributes).map((one) => {
    const { namespace, pod, node } = fieldsOf(fieldsOf(one).secondary);
    const [of, name] = [text(namespace), text(pod)];
    return { node: text(node), pod: of === undefined || name === undefined ? undefined : `${of}/${name}` };
  });
  return {
    ...block,
    isOfOthers: owner !== undefined && !owner.startsWith('host:'),
    given: items(allocations).flatMap((index, place) => {
      const at = number(index);
      return at === undefined ? [] : [{ place, node: undefined, pod: undefined, ...given[at] }];
    }),
  };
}
