import type { Fabric, NodeSpeaker } from './fabric.ts';

/**
 * The cluster while an engine moves it from one fabric to another, if it matches neither of the two. Engines apply the label
 * Jobs first, and BGPPeers when these are done (charts/layers.ts): in between a node has its new labels, and BGPPeers select by the old
 * ones. Also, a Kubernetes node cannot be renamed: it is deleted and joins again under the new name. `before` has the names of
 * `after`; `joins` are the nodes that had a different one.
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

/** The value of the label that BGPPeers still select by, once the node's Job has run. */
function labelBetween(
  before: Fabric,
  after: Fabric,
  was: NodeSpeaker,
  is: NodeSpeaker | undefined,
): string | undefined {
  const key = before.regionLabel;
  // The engine changes no label of a node that is removed.
  if (is === undefined) return was.region;
  if (after.labels.retired.includes(key)) return undefined;
  return key === after.regionLabel ? is.region : was.region;
}
