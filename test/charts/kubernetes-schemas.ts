import { validate as objectMeta } from '@kubernetes-models/apimachinery/_schemas/IoK8sApimachineryPkgApisMetaV1ObjectMeta';
import { CustomResourceDefinition } from 'kubernetes-models/apiextensions.k8s.io/v1/CustomResourceDefinition';
import { Deployment } from 'kubernetes-models/apps/v1/Deployment';
import { CronJob } from 'kubernetes-models/batch/v1/CronJob';
import { Job } from 'kubernetes-models/batch/v1/Job';
import { ClusterRole } from 'kubernetes-models/rbac.authorization.k8s.io/v1/ClusterRole';
import { ClusterRoleBinding } from 'kubernetes-models/rbac.authorization.k8s.io/v1/ClusterRoleBinding';
import { Role } from 'kubernetes-models/rbac.authorization.k8s.io/v1/Role';
import { RoleBinding } from 'kubernetes-models/rbac.authorization.k8s.io/v1/RoleBinding';
import { ConfigMap } from 'kubernetes-models/v1/ConfigMap';
import { Namespace } from 'kubernetes-models/v1/Namespace';
import { Pod } from 'kubernetes-models/v1/Pod';
import { ServiceAccount } from 'kubernetes-models/v1/ServiceAccount';
import type { KubernetesObject } from './upstream.ts';

/** The faults of an object of Kubernetes' own kinds, by Kubernetes' own schemas; empty if there are none. */
export function coreErrors(object: KubernetesObject): string[] {
  const model = MODELS.find((one) => one.apiVersion === object.apiVersion && one.kind === object.kind);
  if (model === undefined) return [`no schema of ${object.apiVersion} ${object.kind}`];
  return readBy(object, (watched) => {
    try {
      // On the object itself: a model's constructor would copy it, and so read every field.
      model.prototype.validate.call(watched as never);
      return [];
    } catch (error) {
      return [(error as Error).message];
    }
  });
}

/** The same for the metadata of a custom resource. */
export const metadataErrors = (metadata: unknown): string[] =>
  readBy({ metadata }, (watched) => {
    const check = objectMeta as {
      (data: unknown): boolean;
      errors?: { instancePath: string; message?: string }[];
    };
    if (check(watched.metadata)) return [];
    return (check.errors ?? []).map((error) => `/metadata${error.instancePath} ${error.message ?? ''}`);
  });

const MODELS = [
  ClusterRole,
  ClusterRoleBinding,
  ConfigMap,
  CronJob,
  CustomResourceDefinition,
  Deployment,
  Job,
  Namespace,
  Pod,
  Role,
  RoleBinding,
  ServiceAccount,
];

/**
 * The package has the schemas only as compiled functions, which let unknown fields pass. Such a function reads every
 * field of its schema, so a field that it never reads is unknown: the API server's strict validation rejects it.
 */
function readBy<T extends object>(object: T, check: (watched: T) => string[]): string[] {
  const read = new Map<object, Set<string>>();
  const watch = <V>(value: V): V => {
    if (typeof value !== 'object' || value === null) return value;
    const keys = read.get(value) ?? new Set<string>();
    read.set(value, keys);
    return new Proxy(value, {
      get(target, key) {
        if (typeof key === 'string') keys.add(key);
        return watch(Reflect.get(target, key));
      },
    });
  };
  const errors = check(watch(object));
  return errors.length > 0 ? errors : unread(object, read, '');
}

function unread(value: unknown, read: ReadonlyMap<object, ReadonlySet<string>>, path: string): string[] {
  if (typeof value !== 'object' || value === null) return [];
  const keys = read.get(value);
  return Object.entries(value).flatMap(([key, item]) => {
    const at = `${path}/${key}`;
    if (keys?.has(key) || Array.isArray(value)) return unread(item, read, at);
    return [`${at} is unknown`];
  });
}
