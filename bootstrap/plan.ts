import { LAYERS, type Layer } from '../charts/layers.ts';
import type { Fabric } from '../fabric/index.ts';
import type { Engine } from './engine.ts';

/** From a cluster without anything of noencap to one that its engine syncs. Each step can be repeated at any time. */
export interface BootstrapPlan {
  /** The topology's name. */
  readonly name: string;
  readonly engine: Engine;
  /** This node has copies of the pod network's manifests, which K3s applies. */
  readonly firstServer: string;
  readonly steps: readonly BootstrapStep[];
}

export type BootstrapStep = { readonly title: string } & (
  | { readonly kind: 'apply'; readonly folder: string }
  | { readonly kind: 'wait'; readonly for: Awaited }
  /** What git must not contain: a registry's credentials, created by hand. Without them images cannot be pulled. */
  | { readonly kind: 'secrets'; readonly namespace: string; readonly names: readonly string[] }
  /** Only the engine may own what is set in git. */
  | { readonly kind: 'hand-over'; readonly folders: readonly string[] }
  | { readonly kind: 'installed'; readonly engine: Engine }
);

/** Objects that are expected to get a condition. */
export interface Awaited {
  readonly resource: 'crd' | 'tigerastatus' | 'apiservice' | 'job';
  /** Undefined if the resource has none. */
  readonly namespace: string | undefined;
  readonly names: readonly string[];
  readonly condition: 'Established' | 'Available' | 'Complete';
  /** The namespace whose pods and events show why it takes so long. */
  readonly workload: string;
}

/** The part of an object of dist/cluster that the plan reads. */
export interface ClusterObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
}

/**
 * The order is the layers' own. `objects` are those of a layer, `out` is the output folder. Throws if the fabric has no
 * nodes: then there is no cluster.
 */
export function bootstrapPlan(
  fabric: Fabric,
  engine: Engine,
  objects: ReadonlyMap<Layer['name'], readonly ClusterObject[]>,
  out: string,
): BootstrapPlan {
  if (fabric.nodes.length === 0) throw new Error('a topology without nodes has no cluster');
  const folder = ({ folder }: Layer) => `${out}/${folder}`;
  return {
    name: fabric.name,
    engine,
    firstServer: fabric.k3s.firstServer,
    steps: [
      ...LAYERS.flatMap((layer): BootstrapStep[] => [
        { kind: 'apply', title: TITLES[layer.name], folder: folder(layer) },
        ...(layer.name === 'operator' ? pullSecrets(fabric) : []),
        ...waits(layer, objects),
      ]),
      { kind: 'hand-over', title: `Hand its fields over to ${engine.title}`, folders: LAYERS.map(folder) },
      { kind: 'installed', title: `Check for ${engine.title}`, engine },
      { kind: 'apply', title: `Let ${engine.title} adopt it`, folder: `${out}/${engine.folder}` },
    ],
  };
}

const TITLES: Readonly<Record<Layer['name'], string>> = {
  operator: 'Apply the operator',
  installation: 'Apply the Installation',
  'node-labels': 'Label the nodes',
  bgp: 'Apply BGP',
};

/** What a layer must reach before the next is applied. */
function waits({ name }: Layer, objects: Objects): BootstrapStep[] {
  switch (name) {
    case 'operator':
      return [wait("Wait for Calico's kinds", { ...CRDS, names: calicoKinds(objects) })];
    case 'installation':
      return [
        wait('Wait for Calico', { ...STATUS, names: ['calico', 'apiserver'] }),
        ...(usesV3(objects)
          ? [wait("Wait for Calico's API", { ...API, names: ['v3.projectcalico.org'] })]
          : []),
      ];
    case 'node-labels': {
      const jobs = (objects.get(name) ?? []).filter(({ kind }) => kind === 'Job');
      const [first] = jobs;
      if (first === undefined) return [];
      const namespace = first.metadata.namespace ?? 'default';
      const names = jobs.map(({ metadata }) => metadata.name);
      const jobsOf: Awaited = {
        resource: 'job',
        namespace,
        names,
        condition: 'Complete',
        workload: namespace,
      };
      return [wait('Wait for the labels', jobsOf)];
    }
    case 'bgp':
      // A session comes up when its router does: no status in the cluster shows more.
      return [];
  }
}

/** The operator pulls its own image with them, and copies them to wherever it starts Calico's pods. */
const pullSecrets = ({ calico: { imagePullSecrets: names } }: Fabric): BootstrapStep[] =>
  names.length === 0
    ? []
    : [
        {
          kind: 'secrets',
          title: "Check for the registry's credentials",
          namespace: 'tigera-operator',
          names,
        },
      ];

type Objects = ReadonlyMap<Layer['name'], readonly ClusterObject[]>;

const wait = (title: string, awaited: Awaited): BootstrapStep => ({ kind: 'wait', title, for: awaited });

const CRDS = {
  resource: 'crd',
  namespace: undefined,
  condition: 'Established',
  workload: 'tigera-operator',
} as const;
const STATUS = {
  resource: 'tigerastatus',
  namespace: undefined,
  condition: 'Available',
  workload: 'calico-system',
} as const;
const API = {
  resource: 'apiservice',
  namespace: undefined,
  condition: 'Available',
  workload: 'calico-system',
} as const;

/**
 * The CRDs of everything that follows the operator, and of the status to wait for. projectcalico.org/v3 is not among them:
 * it is served by Calico's own API server, once that runs.
 */
function calicoKinds(objects: Objects): string[] {
  const kinds = [...objects.values()].flat().flatMap(({ apiVersion, kind }) => {
    const [group = ''] = apiVersion.split('/');
    return ['operator.tigera.io', 'crd.projectcalico.org'].includes(group)
      ? [`${kind.toLowerCase()}s.${group}`]
      : [];
  });
  return [...new Set(['tigerastatuses.operator.tigera.io', ...kinds])].sort();
}

const usesV3 = (objects: Objects): boolean =>
  [...objects.values()].flat().some(({ apiVersion }) => apiVersion.startsWith('projectcalico.org/'));
