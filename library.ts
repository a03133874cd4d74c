/**
 * What the package `noencap` exports, for main.ts, charts and topologies of one's own.
 */
export {
  argoCd,
  Bgp,
  flux,
  GrafanaDashboard,
  Installation,
  LAYERS,
  type Layer,
  ManifestChart,
  NodeLabels,
  Operator,
  PrometheusRules,
  Scrapes,
  VendoredOperator,
} from './charts/index.ts';
export type { Fabric, NodeSpeaker, Peering, RouterSpeaker, Session } from './fabric/fabric.ts';
export { clusterApp } from './main.ts';
export { defineTopology } from './topology/define.ts';
export type { Topology } from './topology/model.ts';
export type { TopologyInput } from './topology/schema.ts';
