import { type Family, parseAddress } from '../topology/address.ts';
import type { Path } from '../topology/model.ts';
import type { Problem } from '../topology/problem.ts';
import { problem } from '../topology/problem.ts';
import { type ClusterObject, fieldAt } from './cluster-objects.ts';
import { type Note, within } from './facts.ts';

/** Objects of the cluster, by kind; Calico's objects in whichever of their two groups they were given. */
export interface Cluster {
  readonly objects: readonly ClusterObject[];
  readonly of: (kind: string) => readonly ClusterObject[];
  readonly named: (kind: string, name: string) => ClusterObject | undefined;
}

const CALICO = ['crd.projectcalico.org', 'projectcalico.org'];

/** Each object once: one that comes again through the other group, or from a second file, is the same. */
export function cluster(objects: readonly ClusterObject[]): Cluster {
  const seen = new Map<string, ClusterObject>();
  for (const object of objects) {
    const key = keyOf(object);
    if (!seen.has(key)) seen.set(key, object);
  }
  const byKind = new Map<string, ClusterObject[]>();
  for (const object of seen.values()) {
    // Calico has its own Node kind, which must not be mistaken for a Kubernetes Node.
    const kind = object.kind === 'Node' && object.group !== '' ? 'CalicoNode' : object.kind;
    byKind.set(kind, [...(byKind.get(kind) ?? []), object]);
  }
  const of = (kind: string) => byKind.get(kind) ?? [];
  return {
    objects: [...seen.values()],
    of,
    named: (kind, name) => of(kind).find((object) => object.name === name),
  };
}

/** An object's identity, whichever of Calico's groups it came through. */
export const keyOf = ({
  group,
  kind,
  namespace = '',
  name,
}: Omit<ClusterObject, 'value' | 'source' | 'path' | 'version'>): string =>
  JSON.stringify([CALICO.includes(group) ? 'projectcalico.org' : group, kind, namespace, name]);

/** Calico kinds that contribute to a topology, or only derive from those that do. */
const READ = new Set([
  'Installation',
  'APIServer',
  'IPPool',
  'BGPPeer',
  'BGPConfiguration',
  'BGPFilter',
  'BlockAffinity',
  'IPAMBlock',
  'IPAMHandle',
  'TigeraStatus',
]);

/** Given Calico objects that contain nothing a topology can express. */
export function unread({ objects }: Cluster): Note[] {
  const kinds = new Map<string, ClusterObject[]>();
  for (const object of objects) {
    const isCalicos = CALICO.includes(object.group) || object.group === 'operator.tigera.io';
    if (isCalicos && !READ.has(object.kind))
      kinds.set(object.kind, [...(kinds.get(object.kind) ?? []), object]);
  }
  return [...kinds].map(([kind, ofKind]) => ({
    what: ofKind.length === 1 ? `${kind} ${ofKind[0]?.name}` : `${ofKind.length} objects of kind ${kind}`,
    message: 'adopt does not read this kind; it stays as it is',
    at: ofKind[0] && within(ofKind[0], 'metadata', 'name'),
  }));
}

/** A Kubernetes node, as far as a topology describes it. */
export interface RunningNode {
  readonly name: string;
  readonly object: ClusterObject;
  readonly address: Readonly<Partial<Record<Family, { readonly text: string; readonly from: Path }>>>;
  readonly labels: Readonly<Record<string, unknown>>;
  readonly isServer: boolean;
  readonly kubelet: string | undefined;
}

/** calico-node writes the address that it peers from into an annotation; without it kubelet's address is the best guess. */
export function runningNodes({ of }: Cluster): {
  nodes: readonly RunningNode[];
  problems: readonly Problem[];
} {
  const problems: Problem[] = [];
  const nodes = of('Node').map((object): RunningNode => {
    const labels = (fieldAt(object.value, ['metadata', 'labels']) ?? {}) as Record<string, unknown>;
    return {
      name: object.name,
      object,
      address: { ...addressOf(object, 'ipv4'), ...addressOf(object, 'ipv6') },
      labels,
      isServer: ['control-plane', 'master'].some((role) =>
        Object.hasOwn(labels, `node-role.kubernetes.io/${role}`),
      ),
      kubelet: text(fieldAt(object.value, ['status', 'nodeInfo', 'kubeletVersion'])),
    };
  });
  if (nodes.length === 0) {
    const [first] = of('Installation');
    const source = first?.source;
    if (source !== undefined)
      problems.push(
        problem(source, undefined, 'contains no Node', 'Add nodes to the kinds that kubectl gets.'),
      );
  }
  return { nodes, problems };
}

const ANNOTATION = { ipv4: 'projectcalico.org/IPv4Address', ipv6: 'projectcalico.org/IPv6Address' } as const;

function addressOf(object: ClusterObject, family: Family): RunningNode['address'] {
  const annotated: Path = ['metadata', 'annotations', ANNOTATION[family]];
  const calico = text(fieldAt(object.value, annotated))?.split('/')[0];
  if (calico !== undefined) return { [family]: { text: calico, from: annotated } };
  const addresses = fieldAt(object.value, ['status', 'addresses']);
  if (!Array.isArray(addresses)) return {};
  const index = addresses.findIndex(
    (one) =>
      fieldAt(one, ['type']) === 'InternalIP' &&
      parseAddress(text(fieldAt(one, ['address'])) ?? '')?.family === family,
  );
  const found = text(fieldAt(addresses[index], ['address']));
  return found === undefined
    ? {}
    : { [family]: { text: found, from: ['status', 'addresses', index, 'address'] } };
}

export const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);
