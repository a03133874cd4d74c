import { carriesMetric, type Fabric, ruleLengths } from '../../fabric/index.ts';
import { addressBits, type Family, type Prefix } from '../../topology/address.ts';
import type { BgpFilter, FilterRule } from '../../topology/model.ts';
import { HIGHEST_LOCAL_PREF, NORMAL_PRIORITY } from '../metric.ts';

/** What decides about routes on a node, beside its sessions. */
export interface NodePolicy {
  readonly fabric: Fabric;
  readonly family: Family;
  /** All blocks of the node, of either family. */
  readonly blocks: readonly Prefix[];
  /** 1: BIRD 1.6, which has a daemon for a family; 2: channels. */
  readonly dialect: 1 | 2;
}

/** The node's blocks, and the functions and filters that its protocols name: Calico's bird_aggr.cfg and bird_ipam.cfg. */
export function policyFunctions(one: NodePolicy): string[] {
  return [aggregation(one), REJECT_INTERFACES, exportFunction(one), kernelFilter(one)];
}

/** The filters of one session: what Calico v3.32 does first, the BGPFilters on it, and what Calico does with the rest. */
export function sessionPolicy(
  fabric: Fabric,
  filters: readonly BgpFilter[],
  family: Family,
  isInternal: boolean,
): string {
  const imported = [...filters.flatMap((one) => rules(one.import, family)), ...preference(fabric), 'accept;'];
  const exported = [
    ...metric(fabric),
    ...filters.flatMap((one) => rules(one.export, family)),
    `calico_export_to_bgp_peers(${isInternal});`,
    'reject;',
  ];
  return [
    ...['import filter {', ...indented(imported), '};'],
    ...['export filter {', ...indented(exported), '};'],
  ]
    .map((line) => `  ${line}`)
    .join('\n');
}

const indented = (lines: readonly string[]): string[] => lines.map((line) => `  ${line}`);

const ofFamily = (prefixes: readonly Prefix[], family: Family): Prefix[] =>
  prefixes.filter((prefix) => prefix.family === family);

/**
 * A node announces its blocks whole, and none of the pods inside them. From v3.32 it lets out what claims to be better than a
 * pod's route of its own: a pod that is being moved here. A block of one address has no route of its own, only its pod has.
 */
function aggregation({ fabric, family, blocks, dialect }: NodePolicy): string {
  const own = ofFamily(blocks, family);
  const wide = own.filter(({ length }) => length < addressBits(family));
  const better = ({ text }: Prefix): string[] =>
    carriesMetric(fabric) ? [`if ( net ~ ${text} && krt_metric < ${NORMAL_PRIORITY} ) then { accept; }`] : [];
  const lines = own.flatMap((block) => [
    `if ( net = ${block.text} ) then { accept; }`,
    ...better(block),
    `if ( net ~ ${block.text} ) then { reject; }`,
  ]);
  return `protocol static {
${dialect === 2 ? `  ${family};\n` : ''}${wide.map((block) => `  route ${block.text} blackhole;`).join('\n')}
}

${block('function calico_aggr()', lines)}`;
}

/** Tunnels are Felix's business, and interfaces of workloads under eBPF nobody's but the node's. */
const REJECT_INTERFACES = `function reject_tunnel_routes() {
  if ( defined(ifname) ) then { if ( (ifname ~ "*.cali") || (ifname ~ "*.calico") ) then { reject; } }
}

function reject_local_routes() {
  if ( defined(ifname) ) then { if ( ifname ~ "bpf*.cali" ) then { reject; } }
}`;

const exportFunction = (one: NodePolicy): string =>
  block('function calico_export_to_bgp_peers(bool internal_peer)', [
    'if ( internal_peer ) then { reject_tunnel_routes(); }',
    'reject_local_routes();',
    'calico_aggr();',
    ...acceptPools(one),
  ]);

const acceptPools = ({ fabric, family }: NodePolicy): string[] =>
  ofFamily(
    fabric.pods.pools.map(({ cidr }) => cidr),
    family,
  ).map((pool) => `if ( net ~ ${pool.text} ) then { accept; }`);

/** From v3.32 a BGP route gets back into the kernel the metric that its LOCAL_PREF is made of; no other route does. */
const kernelFilter = (one: NodePolicy): string =>
  block('filter calico_kernel_programming', [
    ...(carriesMetric(one.fabric)
      ? [
          'if ( defined(source) && (source = RTS_BGP) && !defined(krt_metric) ) then {',
          `  krt_metric = ${NORMAL_PRIORITY};`,
          `  if ( defined(bgp_local_pref) ) then { krt_metric = ${HIGHEST_LOCAL_PREF} - bgp_local_pref; }`,
          `  if ( krt_metric < ${NORMAL_PRIORITY} ) then { preference = 200; }`,
          '}',
        ]
      : []),
    ...(one.family === 'ipv4' ? acceptPools(one) : []),
    'accept;',
  ]);

/** From v3.32 the first thing on every session: a route's metric becomes its LOCAL_PREF, whatever a BGPFilter says of it then. */
const metric = (fabric: Fabric): string[] =>
  carriesMetric(fabric)
    ? [
        'if ( defined(source) && source = RTS_BGP && defined(bgp_local_pref) ) then {',
        `  krt_metric = ${HIGHEST_LOCAL_PREF} - bgp_local_pref;`,
        '} else {',
        `  if ( !defined(krt_metric) ) then { krt_metric = ${NORMAL_PRIORITY}; }`,
        `  bgp_local_pref = ${HIGHEST_LOCAL_PREF} - krt_metric;`,
        '}',
      ]
    : [];

/** From v3.32, and after the BGPFilters: what claims to be better than a node's own route wins over the kernel's. */
const preference = (fabric: Fabric): string[] =>
  carriesMetric(fabric)
    ? [
        `if ( defined(bgp_local_pref) && (bgp_local_pref > ${HIGHEST_LOCAL_PREF - NORMAL_PRIORITY}) ) then { preference = 200; }`,
      ]
    : [];

/** A BGPFilter's rules as confd writes them. What none matches goes on: to acceptance, or to Calico's own export filter. */
const rules = (all: readonly FilterRule[], family: Family): string[] =>
  all
    .filter(({ match }) => match === undefined || match.cidr.family === family)
    .map(({ action, match, prefixLength, source }) => {
      const conditions = [
        ...(match === undefined ? [] : [matches(match, prefixLength)]),
        ...(source === undefined ? [] : ['defined(source)', 'source ~ [ RTS_BGP ]']),
      ];
      const verdict = `${action === 'Accept' ? 'accept' : 'reject'};`;
      return conditions.length === 0
        ? verdict
        : `if ( ${conditions.map((one) => `(${one})`).join(' && ')} ) then { ${verdict} }`;
    });

/** With lengths confd writes a set of prefixes behind every operator, which none but `~` and `!~` understands. */
function matches(
  { cidr, operator }: NonNullable<FilterRule['match']>,
  prefixLength: FilterRule['prefixLength'],
): string {
  const lengths = prefixLength && ruleLengths(cidr, prefixLength);
  const what = lengths === undefined ? cidr.text : `[ ${cidr.text}{${lengths.min},${lengths.max}} ]`;
  return `net ${{ Equal: '=', NotEqual: '!=', In: '~', NotIn: '!~' }[operator]} ${what}`;
}

const block = (head: string, lines: readonly string[]): string =>
  [`${head} {`, ...indented(lines), '}'].join('\n');
