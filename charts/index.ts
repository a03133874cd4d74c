export { argoCd } from './argocd.ts';
export { Bgp } from './bgp.ts';
export { flux } from './flux.ts';
export { Installation } from './installation.ts';
export { depth, LAYERS, type Layer, METRICS } from './layers.ts';
export { ManifestChart, manifestFiles, manifestsIn } from './manifest-chart.ts';
export { GrafanaDashboard, PrometheusRules, Scrapes } from './metrics.ts';
export { NodeLabels } from './node-labels.ts';
export { Operator, VendoredOperator } from './operator.ts';
