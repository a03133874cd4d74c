import { ipPool } from '../calico/defaults.ts';
import type { Fabric } from '../fabric/index.ts';
import { keyOf, type ObjectId, objectsOf } from '../review/objects.ts';
import { parsePrefix } from '../topology/address.ts';
import type { KindOfObjects } from './live-object.ts';

/** An object as git wants it to be. */
export interface GitObject {
  readonly id: ObjectId;
  readonly version: string;
  readonly value: Readonly<Record<string, unknown>>;
  /**
   * `rendered`: dist/cluster has it. `pool`: Calico's operator makes it of the Installation. `node`: K3s makes it, and git has its label.
   */
  readonly is: 'rendered' | 'pool' | 'node';
}

/** Everything in a cluster that git decides, and what must be listed to see it. */
export interface InGit {
  readonly objects: readonly GitObject[];
  /** Each kind once. */
  readonly kinds: readonly KindOfObjects[];
  /** Of another object nothing matters but that it is there. */
  isWanted(id: ObjectId): boolean;
}

/** `files` are those of dist, by their path below it. */
export function inGit(fabric: Fabric, files: ReadonlyMap<string, string>): InGit {
  const objects = gitObjects(fabric, files);
  const ours = new Set(objects.map(({ id }) => keyOf(inDefault(id))));
  return {
    objects,
    kinds: kindsToRead(fabric, objects),
    isWanted: (id) => ours.has(keyOf(inDefault(id))) || isOursAlone(id),
  };
}

/** `default` is where the API server puts what names no namespace; of what has none it is in everybody's. */
export const inDefault = (id: ObjectId): ObjectId => ({ ...id, namespace: id.namespace ?? 'default' });

/** What nobody compares: their values are nobody's business, and noencap renders none. */
export const NEVER_READ = 'Secret';

/**
 * The objects of dist/cluster, the pools that the operator makes of the Installation, and the
 * nodes' region label, which the Jobs of dist/cluster set.
 */
function gitObjects(fabric: Fabric, files: ReadonlyMap<string, string>): GitObject[] {
  const rendered = objectsOf(new Map([...files].filter(([path]) => path.startsWith('cluster/'))))
    .filter(({ id }) => id.group !== KUSTOMIZE && id.kind !== NEVER_READ)
    .map(
      ({ id, value }): GitObject => ({
        id,
        version: versionOf(value as { apiVersion?: string }),
        value: withoutStatus(value as GitObject['value']),
        is: 'rendered',
      }),
    );
  return [...rendered, ...pools(fabric, rendered), ...nodes(fabric)];
}

/** A kustomization.yaml is a file of engines, and no object. */
const KUSTOMIZE = 'kustomize.config.k8s.io';

/** Generated manifests have one, which the API server does not take. */
function withoutStatus(value: GitObject['value']): GitObject['value'] {
  const { status: _, ...rest } = value;
  return rest;
}

const versionOf = ({ apiVersion = '' }: { readonly apiVersion?: string }): string =>
  apiVersion.slice(apiVersion.indexOf('/') + 1);

/** An IPPool as the operator writes it (pkg/controller/ippool): a pool without encapsulation is never tunnelled. */
function pools(fabric: Fabric, rendered: readonly GitObject[]): GitObject[] {
  const there = new Set(rendered.map(({ id }) => keyOf(id)));
  const installation = rendered.find(
    ({ id }) => id.group === 'operator.tigera.io' && id.kind === 'Installation',
  );
  const network = ((installation?.value.spec ?? {}) as { calicoNetwork?: { ipPools?: unknown } })
    .calicoNetwork;
  const [group = '', version = ''] = fabric.calico.api.split('/');
  return ((network?.ipPools ?? []) as readonly InstallationPool[]).flatMap((pool): GitObject[] => {
    const { cidr, blockSize, natOutgoing, nodeSelector, disableBGPExport, disableNewAllocations } = pool;
    const id = { group, kind: 'IPPool', namespace: undefined, name: pool.name ?? cidr };
    const value = {
      apiVersion: fabric.calico.api,
      kind: 'IPPool',
      metadata: { name: id.name },
      spec: {
        cidr,
        blockSize,
        ipipMode: 'Never',
        vxlanMode: 'Never',
        natOutgoing: natOutgoing === 'Enabled',
        nodeSelector,
        disableBGPExport,
        ...(disableNewAllocations === undefined ? {} : { disabled: disableNewAllocations }),
      },
    };
    return there.has(keyOf(id)) ? [] : [{ id, version, value, is: 'pool' }];
  });
}

interface InstallationPool {
  readonly cidr: string;
  readonly name?: string;
  readonly blockSize: number;
  readonly natOutgoing: string;
  readonly nodeSelector: string;
  readonly disableBGPExport: boolean;
  readonly disableNewAllocations?: boolean;
}

const nodes = ({ nodes: all, regionLabel }: Fabric): GitObject[] =>
  all.map(({ name, region }) => ({
    id: { group: '', kind: 'Node', namespace: undefined, name },
    version: 'v1',
    value: { apiVersion: 'v1', kind: 'Node', metadata: { name, labels: { [regionLabel]: region } } },
    is: 'node',
  }));

/** Kinds that only the topology decides: another object of them was written by hand. */
const OURS_ALONE = ['BGPConfiguration', 'BGPFilter', 'BGPPeer', 'IPPool'] as const;

export const isOursAlone = ({ group, kind }: ObjectId): boolean =>
  CALICO.includes(group) && OURS_ALONE.some((one) => one === kind);

const CALICO: readonly string[] = ['crd.projectcalico.org', 'projectcalico.org'];

function kindsToRead({ calico }: Fabric, objects: readonly GitObject[]): KindOfObjects[] {
  const kinds = new Map<string, { group: string; version: string; kind: string; namespaces: Set<string> }>();
  const add = (group: string, version: string, kind: string, namespace?: string) => {
    const key = `${group}/${kind}`;
    const one = kinds.get(key) ?? { group, version, kind, namespaces: new Set<string>() };
    one.namespaces.add(namespace ?? 'default');
    kinds.set(key, one);
  };
  for (const { id, version } of objects) add(id.group, version, id.kind, id.namespace);
  const [group = '', version = ''] = calico.api.split('/');
  for (const kind of OURS_ALONE) add(group, version, kind);
  return [...kinds.values()]
    .map((one) => ({ ...one, namespaces: [...one.namespaces].sort() }))
    .sort((a, b) => (`${a.group}/${a.kind}` < `${b.group}/${b.kind}` ? -1 : 1));
}

/** Calico's defaults of an IPPool, which the API leaves out. */
export function withDefaults({ kind }: ObjectId, value: GitObject['value']): GitObject['value'] {
  if (kind !== 'IPPool') return value;
  const spec = (value.spec ?? {}) as Readonly<Record<string, unknown>>;
  const cidr = parsePrefix(String(spec.cidr));
  const usual = ipPool(cidr.ok ? cidr.prefix.family : 'ipv4');
  const filled = {
    blockSize: usual.blockSize,
    ipipMode: 'Never',
    vxlanMode: 'Never',
    natOutgoing: false,
    nodeSelector: usual.nodeSelector,
    disableBGPExport: false,
    disabled: false,
  };
  const set = Object.entries(spec).filter(([, one]) => one !== '' && one !== null);
  return {
    ...value,
    spec: { ...filled, ...Object.fromEntries(set), ...(cidr.ok && { cidr: cidr.prefix.text }) },
  };
}
