import {
  calicoNode,
  endsFor,
  type Fabric,
  type NodeSpeaker,
  routerIdText,
  type Session,
  type SessionEnd,
  sessionFilters,
} from '../../fabric/index.ts';
import { withIntegers } from '../../topology/address.ts';

/** calico-node's protocol name for a session. Every peering of noencap has a selector; one without would be `Global_...`. */
export const protocolName = ({ kind }: Pick<Session, 'kind'>, neighbor: string): string =>
  `${kind === 'mesh' ? 'Mesh' : 'Node'}_${neighbor.replace(/[.:]/g, '_')}`;

/** A session as configured by calico-node: if an option differs, so does the session's configuration. */
export interface NodeSession {
  /** Name of its protocol. */
  readonly name: string;
  readonly options: ReadonlyMap<string, string>;
}

/** `detected`: the addresses that Calico detects on its nodes, by node. */
export function nodeSession(
  fabric: Fabric,
  node: NodeSpeaker,
  session: Session,
  detected: ReadonlyMap<string, NodeSpeaker['address']>,
): NodeSession {
  const { local, remote } = endsFor(session, node.name);
  const textOfEnd = ({ speaker, address }: SessionEnd): string =>
    (detected.get(speaker)?.[session.transport] ?? address).text;
  const password = fabric.routers.find(({ name }) => name === remote.speaker)?.password;
  const filters =
    session.kind === 'mesh' ? [] : sessionFilters(fabric, node, remote.speaker, session.transport);
  const options = new Map([
    ['local as', String(local.asNumber)],
    ['neighbor as', String(remote.asNumber)],
    ['router id', routerIdText(node.name, node.address.ipv4)],
    ['source address', textOfEnd(local)],
    ['password', password === undefined ? 'none' : `${password.secret.name}/${password.secret.key}`],
    [
      'import filter',
      JSON.stringify(
        filters.map((filter) => filter.import),
        withIntegers,
      ),
    ],
    [
      'export filter',
      JSON.stringify(
        [filters.map((filter) => filter.export), fabric.pods.pools.map(({ cidr }) => cidr.text)],
        withIntegers,
      ),
    ],
    ...calicoNode(fabric),
  ]);
  return { name: protocolName(session, textOfEnd(remote)), options };
}
