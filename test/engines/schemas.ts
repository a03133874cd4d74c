import { Application } from '@kubernetes-models/argo-cd/argoproj.io/v1alpha1/Application';
import { AppProject } from '@kubernetes-models/argo-cd/argoproj.io/v1alpha1/AppProject';
import { engineCrds } from '../../scripts/engine-crds.ts';
import { ruleErrors, schemaErrors } from '../charts/custom-resources.ts';
import { coreErrors, metadataErrors } from '../charts/kubernetes-schemas.ts';
import type { KubernetesObject, Schema } from '../charts/upstream.ts';

/** The objections of an API server with the engines' CRDs to objects of dist/gitops; empty if it accepts them all. */
export function engineErrors(objects: readonly KubernetesObject[]): string[] {
  const own = objects.filter((object) => shapeOf(object) === undefined);
  const engines = objects.filter((object) => shapeOf(object) !== undefined);
  return [
    ...own.flatMap((object) => coreErrors(object).map((error) => named(object, error))),
    ...engines.flatMap((object) =>
      [
        ...schemaErrors(shapeOf(object) as Schema, object),
        ...ruleErrors(shapeOf(object) as Schema, object, undefined),
        ...metadataErrors(object.metadata),
        ...modelErrors(object),
      ].map((error) => named(object, error)),
    ),
  ];
}

const named = ({ kind, metadata }: KubernetesObject, error: string): string =>
  `${kind} ${metadata.name}: ${error}`;

/** Knows every field, so it rejects unknown ones. */
function shapeOf({ apiVersion, kind }: KubernetesObject): Schema | undefined {
  const [group, version] = apiVersion.split('/');
  const crd = CRDS.find(({ spec }) => spec.group === group && spec.names.kind === kind);
  return crd?.spec.versions.find(({ name }) => name === version)?.schema.openAPIV3Schema as
    | Schema
    | undefined;
}

const CRDS = engineCrds();

/** The compiled schemas of Argo CD's models, which check patterns and formats but let unknown fields pass. */
function modelErrors(object: KubernetesObject): string[] {
  const Model = MODELS[object.kind];
  if (Model === undefined) return [];
  try {
    new Model(object as never).validate();
    return [];
  } catch (error) {
    return [(error as Error).message];
  }
}

type Model = new (object: never) => { validate(): void };

const MODELS: Readonly<Record<string, Model | undefined>> = { AppProject, Application };
