import { z } from 'zod';
import { BLOCK_SIZES } from '../calico/defaults.ts';
import { calico } from './calico-schema.ts';
import {
  gitRevision,
  imageReference,
  k3sRelease,
  mirrorEndpoint,
  mirroredRegistry,
  repositoryURL,
  sha256,
} from './external.ts';
import {
  addresses,
  asNumber,
  blocks,
  choice,
  entries,
  matching,
  prefix,
  switchField,
  wholeNumber,
} from './fields.ts';
import { metrics } from './metrics-schema.ts';
import { CURRENT_VERSION } from './migrations.ts';
import { interfaceName, labelKey, machineName, nodeName, reference, regionName } from './names.ts';
import { reflectorNextHop, router } from './router-schema.ts';
import { host, underlay } from './underlay-schema.ts';

/**
 * All of topology.yaml, field by field: rules across several fields are in rules/. Every
 * description and default here reaches editors through topology.schema.json.
 */

const bgp = z
  .strictObject({
    asNumber: asNumber(
      "AS number of the cluster and its routers (iBGP). At most 2147483647: Calico's field is a signed 32-bit number.",
    ).prefault(64512),
    nodeToNodeMesh: switchField("Calico's own full mesh between nodes, in addition to the reflectors.", true),
    reflectorNextHop: reflectorNextHop('Next hop of the routes that routers advertise.').prefault('keep'),
    holdTime: wholeNumber(
      "Seconds until a silent peer counts as dead, on reflector and backbone sessions (RFC 4271: 3 or more). BIRD's default of 240 black-holes traffic for minutes, and Calico offers no BFD.",
      3,
      65535,
      'hold-time',
    ).prefault(15),
    gracefulRestart: z
      .union([
        z.boolean().describe('true: both ends keep forwarding. false: neither does.'),
        z
          .literal('aware')
          .describe(
            "BIRD's default: the routers keep the routes of restarting peers, but do not ask peers to keep theirs.",
          ),
      ])
      .describe('Keep forwarding while a BGP daemon restarts (RFC 4724): true, false, or aware.')
      .prefault(true),
    backboneMesh: z
      .union([
        z.boolean().describe('true: a session for every pair of routers. false: none.'),
        z
          .array(
            z
              .tuple([
                reference.describe('A router of the pair.'),
                reference.describe('The other router of the pair.'),
              ])
              .describe('Two routers with a session between them.'),
          )
          .describe('The pairs of routers that have a session.'),
      ])
      .describe(
        'Sessions between routers with a backboneAddress: true for every pair, false for none, or the pairs by name.',
      )
      .prefault(true),
    exportBorrowed: switchField(
      "Routers also carry /32 and /128 routes: addresses that a node borrowed from another node's block. Without them pods with such an address are unreachable.",
      true,
    ),
  })
  .describe('BGP settings of the whole fabric.');

/** Block sizes that IPAM accepts in a family. */
function sizes(family: keyof typeof BLOCK_SIZES): string {
  const { least, most, byDefault } = BLOCK_SIZES[family];
  return `${least} to ${most}; default ${byDefault}.`;
}

const blockSize = (description: string) => z.int().meta({ description, minimum: 20, maximum: 128 });

const pods = z
  .strictObject({
    cidrs: z.array(prefix).min(1).max(2).describe('The pod pools: one IPv4 and/or one IPv6 CIDR.'),
    retiring: z
      .array(prefix)
      .describe(
        'Pools that pods move away from: still routed while listed here, but no pod gets a new address from them. Needs k3s.clusterCidrs.',
      )
      .prefault([]),
    blockSize: z
      .union([
        blockSize('Prefix length of the IPAM blocks of the one family it is valid for.'),
        z
          .strictObject({
            ipv4: blockSize(sizes('ipv4')).optional(),
            ipv6: blockSize(sizes('ipv6')).optional(),
          })
          .describe('Prefix length of the IPAM blocks, for each family.'),
      ])
      .describe(
        'Prefix length of the blocks that Calico assigns to nodes: 20 to 32 for IPv4 (default 26), 116 to 128 for IPv6 (default 122), or a pair {ipv4: ..., ipv6: ...}.',
      )
      .optional(),
    natOutgoing: switchField('Masquerade traffic from pods to destinations outside the pools.', true),
    mtu: z
      .union([
        wholeNumber('Bytes.', 576, 9216, 'mtu'),
        z
          .literal('auto')
          .describe('The smallest MTU on any path between pods, with no failure or any single one.'),
      ])
      .describe(
        "MTU of the pods' interfaces in bytes, or auto: the smallest MTU on any path between pods, with no failure or any single one.",
      )
      .prefault('auto'),
  })
  .describe('The pod network.');

const services = z
  .strictObject({
    cidrs: z.array(prefix).min(1).max(2).describe("Kubernetes' service ranges: at most one per family."),
  })
  .describe('The service network. Never routed, but it must not overlap any other range.');

const k3s = z
  .strictObject({
    version: k3sRelease,
    installerSha256: z
      .array(sha256)
      .min(1)
      .max(4)
      .describe(
        "SHA-256 of K3s' installer of this release, and of the mirror's if you use one. No other installer is run. Default: install.sh asks for it.",
      )
      .optional(),
    firstServer: reference
      .describe('The server that starts the cluster; the others join it. Default: the only server.')
      .optional(),
    clusterCidrs: z
      .array(prefix)
      .min(1)
      .max(2)
      .describe(
        'The pod ranges the cluster was created with, if pods have moved to others: K3s does not accept others later. Default: pods.cidrs.',
      )
      .optional(),
  })
  .describe('The Kubernetes distribution on the nodes.');

