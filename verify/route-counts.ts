import { isUp, type ProtocolState } from '../bird/answers/protocols.ts';
import type { Fabric, RouterSpeaker } from '../fabric/index.ts';
import { contains, type Family } from '../topology/address.ts';
import { droppedByFilter } from './dropped.ts';
import { birdc, nextCommands } from './next-command.ts';
import type { Ways } from './pod-routes.ts';
import type { RouterFacts } from './router-look.ts';
import type { SeenSession } from './sessions.ts';
import { asPromised, different, type Subject, unknown, type Verdict } from './verdict.ts';

/** By BIRD's counts: what a session brings, what of it leads nowhere, and what it is sent. Of a session that is down there is nothing to count. */
export function routeCountVerdicts(
  fabric: Fabric,
  router: RouterSpeaker,
  facts: RouterFacts,
  sessions: readonly SeenSession[],
  ways: Pick<Ways, 'owners'>,
): Verdict[] {
  return sessions.flatMap((one) => {
    const { session, is } = one;
    if (is === undefined || !isUp(is)) return [];
    const about: Subject = { kind: 'session', name: session.id, machine: router.name };
    const wrong = [
      ...unresolved(fabric, router, about, is),
      ...session.carries
        .filter((family) => isUp(is, family))
        .flatMap((family) => {
          const due = routesDue(fabric, router, facts, sessions, one, family, ways);
          return [
            ...notAccepted(fabric, router, facts, about, one, is, family),
            ...notSent(fabric, router, about, one, is, family, due),
          ];
        }),
    ];
    if (wrong.length > 0) return wrong;
    return [
      asPromised({
        about,
        kind: 'routes',
        expected: 'routes in both directions',
        found: is.channels
          .map(({ name, imported, exported }) => `${name}: ${imported} imported, ${exported} exported`)
          .join('; '),
      }),
    ];
  });
}

/**
 * How many routes the peer is sent at least, of those whose node is known: not its own, and of other reflectors' only what they did not
 * reflect within this cluster (RFC 4456 sections 6 and 8).
 */
function routesDue(
  fabric: Fabric,
  router: RouterSpeaker,
  { pods }: RouterFacts,
  sessions: readonly SeenSession[],
  { session, remote, is }: SeenSession,
  family: Family,
  { owners }: Pick<Ways, 'owners'>,
): number {
  const clusters = new Map(fabric.routers.map(({ name, clusterId }) => [name, clusterId.text]));
  const from = new Map(sessions.map((one) => [one.is?.name, one]));
  return (pods?.routes ?? []).filter(({ prefix, protocol, isBest, kind }) => {
    const source = from.get(protocol);
    const owner = owners.get(prefix)?.name;
    if (!isBest || kind !== 'unicast' || prefix.includes(':') !== (family === 'ipv6')) return false;
    if (source === undefined || protocol === is?.name || owner === undefined || owner === remote.speaker)
      return false;
    if (source.session.kind === 'reflector') return true;
    return session.kind === 'reflector' && clusters.get(source.remote.speaker) !== router.clusterId.text;
  }).length;
}

/** BIRD imports and exports such routes all the same, and packets to them are dropped. */
function unresolved(fabric: Fabric, router: RouterSpeaker, about: Subject, is: ProtocolState): Verdict[] {
  const count = is.unresolved ?? 0;
  if (count === 0) return [];
  const imported = is.channels.reduce((sum, channel) => sum + channel.imported, 0);
  return [
    different({
      about,
      kind: 'next-hop-unresolved',
      expected: 'a resolved next hop for each route',
      found: `${count} of ${imported} routes lead nowhere`,
      cause: {
        message: "the session's table has no route to their next hops, or only one that drops packets",
        evidence: [`${is.name}: ${count} not RTD_UNICAST`],
      },
      next: nextCommands(fabric).at(
        router.name,
        birdc('show route table all where source = RTS_BGP && dest != RTD_UNICAST'),
      ),
    }),
  ];
}

/** A node whose block the topology names must announce it; another one may have no pod yet, and then it has no block. */
function notAccepted(
  fabric: Fabric,
  router: RouterSpeaker,
  facts: RouterFacts,
  about: Subject,
  { session, remote }: SeenSession,
  is: ProtocolState,
  family: Family,
): Verdict[] {
  const imported = is.channels.find(({ name }) => name === family)?.imported ?? 0;
  if (imported > 0 || session.kind !== 'reflector') return [];
  const node = fabric.nodes.find(({ name }) => name === remote.speaker);
  const named = (node?.blocks ?? []).filter(
    (block) => block.family === family && fabric.pods.pools.some(({ cidr }) => contains(cidr, block)),
  );
  const told = {
    about,
    kind: 'routes-not-accepted' as const,
    expected:
      named.length === 0
        ? `the ${family} blocks of ${remote.speaker}`
        : named.map(({ text }) => text).join(', '),
    found: `no ${family} route`,
    next: nextCommands(fabric).at(router.name, birdc(`show protocols all ${is.name}`)),
  };
  const cause = droppedByFilter(facts, is.name, family);
  return named.length > 0 || cause !== undefined
    ? [different({ ...told, cause })]
    : [
        unknown({
          ...told,
          kind: 'routes',
          cause: {
            message: `the topology names no block of ${remote.speaker}: it has none before its first pod, or a filter drops it`,
            evidence: [],
          },
        }),
      ];
}

function notSent(
  fabric: Fabric,
  router: RouterSpeaker,
  about: Subject,
  { remote }: SeenSession,
  is: ProtocolState,
  family: Family,
  due: number,
): Verdict[] {
  const sent = is.channels.find(({ name }) => name === family)?.exported ?? 0;
  // A few may be on their way, and a filter of the operator's may keep some back.
  if (due === 0 || sent > 0) return [];
  return [
    different({
      about,
      kind: 'routes-not-sent',
      expected: `${due} ${family} routes sent to ${remote.speaker}`,
      found: 'none',
      next: nextCommands(fabric).at(router.name, birdc(`show route noexport ${is.name}`)),
    }),
  ];
}
