import { type Fabric, nodeBlocks, type Session, sessionFilters, verdictOf } from '../fabric/index.ts';
import type { Family } from '../topology/address.ts';
import type { RecordingRule } from './rule.ts';
import { ipVersion, OWN } from './series.ts';

/**
 * What the topology promises, as constants of Prometheus: the routers, the nodes, and for each channel of each session how many routes its
 * router must import at least.
 */
export function expectedRules(fabric: Fabric): RecordingRule[] {
  const promised = routesPromised(fabric);
  const constant = (
    record: string,
    value: number,
    labels: Readonly<Record<string, string>>,
  ): RecordingRule => ({
    record,
    expr: `vector(${value})`,
    labels: { fabric: fabric.name, ...labels },
  });
  return [
    ...fabric.routers
      .filter(({ planned }) => !planned)
      .map(({ name }) => constant(OWN.routers, 1, { router: name })),
    ...fabric.nodes.map(({ name }) => constant(OWN.nodes, 1, { peer: name })),
    ...fabric.sessions.flatMap((session) =>
      session.ends.flatMap((end, at) => {
        const peer = session.ends[at === 0 ? 1 : 0];
        if (end.protocol === undefined) return [];
        const { protocol: name } = end;
        return session.carries.map((family) => {
          const { routes, filtered } = promised(session, peer.speaker, family);
          return constant(OWN.routesPromised, routes, {
            router: end.speaker,
            name,
            ip_version: ipVersion(family),
            peer: peer.speaker,
            kind: session.kind,
            ...(filtered ? { filtered: 'yes' } : {}),
          });
        });
      }),
    ),
  ];
}

interface Promised {
  readonly routes: number;
  /** BGPFilters decide which of a node's blocks it announces: how many blocks it has does not tell. */
  readonly filtered: boolean;
}

/**
 * A node announces its blocks. A router announces to another the blocks of its clients: it prefers a route of its own client to that of another
 * reflector (CLIENT_PREFERENCE), except for far clients, of which nothing is promised.
 */
function routesPromised(fabric: Fabric): (session: Session, from: string, family: Family) => Promised {
  const blocks = nodeBlocks(fabric);
  const nodes = new Map(fabric.nodes.map((node) => [node.name, node]));
  const ofClient = (router: string, client: string, family: Family): Promised => {
    const node = nodes.get(client);
    const filters = node === undefined ? [] : sessionFilters(fabric, node, router, family);
    const announced = (blocks.get(client) ?? []).filter(
      (block) => block.family === family && verdictOf(filters, 'export', block) !== 'Reject',
    );
    return { routes: announced.length, filtered: filters.length > 0 };
  };
  const ofRouter = new Map<string, number>();
  for (const { kind, isFar, carries, ends } of fabric.sessions) {
    if (kind !== 'reflector' || isFar) continue;
    const [{ speaker: router }, { speaker: client }] = ends;
    for (const family of carries) {
      const key = `${router} ${family}`;
      ofRouter.set(key, (ofRouter.get(key) ?? 0) + ofClient(router, client, family).routes);
    }
  }
  return ({ kind, ends }, from, family) =>
    kind === 'reflector'
      ? ofClient(ends[0].speaker, from, family)
      : { routes: ofRouter.get(`${from} ${family}`) ?? 0, filtered: false };
}
