import { defaultOf } from '../bird/options.ts';
import type { BgpProtocol } from '../bird/protocols.ts';
import { backboneProtocol, nodeProtocol } from '../fabric/protocol-names.ts';
import { backboneTransports } from '../fabric/sessions.ts';
import { FAMILIES, type Family, type IpAddress, type PerFamily, parseAddress } from '../topology/address.ts';
import { type Fact, fact, guess } from './facts.ts';
import type { RegionPeer } from './infer-peers.ts';
import { isInK3s, managed, pairOf, type RouterSessions, routerIdOf } from './router-sessions.ts';

/** Settings of one router. */
export function routerFacts(
  sessions: RouterSessions,
  places: {
    readonly nodeAddress: PerFamily<{ text: string; peer: RegionPeer; isGuess: boolean }>;
    readonly backboneAddress: PerFamily<IpAddress>;
    readonly isBackboneGuess: boolean;
    readonly backboneOf: (name: string) => PerFamily<IpAddress>;
    readonly families: readonly Family[];
    readonly peers: readonly RegionPeer[];
  },
): Fact[] {
  const { name } = sessions.router;
  const path = ['routers', name];
  const protocols = managed(sessions);
  const [first] = protocols;
  const folder = (one: BgpProtocol | undefined) => one?.at.source.file ?? name;
  const id = routerIdOf(sessions);
  // A router without nodes yet has no session that sets it, but the template for them does.
  const templates = sessions.router.config.templates.filter(isInK3s);
  const reflecting = [...sessions.nodes.map(({ protocol }) => protocol), ...templates];
  const cluster = reflecting.flatMap(({ options }) =>
    options.get('rr client') === 'on' ? (options.get('rr cluster id') ?? options.get('router id') ?? []) : [],
  )[0];
  const { nodeAddress, backboneAddress } = places;
  const peered = [nodeAddress.ipv4, nodeAddress.ipv6].flatMap((one) => one ?? []);
  const isGuess = peered.some((one) => one.isGuess);
  const named = [backboneAddress.ipv4, backboneAddress.ipv6].flatMap((one) => one?.text ?? []);
  return [
    ...(id === undefined
      ? []
      : [fact([...path, 'routerId'], id.text, `${folder(first)}: router id`, first?.at)]),
    ...(peered.length === 0
      ? []
      : [
          (isGuess ? guess : fact)(
            [...path, 'nodeAddress'],
            pairOf(nodeAddress),
            `BGPPeer ${peered.map(({ peer }) => peer.object.name).join(', ')}${isGuess ? ': by its nodes, or its name' : ''}`,
            peered[0] && {
              source: peered[0].peer.object.source,
              path: [...peered[0].peer.object.path, 'spec', 'peerIP'],
            },
          ),
        ]),
    ...(named.length === 0
      ? []
      : [
          (places.isBackboneGuess ? guess : fact)(
            [...path, 'backboneAddress'],
            pairOf(backboneAddress),
            places.isBackboneGuess
              ? 'others peer with this address, but the router does not'
              : "the router's source address, or named after it",
            first?.at,
          ),
        ]),
    ...(cluster === undefined ||
    id === undefined ||
    cluster === id.text ||
    parseAddress(cluster) === undefined
      ? []
      : [fact([...path, 'clusterId'], cluster, `${folder(first)}: rr cluster id`, first?.at)]),
    ...(sessions.backbone.length > 0 &&
    sessions.backbone.every(({ protocol }) => protocol.options.get('bfd') === 'on')
      ? [
          fact(
            [...path, 'bfd'],
            true,
            'all of its backbone sessions have it',
            sessions.backbone[0]?.protocol.at,
          ),
        ]
      : []),
    ...birdFacts(sessions, [...protocols, ...templates]),
    ...adoptedFacts(sessions, places),
    ...passwordFact(sessions, places.peers),
  ];
}

/** Names of tables and constants that differ from a topology's defaults. */
function birdFacts({ router }: RouterSessions, protocols: readonly BgpProtocol[]): Fact[] {
  const path = ['routers', router.name, 'bird'];
  const written = (key: string) =>
    protocols
      .map((one) => ({ one, value: one.written.get(key) ?? predefined(one, key) }))
      .find(({ value }) => value !== undefined);
  const names: readonly (readonly [string, readonly string[], string])[] = [
    ['ipv4/table', ['tables', 'ipv4'], 'intra_table_v4'],
    ['ipv6/table', ['tables', 'ipv6'], 'intra_table_v6'],
    ['local as', ['constants', 'as'], 'K3S_AS'],
    ['router id', ['constants', 'routerId'], 'INTRA_ROUTER_ID'],
  ];
  return names.flatMap(([key, field, byDefault]) => {
    const found = written(key);
    if (
      found?.value === undefined ||
      found.value === byDefault ||
      !/^[A-Za-z_][A-Za-z0-9_]*$/.test(found.value)
    )
      return [];
    return [fact([...path, ...field], found.value, `${found.one.at.source.file}: ${key}`, found.one.at)];
  });
}

