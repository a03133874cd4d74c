import { protocolName } from '../calico/node/session.ts';
import { acceptedBy, endsFor, type Fabric } from '../fabric/index.ts';
import { parsePrefix } from '../topology/address.ts';
import type { LogLine, Observation } from './observe.ts';

/** What a node's log has of a route that its BIRD does not send to the router which is the route's next hop. */
const REFUSED = /<ERR> (\S+): Invalid NEXT_HOP attribute in route (\S+)$/;

/** Whether a BGPFilter asks for the route that this line is about: nothing is lost by that, and `check` warns of it (NE418). */
export function isAskedFor(fabric: Fabric, { host, text }: LogLine): boolean {
  const [, peer, route] = REFUSED.exec(text) ?? [];
  const node = fabric.nodes.find(({ name }) => name === host);
  const prefix = parsePrefix(route ?? '');
  if (node === undefined || !prefix.ok) return false;
  return fabric.sessions.some((session) => {
    if (!session.ends.some(({ speaker }) => speaker === node.name)) return false;
    const { speaker, address } = endsFor(session, node.name).remote;
    return (
      protocolName(session, address.text) === peer &&
      acceptedBy(fabric, node, speaker, prefix.prefix) !== undefined
    );
  });
}

/** What BIRD complained of, without what filters ask it for. */
export const complaints = (fabric: Fabric, { errors }: Pick<Observation, 'errors'>): LogLine[] =>
  errors.filter((line) => !isAskedFor(fabric, line));
