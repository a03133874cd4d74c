import {
  accept,
  block,
  comment,
  gap,
  option,
  print,
  reject,
  type Statement,
  string,
  when,
} from '../bird/printer.ts';
import { CLIENT_PREFERENCE, type Fabric, type RouterSpeaker } from '../fabric/index.ts';
import { addressBits, FAMILIES, type Family } from '../topology/address.ts';
import { LAST_CHOICE } from './drained.ts';
import { backboneTemplate, DISTANCE, reflectorTemplate } from './names.ts';

/**
 * `k3s/ibgp.conf`: what all sessions of a router share, in the form of the field report: the guard function, a template
 * for routers and one for nodes, and the peers. Independent of the nodes.
 */
export function ibgpFile(fabric: Fabric, router: RouterSpeaker, isDrained: boolean): string {
  const transports = backboneShapes(fabric);
  return print([
    comment('Rendered by noencap from topology.yaml; edit that file instead.'),
    gap,
    guard(fabric),
    gap,
    ...distances(router),
    ...transports.flatMap((carries) => [backbone(fabric, router, isDrained, carries), gap]),
    ...fabric.pods.families.flatMap((family) => [reflector(fabric, router, isDrained, family), gap]),
    comment('[s]: a folder that is not there is an error to BIRD, a pattern without a match is none.'),
    option('include', string('ibgpeer[s]/*.conf')),
  ]);
}

/** The distinct sets of families that backbone sessions of the fabric carry, in a stable order. */
export function backboneShapes(fabric: Fabric): (readonly Family[])[] {
  const shapes = new Map(
    fabric.sessions
      .filter((session) => session.kind === 'backbone')
      .map((session) => [session.carries.join(), session.carries]),
  );
  return [...shapes].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, carries]) => carries);
}

/**
 * Only the cluster's own prefixes, and only from our own AS: blocks, and single addresses that a node borrowed from
 * another node's block. If these are not carried, packets for them go to the block's owner, which drops them or loops them.
 */
function guard(fabric: Fabric): Statement {
  const blocks = fabric.pods.pools.flatMap((pool) => {
    const host = addressBits(pool.cidr.family);
    const lengths: [number, number][] = [[pool.cidr.length, pool.blockSize]];
    if (fabric.bgp.exportBorrowed && pool.blockSize < host) lengths.push([host, host]);
    return lengths.map((range) =>
      when({ test: 'net', within: pool.cidr, lengths: range }, option('return true')),
    );
  });
  return block(
    ['function is_insider_as()'],
    [
      when({ test: 'foreignPath', asNumber: fabric.bgp.asNumber }, option('return false')),
      ...blocks,
      option('return false'),
    ],
  );
}

/** Distance to the router where packets leave for the pods; a client compares those of its reflectors. */
function distances(router: RouterSpeaker): Statement[] {
  if (router.distances.length === 0) return [];
  const cases = router.distances.map(({ nextHop, cost }) => option(nextHop.text, ': bgp_med =', cost));
  return [block([`function ${DISTANCE}()`], [block(['case bgp_next_hop'], cases)]), gap];
}

function backbone(
  fabric: Fabric,
  router: RouterSpeaker,
  isDrained: boolean,
  carries: readonly Family[],
): Statement {
  return block(
    ['template bgp', backboneTemplate(carries)],
    [
      ...sessionOptions(fabric, router),
      ...carries.map((family) =>
        channel(fabric, router, isDrained, family, [
          option('next hop self'),
          // RFC 8950: IPv4 routes may have an IPv6 next hop if the backbone is IPv6 only.
          ...(family === 'ipv4' && extendsNextHop(fabric, router) ? [option('extended next hop')] : []),
        ]),
      ),
      ...idleChannels(fabric, router).map((family) =>
        channel(fabric, router, isDrained, family, [option('next hop self')]),
      ),
    ],
  );
}

/** As before noencap if that is kept, but always on if IPv4 routes run over IPv6. */
const extendsNextHop = ({ sessions }: Fabric, { name, bird }: RouterSpeaker): boolean =>
  bird.adopted.extendedNextHop ||
  sessions.some(
    ({ kind, transport, carries, ends }) =>
      kind === 'backbone' &&
      transport === 'ipv6' &&
      carries.includes('ipv4') &&
      ends.some(({ speaker }) => speaker === name),
  );

/** Channels of families that pods do not use: sessions that had one before noencap would restart without it. */
export const idleChannels = ({ pods }: Fabric, { bird }: RouterSpeaker): Family[] =>
  bird.adopted.bothChannels ? FAMILIES.filter((family) => !pods.families.includes(family)) : [];

function reflector(fabric: Fabric, router: RouterSpeaker, isDrained: boolean, family: Family): Statement {
  const isRouterId = router.clusterId.value === router.routerId.value;
  const cluster = isRouterId ? router.bird.constants.routerId : router.clusterId.text;
  return block(
    ['template bgp', reflectorTemplate(family)],
    [
      ...sessionOptions(fabric, router),
      option('rr client'),
      // BIRD defaults to the router ID, and restarts a session if it is set explicitly later (proto/bgp/bgp.c, bgp_reconfigure).
      ...(isRouterId && !router.bird.adopted.clusterId ? [] : [option('rr cluster id', cluster)]),
      channel(fabric, router, isDrained, family, [
        option('preference', CLIENT_PREFERENCE),
        option('next hop self'),
      ]),
      ...idleChannels(fabric, router).map((idle) =>
        channel(fabric, router, isDrained, idle, [option('next hop self')]),
      ),
    ],
  );
}

function sessionOptions(fabric: Fabric, router: RouterSpeaker): Statement[] {
  const { as, routerId } = router.bird.constants;
  const { gracefulRestart } = fabric.bgp;
  return [
    option('local as', as),
    option('neighbor as', as),
    option('router id', routerId),
    // Calico offers no BFD and proposes BIRD's 240 s; the lower hold time of the two ends applies (RFC 4271 4.2).
    option('hold time', fabric.bgp.holdTime),
    option('graceful restart', gracefulRestart === 'aware' ? 'aware' : gracefulRestart ? 'on' : 'off'),
  ];
}

function channel(
  fabric: Fabric,
  router: RouterSpeaker,
  isDrained: boolean,
  family: Family,
  nextHop: readonly Statement[],
): Statement {
  return block(
    [family],
    [
      option('table', router.bird.tables[family]),
      guarded('import', []),
      guarded('export', isDrained ? LAST_CHOICE : []),
      option('import limit', importLimit(fabric, family), 'action warn'),
      ...nextHop,
    ],
    ';',
  );
}

const guarded = (direction: 'import' | 'export', changes: readonly Statement[]): Statement =>
  block(
    [direction, 'filter'],
    [when({ test: 'call', name: 'is_insider_as' }, ...changes, accept), reject],
    ';',
  );

/** Enough for any cluster; beyond it a log line is better than a session that is shut down. */
const MOST_ROUTES = 100_000;

/** As many routes as the pools have blocks: with more, somebody announces routes that are not blocks. */
function importLimit(fabric: Fabric, family: Family): number {
  const pools = fabric.pods.pools.filter(({ cidr }) => cidr.family === family);
  if (pools.length === 0 || fabric.bgp.exportBorrowed) return MOST_ROUTES;
  const blocks = pools.reduce((sum, { blockSize, cidr }) => sum + 2 ** (blockSize - cidr.length), 0);
  return Math.min(MOST_ROUTES, blocks);
}
