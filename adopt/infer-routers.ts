import { backboneProtocol, nodeProtocol } from '../fabric/protocol-names.ts';
import { backboneTransports } from '../fabric/sessions.ts';
import {
  addressBits,
  FAMILIES,
  type Family,
  type IpAddress,
  type PerFamily,
  type Prefix,
  parseAddress,
  parsePrefix,
} from '../topology/address.ts';
import type { BgpProtocol, BirdConfig } from './bird-config.ts';
import type { RunningNode } from './cluster.ts';
import { type Fact, fact, guess, type Note } from './facts.ts';
import type { RegionPeer } from './infer-peers.ts';

/** A router that runs today: what its folder says. */
export interface RunningRouter {
  readonly name: string;
  readonly config: BirdConfig;
  /** Its files, as the configuration reads them. */
  readonly read: readonly string[];
}

/** What the topology already has of a router, from the user's own file. */
export interface KnownRouter {
  readonly routerId: string | undefined;
  readonly nodeAddress: PerFamily<string>;
  readonly backboneAddress: PerFamily<string>;
}

/** The sessions of one router that become the topology's, and who is at their other ends. */
export interface RouterSessions {
  readonly router: RunningRouter;
  readonly nodes: readonly {
    readonly protocol: BgpProtocol;
    readonly node: string;
    readonly family: Family;
  }[];
  readonly backbone: readonly {
    readonly protocol: BgpProtocol;
    readonly other: string;
    readonly family: Family;
  }[];
  /** Inside the cluster's AS, in the folder that a delivery replaces, with an address that nobody has. */
  readonly strangers: readonly BgpProtocol[];
}

export interface Routers {
  readonly facts: readonly Fact[];
  readonly notes: readonly Note[];
  readonly sessions: readonly RouterSessions[];
  /** The router at a BGPPeer's address. */
  readonly routerOf: (peer: RegionPeer) => string;
}

/** Whose session is whose, and all that the routers' files say of routers and sessions. */
export function inferRouters(given: {
  readonly routers: readonly RunningRouter[];
  readonly nodes: readonly RunningNode[];
  readonly peers: readonly RegionPeer[];
  readonly pools: readonly Prefix[];
  readonly asNumber: number;
  readonly known: (router: string) => KnownRouter;
}): Routers {
  const { routers, nodes, peers, pools, asNumber, known } = given;
  const nodeAt = new Map<string, string>();
  for (const { name, address } of nodes) {
    for (const family of FAMILIES) {
      const parsed = parseAddress(address[family]?.text ?? '');
      if (parsed !== undefined) nodeAt.set(parsed.text, name);
    }
  }
  const sorted = [...routers].sort((a, b) => (a.name < b.name ? -1 : 1));
  const own = sorted.map((router) => router.config.protocols.filter((one) => isOwn(one, asNumber)));
  const toNodes = own.map((protocols) => protocols.filter((one) => nodeAt.has(neighborOf(one)?.text ?? '')));
  const toOthers = own.map((protocols) =>
    protocols.filter((one) => !nodeAt.has(neighborOf(one)?.text ?? '')),
  );
  const backbone = backboneAddresses(sorted, toOthers, known);
  const families = FAMILIES.filter((family) => pools.some((pool) => pool.family === family));
  const otherAt = new Map(
    [...backbone].flatMap(([name, address]) =>
      FAMILIES.flatMap((family) =>
        address[family] === undefined ? [] : [[address[family].text, name] as const],
      ),
    ),
  );
  const sessions = sorted.map(
    (router, index): RouterSessions => ({
      router,
      nodes: (toNodes[index] ?? []).flatMap((protocol) => {
        const neighbor = neighborOf(protocol);
        const node = nodeAt.get(neighbor?.text ?? '');
        return node === undefined || neighbor === undefined
          ? []
          : [{ protocol, node, family: neighbor.family }];
      }),
      backbone: (toOthers[index] ?? []).flatMap((protocol) => {
        const neighbor = neighborOf(protocol);
        const other = otherAt.get(neighbor?.text ?? '');
        return other === undefined || neighbor === undefined
          ? []
          : [{ protocol, other, family: neighbor.family }];
      }),
      strangers: (toOthers[index] ?? []).filter(
        (one) => !otherAt.has(neighborOf(one)?.text ?? '') && isInK3s(one),
      ),
    }),
  );
  const places = nodeAddresses(sessions, nodes, peers, known);
  return {
    sessions,
    routerOf: places.routerOf,
    notes: [...places.notes],
    facts: [
      ...sharedFacts(sessions, pools),
      ...meshFact(sessions, backbone),
      ...sorted.flatMap((router, index) =>
        routerFacts(sessions[index] as RouterSessions, {
          nodeAddress: places.addressOf(router.name),
          backboneAddress: backbone.get(router.name) ?? {},
          backboneOf: (name) => backbone.get(name) ?? {},
          families,
          peers: peers.filter((peer) => places.routerOf(peer) === router.name),
        }),
      ),
      ...places.plannedFacts,
    ],
  };
}

