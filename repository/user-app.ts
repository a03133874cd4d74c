import type { App } from 'cdk8s';
import type { Fabric } from '../fabric/index.ts';
import { clusterApp } from '../main.ts';

/** The cdk8s app of a network: the charts of dist/cluster and dist/gitops. */
export interface ClusterApp {
  /** `fabric.calico.operatorManifest` has the absolute path of the checked manifest. */
  (fabric: Fabric): App;
  /** An error of the user's code instead of one thrown by its charts; undefined if the code is noencap's own. */
  readonly faultOf?: (error: unknown) => Error;
}

/** The app of main.ts. In the package, where that is a file of the user's, packaging/user-app.ts takes the place of this one. */
export const loadApp = async (): Promise<ClusterApp> => (fabric) => clusterApp(fabric);
