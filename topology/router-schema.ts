import { z } from 'zod';
import { absolutePath, secretKey, sshHost, sshUser } from './external.ts';
import { addresses, dottedId, wholeNumber } from './fields.ts';
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
      .describe(
        'Name that noencap gives a protocol -> name that it has: to BIRD another name is another session.',
      )
      .prefault({}),
    bothChannels: z
      .boolean()
      .describe(
        'Sessions also have the channel of the family that pods do not have. It carries nothing, but BIRD restarts a protocol that loses one which is up.',
      )
      .prefault(false),
    extendedNextHop: z
      .boolean()
      .describe(
        'IPv4 routes between routers may have IPv6 next hops; false only where all of their sessions go over IPv4.',
      )
      .prefault(true),
    sourceAddress: z
      .boolean()
      .describe('Sessions name the address that they speak from; false: BIRD takes that of the interface.')
      .prefault(true),
    clusterId: z
      .boolean()
      .describe(
        "Sessions with nodes name the cluster ID even where it is the router's ID; false: BIRD takes that by itself.",
      )
      .prefault(true),
  })
  .describe(
    'What the sessions ran with before noencap wrote their configuration. Each entry keeps BIRD from resetting them; take it out when a reset does no harm.',
  );

const bird = z
  .strictObject({
    configDir: absolutePath.describe("Folder of BIRD's configuration on the router.").prefault('/etc/bird'),
    mode: z
      .enum(['include', 'standalone'])
      .describe(
        'include: files for an existing bird.conf that defines the tables and constants. standalone: a complete bird.conf.',
      )
      .prefault('include'),
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
      'File on the router that holds `password "...";`, included by each node session. Directly in bird.configDir it is delivered with the rest; elsewhere you keep it by hand.',
    ),
    secret: z
      .strictObject({ name: objectName, key: secretKey.prefault('password') })
      .describe("Secret with the same password in Calico's namespace."),
  })
  .describe(
    "TCP-MD5 password of the router's node sessions, by reference: the value itself never stands in git.",
  );

/** What a router does to the next hop of a route that it passes on. */
export const REFLECTOR_NEXT_HOPS = ['keep', 'self', 'unchanged'] as const;

export const router = z
  .strictObject({
    routerId: dottedId.describe('BGP and OSPF router ID: four numbers from 0 to 255, unique in the fabric.'),
    nodeAddress: addresses
      .describe(
        'Where nodes peer: an address, or a pair {ipv4: ..., ipv6: ...}. None: a backbone-only router.',
      )
      .optional(),
    backboneAddress: addresses
      .describe('Where other routers peer, best a loopback address. None: no backbone sessions.')
      .optional(),
    clusterId: dottedId
      .describe('RFC 4456 cluster ID. Default: the router ID, so that reflectors stay distinct.')
      .optional(),
    bfd: z
      .boolean()
      .describe(
        'BFD on backbone sessions, where both ends have it. In include mode bird.conf must have a protocol bfd.',
      )
      .prefault(false),
    planned: z
      .boolean()
      .describe(
        'The router is not there yet: it has no configuration, and its BGPPeer is emitted only for a region that has no nodes. Nodes wait for a peer that is not there.',
      )
      .prefault(false),
    reflectorNextHop: z
      .enum(REFLECTOR_NEXT_HOPS)
      .describe('bgp.reflectorNextHop of this router alone.')
      .optional(),
    loopback: z
      .enum(['stub', 'e1', 'e2'])
      .describe(
        'How its OSPF announces addresses that are on no segment: as a stub network (standalone mode does), or as an external route of type 1 or 2. In include mode that is your bird.conf. e2 hides the distance from BGP: packets may then go round.',
      )
      .prefault('stub'),
    ssh: ssh.prefault({}),
    bird: bird.prefault({}),
    interfaces: z
      .record(reference, interfaceName)
      .describe(
        'Segment name -> interface name on this router. OSPFv3 knows interfaces by name only, so standalone mode needs it on IPv6 segments.',
      )
      .prefault({}),
    password: password.optional(),
  })
  .describe('An aggregation router that runs BIRD 2.');