const neighborOf = ({ options }: BgpProtocol): IpAddress | undefined =>
  parseAddress(options.get('neighbor') ?? '');

/** A session inside the cluster's AS: `neighbor as` says it, or `internal` does. */
const isOwn = ({ options }: BgpProtocol, asNumber: number): boolean => {
  const [local, remote] = [options.get('local as'), options.get('neighbor as')];
  const isSame = remote === String(asNumber) || options.get('neighbor kind') === 'internal';
  // Where a constant stands in a file that was not given, both ends have the same one.
  return isSame || (remote !== undefined && remote === local && !/^\d/.test(remote));
};

/** What a delivery replaces: the folder k3s, or where that itself was given, all of it. */
const isInK3s = ({ at }: BgpProtocol): boolean =>
  /(^|\/)(k3s|ibgpeers)\/[^/]*$|(^|\/)ibgp\.conf$/.test(at.source.file);

/**
 * A router's own backbone address stands in its own files only as a source address; else it is what all others name as a
 * neighbour and it does not itself, or what others call by its name.
 */
function backboneAddresses(
  routers: readonly RunningRouter[],
  toOthers: readonly (readonly BgpProtocol[])[],
  known: (router: string) => KnownRouter,
): ReadonlyMap<string, PerFamily<IpAddress>> {
  const named = new Map<string, IpAddress>();
  for (const protocol of toOthers.flat()) {
    const neighbor = neighborOf(protocol);
    if (neighbor !== undefined) named.set(neighbor.text, neighbor);
  }
  const found = new Map<string, { ipv4?: IpAddress; ipv6?: IpAddress }>(
    routers.map(({ name }) => [name, {}]),
  );
  const taken = new Set<string>();
  const give = (router: string, address: IpAddress | undefined): void => {
    const own = found.get(router);
    if (
      address === undefined ||
      own === undefined ||
      own[address.family] !== undefined ||
      taken.has(address.text)
    )
      return;
    own[address.family] = address;
    taken.add(address.text);
  };
  for (const [index, { name }] of routers.entries()) {
    for (const family of FAMILIES) give(name, parseAddress(known(name).backboneAddress[family] ?? ''));
    for (const { options } of toOthers[index] ?? [])
      give(name, parseAddress(options.get('source address') ?? ''));
  }
  const nameOf = (protocol: BgpProtocol) => /^(?:k3s_)?backbone_(.+?)(?:_v[46])?$/.exec(protocol.name)?.[1];
  const mapped = (name: string) => name.replace(/[-.]/g, '_');
  for (const protocol of toOthers.flat()) {
    const router = routers.find(({ name }) => mapped(name) === nameOf(protocol));
    if (router !== undefined) give(router.name, neighborOf(protocol));
  }
  for (const [index, { name }] of routers.entries()) {
    const own = new Set((toOthers[index] ?? []).map((one) => neighborOf(one)?.text));
    if (own.size === 0) continue;
    for (const family of FAMILIES) {
      const left = [...named.values()].filter(
        (one) => one.family === family && !own.has(one.text) && !taken.has(one.text),
      );
      if (left.length === 1) give(name, left[0]);
    }
  }
  for (const protocol of toOthers.flat()) {
    const hint = nameOf(protocol);
    const alike = hint === undefined ? [] : routers.filter(({ name }) => mapped(name).startsWith(hint));
    if (alike.length === 1) give(alike[0]?.name ?? '', neighborOf(protocol));
  }
  return found;
}

