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
  type Word,
} from '../bird/printer.ts';
import { type Attachment, type Fabric, loopbacks, type RouterSpeaker } from '../fabric/index.ts';
import { contains, type Family, hostPrefix, type Prefix } from '../topology/address.ts';
import { STUB_ROUTER } from './drained.ts';

/** Both are always present: BIRD restarts a protocol that gains or loses a channel, and all its routes with it. */
const families: readonly Family[] = ['ipv4', 'ipv6'];

/**
 * `bird.conf` of a router that runs nothing else: device, direct, kernel, OSPF on the underlay segments, BFD if configured,
 * and our sessions. BGP next hops resolve in the same table that OSPF and direct routes fill. Every protocol has a name:
 * BIRD's generated names are numbered, so a new protocol would rename, and thus restart, those after it.
 */
export function standaloneFile(fabric: Fabric, router: RouterSpeaker, isDrained: boolean): string {
  const { as, routerId } = router.bird.constants;
  return print([
    comment('Rendered by noencap from topology.yaml; edit that file instead.'),
    gap,
    option('log syslog all'),
    option('router id', address(router.routerId)),
    ...(keepsForwarding(fabric) ? [option('graceful restart wait', RECOVERY)] : []),
    option('define', as, '=', fabric.bgp.asNumber),
    option('define', routerId, '=', address(router.routerId)),
    gap,
    ...families.map((family) => option(family, 'table', router.bird.tables[family])),
    gap,
    block(['protocol device', 'device1'], []),
    gap,
    direct(router),
    gap,
    ...families.flatMap((family) => [kernel(fabric, router, family), gap]),
    ...families.flatMap((family) => ospf(fabric, router, isDrained, family)),
    ...(fabric.sessions.some(
      (session) => session.bfd && session.ends.some((end) => end.speaker === router.name),
    )
      ? [block(['protocol bfd', 'bfd1'], []), gap]
      : []),
    option('include', string('k3s/ibgp.conf')),
  ]);
}

/** Whether packets flow while BIRD restarts; `restart.ts` has the other half. */
export const keepsForwarding = ({ bgp }: Fabric): boolean => bgp.gracefulRestart === true;

/**
 * What BGP's graceful restart is worth nothing without (RFC 4724 section 4.1): the kernel's routes stay until BIRD has its own again, and
 * OSPF's neighbours keep theirs (RFC 3623). Not `persist`: `birdc graceful restart` leaves the routes in the kernel anyway, and a BIRD that
 * is stopped for good must leave none.
 */
const gracefully = (fabric: Fabric): Statement[] =>
  keepsForwarding(fabric) ? [option('graceful restart on')] : [];

/**
 * Seconds that BIRD waits for all its peers at a graceful restart. Peers give up its routes after 120 s (`graceful restart time`), and BIRD
 * tells its own only when it waits no longer: a node that is switched off must not make it wait for 240 s, the default.
 */
const RECOVERY = 60;

/** `check link`: a dead link must withdraw its routes at once, not after the hold time. */
function direct(router: RouterSpeaker): Statement {
  return block(
    ['protocol direct', 'direct1'],
    [
      ...families.map((family) => block([family], [option('table', router.bird.tables[family])], ';')),
      option('check link yes'),
    ],
  );
}

/**
 * The kernel has its own connected routes; all others come from here, equal ones as ECMP. Routes that an operator added
 * by hand are learned, since next hops may need them; except the default route, through which every dead next hop would resolve.
 */
function kernel(fabric: Fabric, router: RouterSpeaker, family: Family): Statement {
  return block(
    ['protocol kernel', `kernel_${family}`],
    [
      block(
        [family],
        [
          option('table', router.bird.tables[family]),
          option('import where net.len > 0'),
          block(['export filter'], [option('if source = RTS_DEVICE then reject'), accept], ';'),
        ],
        ';',
      ),
      option('learn on'),
      option('merge paths on'),
      ...gracefully(fabric),
    ],
  );
}

