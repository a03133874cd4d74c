import { App } from 'cdk8s';
import {
  argoCd,
  Bgp,
  flux,
  GrafanaDashboard,
  Installation,
  NodeLabels,
  Operator,
  PrometheusRules,
  Scrapes,
  VendoredOperator,
} from './charts/index.ts';
import type { Fabric } from './fabric/index.ts';

/**
 * The cdk8s app: one chart per file of dist/cluster and dist/gitops. A chart of your own goes into the folder of a layer; it takes
 * effect at the next run.
 * `operatorManifest` is the absolute path of the checked vendored manifest, where the topology names one.
 */
export function clusterApp(
  fabric: Fabric,
  operatorManifest: string | undefined = fabric.calico.operatorManifest?.path,
): App {
  const app = new App();
  if (operatorManifest === undefined) new Operator(app, fabric);
  else new VendoredOperator(app, fabric, operatorManifest);
  new Installation(app, fabric);
  new NodeLabels(app, fabric);
  new Bgp(app, fabric);
  if (fabric.metrics !== undefined) {
    new PrometheusRules(app, fabric, fabric.metrics);
    new Scrapes(app, fabric, fabric.metrics);
    new GrafanaDashboard(app, fabric, fabric.metrics);
  }

  const { engine } = fabric.gitops;
  if (engine !== 'flux') argoCd(app, fabric);
  if (engine !== 'argocd') flux(app, fabric);
  return app;
}