/** Which router is at which BGPPeer's address, and names for those of which no folder was given. */
function nodeAddresses(
  sessions: readonly RouterSessions[],
  nodes: readonly RunningNode[],
  peers: readonly RegionPeer[],
  known: (router: string) => KnownRouter,
) {
  const routerAt = new Map<string, string>();
  const guessed = new Set<string>();
  const hasFamily = (router: string, family: Family): boolean =>
    peers.some((peer) => peer.family === family && routerAt.get(peer.address) === router);
  const give = (peer: RegionPeer, router: string | undefined, isGuess = false): void => {
    if (router === undefined || routerAt.has(peer.address)) return;
    if (hasFamily(router, peer.family)) return;
    routerAt.set(peer.address, router);
    if (isGuess) guessed.add(peer.address);
  };
  const says = (match: (one: RouterSessions, peer: RegionPeer) => boolean, isGuess = false): void => {
    for (const peer of peers) give(peer, sessions.find((one) => match(one, peer))?.router.name, isGuess);
  };
  says(({ router }, peer) => known(router.name).nodeAddress[peer.family] === peer.address);
  says(({ nodes: own }, peer) =>
    own.some(({ protocol }) => protocol.options.get('source address') === peer.address),
  );
  says((one, peer) => routerIdOf(one)?.text === peer.address);
  const regionOf = new Map(nodes.map((node) => [node.name, node]));
  const serves = ({ nodes: own }: RouterSessions, peer: RegionPeer): boolean =>
    own.some(({ node, family }) => {
      const labels = regionOf.get(node)?.labels ?? {};
      return family === peer.family && Object.values(labels).includes(peer.region);
    });
  for (const peer of peers) {
    const rivals = peers.filter(
      (one) => one.region === peer.region && one.family === peer.family && !routerAt.has(one.address),
    );
    const candidates = sessions.filter(
      (one) => serves(one, peer) && !hasFamily(one.router.name, peer.family),
    );
    if (new Set(rivals.map(({ address }) => address)).size === 1 && candidates.length === 1) {
      give(peer, candidates[0]?.router.name, true);
    }
  }
  // A router without nodes peers with nobody yet: its BGPPeer may be called after it.
  says(({ router }, peer) => router.name === plannedName(peer), true);
  // A dual-stack router's two peers stand for one: who has the one address has the other, if both have one name.
  const names = new Set([...sessions.map(({ router }) => router.name)]);
  const plannedNames = new Map<string, string>();
  for (const peer of peers.filter(({ address }) => !routerAt.has(address))) {
    const base = plannedName(peer);
    const name = plannedNames.get(base) ?? (names.has(base) ? `${base}-planned` : base);
    plannedNames.set(base, name);
    routerAt.set(peer.address, name);
  }
  const addressOf = (router: string): PerFamily<{ text: string; peer: RegionPeer; isGuess: boolean }> =>
    Object.fromEntries(
      peers
        .filter((peer) => routerAt.get(peer.address) === router)
        .map((peer) => [peer.family, { text: peer.address, peer, isGuess: guessed.has(peer.address) }]),
    );
  const planned = [...new Set(plannedNames.values())];
  return {
    addressOf,
    routerOf: (peer: RegionPeer): string => routerAt.get(peer.address) ?? '',
    plannedFacts: planned.flatMap((name): Fact[] => {
      const address = addressOf(name);
      const [peer] = [address.ipv4, address.ipv6].flatMap((one) => one?.peer ?? []);
      const from = `BGPPeer ${peer?.object.name}`;
      const origin = peer && { source: peer.object.source, path: [...peer.object.path, 'spec', 'peerIP'] };
      return [
        ...(address.ipv4 === undefined
          ? []
          : [
              guess(
                ['routers', name, 'routerId'],
                address.ipv4.text,
                'its address; nothing is rendered of it before it runs',
                origin,
              ),
            ]),
        fact(['routers', name, 'nodeAddress'], pairOf(address), from, origin),
        fact(
          ['routers', name, 'planned'],
          true,
          'no folder was given for it: its BGPPeer stays, its configuration is left alone',
          origin,
        ),
      ];
    }),
    notes: planned.map(
      (name): Note => ({
        what: `router ${name}`,
        says: `no folder of a router says that it is at ${Object.values(addressOf(name))
          .map((one) => one.text)
          .join(', ')}; if it runs, give --router ${name}=FOLDER`,
      }),
    ),
  };
}

/** `route-reflector-later-later-v6` of region Later is `later`; a name of one's own stays as it is. */
function plannedName({ object, region }: RegionPeer): string {
  const bare = object.name
    .replace(/^route-reflector-/, '')
    .replace(/-v6$/, '')
    .replaceAll('.', '-');
  const prefix = `${region.toLowerCase()}-`;
  return bare.startsWith(prefix) && bare.length > prefix.length ? bare.slice(prefix.length) : bare;
}

