import { type Attachment, agreement, type Fabric, type Session } from '../fabric/index.ts';
import type { Segment } from '../topology/model.ts';

/**
 * The network between two deliveries: the routers run one fabric and the cluster another. A session is up if both ends have it and
 * match. The underlay is the union of both.
 */
export function halfDelivered(routersAs: Fabric, clusterAs: Fabric): Fabric {
  const nodeNames = new Set(clusterAs.nodes.map(({ name }) => name));
  const routers = routersAs.routers.map((router) => ({
    ...router,
    staticRoutes: router.staticRoutes.filter(({ machine }) => nodeNames.has(machine)),
  }));
  const routerNamed = new Map(routers.map((router) => [router.name, router]));
  const machines = [...routers, ...clusterAs.nodes, ...clusterAs.hosts];
  return {
    ...clusterAs,
    bgp: { ...clusterAs.bgp, exportBorrowed: routersAs.bgp.exportBorrowed || clusterAs.bgp.exportBorrowed },
    routers,
    regions: clusterAs.regions.map((region) => ({
      ...region,
      routers: region.routers.flatMap(({ name }) => routerNamed.get(name) ?? []),
    })),
    sessions: [
      ...routersAs.sessions.filter(({ kind }) => kind === 'backbone'),
      ...agreed(routersAs, clusterAs),
    ].sort((a, b) => (a.id < b.id ? -1 : 1)),
    segments: segmentsOf(routersAs, clusterAs, machines),
  };
}

/** Sessions with reflectors: each end as its own side has it. */
export function agreed(routersAs: Fabric, clusterAs: Fabric): Session[] {
  const [routersSay, clusterSays] = [agreement(routersAs), agreement(clusterAs)];
  const nodeSide = new Map(clusterAs.sessions.map((session) => [session.id, session]));
  return routersAs.sessions.flatMap((session): Session[] => {
    const other = nodeSide.get(session.id);
    if (session.kind !== 'reflector' || other?.kind !== 'reflector') return [];
    const [reflector] = session.ends;
    const [, client] = other.ends;
    const agrees = routersSay(session) === clusterSays(other);
    return agrees ? [{ ...session, ends: [reflector, client] }] : [];
  });
}

/** Segments of both, with the members that are there. */
function segmentsOf(
  routersAs: Fabric,
  clusterAs: Fabric,
  machines: readonly { readonly name: string; readonly attachments: readonly Attachment[] }[],
): readonly Segment[] | undefined {
  if (routersAs.segments === undefined || clusterAs.segments === undefined) return clusterAs.segments;
  const attached = new Set(
    machines.flatMap(({ name, attachments }) => attachments.map(({ segment }) => `${segment} ${name}`)),
  );
  const others = new Map(routersAs.segments.map((segment) => [segment.name, segment]));
  const merged = clusterAs.segments.map((segment) => {
    const more = others.get(segment.name)?.members ?? [];
    const memberNames = new Set(segment.members.map(({ machine }) => machine));
    return {
      ...segment,
      members: [...segment.members, ...more.filter(({ machine }) => !memberNames.has(machine))],
    };
  });
  const names = new Set(merged.map(({ name }) => name));
  return [...merged, ...routersAs.segments.filter(({ name }) => !names.has(name))]
    .map((segment) => ({
      ...segment,
      members: segment.members.filter(({ machine }) => attached.has(`${segment.name} ${machine}`)),
    }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}
