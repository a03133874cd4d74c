import type { IpAddress } from '../topology/address.ts';
import { FAMILIES, type PerFamily, type Prefix, parseAddress } from '../topology/address.ts';
import type { RunningNode } from './cluster.ts';
import type { Fact, Note } from './facts.ts';
import { backboneAddresses, nodeAddresses } from './infer-addresses.ts';
import type { RegionPeer } from './infer-peers.ts';
import { routerFacts } from './infer-router.ts';
import { meshFact, sharedFacts } from './infer-shared.ts';
import {
  isInK3s,
  isOwn,
  type KnownRouter,
  neighborOf,
  type RouterSessions,
  type RunningRouter,
} from './router-sessions.ts';

export interface Routers {
  readonly facts: readonly Fact[];
  readonly notes: readonly Note[];
  readonly sessions: readonly RouterSessions[];
  /** The router at a BGPPeer's address. */
  readonly routerOf: (peer: RegionPeer) => string;
}

/** Matches sessions with their ends, and collects everything the routers' files say about routers and sessions. */
export function inferRouters(given: {
  readonly routers: readonly RunningRouter[];
  readonly nodes: readonly RunningNode[];
  readonly peers: readonly RegionPeer[];
  readonly pools: readonly Prefix[];
  /** As the cluster says it: any text, until the topology is checked. */
  readonly clusterAs: string;
  readonly knownRouter: (router: string) => KnownRouter;
}): Routers {
  const { routers, nodes, peers, pools, clusterAs, knownRouter } = given;
  const nodeAt = new Map<string, string>();
  for (const { name, address } of nodes) {
    for (const family of FAMILIES) {
      const parsed = parseAddress(address[family]?.text ?? '');
      if (parsed !== undefined) nodeAt.set(parsed.text, name);
    }
  }
  const sorted = [...routers].sort((a, b) => (a.name < b.name ? -1 : 1));
  const own = sorted.map((router) => router.config.protocols.filter((one) => isOwn(one, clusterAs)));
  const toNodes = own.map((protocols) => protocols.filter((one) => nodeAt.has(neighborOf(one)?.text ?? '')));
  const toOthers = own.map((protocols) =>
    protocols.filter((one) => !nodeAt.has(neighborOf(one)?.text ?? '')),
  );
  const { addresses: found, guessed } = backboneAddresses(sorted, toOthers, knownRouter);
  const families = FAMILIES.filter((family) => pools.some((pool) => pool.family === family));
  const otherAt = new Map(
    [...found].flatMap(([name, address]) =>
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
    }),
  );
  // A router's source address towards other peers is not a backbone address.
  const speakers = new Set(
    sessions.flatMap((one) => one.backbone.flatMap(({ other }) => [one.router.name, other])),
  );
  const backbone: ReadonlyMap<string, PerFamily<IpAddress>> = new Map(
    [...found].filter(([name]) => speakers.has(name)),
  );
  const unknownNeighbours = sorted.flatMap(({ name }, index) =>
    (toOthers[index] ?? [])
      .filter((one) => isInK3s(one) && !otherAt.has(neighborOf(one)?.text ?? ''))
      .map(
        (one): Note => ({
          what: `session ${one.name} of ${name}`,
          message: `no given router or node has the address ${neighborOf(one)?.text ?? 'of its neighbour'}: give that router's folder, or put its backboneAddress into --known`,
        }),
      ),
  );
  const places = nodeAddresses(sessions, nodes, peers, knownRouter);
  return {
    sessions,
    routerOf: places.routerOf,
    notes: [...places.notes, ...unknownNeighbours],
    facts: [
      ...sharedFacts(sessions, pools),
      ...meshFact(sessions, backbone),
      ...sorted.flatMap((router, index) =>
        routerFacts(sessions[index] as RouterSessions, {
          nodeAddress: places.addressOf(router.name),
          backboneAddress: backbone.get(router.name) ?? {},
          isBackboneGuess: guessed.has(router.name),
          backboneOf: (name) => backbone.get(name) ?? {},
          families,
          peers: peers.filter((peer) => places.routerOf(peer) === router.name),
        }),
      ),
      ...places.plannedFacts,
    ],
  };
}
