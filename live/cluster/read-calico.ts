import type {
  AffinityFacts,
  BlockFacts,
  ComponentFacts,
  ConfigurationFacts,
  InstallationFacts,
  PeerFacts,
  PoolFacts,
} from '../../verify/cluster-look.ts';
import { type Fields, fieldsOf, items, number, othersThan, text, texts } from './fields.ts';
import { conditionIn } from './read-nodes.ts';

/** The operator reads one by this name only. */
const THE_INSTALLATION = 'default';

export function installationIn(
  object: Fields,
): (InstallationFacts & { readonly isUsed: boolean }) | undefined {
  const name = text(fieldsOf(object.metadata).name);
  if (name === undefined) return undefined;
  const spec = fieldsOf(object.spec);
  const network = fieldsOf(spec.calicoNetwork);
  const detection = (of: string) => {
    const how = Object.entries(fieldsOf(network[of])).filter(([, value]) => value !== null);
    return how.length === 0 ? undefined : JSON.stringify(Object.fromEntries(how));
  };
  return {
    isUsed: name === THE_INSTALLATION,
    registry: text(spec.registry),
    mtu: number(network.mtu),
    calicoVersion: text(fieldsOf(object.status).calicoVersion),
    nodeAddress: {
      ipv4: detection('nodeAddressAutodetectionV4'),
      ipv6: detection('nodeAddressAutodetectionV6'),
    },
    pools: items(network.ipPools).flatMap((pool) => text(fieldsOf(pool).cidr) ?? []),
  };
}

export function componentIn(object: Fields): ComponentFacts | undefined {
  const name = text(fieldsOf(object.metadata).name);
  if (name === undefined) return undefined;
  const status = fieldsOf(object.status);
  return {
    name,
    available: conditionIn(status, 'Available'),
    progressing: conditionIn(status, 'Progressing'),
    degraded: conditionIn(status, 'Degraded'),
  };
}

/** Name, age and writers of an object. Those of its status are controllers. */
function written(object: Fields) {
  const metadata = fieldsOf(object.metadata);
  const name = text(metadata.name);
  return name === undefined
    ? undefined
    : {
        name,
        createdAt: text(metadata.creationTimestamp),
        writers: items(metadata.managedFields)
          .map(fieldsOf)
          .filter(({ subresource }) => text(subresource) === undefined)
          .flatMap(({ manager, time }) => {
            const by = text(manager);
            return by === undefined ? [] : [{ manager: by, at: text(time) }];
          }),
      };
}

export function poolIn(object: Fields): PoolFacts | undefined {
  const spec = fieldsOf(object.spec);
  const [meta, cidr] = [written(object), text(spec.cidr)];
  if (meta === undefined || cidr === undefined) return undefined;
  return {
    ...meta,
    cidr,
    blockSize: number(spec.blockSize),
    ipipMode: text(spec.ipipMode),
    vxlanMode: text(spec.vxlanMode),
    natOutgoing: spec.natOutgoing === true,
    nodeSelector: text(spec.nodeSelector),
    isDisabled: spec.disabled === true,
    disableBGPExport: spec.disableBGPExport === true,
  };
}

export function peerIn(object: Fields): PeerFacts | undefined {
  const meta = written(object);
  if (meta === undefined) return undefined;
  const spec = fieldsOf(object.spec);
  const { name, key } = fieldsOf(fieldsOf(spec.password).secretKeyRef);
  return {
    ...meta,
    node: text(spec.node),
    nodeSelector: text(spec.nodeSelector),
    peerIP: text(spec.peerIP),
    asNumber: number(spec.asNumber),
    filters: texts(spec.filters),
    password: text(name) === undefined ? undefined : `${text(name)}/${text(key) ?? ''}`,
    others: othersThan(spec, ['node', 'nodeSelector', 'peerIP', 'asNumber', 'filters', 'password']),
  };
}

export function configurationIn(object: Fields): ConfigurationFacts | undefined {
  const meta = written(object);
  if (meta === undefined) return undefined;
  const spec = fieldsOf(object.spec);
  return {
    ...meta,
    asNumber: number(spec.asNumber),
    nodeToNodeMesh: typeof spec.nodeToNodeMeshEnabled === 'boolean' ? spec.nodeToNodeMeshEnabled : undefined,
    others: othersThan(spec, ['asNumber', 'nodeToNodeMeshEnabled']),
  };
}

/** As crd.projectcalico.org/v1 has it, `deleted` is a text. What serves addresses of load balancers is no node's, and of another type. */
export function affinityIn(object: Fields): AffinityFacts | undefined {
  const { node, cidr, state, deleted, type } = fieldsOf(object.spec);
  const name = text(fieldsOf(object.metadata).name);
  const [owner, range] = [text(node), text(cidr)];
  if (name === undefined || owner === undefined || range === undefined) return undefined;
  const isDeleted = deleted === true || deleted === 'true';
  const isOfNode = ['host', undefined].includes(text(type));
  return { name, node: isOfNode ? owner : undefined, cidr: range, state: text(state) ?? '', isDeleted };
}

/** A block without an affinity is nobody's: its addresses are borrowed. */
export function blockIn(object: Fields): BlockFacts | undefined {
  const { cidr, affinity, allocations } = fieldsOf(object.spec);
  const range = text(cidr);
  if (range === undefined) return undefined;
  const node = /^host:(.+)$/.exec(text(affinity) ?? '')?.[1];
  return { cidr: range, node, used: items(allocations).filter((one) => one !== null).length };
}
