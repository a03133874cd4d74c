import { z } from 'zod';
import { address, addresses, entries, prefix, prefixes, switchField, wholeNumber } from './fields.ts';
import { machineName, reference } from './names.ts';

const hostRoute = z
  .strictObject({
    to: prefix.describe('Destination: a CIDR, such as the block of a node.'),
    via: address.describe('The next hop: the address of a machine that forwards, on a segment of the host.'),
  })
  .describe('A static route. The longest matching prefix applies.');

export const host = z
  .strictObject({
    igp: switchField('The machine runs the IGP and forwards.', false),
    forwards: z
      .boolean()
      .describe(
        'The machine forwards packets of others: a gateway that noencap does not configure, such as an L3 switch or a home router. It uses its segments and its own routes, and does not speak BGP. Default: the value of igp.',
      )
      .optional(),
    routes: z
      .array(hostRoute)
      .describe("The host's static routes. The IGP announces none of them.")
      .prefault([]),
    default: addresses
      .describe("Next hop of the host's default route, as in routes; or a pair {ipv4: ..., ipv6: ...}.")
      .optional(),
  })
  .describe('A machine on the underlay that is neither a router nor a node.');

const segment = z
  .strictObject({
    cidr: prefixes.describe("The segment's CIDR, or a pair {ipv4: ..., ipv6: ...}."),
    mtu: wholeNumber('Maximum size of an IP packet on this segment, in bytes.', 576, 9216, 'mtu'),
    cost: wholeNumber("IGP cost of every member's interface.", 1, 65535, 'cost').prefault(10),
    members: z
      .record(reference, addresses)
      .describe('Machine -> its address on this segment, or a pair {ipv4: ..., ipv6: ...}.'),
    memberMtu: z
      .record(reference, wholeNumber("MTU of the machine's own interface, in bytes.", 576, 9216, 'mtu'))
      .describe("Machine -> MTU of its own interface here, if it differs from the segment's.")
      .prefault({}),
  })
  .describe('An L2 broadcast domain or a point-to-point link.');

export const underlay = z
  .strictObject({
    segments: entries('Segment name -> segment.', machineName, segment, {
      cidr: '$2',
      mtu: '${3:1500}',
      members: { $4: '$5' },
    }),
  })
  .describe(
    'The network below BGP. Without it every session endpoint counts as reachable and no MTU is checked.',
  );
