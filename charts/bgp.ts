import { k8s } from 'cdk8s-plus-28';
import type { Construct } from 'constructs';
import { calicoHas } from '../calico/releases.ts';
import { type Fabric, type Peering, peeringSelector } from '../fabric/index.ts';
import * as calico from '../imports/projectcalico.org.ts';
import type { Family } from '../topology/address.ts';
import type { BgpFilter, FilterRule } from '../topology/model.ts';
import { CUSTOM, KEEP_CUSTOM, PRUNE } from './guards.ts';
import { ManifestChart } from './manifest-chart.ts';

/** Each kind under either group. */
const KINDS = {
  'projectcalico.org/v3': {
    Configuration: calico.BgpConfiguration,
    Filter: calico.BgpFilter,
    Peer: calico.BgpPeer,
  },
  'crd.projectcalico.org/v1': {
    Configuration: calico.StoredBgpConfiguration,
    Filter: calico.StoredBgpFilter,
    Peer: calico.StoredBgpPeer,
  },
} as const;

/** Calico's side of every session: its own AS and mesh, a BGPPeer per peering, filters, access to passwords. */
export class Bgp extends ManifestChart {
  constructor(scope: Construct, fabric: Fabric) {
    super(scope, 'cluster/30-bgp/bgp.yaml');
    const { api, apiMovesTo } = fabric.calico;
    const kinds = KINDS[api];
    // The twin under the other group is the same stored object: pruning one deletes both.
    const isGuarded = apiMovesTo !== undefined;
    const annotations = isGuarded ? KEEP_CUSTOM : api === 'projectcalico.org/v3' ? PRUNE : CUSTOM;
    new kinds.Configuration(this, 'configuration', {
      // Without it every node falls back to Calico's default AS number and mesh, and all sessions with routers go down.
      metadata: { name: 'default', annotations: KEEP_CUSTOM },
      spec: {
        asNumber: fabric.bgp.asNumber,
        nodeToNodeMeshEnabled: fabric.bgp.nodeToNodeMesh,
        logSeverityScreen: 'Info',
      },
    });
    for (const filter of fabric.calico.filters) {
      // The four lists of rules have the same shape but four nominal types: one cast instead of four mappings.
      const spec = filterSpec(
        filter,
        fabric.pods.families,
        fabric.calico.version,
      ) as unknown as calico.BgpFilterSpec;
      new kinds.Filter(this, `filter-${filter.name}`, {
        metadata: { name: filter.name, annotations },
        spec,
      });
    }
    for (const peering of fabric.peerings) {
      new kinds.Peer(this, peering.name, {
        metadata: { name: peering.name, annotations },
        spec: peerSpec(fabric, peering),
      });
    }
    const secrets = [...new Set(fabric.peerings.flatMap(({ password }) => password?.secret.name ?? []))];
    if (secrets.length > 0) passwordAccess(this, secrets.sort());
  }
}

function peerSpec(fabric: Fabric, peering: Peering) {
  return {
    nodeSelector: peeringSelector(fabric.regionLabel, peering),
    peerIp: peering.peerAddress.text,
    asNumber: peering.asNumber,
    ...(peering.filters.length === 0 ? {} : { filters: peering.filters.map((filter) => filter.name) }),
    ...(peering.password === undefined ? {} : { password: { secretKeyRef: peering.password.secret } }),
  };
}

function filterSpec(filter: BgpFilter, families: readonly Family[], version: string) {
  const lists = families.flatMap((family) =>
    (['import', 'export'] as const).map((direction) => {
      const rules = filter[direction].filter(
        (rule) => rule.match === undefined || rule.match.cidr.family === family,
      );
      const name = `${direction}${family === 'ipv4' ? 'V4' : 'V6'}`;
      return [name, rules.map((rule) => filterRule(filter, rule, family, version))] as const;
    }),
  );
  return Object.fromEntries(lists.filter(([, rules]) => rules.length > 0));
}

/** Never drops a condition that this Calico lacks: the rule would then match more than it should. */
function filterRule(filter: BgpFilter, rule: FilterRule, family: Family, version: string) {
  if (
    (rule.source !== undefined && !calicoHas(version, 'filterSource')) ||
    (rule.prefixLength !== undefined && !calicoHas(version, 'filterPrefixLength'))
  ) {
    throw new Error(`filter ${filter.name} has a condition that Calico ${version} lacks`);
  }
  return {
    action: rule.action,
    ...routes(rule, family, version),
    ...(rule.prefixLength === undefined ? {} : { prefixLength: rule.prefixLength }),
    ...(rule.source === undefined ? {} : { source: rule.source }),
  };
}

function routes({ match }: FilterRule, family: Family, version: string) {
  if (match !== undefined) return { cidr: match.cidr.text, matchOperator: match.operator };
  if (calicoHas(version, 'filterAnyRoute')) return {};
  return { cidr: family === 'ipv4' ? '0.0.0.0/0' : '::/0', matchOperator: 'In' };
}

/** calico-node reads password Secrets itself, but the operator does not grant it that right. */
function passwordAccess(chart: ManifestChart, secrets: string[]): void {
  const metadata = { name: 'bgp-passwords', namespace: 'calico-system' };
  new k8s.KubeRole(chart, 'password-role', {
    metadata,
    rules: [
      { apiGroups: [''], resources: ['secrets'], resourceNames: secrets, verbs: ['get', 'list', 'watch'] },
    ],
  });
  new k8s.KubeRoleBinding(chart, 'password-binding', {
    metadata,
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: metadata.name },
    subjects: [{ kind: 'ServiceAccount', name: 'calico-node', namespace: metadata.namespace }],
  });
}