const pairOf = (address: PerFamily<{ readonly text: string }>): unknown =>
  address.ipv4 !== undefined && address.ipv6 !== undefined
    ? { ipv4: address.ipv4.text, ipv6: address.ipv6.text }
    : (address.ipv4 ?? address.ipv6)?.text;

const managed = ({ nodes, backbone }: RouterSessions): BgpProtocol[] =>
  [...nodes, ...backbone].map(({ protocol }) => protocol);

function routerIdOf(sessions: RouterSessions): IpAddress | undefined {
  const { config } = sessions.router;
  const said = [...managed(sessions).map(({ options }) => options.get('router id')), config.routerId];
  const found = said.flatMap((one) => parseAddress(one ?? '') ?? [])[0];
  return found?.family === 'ipv4' ? found : undefined;
}

/** What one router has of its own. */
function routerFacts(
  own: RouterSessions,
  places: {
    readonly nodeAddress: PerFamily<{ text: string; peer: RegionPeer; isGuess: boolean }>;
    readonly backboneAddress: PerFamily<IpAddress>;
    readonly backboneOf: (name: string) => PerFamily<IpAddress>;
    readonly families: readonly Family[];
    readonly peers: readonly RegionPeer[];
  },
): Fact[] {
  const { name } = own.router;
  const path = ['routers', name];
  const protocols = managed(own);
  const [first] = protocols;
  const folder = (one: BgpProtocol | undefined) => one?.at.source.file ?? name;
  const id = routerIdOf(own);
  // A router without nodes yet has no session that says it, but the template for them does.
  const templates = own.router.config.templates.filter(isInK3s);
  const reflecting = [...own.nodes.map(({ protocol }) => protocol), ...templates];
  const cluster = reflecting.flatMap(({ options }) => options.get('rr cluster id') ?? [])[0];
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
            {
              source: peered[0]?.peer.object.source ?? own.router.config.protocols[0]?.at.source ?? NOWHERE,
              path: [...(peered[0]?.peer.object.path ?? []), 'spec', 'peerIP'],
            },
          ),
        ]),
    ...(named.length === 0
      ? []
      : [
          fact(
            [...path, 'backboneAddress'],
            pairOf(backboneAddress),
            'what the other routers peer with',
            first?.at,
          ),
        ]),
    ...(cluster === undefined ||
    id === undefined ||
    cluster === id.text ||
    parseAddress(cluster) === undefined
      ? []
      : [fact([...path, 'clusterId'], cluster, `${folder(first)}: rr cluster id`, first?.at)]),
    ...(own.backbone.length > 0 && own.backbone.every(({ protocol }) => protocol.options.get('bfd') === 'on')
      ? [fact([...path, 'bfd'], true, 'all of its backbone sessions have it', own.backbone[0]?.protocol.at)]
      : []),
    ...birdFacts(own, [...protocols, ...templates]),
    ...adoptedFacts(own, places),
    ...passwordFact(own, places.peers),
  ];
}

const NOWHERE = { file: '', locate: () => undefined, line: () => '' };

