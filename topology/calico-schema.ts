import { z } from 'zod';
import { registry, relativePath, sha256 } from './external.ts';
import { choice, matching, prefix, wholeNumber } from './fields.ts';
import { interfacePattern, objectName, reference } from './names.ts';

/**
 * How calico-node finds its own address. By default it takes one of the host's addresses, not always the BGP one;
 * K3s' node-ip, which noencap writes, is the right one.
 */
const nodeAddress = z
  .union([
    choice('A method without settings.', {
      firstFound: "the first valid address of the first interface, Calico's own default",
      kubernetes: "the node's address in Kubernetes: K3s' node-ip",
    }),
    z
      .strictObject({
        interface: interfacePattern
          .describe(
            'Address of an interface whose name matches: a regular expression, or several separated by commas.',
          )
          .optional(),
        skipInterface: interfacePattern
          .describe(
            'firstFound, but skip interfaces whose names match: a regular expression, or several separated by commas.',
          )
          .optional(),
        canReach: matching(
          'The source address for packets to this host or address.',
          /^(?![0-9.]+$)[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*$|^((25[0-5]|2[0-4]\d|1?\d?\d)(\.(?!$)|$)){4}$|^(?=.*[0-9A-Fa-f])[0-9A-Fa-f]{0,4}:[0-9A-Fa-f:.]+$/,
          'can-reach',
          'is neither a host name nor an address',
          'Write a host name or an address.',
        ).optional(),
        cidrs: z.array(prefix).min(1).describe('The address inside one of these ranges.').optional(),
      })
      .describe('Exactly one method, with its setting.'),
  ])
  .describe(
    "How calico-node finds the address it peers from. kubernetes: K3s' node-ip, which noencap sets to the node's address.",
  );

const prefixLength = wholeNumber('Bits.', 0, 128, 'prefix-length');

const filterRule = z
  .strictObject({
    action: choice('What to do with a matching route.', {
      Accept: 'the route passes',
      Reject: 'the route stops here',
    }),
    match: z
      .strictObject({
        cidr: prefix,
        operator: choice("How the route's prefix compares with cidr.", {
          Equal: 'it is this CIDR',
          NotEqual: 'it is another CIDR',
          In: 'it is this CIDR or lies inside it',
          NotIn: 'it lies outside of it',
        }),
      })
      .describe('Which routes. Default: every route of both families.')
      .optional(),
    prefixLength: z
      .strictObject({ min: prefixLength.optional(), max: prefixLength.optional() })
      .describe(
        'Prefix lengths inside match.cidr, effective with In and NotIn only (NE414); Calico v3.29 or later.',
      )
      .optional(),
    source: z
      .literal('RemotePeers')
      .describe('Only routes learned from other BGP speakers; Calico v3.27 or later.')
      .optional(),
  })
  .describe('The first matching rule applies.');

const filter = z
  .strictObject({
    routers: z
      .array(reference.describe('The name of a router.'))
      .min(1)
      .describe('Routers whose BGPPeers use the filter.'),
    import: z.array(filterRule).describe('Rules for routes that nodes get.').prefault([]),
    export: z.array(filterRule).describe('Rules for routes that nodes send.').prefault([]),
  })
  .describe("A Calico BGPFilter: the node's side of a session.");

const apiGroup = choice('An API group of Calico.', {
  'crd.projectcalico.org/v1': "the CRDs themselves, without Calico's API server",
  'projectcalico.org/v3': "through Calico's API server, which checks each resource",
});

export const calico = z
  .strictObject({
    version: matching(
      'Calico release, such as v3.32.1.',
      /^v(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})$/,
      'calico-version',
      'is not a Calico release',
      'Write it as Calico tags it: v3.32.1, v3.31.7 or v3.30.7.',
    ),
    registry: registry.optional(),
    api: z
      .union([
        apiGroup,
        z
          .strictObject({
            from: apiGroup.describe('The group in which the resources are still rendered.'),
            to: apiGroup.describe('The group to which the next change moves them.'),
          })
          .describe('A move from one group to the other.'),
      ])
      .describe(
        'API group of the Calico resources. The form with from and to prepares a move from one to the other: see docs/move-to-the-v3-api.md.',
      )
      .prefault('crd.projectcalico.org/v1'),
    nodeAddress: nodeAddress.prefault('kubernetes'),
    containerIPForwarding: z
      .boolean()
      .describe(
        "Let pods forward packets, as K3s' service load balancer does. Changing it restarts calico-node, one node at a time.",
      )
      .prefault(true),
    imagePullSecrets: z
      .array(objectName)
      .describe("Image pull Secrets in the operator's namespace.")
      .prefault([]),
    operatorManifest: z
      .strictObject({ path: relativePath, sha256 })
      .describe(
        'Vendored tigera-operator.yaml of this version. Required for versions that noencap does not carry; overrides the carried ones.',
      )
      .optional(),
    filters: z.record(objectName, filter).describe('BGPFilter name -> filter.').prefault({}),
  })
  .describe('The CNI.');
