import { carriesMetric, type Fabric, ruleLengths } from '../../fabric/index.ts';
import { addressBits, type Family, type Prefix } from '../../topology/address.ts';
import type { BgpFilter, FilterRule } from '../../topology/model.ts';
import { HIGHEST_LOCAL_PREF, NORMAL_PRIORITY } from '../metric.ts';

/** What decides about routes on a node, besides its sessions. */
export interface NodePolicy {
  readonly fabric: Fabric;
  readonly family: Family;
  /** All blocks of the node, of either family. */
  readonly blocks: readonly Prefix[];
  /** 1: BIRD 1.6, with one daemon per family; 2: channels. */
  readonly dialect: 1 | 2;
}

/** The node's blocks, and the functions and filters that its protocols use: Calico's bird_aggr.cfg and bird_ipam.cfg. */
export function policyFunctions(one: NodePolicy): string[] {
  return [aggregation(one), REJECT_INTERFACES, exportFunction(one), kernelFilter(one)];
}

/** The filters of one session: Calico v3.32's first step, the BGPFilters on it, and Calico's handling of the rest. */
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
 * A node announces its blocks as a whole, and no pods inside them. From v3.32 it exports a route that claims to be better than a
 * pod's own route: a pod that is migrating here. A block of one address has no route itself, only its pod has.
 */
function aggregation({ fabric, family, blocks, dialect }: NodePolicy): string {
  const ofThisFamily = ofFamily(blocks, family);
  const wide = ofThisFamily.filter(({ length }) => length < addressBits(family));
  const better = ({ text }: Prefix): string[] =>
    carriesMetric(fabric) ? [`if ( net ~ ${text} && krt_metric < ${NORMAL_PRIORITY} ) then { accept; }`] : [];
  const lines = ofThisFamily.flatMap((block) => [
    `if ( net = ${block.text} ) then { accept; }`,
    ...better(block),
    `if ( net ~ ${block.text} ) then { reject; }`,
  ]);
  return `protocol static {
${dialect === 2 ? `  ${family};\n` : ''}${wide.map((block) => `  route ${block.text} blackhole;`).join('\n')}
}

${block('function calico_aggr()', lines)}`;
}

/** Felix handles tunnels, and workload interfaces under eBPF are local to the node. */
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

/** From v3.32 a BGP route enters the kernel with the metric encoded in its LOCAL_PREF; no other route does. */
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

/** From v3.32 the first step of every session: a route's metric becomes its LOCAL_PREF, whatever a BGPFilter does later. */
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

/** From v3.32, after the BGPFilters: a route that claims to be better than a node's own wins over the kernel's. */
const preference = (fabric: Fabric): string[] =>
  carriesMetric(fabric)
    ? [
        `if ( defined(bgp_local_pref) && (bgp_local_pref > ${HIGHEST_LOCAL_PREF - NORMAL_PRIORITY}) ) then { preference = 200; }`,
      ]
    : [];

/** A BGPFilter's rules as confd writes them. Unmatched routes continue: to acceptance, or to Calico's own export filter. */
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

/** With lengths confd writes a prefix set after every operator, but only `~` and `!~` support it. */
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
