import { k8s } from 'cdk8s-plus-28';
import type { Construct } from 'constructs';
import type { Fabric } from '../fabric/index.ts';
import * as monitoring from '../imports/monitoring.coreos.com.ts';
import { dashboard, ipamTarget, routerTargets, ruleFiles, type Target } from '../metrics/index.ts';
import type { Metrics } from '../topology/model.ts';
import { CUSTOM } from './guards.ts';
import { METRICS } from './layers.ts';
import { ManifestChart } from './manifest-chart.ts';

/** Templates of alerts and variables of dashboards look like Flux' variables: a `postBuild` of the user's would replace them. */
const AS_IT_IS = { 'kustomize.toolkit.fluxcd.io/substitute': 'disabled' } as const;

/** What Prometheus scrapes and evaluates, for the Prometheus Operator: which it selects is up to its own labels. */
export class PrometheusRules extends ManifestChart {
  constructor(scope: Construct, fabric: Fabric, metrics: Metrics) {
    super(scope, `${METRICS.folder}/rules.yaml`);
    for (const { name, groups } of ruleFiles(fabric)) {
      new monitoring.PrometheusRule(this, `rule-${name}`, {
        metadata: metadata(metrics, name),
        spec: { groups: groups.map(({ name, rules }) => ({ name, rules: [...rules] })) },
      });
    }
  }
}

/** ScrapeConfig is v1alpha1, with these fields since Prometheus Operator v0.67: targets outside the cluster have no other kind. */
export class Scrapes extends ManifestChart {
  constructor(scope: Construct, fabric: Fabric, metrics: Metrics) {
    super(scope, `${METRICS.folder}/scrapes.yaml`);
    this.scrape(metrics, 'noencap-routers', routerTargets(fabric));
    this.scrape(metrics, 'noencap-ipam', [ipamTarget(fabric)]);
  }

  private scrape(metrics: Metrics, name: string, targets: readonly Target[]): void {
    if (targets.length === 0) return;
    new monitoring.ScrapeConfig(this, name, {
      metadata: metadata(metrics, name),
      spec: {
        // The exporter's own labels win over what an operator adds by itself.
        honorLabels: true,
        relabelings: [{ targetLabel: 'job', replacement: name }],
        scrapeInterval: '30s',
        staticConfigs: targets.map(({ target, labels }) => ({ targets: [target], labels })),
      },
    });
  }
}

/** Grafana's sidecar loads ConfigMaps with this label; without one, import the JSON by hand. */
export class GrafanaDashboard extends ManifestChart {
  constructor(scope: Construct, fabric: Fabric, metrics: Metrics) {
    super(scope, `${METRICS.folder}/dashboard.yaml`);
    new k8s.KubeConfigMap(this, 'dashboard', {
      metadata: {
        name: 'noencap-dashboard',
        namespace: metrics.namespace,
        labels: { grafana_dashboard: '1' },
        annotations: AS_IT_IS,
      },
      data: { 'noencap.json': `${JSON.stringify(dashboard(fabric), null, 2)}\n` },
    });
  }
}

const metadata = ({ namespace, labels }: Metrics, name: string) => ({
  name,
  namespace,
  ...(labels.length === 0 ? {} : { labels: Object.fromEntries(labels) }),
  annotations: { ...CUSTOM, ...AS_IT_IS },
});