/** A channel without a table uses BIRD's predefined one. */
function predefined({ options }: BgpProtocol, key: string): string | undefined {
  const [channel = '', name] = key.split('/');
  return name === 'table' && options.has(channel) ? defaultOf(key, options) : undefined;
}

/** Settings that make BIRD recognise the rendered sessions as the existing ones. */
function adoptedFacts(
  sessions: RouterSessions,
  {
    backboneAddress,
    backboneOf,
    families,
  }: {
    readonly backboneAddress: PerFamily<IpAddress>;
    readonly backboneOf: (name: string) => PerFamily<IpAddress>;
    readonly families: readonly Family[];
  },
): Fact[] {
  const path = ['routers', sessions.router.name, 'bird', 'adopted'];
  const protocols = managed(sessions);
  const renamed: [string, string][] = [
    ...sessions.nodes.map(({ protocol, node, family }): [string, string] => [
      nodeProtocol(node, family),
      protocol.name,
    ]),
    ...sessions.backbone.flatMap(({ protocol, other, family }): [string, string][] =>
      backboneTransports(backboneAddress, backboneOf(other), families)
        .filter(({ transport }) => transport === family)
        .map(({ carries, transport }) => [backboneProtocol(other, carries, transport), protocol.name]),
    ),
  ];
  const kept = Object.fromEntries(
    renamed.filter(([ours, theirs]) => ours !== theirs).sort(([a], [b]) => (a < b ? -1 : 1)),
  );
  const [first] = protocols;
  const hasBoth =
    protocols.length > 0 && protocols.every(({ options }) => FAMILIES.every((family) => options.has(family)));
  const overIpv4 = sessions.backbone.filter(
    ({ protocol, family }) => family === 'ipv4' || !protocol.options.has('ipv4'),
  );
  const hasExtended = sessions.backbone.some(
    ({ protocol }) => (protocol.options.get('ipv4/extended next hop') ?? 'off') === 'on',
  );
  const reflecting = sessions.nodes.filter(({ protocol }) => protocol.options.get('rr client') === 'on');
  const hasClusterId = reflecting.some(({ protocol }) => protocol.options.has('rr cluster id'));
  const hasSource = protocols.some(({ options }) => options.has('source address'));
  return [
    ...(Object.keys(kept).length === 0
      ? []
      : [
          fact(
            [...path, 'protocols'],
            kept,
            'under another name BIRD would recreate each session',
            first?.at,
          ),
        ]),
    ...(hasBoth && families.length === 1
      ? [
          fact(
            [...path, 'bothChannels'],
            true,
            'without the second channel BIRD would restart sessions between routers',
            first?.at,
          ),
        ]
      : []),
    ...(overIpv4.length > 0 && overIpv4.length === sessions.backbone.length && !hasExtended
      ? [
          fact(
            [...path, 'extendedNextHop'],
            false,
            'with it BIRD would restart sessions between routers',
            overIpv4[0]?.protocol.at,
          ),
        ]
      : []),
    ...(protocols.length > 0 && !hasSource
      ? [fact([...path, 'sourceAddress'], false, 'with one BIRD would restart every session', first?.at)]
      : []),
    ...(reflecting.length > 0 && !hasClusterId
      ? [
          fact(
            [...path, 'clusterId'],
            false,
            'with a line for it BIRD would restart every session with a node',
            reflecting[0]?.protocol.at,
          ),
        ]
      : []),
  ];
}

/** By reference: the file on the router, and the Secret. The password itself is never read. */
function passwordFact(sessions: RouterSessions, peers: readonly RegionPeer[]): Fact[] {
  const secret = peers.map((peer) => peer.secret).find((one) => one !== undefined);
  const session = sessions.nodes.find(({ protocol }) => protocol.options.has('password'))?.protocol;
  if (secret === undefined || (session === undefined && sessions.nodes.length > 0)) return [];
  const path = ['routers', sessions.router.name, 'password'];
  const included = session?.written.get('password');
  if (session !== undefined && included !== undefined) {
    const file = included.startsWith('/') ? included : `/etc/bird/${included}`;
    const from = `${session.at.source.file}, and the Secret of its BGPPeer`;
    return [fact(path, { file, secret }, from, session.at)];
  }
  const value = { file: '/etc/bird/k3s-password.conf', secret };
  const from =
    session === undefined ? 'no node peers yet' : 'put the line password "..." of the session there';
  return [guess(path, value, from, session?.at)];
}