const gitops = z
  .strictObject({
    engine: choice('Which engine syncs dist/cluster.', {
      argocd: 'Argo CD',
      flux: 'Flux',
      both: 'files for either; one of them may sync',
    }).prefault('argocd'),
    repoURL: repositoryURL,
    targetRevision: gitRevision.prefault('main'),
  })
  .describe('Where the GitOps engine finds the rendered manifests.');

const labels = z
  .strictObject({
    image: imageReference
      .describe("Image with kubectl as its entry point. Default: the official one of the cluster's version.")
      .optional(),
    reconcile: choice('When nodes get their label.', {
      once: 'by a Job per node, run when it changes',
      cron: 'also by a CronJob, for nodes that join later',
    }).prefault('once'),
    retired: z
      .array(labelKey)
      .describe('Label keys that an earlier topology set, to be removed from the nodes.')
      .prefault([]),
  })
  .describe('How nodes get their region label.');

const region = z
  .strictObject({
    router: reference.describe("The region's route reflector. Give either this or routers.").optional(),
    routers: z
      .array(reference.describe('The name of a router.'))
      .min(1)
      .describe('Redundant route reflectors. The first is the default router of nodes without IGP.')
      .optional(),
    k3sMirror: z.literal('cn').describe("Install K3s from Rancher's mirror in China.").optional(),
    registryMirrors: z
      .record(mirroredRegistry, z.array(mirrorEndpoint).min(1).describe('Mirrors to try, in order.'))
      .describe(
        "Registry host -> mirrors to try, in order. Written to registries.yaml of the region's nodes.",
      )
      .prefault({}),
  })
  .describe('Nodes that share one set of route reflectors.');

const node = z
  .strictObject({
    region: reference.describe('The region that the node belongs to.'),
    role: choice('K3s server (control plane) or agent.', {
      server: 'control plane and etcd; the first one starts the cluster',
      agent: 'runs pods only',
    }),
    address: addresses.describe(
      'Address that the node peers from: an address, or a pair {ipv4: ..., ipv6: ...}; one for each family of the pods.',
    ),
    igp: switchField('The node runs the IGP itself. If false, it has one default route.', false),
    block: blocks
      .describe(
        'IPAM blocks seen on the node: a CIDR, a pair {ipv4, ipv6} or a list. Used by analysis and lab only.',
      )
      .optional(),
    defaultRouter: reference
      .describe(
        "Router, or host that forwards, that the node's default route points to. Default: the first router of its region.",
      )
      .optional(),
    interfaces: z
      .record(reference, interfaceName)
      .describe(
        'Segment name -> interface name on this node: used to check calico.nodeAddress by interface name.',
      )
      .prefault({}),
  })
  .describe('A Kubernetes node.');

const checks = z
  .strictObject({
    suppress: z
      .array(
        z
          .strictObject({
            id: matching(
              'Id of the check, such as NE203.',
              /^NE\d{3}$/,
              'check-id',
              'is not a check id',
              'Write NE and three digits, such as NE203.',
            ),
            where: matching(
              'The place that the finding gives after "at", such as routers.gateway; a trailing * matches any place with that prefix.',
              /\S/,
              'empty',
              'is empty',
              'Name what the finding is about, as in its message.',
            ),
            reason: matching(
              'Why this is fine.',
              /\S/,
              'empty',
              'is empty',
              'Say why the finding is fine here: the next reader needs it.',
            ),
          })
          .describe('A finding that is accepted: its id, its place, and the reason.'),
      )
      .describe('Known and accepted findings.')
      .prefault([]),
  })
  .describe('What `noencap check` reports.');

export const topologyFile = z
  .strictObject({
    version: z.literal(CURRENT_VERSION).describe('Version of this file format.'),
    name: machineName.describe('Name of the fabric; part of object names.'),
    bgp: bgp.prefault({}),
    pods,
    services,
    calico,
    k3s,
    gitops,
    labels: labels.prefault({}),
    metrics: metrics.optional(),
    regionLabel: labelKey
      .describe('Label key for the region of a node, used by the selectors of BGPPeers.')
      .prefault('region'),
    regions: entries('Region name -> region.', regionName, region, { router: '$2' }),
    routers: entries('Router name -> aggregation router with BIRD 2.', machineName, router, {
      routerId: '$2',
      nodeAddress: '$3',
    }),
    nodes: entries('Node name -> Kubernetes node.', nodeName, node, {
      region: '$2',
      role: '${3|agent,server|}',
      address: '$4',
    }).prefault({}),
    hosts: entries('Host name -> other machine on the underlay.', machineName, host, {
      igp: '${2|false,true|}',
    }).prefault({}),
    underlay: underlay.optional(),
    checks: checks.prefault({}),
  })
  .describe('A noencap topology: the one file from which everything else is rendered.');

/** What a user writes: defaults may be omitted. */
export type TopologyInput = z.input<typeof topologyFile>;
/** The file with every field parsed on its own: rules across fields have not been applied yet. */
export type TopologyFile = z.output<typeof topologyFile>;