function ospf(fabric: Fabric, router: RouterSpeaker, isDrained: boolean, family: Family): Statement[] {
  const interfaces = router.attachments.filter(({ igp }) => igp.includes(family));
  if (interfaces.length === 0) return [];
  return [
    block(
      ['protocol ospf', family === 'ipv4' ? 'v2' : 'v3', `ospf_${family}`],
      [
        ...gracefully(fabric),
        ...(isDrained ? [STUB_ROUTER] : []),
        block(
          [family],
          [
            option('table', router.bird.tables[family]),
            option('import all'),
            block(['export filter'], [...intoOspf(router, family), reject], ';'),
          ],
          ';',
        ),
        block(
          ['area 0'],
          [
            ...stubNetworks(router, family),
            ...interfaces.map((attachment) =>
              block(
                ['interface', ...interfacePattern(attachment, family)],
                [option('cost', attachment.cost), ...timers(fabric, attachment)],
                ';',
              ),
            ),
          ],
          ';',
        ),
      ],
    ),
    gap,
  ];
}

/**
 * OSPFv2 identifies an interface by its network, and by its name too if known: an interface may have several networks. OSPFv3
 * sees link-local addresses only and needs the name. BIRD detects the network type itself (a tunnel is ptp).
 */
function interfacePattern(attachment: Attachment, family: Family): Word[] {
  const name = attachment.interface === undefined ? [] : [string(attachment.interface)];
  const cidr = family === 'ipv4' ? attachment.cidr.ipv4 : undefined;
  if (cidr === undefined && name.length === 0) {
    throw new Error(`segment ${attachment.segment} needs an interface name for OSPFv3`);
  }
  return [...name, ...(cidr === undefined ? [] : [prefix(cidr)])];
}

/** OSPF's defaults, RFC 2328 appendix C.3; all speakers on a segment must agree. */
const USUAL_HELLO = 10;
const HELLOS_UNTIL_DEAD = 4;

/**
 * If BGP's hold time is shorter, a link that fails silently would reset sessions although there is another path
 * that OSPF would use half a minute later. Between routers whose OSPF is all rendered here, its timers are shorter than the
 * hold time; on segments with any other machine, including nodes, they are the defaults.
 */
function timers(fabric: Fabric, { segment, cidr }: Attachment): Statement[] {
  const isNodes = fabric.routers.some(({ nodeAddress }) =>
    families.some((family) => {
      const [range, address] = [cidr[family], nodeAddress[family]];
      return range !== undefined && address !== undefined && contains(range, address);
    }),
  );
  const others = [...fabric.routers.filter(({ bird }) => bird.mode === 'include'), ...fabric.hosts];
  const shared = others.some(({ attachments }) => attachments.some((one) => one.segment === segment));
  const hello = Math.max(1, Math.floor(fabric.bgp.holdTime / (HELLOS_UNTIL_DEAD + 1)));
  if (isNodes || shared || hello >= USUAL_HELLO) return [];
  return [option('hello', hello), option('dead', hello * HELLOS_UNTIL_DEAD)];
}

/**
 * The router's off-segment addresses, as its stub networks (RFC 2328 12.4.1.1): the distance to a loopback that is a next hop
 * matters for BGP's best path, and an E2 external would hide it. No interface is named: `lo` has no link-local address for OSPFv3.
 */
const stubNetworks = (router: RouterSpeaker, family: Family): Statement[] =>
  router.loopback === 'stub'
    ? loopbackPrefixes(router, family).map((one) => option('stubnet', prefix(one), '{ cost 0; }'))
    : [];

/** Static routes to nodes, and loopbacks that are not stub networks. `ospf_metric1` makes an external route E1. */
function intoOspf(router: RouterSpeaker, family: Family): Statement[] {
  const metric = router.loopback === 'e2' ? [] : [option('ospf_metric1 = 0')];
  const announce = (...test: Word[]) =>
    metric.length === 0
      ? option('if', ...test, 'then accept')
      : block(['if', ...test, 'then'], [...metric, accept]);
  return [
    ...(router.loopback === 'stub' ? [] : loopbackPrefixes(router, family)).map((one) =>
      announce('net =', prefix(one)),
    ),
    announce('source = RTS_STATIC'),
  ];
}

/** They are on `dummy` or `lo`, and `protocol direct` imports them. */
const loopbackPrefixes = (router: RouterSpeaker, family: Family): Prefix[] =>
  loopbacks(router)
    .filter((one) => one.family === family)
    .map(hostPrefix);
