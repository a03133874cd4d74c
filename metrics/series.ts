import type { Family } from '../topology/address.ts';

/**
 * What exporters publish, by the name that rules and dashboard use. Each was read in the exporter's source, and those of BIRD in what
 * it answers: test/metrics/published has that.
 */

/**
 * bird_exporter (github.com/czerwonk/bird_exporter), on each router beside BIRD 2: `-bird.v2`, and before 1.3.0 `-format.new`, default since.
 * Labels `name`, `proto`, `ip_version`, `import_filter`, `export_filter` (metrics/default_label_strategy.go, generic_exporter.go): a protocol
 * with two channels has two series. Filters are labels, so every rule aggregates them away. Debian 12 has 1.4.1.
 */
export const BIRD = {
  port: 9324,
  /** 1 if the protocol is up, in both channels even if one of them is down. Also has `state`, BIRD's own words with its last error. */
  up: 'bird_protocol_up',
  /** Routes imported by the channel; 0 while the session is down. */
  imported: 'bird_protocol_prefix_import_count',
  /** Of these, the best of their table. */
  preferred: 'bird_protocol_prefix_preferred_count',
  /** Since 1.4.5 (metrics/status_exporter.go): when BIRD last loaded its configuration. */
  reconfigured: 'bird_last_reconfig_timestamp_seconds',
  /** The same: when BIRD started. */
  started: 'bird_last_reboot_timestamp_seconds',
} as const;

/**
 * When a router last had a delivery, and since when it is drained (no series: it is not), with the labels `fabric` and `router`: from node_exporter's
 * textfile collector, which reads what the timer of docs/metrics.md writes.
 */
export const DELIVERY = {
  delivered: 'noencap_delivery_timestamp_seconds',
  drained: 'noencap_drained_timestamp_seconds',
} as const;

/**
 * calico-kube-controllers of open-source Calico, on by default; the operator makes the Service (docs.tigera.io: reference/kube-controllers/prometheus).
 * Labels `ippool` (`no_ippool`: its pool is gone) and `node` (`no_affinity`: nobody's block). A pool and node without blocks have no series of
 * `ipam_blocks` (kube-controllers, tests/fv/metrics_test.go).
 *
 * calico-node of open-source Calico publishes nothing of BGP: `bgp_peers` and `bgp_routes_imported` are of Calico Enterprise and Cloud
 * (docs.tigera.io: operations/monitor/metrics/bgp-metrics). So sessions are seen from their routers, and Calico's mesh is not seen.
 */
export const IPAM = {
  target: 'calico-kube-controllers-metrics.calico-system.svc:9094',
  blocks: 'ipam_blocks',
  borrowed: 'ipam_allocations_borrowed',
  poolSize: 'ipam_ippool_size',
} as const;

/** Felix, once Installation's nodeMetricsPort or FelixConfiguration turns it on (docs.tigera.io: reference/felix/prometheus). For the dashboard only. */
export const FELIX = { failures: 'felix_int_dataplane_failures' } as const;

/** Argo CD's application controller, port 8082 (argo-cd.readthedocs.io: operator-manual/metrics). Labels `name`, `project`, `sync_status`, `health_status`. */
export const ARGO_CD = { info: 'argocd_app_info' } as const;

/** kube-state-metrics with Flux' configuration for custom resources (fluxcd.io: flux/monitoring/metrics). Labels `name`, `customresource_kind`, `ready`. */
export const FLUX = { info: 'gotk_resource_info' } as const;

/** bird_exporter's label. */
export const ipVersion = (family: Family): '4' | '6' => (family === 'ipv4' ? '4' : '6');

/** What the rules record. The first four are constants from the topology, the others follow the exporters. */
export const OWN = {
  routesPromised: 'noencap:routes:topology',
  nodes: 'noencap:node:topology',
  routers: 'noencap:router:topology',
  sessions: 'noencap:session:topology',
  up: 'noencap:session:up',
  blocks: 'noencap:node:blocks',
  routesReflected: 'noencap:router:reflected_routes',
  routesExpected: 'noencap:routes:expected',
  routesThere: 'noencap:routes:there',
  seen: 'noencap:router:seen',
  age: 'noencap:router:configuration_age_seconds',
  deliveryAge: 'noencap:router:delivery_age_seconds',
} as const;
