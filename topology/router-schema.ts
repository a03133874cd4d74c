import { z } from 'zod';
import { absolutePath, secretKey, sshHost, sshUser } from './external.ts';
import { addresses, choice, dottedId, wholeNumber } from './fields.ts';
import { birdSymbol, birdTable, interfaceName, objectName, protocolName, reference } from './names.ts';

const ssh = z
  .strictObject({
    host: sshHost
      .describe("Host name or address that ssh connects to. Default: the router's name.")
      .optional(),
    user: sshUser.prefault('noencap'),
    port: wholeNumber('TCP port.', 1, 65535, 'port').prefault(22),
  })
  .describe('How deliveries reach the router.');

const adopted = z
  .strictObject({
    protocols: z
      .record(protocolName, protocolName)
      .describe("noencap's protocol name -> the existing name: to BIRD a new name is a new session.")
      .prefault({}),
    bothChannels: z
      .boolean()
      .describe(
        'Sessions also have a channel for the family that pods do not use. It carries no routes, but BIRD restarts a protocol that loses a channel that is up.',
      )
      .prefault(false),
    extendedNextHop: z
      .boolean()
      .describe(
        'IPv4 routes between routers may have IPv6 next hops; false only if all of their sessions run over IPv4.',
      )
      .prefault(true),
    sourceAddress: z
      .boolean()
      .describe("Sessions set their source address; false: BIRD uses the interface's.")
      .prefault(true),
    clusterId: z
      .boolean()
      .describe(
        'Sessions with nodes set the cluster ID even if it equals the router ID; false: BIRD then uses the router ID by default.',
      )
      .prefault(true),
  })
  .describe(
    'Settings that the sessions had before noencap wrote their configuration. Each entry keeps BIRD from resetting them; remove it when a reset does no harm.',
  );

const bird = z
  .strictObject({
    configDir: absolutePath.describe("Folder of BIRD's configuration on the router.").prefault('/etc/bird'),
    mode: choice('What noencap writes of its configuration.', {
      include: 'files for an existing bird.conf that defines the tables and constants',
      standalone: 'a complete bird.conf',
    }).prefault('include'),
    tables: z
      .strictObject({
        ipv4: birdTable.ipv4.prefault('intra_table_v4'),
        ipv6: birdTable.ipv6.prefault('intra_table_v6'),
      })
      .describe('BIRD tables that the sessions use.')
      .prefault({}),
    constants: z
      .strictObject({
        as: birdSymbol.describe('Constant with the AS number.').prefault('K3S_AS'),
        routerId: birdSymbol.describe('Constant with the router ID.').prefault('INTRA_ROUTER_ID'),
      })
      .describe('BIRD constants that the sessions use.')
      .prefault({}),
    adopted: adopted.prefault({}),
  })
  .describe("The router's BIRD.");

const password = z
  .strictObject({
    file: absolutePath.describe(
      'File on the router that contains `password "...";`, included by each node session. Directly in bird.configDir it is delivered with the rest; elsewhere you maintain it by hand.',
    ),
    secret: z
      .strictObject({ name: objectName, key: secretKey.prefault('password') })
      .describe("Secret with the same password in Calico's namespace."),
  })
  .describe(
    "TCP-MD5 password of the router's node sessions, by reference: the value itself is never in git.",
  );

/** What a router does to the next hop of routes that it advertises. */
const REFLECTOR_NEXT_HOPS = {
  keep: 'a next hop on a segment of the receiver stays, any other becomes the router',
  self: 'always the router (hairpins)',
  unchanged:
    'as in RFC 4456, for reflectors outside the forwarding path; the underlay must then reach every node',
} as const;

export const reflectorNextHop = (description: string) => choice(description, REFLECTOR_NEXT_HOPS);

export const router = z
  .strictObject({
    routerId: dottedId.describe('BGP and OSPF router ID: four numbers from 0 to 255, unique in the fabric.'),
    nodeAddress: addresses
      .describe(
        'Address that nodes peer with: an address, or a pair {ipv4: ..., ipv6: ...}. None: a backbone-only router.',
      )
      .optional(),
    backboneAddress: addresses
      .describe('Address that other routers peer with, preferably a loopback. None: no backbone sessions.')
      .optional(),
    clusterId: dottedId
      .describe('RFC 4456 cluster ID. Default: the router ID, so that each reflector has its own.')
      .optional(),
    bfd: z
      .boolean()
      .describe(
        'BFD on backbone sessions, if both ends have it. In include mode bird.conf must define a protocol bfd.',
      )
      .prefault(false),
    planned: z
      .boolean()
      .describe(
        'The router does not exist yet: it gets no configuration, and its BGPPeer is emitted only for a region without nodes, because nodes wait for a peer that does not exist.',
      )
      .prefault(false),
    reflectorNextHop: reflectorNextHop('Overrides bgp.reflectorNextHop for this router.').optional(),
    loopback: choice(
      'How its OSPF announces addresses that are not on any segment. In include mode your bird.conf decides that.',
      {
        stub: 'as a stub network, as standalone mode does',
        e1: 'as an external route of type 1',
        e2: 'as an external route of type 2, which hides the distance from BGP: packets may then loop',
      },
    ).prefault('stub'),
    ssh: ssh.prefault({}),
    bird: bird.prefault({}),
    interfaces: z
      .record(reference, interfaceName)
      .describe(
        'Segment name -> interface name on this router. OSPFv3 identifies interfaces by name only, so standalone mode needs it on IPv6 segments.',
      )
      .prefault({}),
    password: password.optional(),
  })
  .describe('An aggregation router that runs BIRD 2.');
