import type { App } from 'cdk8s';
import { LAYERS, type ManifestChart, manifestFiles, manifestsIn } from '../charts/index.ts';
import type { Fabric } from '../fabric/index.ts';
import { clusterApp } from '../main.ts';
import { nodeFiles } from '../nodes/index.ts';
import { routerFiles } from '../routers/index.ts';
import type { RenderedFiles } from './dist.ts';
import type { ClusterApp } from './user-app.ts';

/** All of dist, and the counts for its summary. */
export interface Rendered {
  readonly files: RenderedFiles;
  /** The content of dist/cluster: Kubernetes kind to number of objects, sorted by kind. */
  readonly objects: ReadonlyMap<string, number>;
  /** The same for dist/gitops. */
  readonly gitops: ReadonlyMap<string, number>;
}

/**
 * Renders every file of dist from the fabric. `operatorManifest` is the path of a vendored operator manifest that has
 * been checked; `build` makes the charts. Throws if two emitters claim one path: a bug, never the topology's fault.
 */
export function render(
  fabric: Fabric,
  operatorManifest: string | undefined,
  build: ClusterApp = clusterApp,
): Rendered {
  const { app, manifests } = built(fabric, operatorManifest, build);
  const files = new Map<string, string>();
  for (const part of [manifests, routerFiles(fabric), nodeFiles(fabric, cniManifests(manifests))]) {
    for (const [path, text] of part) {
      if (files.has(path)) throw new Error(`two emitters write ${path}`);
      files.set(path, text);
    }
  }
  return { files, objects: countKinds(app, 'cluster/'), gitops: countKinds(app, 'gitops/') };
}

function built({ calico, ...fabric }: Fabric, path: string | undefined, build: ClusterApp) {
  const operatorManifest = path && calico.operatorManifest && { ...calico.operatorManifest, path };
  try {
    const app = build({ ...fabric, calico: { ...calico, operatorManifest: operatorManifest || undefined } });
    return { app, manifests: manifestFiles(app) };
  } catch (error) {
    throw build.faultOf?.(error) ?? error;
  }
}

/**
 * What the first server applies before any GitOps engine can run: engines need the pod network. Labels come with
 * each node's own K3s configuration.
 */
function cniManifests(cluster: RenderedFiles): RenderedFiles {
  const layers = LAYERS.filter(({ name }) => name !== 'node-labels');
  return new Map(
    layers.flatMap(({ folder }) =>
      manifestsIn(cluster, folder).map(([path, text]): [string, string] => [
        path.slice(`${folder}/`.length),
        text,
      ]),
    ),
  );
}

function countKinds(app: App, folder: string): ReadonlyMap<string, number> {
  const charts = app.charts.filter((chart) => (chart as ManifestChart).file.startsWith(folder));
  const kinds = charts.flatMap((chart) => chart.apiObjects.map(({ kind }) => kind));
  const counts = new Map<string, number>();
  for (const kind of [...kinds].sort()) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return counts;
}
