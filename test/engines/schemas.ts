import { spawnSync } from 'node:child_process';
import { ENGINE_GROUPS, engineCrd } from '../../scripts/engine-crds.ts';
import { schemaErrors } from '../charts/custom-resources.ts';
import { coreErrors, metadataErrors } from '../charts/kubernetes-schemas.ts';
import type { Crd, KubernetesObject, Schema } from '../charts/upstream.ts';

/** What an API server with the engines' CRDs would say against objects of dist/gitops; empty if it takes them all. */
export function engineErrors(objects: readonly KubernetesObject[]): string[] {
  const own = objects.filter((object) => shapeOf(object) === undefined);
  const engines = objects.filter((object) => shapeOf(object) !== undefined);
  return [
    ...own.flatMap((object) => coreErrors(object).map((error) => named(object, error))),
    ...engines.flatMap((object) =>
      [...schemaErrors(shapeOf(object) as Schema, object), ...metadataErrors(object.metadata)].map((error) =>
        named(object, error),
      ),
    ),
    ...modelErrors(engines),
  ];
}

const named = ({ kind, metadata }: KubernetesObject, error: string): string =>
  `${kind} ${metadata.name}: ${error}`;

/** The declaration of a kind: it knows every field there is, so it refuses those that there are not. */
function shapeOf({ apiVersion, kind }: KubernetesObject): Schema | undefined {
  const [group = '', version] = apiVersion.split('/');
  const found = ENGINE_GROUPS[group]?.find((one) => one.kind === kind && one.version === version);
  if (found === undefined) return undefined;
  const key = `${apiVersion} ${kind}`;
  const shape = shapes.get(key) ?? (engineCrd(group, found) as Crd).spec.versions[0]?.schema.openAPIV3Schema;
  if (shape !== undefined) shapes.set(key, shape);
  return shape;
}

const shapes = new Map<string, Schema>();

/**
 * The compiled schemas of the models, which know patterns and formats but let unknown fields pass. Flux's are ES modules
 * whose exports a `require` does not find: they run in a node of their own.
 */
const MODELS = `
import { readFileSync } from 'node:fs';
import { AppProject, Application } from '@kubernetes-models/argo-cd/argoproj.io/v1alpha1';
import { Kustomization } from '@kubernetes-models/flux-cd/kustomize.toolkit.fluxcd.io/v1';
import { GitRepository } from '@kubernetes-models/flux-cd/source.toolkit.fluxcd.io/v1';
const models = { AppProject, Application, Kustomization, GitRepository };
const errors = JSON.parse(readFileSync(0, 'utf8')).flatMap((object) => {
  try {
    new models[object.kind](object).validate();
    return [];
  } catch (error) {
    return [object.kind + ' ' + object.metadata.name + ': ' + error.message];
  }
});
process.stdout.write(JSON.stringify(errors));
`;

function modelErrors(objects: readonly KubernetesObject[]): string[] {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', MODELS], {
    input: JSON.stringify(objects),
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout);
}
