import {
  carriesMetric,
  endsFor,
  type Fabric,
  meshSessions,
  type NodeSpeaker,
  routerIdText,
  type Session,
  sessionFilters,
} from '../../fabric/index.ts';
import type { Family, Prefix } from '../../topology/address.ts';
import { policyFunctions, sessionPolicy } from './filters.ts';
import { protocolName } from './session.ts';

/** One of the two BIRDs that calico-node runs. */
export interface CalicoBird {
  readonly fabric: Fabric;
  readonly node: NodeSpeaker;
  readonly family: Family;
  /** All blocks of the node, of either family. */
  readonly blocks: readonly Prefix[];
  readonly dialect: BirdDialect;
  /** Where it logs. */
  readonly log: string;
  /** The file with the password of its sessions with a router. */
  readonly passwordFile: (router: string) => string;
}

/** BIRD 1.6 has one daemon per family; BIRD 2, used for an approximation, has channels. */
export type BirdDialect = 1 | 2;

/**
 * The configuration that calico-node's confd renders for this node, for pools without encapsulation: in BIRD 1.6's
 * language, with one daemon per family and no channels. Based on Calico's templates bird.cfg, bird_aggr.cfg and
 * bird_ipam.cfg; version-dependent parts are marked as such. Only the timers are shorter, and the log goes to a file.
 */
export function calicoBird(one: CalicoBird): string {
  const { node, log } = one;
  return [
    `log "${log}" all;`,
    ...policyFunctions(one),
    `router id ${routerIdText(node.name, node.address.ipv4)};`,
    protocols(one),
    template(one),
    ...peers(one).map(([name, session]) => peer(one, name, session)),
    '',
  ].join('\n\n');
}

/**
 * The names of a node's sessions of a family, the mesh first: of a peering and a mesh session with the same peer only the peering exists.
 * Up to v3.31 the mesh is in the order of node names, later of addresses.
 */
export function peers({
  fabric,
  node,
  family,
}: Pick<CalicoBird, 'fabric' | 'node' | 'family'>): [string, Session][] {
  const isOwn = (session: Session): boolean =>
    session.transport === family && session.ends.some((end) => end.speaker === node.name);
  const named = (session: Session): [string, Session] => [
    protocolName(session, endsFor(session, node.name).remote.address.text),
    session,
  ];
  const there = ([, session]: [string, Session]) => endsFor(session, node.name).remote;
  const byAddress = comparedBy((one: [string, Session]) => there(one).address.text);
  const byName = comparedBy((one: [string, Session]) => there(one).speaker);
  return [
    ...[...meshSessions(fabric)]
      .filter(isOwn)
      .map(named)
      .sort(carriesMetric(fabric) ? byAddress : byName),
    ...fabric.sessions.filter(isOwn).map(named).sort(byAddress),
  ];
}

/** Compared as text, byte by byte: the order in which confd finds its peers. */
const comparedBy =
  <T>(text: (one: T) => string) =>
  (a: T, b: T): number =>
    text(a) < text(b) ? -1 : 1;

function protocols({ family, dialect }: CalicoBird): string {
  const channel = '  import all;\n  export filter calico_kernel_programming;';
  return `protocol kernel {
  learn;
  persist;
  scan time 2;
${dialect === 1 ? channel : `  ${family} {\n${channel}\n  };`}
  graceful restart;
  merge paths on;
}

protocol device {
  debug { states };
  scan time 2;
}

protocol direct {
${dialect === 1 ? '' : `  ${family};\n`}  debug { states };
  interface -"cali*", -"kube-ipvs*", "*";
}`;
}

function template({ fabric, family, dialect }: CalicoBird): string {
  const channel = '  gateway recursive;\n  add paths on;';
  return `template bgp bgp_template {
  debug { states };
  description "Connection to BGP peer";
  local as ${fabric.bgp.asNumber};
${dialect === 1 ? channel : `  ${family} {\n${channel}\n  };`}
  graceful restart;
  connect delay time 1;
  connect retry time 1;
  error wait time 1,4;
}`;
}

/**
 * Seconds. The lab's routers retry every second, so that they open the session. If both ends do so at the same time, BIRD treats the peer's
 * connection as another restart and gives up the routes of the first (RFC 4724 section 4.2). A router's own 5 s and
 * Calico's 2 s hardly ever coincide.
 */
const PATIENT = 3;

function peer(one: CalicoBird, name: string, session: Session): string {
  const { fabric, node, family, dialect, passwordFile } = one;
  const { local, remote } = endsFor(session, node.name);
  const isMesh = session.kind === 'mesh';
  const password = fabric.routers.find((router) => router.name === remote.speaker)?.password;
  // The end with the lower address opens the mesh session; Calico compares addresses as text.
  const passive = isMesh && remote.address.text > local.address.text;
  const filters = sessionPolicy(
    fabric,
    isMesh ? [] : sessionFilters(fabric, node, remote.speaker, family),
    family,
    local.asNumber === remote.asNumber,
  );
  return `protocol bgp ${name} from bgp_template {
${isMesh ? '' : `  connect delay time ${PATIENT};\n  ttl security off;\n  multihop;\n`}  neighbor ${remote.address.text} as ${remote.asNumber};
  source address ${local.address.text};
${password === undefined ? '' : `  include "${passwordFile(remote.speaker)}";\n`}${dialect === 1 ? filters : `  ${family} {\n${filters}\n  };`}
${passive ? '  passive on;\n' : ''}}`;
}
