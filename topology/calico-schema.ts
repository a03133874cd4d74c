import { z } from 'zod';
import { registry, relativePath, sha256 } from './external.ts';
import { matching, prefix, wholeNumber } from './fields.ts';
import { interfacePattern, objectName, reference } from './names.ts';

/**
 * How calico-node finds its own address. Left to itself it takes one of those that the host has, which need not be the BGP one;
 * K3s' node-ip, which noencap writes, is it.
 */
const nodeAddress = z
  .union([
    z.enum(['firstFound', 'kubernetes']),
    z.strictObject({
      interface: interfacePattern
        .describe(
          'The address of an interface whose name matches: a regular expression, or several with commas.',
        )
        .optional(),
      skipInterface: interfacePattern
        .describe(
          'firstFound without the interfaces whose names match: a regular expression, or several with commas.',
        )
        .optional(),
      canReach: matching(
        'The address from which this host or address is reached.',
        /^(?![0-9.]+$)[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*$|^((25[0-5]|2[0-4]\d|1?\d?\d)(\.(?!$)|$)){4}$|^(?=.*[0-9A-Fa-f])[0-9A-Fa-f]{0,4}:[0-9A-Fa-f:.]+$/,
        'can-reach',
        'is neither host nor address',
        'Write a host name or an address.',
      ).optional(),
      cidrs: z.array(prefix).min(1).describe('The address inside one of these.').optional(),
    }),
  ])
  .describe(
    "How calico-node finds the address it peers from. kubernetes is K3s' node-ip, which noencap writes: the node's address.",
  );

const prefixLength = wholeNumber('Bits.', 0, 128, 'prefix-length');

const filterRule = z
  .strictObject({
    action: z.enum(['Accept', 'Reject']).describe('What becomes of a route that matches.'),
    match: z
      .strictObject({
        cidr: prefix,
        operator: z
          .enum(['Equal', 'NotEqual', 'In', 'NotIn'])
          .describe("How the route's prefix compares with cidr."),
      })
      .describe('Which routes. Default: every route of both families.')
      .optional(),
    prefixLength: z
      .strictObject({ min: prefixLength.optional(), max: prefixLength.optional() })
      .describe('Prefix lengths inside match.cidr, of use with In and NotIn only (NE414); from Calico v3.29.')
      .optional(),
    source: z
      .literal('RemotePeers')
      .describe('Only routes learned from other BGP speakers; from Calico v3.27.')
      .optional(),
  })
  .describe('The first rule that matches decides.');

const filter = z
  .strictObject({
    routers: z.array(reference).min(1).describe('Routers on whose peerings the filter stands.'),
    import: z.array(filterRule).describe('Rules for routes that nodes get.').prefault([]),
    export: z.array(filterRule).describe('Rules for routes that nodes send.').prefault([]),
  })
  .describe("A Calico BGPFilter: the node's side of a session.");

const apiGroup = z.enum(['crd.projectcalico.org/v1', 'projectcalico.org/v3']);

export const calico = z
  .strictObject({
    version: matching(
      'Calico release, such as v3.32.1.',
      /^v(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})$/,
      'calico-version',
      'is no Calico release',
      'Write it as Calico tags it: v3.32.1, v3.31.7 or v3.30.7.',
    ),
    registry: registry.optional(),
    api: z
      .union([
        apiGroup,
        z.strictObject({
          from: apiGroup.describe('The group that the resources are still rendered in.'),
          to: apiGroup.describe('The group that the next change moves them to.'),
        }),
      ])
      .describe(
        'API group of the Calico resources. The form with from and to is the state before a move from one to the other: see docs/move-to-the-v3-api.md.',
      )
      .prefault('crd.projectcalico.org/v1'),
    nodeAddress: nodeAddress.prefault('kubernetes'),
    containerIPForwarding: z
      .boolean()
      .describe(
        "Let pods forward, as K3s's service load balancer does. A change restarts calico-node, a node at a time.",
      )
      .prefault(true),
    imagePullSecrets: z
      .array(objectName)
      .describe("Secrets in the operator's namespace with which images are pulled.")
      .prefault([]),
    operatorManifest: z
      .strictObject({ path: relativePath, sha256 })
      .describe(
        'tigera-operator.yaml of the version, vendored. Needed for versions that noencap does not carry; overrides the carried ones.',
      )
      .optional(),
    filters: z.record(objectName, filter).describe('BGPFilter name -> filter.').prefault({}),
  })
  .describe('The CNI.');
