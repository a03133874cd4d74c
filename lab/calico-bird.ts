import {
  carriesMetric,
  endsFor,
  type Fabric,
  HIGHEST_LOCAL_PREF,
  meshSessions,
  NORMAL_PRIORITY,
  type NodeSpeaker,
  routerIdText,
  type Session,
  sessionFilters,
} from '../fabric/index.ts';
import { addressBits, type Family, type Prefix } from '../topology/address.ts';
import type { FilterRule } from '../topology/model.ts';
import { hostFolder, nodePassword } from './plan.ts';

/** One of the two BIRDs that calico-node runs. */
export interface CalicoBird {
  readonly fabric: Fabric;
  readonly node: NodeSpeaker;
  readonly family: Family;
  /** All blocks of the node, of either family. */
  readonly blocks: readonly Prefix[];
  readonly dialect: BirdDialect;
}

/** BIRD 1.6 has a daemon for a family; BIRD 2, in whose words an approximation is written, has channels. */
export type BirdDialect = 1 | 2;

/**
 * The configuration that calico-node's confd renders for this node, for pools without encapsulation: in BIRD 1.6's
 * language, which has one daemon for a family and no channels. From Calico's templates bird.cfg, bird_aggr.cfg and
 * bird_ipam.cfg; what depends on the version is named so. Only the timers are shorter, and the log goes to a file.
 */
export function calicoBird(one: CalicoBird): string {
  const { node, family } = one;
  const log = `${hostFolder(node.name)}/${family === 'ipv4' ? 'bird' : 'bird6'}.log`;
  return [
    `log "${log}" all;`,
    aggregation(one),
    filters(one),
    `router id ${routerIdText(node.name, node.address.ipv4)};`,
    protocols(one),
    template(one),
    ...peers(one).map(([name, session]) => peer(one, name, session)),
    '',
  ].join('\n\n');
}

/** The names of a node's sessions of a family: a peering and a mesh session with the same peer are one, the peering. */
export function peers({
  fabric,
  node,
  family,
}: Pick<CalicoBird, 'fabric' | 'node' | 'family'>): [string, Session][] {
  const own = (session: Session): boolean =>
    session.transport === family && session.ends.some((end) => end.speaker === node.name);
  const named =
    (prefix: string) =>
    (session: Session): [string, Session] => [
      `${prefix}_${endsFor(session, node.name).remote.address.text.replace(/[.:]/g, '_')}`,
      session,
    ];
  return [
    ...[...meshSessions(fabric)].filter(own).map(named('Mesh')),
    ...fabric.sessions.filter(own).map(named('Node')),
  ];
}

const ofFamily = (prefixes: readonly Prefix[], family: Family): Prefix[] =>
  prefixes.filter((prefix) => prefix.family === family);

/** A node announces its blocks whole, and none of the pods inside them. */
function aggregation({ family, blocks, dialect }: CalicoBird): string {
  const own = ofFamily(blocks, family);
  return `protocol static {
${dialect === 2 ? `  ${family};\n` : ''}${own.map((block) => `  route ${block.text} blackhole;`).join('\n')}
}

function calico_aggr() {
${own.map((block) => `  if ( net = ${block.text} ) then { accept; }\n  if ( net ~ ${block.text} ) then { reject; }`).join('\n')}
}`;
}

function filters({ fabric, family }: CalicoBird): string {
  const pools = ofFamily(
    fabric.pods.pools.map(({ cidr }) => cidr),
    family,
  );
  const metric = carriesMetric(fabric);
  const accepted = pools.map((pool) => `  if ( net ~ ${pool.text} ) then { accept; }`).join('\n');
  return `function calico_export_to_bgp_peers() {
${metric ? `  if ( defined(krt_metric) ) then { bgp_local_pref = ${HIGHEST_LOCAL_PREF} - krt_metric; }\n  else { bgp_local_pref = ${HIGHEST_LOCAL_PREF - NORMAL_PRIORITY}; }\n` : ''}  calico_aggr();
${accepted}
}

filter calico_kernel_programming {
${metric ? `  if ( defined(bgp_local_pref) ) then { krt_metric = ${HIGHEST_LOCAL_PREF} - bgp_local_pref; }\n` : ''}${accepted}
  accept;
}`;
}

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
  const channel = '  gateway recursive;\n  import all;\n  add paths on;';
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
 * Seconds. The lab's routers try every second, so that it is they who open. If both do so at one moment, BIRD takes the other's
 * connection for one more restart of its peer and gives up the routes of the first (RFC 4724 section 4.2). A router's own 5 s and
 * Calico's 2 s hardly ever meet.
 */
const PATIENT = 3;

function peer({ fabric, node, family, dialect }: CalicoBird, name: string, session: Session): string {
  const { local, remote } = endsFor(session, node.name);
  const isMesh = session.kind === 'mesh';
  const password = fabric.routers.find((router) => router.name === remote.speaker)?.password;
  // The end with the lesser address opens the session of the mesh; Calico compares them as texts.
  const passive = isMesh && remote.address.text > local.address.text;
  const own = isMesh ? [] : sessionFilters(fabric, node, remote.speaker, family);
  const imported = [...own.flatMap((one) => rules(one.import, family)), ...preference(fabric)];
  const exported = own.flatMap((one) => rules(one.export, family));
  const filters = `  import filter {
${[...imported, '    accept;'].join('\n')}
  };
  export filter {
${[...exported, '    calico_export_to_bgp_peers();', '    reject;'].join('\n')}
  };`;
  return `protocol bgp ${name} from bgp_template {
${isMesh ? '' : `  connect delay time ${PATIENT};\n  ttl security off;\n  multihop;\n`}  neighbor ${remote.address.text} as ${remote.asNumber};
  source address ${local.address.text};
${password === undefined ? '' : `  include "${hostFolder(node.name)}/${nodePassword(remote.speaker)}";\n`}${dialect === 1 ? filters : `  ${family} {\n${filters}\n  };`}
${passive ? '  passive on;\n' : ''}}`;
}

/** A BGPFilter's rules as confd writes them. What none matches goes on: to acceptance, or to Calico's own export filter. */
const rules = (all: readonly FilterRule[], family: Family): string[] =>
  all
    .filter(({ match }) => match === undefined || match.cidr.family === family)
    .map(({ action, match, prefixLength, source }) => {
      const conditions = [
        ...(match === undefined ? [] : [matches(match, prefixLength)]),
        ...(source === undefined ? [] : ['source = RTS_BGP']),
      ];
      const verdict = `${action === 'Accept' ? 'accept' : 'reject'};`;
      return conditions.length === 0
        ? `    ${verdict}`
        : `    if ( ${conditions.map((one) => `(${one})`).join(' && ')} ) then { ${verdict} }`;
    });

function matches(
  { cidr, operator }: NonNullable<FilterRule['match']>,
  prefixLength: FilterRule['prefixLength'],
): string {
  const lengths = `[ ${cidr.text}{${prefixLength?.min ?? cidr.length},${prefixLength?.max ?? addressBits(cidr.family)}} ]`;
  const within = prefixLength === undefined ? cidr.text : lengths;
  return {
    Equal: `net = ${cidr.text}`,
    NotEqual: `net != ${cidr.text}`,
    In: `net ~ ${within}`,
    NotIn: `net !~ ${within}`,
  }[operator];
}

/** From v3.32: what claims to be better than a node's own route wins over the kernel's. */
const preference = (fabric: Fabric): string[] =>
  carriesMetric(fabric)
    ? [`    if ( bgp_local_pref > ${HIGHEST_LOCAL_PREF - NORMAL_PRIORITY} ) then { preference = 200; }`]
    : [];