/** Names of tables and constants, where they are not those that a topology takes by itself. */
function birdFacts({ router }: RouterSessions, protocols: readonly BgpProtocol[]): Fact[] {
  const path = ['routers', router.name, 'bird'];
  const written = (key: string) =>
    protocols.map((one) => ({ one, value: one.written.get(key) })).find(({ value }) => value !== undefined);
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

/** What keeps BIRD from taking the rendered sessions for others than those that run. */
function adoptedFacts(
  own: RouterSessions,
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
  const path = ['routers', own.router.name, 'bird', 'adopted'];
  const protocols = managed(own);
  const renamed: [string, string][] = [
    ...own.nodes.map(({ protocol, node, family }): [string, string] => [
      nodeProtocol(node, family),
      protocol.name,
    ]),
    ...own.backbone.flatMap(({ protocol, other, family }): [string, string][] =>
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
  const hasSource = protocols.some(({ options }) => options.has('source address'));
  return [
    ...(Object.keys(kept).length === 0
      ? []
      : [
          fact(
            [...path, 'protocols'],
            kept,
            'under another name BIRD would make each session anew',
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
    ...(protocols.length > 0 && !hasSource
      ? [fact([...path, 'sourceAddress'], false, 'with one BIRD would restart every session', first?.at)]
      : []),
  ];
}

/** By reference: which file of the router, which Secret. The password itself is never read. */
function passwordFact(own: RouterSessions, peers: readonly RegionPeer[]): Fact[] {
  const secret = peers.map((peer) => peer.secret).find((one) => one !== undefined);
  const session = own.nodes.find(({ protocol }) => protocol.options.has('password'))?.protocol;
  if (secret === undefined || (session === undefined && own.nodes.length > 0)) return [];
  const path = ['routers', own.router.name, 'password'];
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

/** Settings that a topology has once: as most sessions have them. */
function sharedFacts(sessions: readonly RouterSessions[], pools: readonly Prefix[]): Fact[] {
  const all = sessions.flatMap(managed);
  const [first] = all;
  if (first === undefined) return [];
  const most = (option: string, byDefault: string): string => {
    const counts = new Map<string, number>();
    for (const { options } of all) {
      const value = options.get(option) ?? byDefault;
      counts.set(value, (counts.get(value) ?? 0) + 1);
    }
    return [...counts].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1))[0]?.[0] ?? byDefault;
  };
  const holdTime = most('hold time', '240');
  const restart = most('graceful restart', 'aware');
  const keeps = sessions
    .flatMap(({ nodes, backbone }) => [...nodes, ...backbone])
    .some(({ protocol }) =>
      FAMILIES.some((family) => (protocol.options.get(`${family}/next hop keep`) ?? 'off') !== 'off'),
    );
  const isSaid = (option: string) => all.some(({ options }) => options.has(option));
  return [
    fact(
      ['bgp', 'reflectorNextHop'],
      keeps ? 'keep' : 'self',
      keeps
        ? 'next hop keep on the sessions to nodes'
        : 'as today; keep ends hairpins between neighbours, see NE203',
      first.at,
    ),
    fact(
      ['bgp', 'holdTime'],
      Number(holdTime),
      isSaid('hold time')
        ? 'hold time of the sessions'
        : "BIRD's default; another value resets every session once",
      first.at,
    ),
    fact(
      ['bgp', 'gracefulRestart'],
      restart === 'aware' ? 'aware' : restart === 'on',
      isSaid('graceful restart')
        ? 'graceful restart of the sessions'
        : "BIRD's default; another value resets every session once",
      first.at,
    ),
    ...(pools.length === 0
      ? []
      : [
          fact(
            ['bgp', 'exportBorrowed'],
            takesBorrowed(all, pools),
            'prefix lengths that the filters let through',
            first.at,
          ),
        ]),
  ];
}

/** Whether a filter lets single addresses of a pool through. */
function takesBorrowed(protocols: readonly BgpProtocol[], pools: readonly Prefix[]): boolean {
  const sets = new Set(protocols.flatMap(({ prefixSets }) => prefixSets));
  return [...sets].some((one) => {
    const [, range = '', , longest, plus] =
      /^([^{+-]+)(\{\d+,(\d+)\})?(\+)?$/.exec(one)?.map((part) => part) ?? [];
    const [, , , most] = /^([^{+-]+)(\{(?:\d+),(\d+)\})?/.exec(one) ?? [];
    const parsed = parsePrefix(range);
    if (!parsed.ok) return false;
    const host = addressBits(parsed.prefix.family);
    const reaches = plus === '+' ? host : Number(most ?? longest ?? parsed.prefix.length);
    return (
      reaches === host &&
      pools.some((pool) => pool.family === parsed.prefix.family && pool.value === parsed.prefix.value)
    );
  });
}

/** Which routers peer with which: all with all needs no word. */
function meshFact(
  sessions: readonly RouterSessions[],
  addresses: ReadonlyMap<string, PerFamily<IpAddress>>,
): Fact[] {
  const speakers = [...addresses]
    .filter(([, { ipv4, ipv6 }]) => (ipv4 ?? ipv6) !== undefined)
    .map(([name]) => name);
  const pairs = new Set(
    sessions.flatMap(({ router, backbone }) =>
      backbone.map(({ other }) => JSON.stringify([router.name, other].sort())),
    ),
  );
  const all = (speakers.length * (speakers.length - 1)) / 2;
  if (speakers.length < 2 || pairs.size === all) return [];
  const value = [...pairs].sort().map((pair): unknown => JSON.parse(pair));
  const from = 'the sessions that the routers have with each other';
  return [fact(['bgp', 'backboneMesh'], value.length === 0 ? false : value, from)];
}
