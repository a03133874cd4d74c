import { parse, stringify } from 'yaml';
import { LAYERS } from '../../charts/index.ts';
import { type KubernetesObject, objectsIn } from '../charts/upstream.ts';
import { type Cluster, isCustom, isServed, unhealthy } from './cluster.ts';

/** The files that engines read, by path below dist. */
export type Files = ReadonlyMap<string, string>;

/** What kustomize builds from a folder: what its kustomization.yaml names, and nothing else. */
export function objectsAt(files: Files, folder: string): KubernetesObject[] {
  const text = files.get(`${folder}/kustomization.yaml`);
  if (text === undefined) throw new Error(`${folder} has no kustomization.yaml`);
  return (parse(text).resources as string[]).flatMap((name) => {
    const file = files.get(`${folder}/${name}`);
    if (file === undefined) throw new Error(`${folder} has no ${name}`);
    const objects = read.get(file) ?? objectsIn(file);
    read.set(file, objects);
    return objects;
  });
}

/** A replay reads each file many times; nothing changes an object in place. */
const read = new Map<string, KubernetesObject[]>();

/** The files with the objects of one changed: `edit` changes an object, or returns false to remove it. */
export function edited(
  files: Files,
  path: string,
  // biome-ignore lint/suspicious/noConfusingVoidType: most edits change the object in place
  edit: (object: KubernetesObject) => boolean | void,
): Files {
  const text = files.get(path);
  if (text === undefined) throw new Error(`there is no ${path}`);
  const objects = objectsIn(text).filter((object) => edit(object) !== false);
  const after = objects.map((object) => stringify(object)).join('---\n');
  if (JSON.stringify(objects) === JSON.stringify(objectsIn(text)))
    throw new Error(`nothing changed in ${path}`);
  return new Map([...files, [path, after]]);
}

/** `./dist/cluster/30-bgp` as a folder below dist. */
export const belowDist = (path: string): string => {
  const [, folder] = /^(?:\.\/)?dist\/(.+)$/.exec(path) ?? [];
  if (folder === undefined) throw new Error(`${path} is not in dist`);
  return folder;
};

/**
 * What is wrong with applying objects of a folder now: a layer that they depend on is not healthy yet, or the kind of one is
 * not served although a retry must not be relied on. What provides which kind, and when, is data in cluster.ts.
 */
export function premature(
  cluster: Cluster,
  files: Files,
  folder: string,
  objects: readonly KubernetesObject[],
): string[] {
  const layer = LAYERS.find((one) => one.folder === folder);
  if (layer === undefined) return [];
  const below = LAYERS.filter(({ name }) => layer.after.includes(name));
  const waiting = below.flatMap((one) => unhealthy(cluster, objectsAt(files, one.folder)));
  if (waiting.length > 0) return [`${layer.name} is applied before ${waiting.join(', ')}`];
  // A running operator creates its kinds within moments; those of Calico's own API server must already be served.
  return objects
    .filter((object) => isCustom(object) && !isServed(cluster, object) && layer.name !== 'installation')
    .map((object) => `${object.kind} of ${object.apiVersion} is applied before it is served`);
}
