import { protocolName } from '../calico/node/session.ts';
import { acceptedBy, endsFor, type Fabric } from '../fabric/index.ts';
import { parsePrefix } from '../topology/address.ts';
import type { Observation } from './observe.ts';

/** A line of a node's log about a route that its BIRD does not send to the router which is the route's next hop. */
const REFUSED = /^(\S+): .*<ERR> (\S+): Invalid NEXT_HOP attribute in route (\S+)$/;

/** Whether a BGPFilter asks for the route that this line is about: nothing is lost by that, and `check` warns of it (NE418). */
export function isAskedFor(fabric: Fabric, line: string): boolean {
  const [, name, peer, route] = REFUSED.exec(line) ?? [];
  const node = fabric.nodes.find((one) => one.name === name);
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
export const complaints = (fabric: Fabric, { errors }: Pick<Observation, 'errors'>): string[] =>
  errors.filter((line) => !isAskedFor(fabric, line));
