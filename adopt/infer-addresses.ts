import type { BgpProtocol } from '../bird/protocols.ts';
import { symbolPart } from '../bird/words.ts';
import { FAMILIES, type Family, type IpAddress, type PerFamily, parseAddress } from '../topology/address.ts';
import type { RunningNode } from './cluster.ts';
import { type Fact, fact, guess, type Note } from './facts.ts';
import type { RegionPeer } from './infer-peers.ts';
import {
  type KnownRouter,
  neighborOf,
  pairOf,
  type RouterSessions,
  type RunningRouter,
  routerIdOf,
} from './router-sessions.ts';

/**
 * A router's own backbone address is in its own files only as a source address; otherwise it is the neighbour address that all
 * others use and it does not, or the one that others name after it.
 */
export function backboneAddresses(
  routers: readonly RunningRouter[],
  toOthers: readonly (readonly BgpProtocol[])[],
  knownRouter: (router: string) => KnownRouter,
): { readonly addresses: ReadonlyMap<string, PerFamily<IpAddress>>; readonly guessed: ReadonlySet<string> } {
  const named = new Map<string, IpAddress>();
  for (const protocol of toOthers.flat()) {
    const neighbor = neighborOf(protocol);
    if (neighbor !== undefined) named.set(neighbor.text, neighbor);
  }
  const addresses = new Map<string, { ipv4?: IpAddress; ipv6?: IpAddress }>(
    routers.map(({ name }) => [name, {}]),
  );
  const taken = new Set<string>();
  const guessed = new Set<string>();
  const give = (router: string, address: IpAddress | undefined, isGuess = false): void => {
    const pair = addresses.get(router);
    if (
      address === undefined ||
      pair === undefined ||
      pair[address.family] !== undefined ||
      taken.has(address.text)
    )
      return;
    pair[address.family] = address;
    taken.add(address.text);
    if (isGuess) guessed.add(router);
  };
  for (const [index, { name }] of routers.entries()) {
    for (const family of FAMILIES) give(name, parseAddress(knownRouter(name).backboneAddress[family] ?? ''));
    for (const { options } of toOthers[index] ?? [])
      give(name, parseAddress(options.get('source address') ?? ''));
  }
  const nameOf = (protocol: BgpProtocol) => /^(?:k3s_)?backbone_(.+?)(?:_v[46])?$/.exec(protocol.name)?.[1];
  for (const protocol of toOthers.flat()) {
    const router = routers.find(({ name }) => symbolPart(name) === nameOf(protocol));
    if (router !== undefined) give(router.name, neighborOf(protocol));
  }
  for (const [index, { name }] of routers.entries()) {
    const neighbors = new Set((toOthers[index] ?? []).map((one) => neighborOf(one)?.text));
    if (neighbors.size === 0) continue;
    for (const family of FAMILIES) {
      const left = [...named.values()].filter(
        (one) => one.family === family && !neighbors.has(one.text) && !taken.has(one.text),
      );
      if (left.length === 1) give(name, left[0], true);
    }
  }
  for (const protocol of toOthers.flat()) {
    const hint = nameOf(protocol);
    const alike = hint === undefined ? [] : routers.filter(({ name }) => symbolPart(name).startsWith(hint));
    if (alike.length === 1) give(alike[0]?.name ?? '', neighborOf(protocol), true);
  }
  return { addresses, guessed };
}

/** Which router has which BGPPeer's address, and names for routers without a given folder. */
export function nodeAddresses(
  sessions: readonly RouterSessions[],
  nodes: readonly RunningNode[],
  peers: readonly RegionPeer[],
  knownRouter: (router: string) => KnownRouter,
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
  const giveWhere = (match: (one: RouterSessions, peer: RegionPeer) => boolean, isGuess = false): void => {
    for (const peer of peers) give(peer, sessions.find((one) => match(one, peer))?.router.name, isGuess);
  };
  giveWhere(({ router }, peer) => knownRouter(router.name).nodeAddress[peer.family] === peer.address);
  giveWhere(({ nodes: sessionsToNodes }, peer) =>
    sessionsToNodes.some(({ protocol }) => protocol.options.get('source address') === peer.address),
  );
  giveWhere((one, peer) => routerIdOf(one)?.text === peer.address);
  const regionOf = new Map(nodes.map((node) => [node.name, node]));
  const serves = ({ nodes: sessionsToNodes }: RouterSessions, peer: RegionPeer): boolean =>
    sessionsToNodes.some(
      ({ node, family }) => family === peer.family && peer.selects(regionOf.get(node)?.labels ?? {}),
    );
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
  // A router without nodes has no peers yet: its BGPPeer may be named after it.
  giveWhere(({ router }, peer) => router.name === plannedName(peer), true);
  // A dual-stack router has two BGPPeers: the owner of one address has the other, if both have the same name.
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
                'its address; nothing else is rendered for it before it runs',
                origin,
              ),
            ]),
        fact(['routers', name, 'nodeAddress'], pairOf(address), from, origin),
        fact(
          ['routers', name, 'planned'],
          true,
          'no folder was given for it: its BGPPeer stays, its configuration is not touched',
          origin,
        ),
      ];
    }),
    notes: planned.map(
      (name): Note => ({
        what: `router ${name}`,
        message: `no router folder has the address ${Object.values(addressOf(name))
          .map((one) => one.text)
          .join(', ')}; if this router is running, give --router ${name}=FOLDER`,
      }),
    ),
  };
}

/** `route-reflector-later-later-v6` of region Later gives `later`; a custom name stays as it is. */
function plannedName({ object, region }: RegionPeer): string {
  const named = object.name
    .replace(/^route-reflector-/, '')
    .replace(/-v6$/, '')
    .replaceAll('.', '-');
  const prefix = `${region.toLowerCase()}-`;
  return named.startsWith(prefix) && named.length > prefix.length ? named.slice(prefix.length) : named;
}
