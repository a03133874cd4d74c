import {
  accept,
  address,
  block,
  type Condition,
  choose,
  comment,
  gap,
  option,
  prefix,
  print,
  reject,
  type Statement,
  string,
  symbol,
  when,
} from '../bird/printer.ts';
import type { NextHopRule, RouterSpeaker, Session, SessionEnd } from '../fabric/index.ts';
import {
  deliveredPassword,
  endsFor,
  FAR_CLIENT_PREFERENCE,
  FARTHEST,
  sessionProtocol,
  staticProtocol,
} from '../fabric/index.ts';
import type { Family } from '../topology/address.ts';
import { LAST_CHOICE } from './drained.ts';
import { backboneTemplate, DISTANCE, reflectorTemplate } from './names.ts';

/** One peer of a router: `k3s/ibgpeers/<name>.conf`, with a protocol per session. */
export function peerFile(router: RouterSpeaker, sessions: readonly Session[], isDrained: boolean): string {
  return print([
    comment('Rendered by noencap from topology.yaml; edit that file instead.'),
    ...sessions.flatMap((session) => [
      gap,
      ...staticRoute(router, session),
      protocol(router, session, isDrained),
    ]),
  ]);
}

/** The file of a session's peer, without its folder. */
export function peerFileName(router: RouterSpeaker, session: Session): string {
  const { remote } = endsFor(session, router.name);
  return remote.kind === 'node' ? `${remote.speaker}.conf` : `backbone-${remote.speaker}.conf`;
}

function protocol(router: RouterSpeaker, session: Session, isDrained: boolean): Statement {
  const { local, remote } = endsFor(session, router.name);
  const template =
    session.kind === 'reflector' ? reflectorTemplate(session.transport) : backboneTemplate(session.carries);
  return block(
    ['protocol bgp', symbol(sessionProtocol(session, router.name)), 'from', template],
    [
      // Without it BIRD uses the address of the outgoing interface, which need not be the one the peer expects.
      ...(router.bird.adopted.sourceAddress ? [option('source address', address(local.address))] : []),
      option('neighbor', address(remote.address)),
      // Not `graceful`: with graceful restart a dead router's routes would then stay until the IGP detects the failure.
      ...(session.bfd ? [option('bfd on')] : []),
      ...(session.kind === 'reflector' && router.password !== undefined
        ? [option('include', string(passwordPath(router, router.password.file)))]
        : []),
      ...session.carries.flatMap((family, index) => channel(session, router, isDrained, family, index)),
    ],
  );
}

/**
 * BIRD resolves a relative include next to the including file, and the system follows `..` from that file's real location. So a staged
 * copy reads its own password and never the live one, and a copy placed in BIRD's folder reads the one there.
 */
function passwordPath(router: RouterSpeaker, file: string): string {
  const name = deliveredPassword(router);
  return name === undefined ? file : `../../${name}`;
}

/** A node without the IGP that peers from an off-segment address: only its routers can have a route to it. */
function staticRoute(router: RouterSpeaker, session: Session): Statement[] {
  const { remote } = endsFor(session, router.name);
  const routes = router.staticRoutes.filter(
    ({ machine, prefix: { family } }) => machine === remote.speaker && family === session.transport,
  );
  return routes.map((route) =>
    block(
      ['protocol static', symbol(staticProtocol(route.machine, session.transport))],
      [
        block([session.transport], [option('table', router.bird.tables[session.transport])], ';'),
        option('route', prefix(route.prefix), 'via', address(route.via)),
      ],
    ),
  );
}

/** What differs in this session's channel from its template's: a protocol inherits the rest. */
function channel(
  session: Session,
  router: RouterSpeaker,
  isDrained: boolean,
  family: Family,
  index: number,
): Statement[] {
  const differing = [
    ...resolution(session, router, family),
    ...(session.isFar ? [option('preference', FAR_CLIENT_PREFERENCE)] : []),
    ...keepNextHop(session, router, isDrained, family, index),
  ];
  return differing.length === 0 ? [] : [block([family], differing, ';')];
}

/**
 * BIRD looks up an IPv6 next hop in the table of the protocol's IPv6 channel, and without such a channel in master6,
 * where we have no routes: the session is then up, and every route from it unreachable.
 */
const resolution = (session: Session, router: RouterSpeaker, family: Family): Statement[] =>
  session.transport === 'ipv6' &&
  family === 'ipv4' &&
  !session.carries.includes('ipv6') &&
  !router.bird.adopted.bothChannels
    ? [option('igp table', router.bird.tables.ipv6)]
    : [];

/**
 * Overrides the template's `next hop self`. A next hop that the other end reaches on its own segment is kept, otherwise packets
 * between neighbours would take a detour through this router; every other next hop becomes this router, or the one behind it.
 */
function keepNextHop(
  session: Session,
  router: RouterSpeaker,
  isDrained: boolean,
  family: Family,
  index: number,
): Statement[] {
  const { local, remote } = endsFor(session, router.name);
  const { nextHop } = local;
  if (nextHop.rule !== 'keep' && nextHop.rule !== 'unchanged') return [];
  const changed = nextHop.rule === 'keep' ? setNextHop(nextHop, remote, family, index) : [];
  if (nextHop.rule === 'keep' && changed.length === 0) return [];
  return [
    option('next hop self off'),
    option('next hop keep'),
    block(
      ['export filter'],
      [
        when({ test: 'not', of: { test: 'call', name: 'is_insider_as' } }, reject),
        // Its own block, learned from another reflector: BIRD would refuse to send it, with an error in the log.
        ...(session.kind === 'reflector'
          ? [when({ test: 'nextHopIs', address: remote.address }, reject)]
          : []),
        ...(isDrained ? LAST_CHOICE : []),
        // Before the next hop is changed: it shows where packets leave.
        ...(session.kind === 'reflector' && nextHop.rule === 'keep' && router.distances.length > 0
          ? [session.isByDefault ? option('bgp_med =', FARTHEST) : option(`${DISTANCE}()`)]
          : []),
        ...changed,
        accept,
      ],
      ';',
    ),
  ];
}

/**
 * `gw` is the machine that this router itself forwards packets to: the first one in case of ECMP. The client gets it as next hop
 * if it is on the client's own segment, unless it is the client itself.
 */
function setNextHop(
  { onSegments, gateways, farClients, otherwise }: Extract<NextHopRule, { rule: 'keep' }>,
  remote: SessionEnd,
  family: Family,
  index: number,
): Statement[] {
  const fallback = otherwise[index];
  const segments = onSegments.filter((segment) => segment.family === family);
  if (fallback === undefined || (segments.length === 0 && !farClients)) return [];
  const toSelf = option('bgp_next_hop =', address(fallback));
  // Between routers nothing else has this preference: routes that are not from a client go to clients only (RFC 4456 section 6).
  const left = farClients ? [when({ test: 'preferenceIs', value: FAR_CLIENT_PREFERENCE }, accept)] : [];
  if (segments.length === 0) return [...left, toSelf];
  const isElsewhere: Condition = {
    test: 'not',
    of: { test: 'any', of: segments.map((on) => ({ test: 'nextHop', on })) },
  };
  if (!gateways) return [...left, when(isElsewhere, toSelf)];
  const isNear: Condition = { test: 'any', of: segments.map((on) => ({ test: 'gateway', on })) };
  return [
    ...left,
    when(
      isElsewhere,
      choose(
        {
          test: 'all',
          of: [{ test: 'gatewayIsNot', address: remote.address }, isNear],
        },
        option('bgp_next_hop = gw'),
        toSelf,
      ),
    ),
  ];
}
