import type { Fabric, NodeSpeaker } from './fabric.ts';

/**
 * What the cluster is while an engine brings it from one fabric to another, where that is neither of the two. Engines apply the label
 * Jobs first, and BGPPeers when they are done (charts/layers.ts): in between a node has its new labels, and BGPPeers select by the old
 * ones. And a Kubernetes node has its name for good: under another one it is deleted and joins again. `before` has the names of
 * `after`; `joins` are the nodes that had another one.
 */
export function clusterBetween(before: Fabric, after: Fabric, joins: ReadonlySet<string>): Fabric {
  const now = new Map(after.nodes.map((node) => [node.name, node]));
  const nodes = before.nodes.filter(({ name }) => !joins.has(name));
  const left = new Set(nodes.map(({ name }) => name));
  const held = new Set(
    before.peerings.flatMap(({ region, router }) =>
      nodes
        .filter((node) => labelBetween(before, after, node, now.get(node.name)) === region)
        .map(({ name }) => `${router} ${name}`),
    ),
  );
  return {
    ...before,
    nodes,
    regions: before.regions.map((region) => ({
      ...region,
      nodes: region.nodes.filter(({ name }) => left.has(name)),
    })),
    sessions: before.sessions.filter(
      ({ kind, ends: [reflector, client] }) =>
        kind !== 'reflector' || held.has(`${reflector.speaker} ${client.speaker}`),
    ),
  };
}

/** What the label that BGPPeers select by until then says of a node when its Job has run. */
function labelBetween(
  before: Fabric,
  after: Fabric,
  was: NodeSpeaker,
  is: NodeSpeaker | undefined,
): string | undefined {
  const key = before.regionLabel;
  // Of a node that goes the engine changes no label.
  if (is === undefined) return was.region;
  if (after.labels.retired.includes(key)) return undefined;
  return key === after.regionLabel ? is.region : was.region;
}
