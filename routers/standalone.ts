import type { Attachment, Fabric, RouterSpeaker } from '../fabric/index.ts';
import { type Family, familiesOf, hostPrefix, type IpAddress, valuesOf } from '../topology/address.ts';
import {
  accept,
  address,
  block,
  comment,
  gap,
  option,
  prefix,
  print,
  reject,
  type Statement,
  string,
} from './syntax.ts';

/**
 * `bird.conf` of a router that runs nothing else: device, direct, kernel, static routes, OSPF on the underlay segments,
 * BFD where asked, and our sessions. BGP next hops resolve in the same table that OSPF and direct routes fill.
 */
export function standaloneFile(fabric: Fabric, router: RouterSpeaker): string {
  const families = usedFamilies(fabric, router);
  const { as, routerId } = router.bird.constants;
  return print([
    comment('Rendered by noencap from topology.yaml; edit that file instead.'),
    gap,
    option('log syslog all'),
    option('router id', address(router.routerId)),
    option('define', as, '=', fabric.bgp.asNumber),
    option('define', routerId, '=', address(router.routerId)),
    gap,
    ...families.map((family) => option(family, 'table', router.bird.tables[family])),
    gap,
    block(['protocol device'], []),
    gap,
    direct(router, families),
    gap,
    ...families.flatMap((family) => [kernel(router, family), gap]),
    ...families.flatMap((family) => statics(router, family)),
    ...families.flatMap((family) => ospf(router, family)),
    ...(fabric.sessions.some(
      (session) => session.bfd && session.ends.some((end) => end.speaker === router.name),
    )
      ? [block(['protocol bfd'], []), gap]
      : []),
    option('include', string('k3s/ibgp.conf')),
  ]);
}

/** Families of the pools, and of everything that must be reachable for the sessions to come up. */
function usedFamilies(fabric: Fabric, router: RouterSpeaker): Family[] {
  const used = [
    ...fabric.pods.families,
    ...familiesOf(router.nodeAddress),
    ...familiesOf(router.backboneAddress),
    ...router.attachments.flatMap((attachment) => familiesOf(attachment.cidr)),
  ];
  return (['ipv4', 'ipv6'] as const).filter((family) => used.includes(family));
}

/** `check link`: a dead cable must take its routes along at once, not after the hold time. */
function direct(router: RouterSpeaker, families: readonly Family[]): Statement {
  return block(
    ['protocol direct'],
    [
      ...families.map((family) => block([family], [option('table', router.bird.tables[family])], ';')),
      option('check link yes'),
    ],
  );
}

/** The kernel has its own connected routes; all others come from here, equal ones together (ECMP). */
function kernel(router: RouterSpeaker, family: Family): Statement {
  return block(
    ['protocol kernel'],
    [
      block(
        [family],
        [
          option('table', router.bird.tables[family]),
          option('import none'),
          block(['export filter'], [option('if source = RTS_DEVICE then reject'), accept], ';'),
        ],
        ';',
      ),
      option('merge paths on'),
    ],
  );
}

function statics(router: RouterSpeaker, family: Family): Statement[] {
  const routes = router.staticRoutes.filter((route) => route.prefix.family === family);
  if (routes.length === 0) return [];
  return [
    comment('Addresses of nodes that run no IGP and peer from an address on no segment.'),
    block(
      ['protocol static'],
      [
        block([family], [option('table', router.bird.tables[family])], ';'),
        ...routes.map((route) => option('route', prefix(route.prefix), 'via', address(route.via))),
      ],
    ),
    gap,
  ];
}

function ospf(router: RouterSpeaker, family: Family): Statement[] {
  const interfaces = router.attachments.filter((attachment) => attachment.cidr[family] !== undefined);
  if (interfaces.length === 0) return [];
  return [
    block(
      ['protocol ospf', family === 'ipv4' ? 'v2' : 'v3'],
      [
        block(
          [family],
          [
            option('table', router.bird.tables[family]),
            option('import all'),
            // lo has no link-local address, so OSPFv3 cannot run on it: loopbacks go in as external routes.
            block(
              ['export filter'],
              [...loopbacks(router, family), option('if source = RTS_STATIC then accept'), reject],
              ';',
            ),
          ],
          ';',
        ),
        block(
          ['area 0'],
          interfaces.map((attachment) =>
            block(
              ['interface', interfacePattern(attachment, family)],
              [option('cost', attachment.cost), option('type broadcast')],
              ';',
            ),
          ),
          ';',
        ),
      ],
    ),
    gap,
  ];
}

/** OSPFv2 finds an interface by its network; OSPFv3 sees link-local addresses only and needs the name. */
function interfacePattern(attachment: Attachment, family: Family) {
  if (attachment.interface !== undefined) return string(attachment.interface);
  const cidr = attachment.cidr[family];
  if (cidr === undefined || family === 'ipv6') {
    throw new Error(`segment ${attachment.segment} needs an interface name for OSPFv3`);
  }
  return prefix(cidr);
}

/** The router's addresses on no segment: `dummy` or `lo` carries them, `protocol direct` brings them in. */
function loopbacks(router: RouterSpeaker, family: Family): Statement[] {
  const onSegments = router.attachments.flatMap((attachment) => attachment.address[family]?.text ?? []);
  const own = [...valuesOf(router.nodeAddress), ...valuesOf(router.backboneAddress)].filter(
    (one): one is IpAddress => one.family === family && !onSegments.includes(one.text),
  );
  return [...new Map(own.map((one) => [one.text, one])).values()].map((one) =>
    option('if net =', prefix(hostPrefix(one)), 'then accept'),
  );
}
