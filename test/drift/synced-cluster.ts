import { parse } from 'yaml';
import type { FieldSet } from '../../bootstrap/ownership.ts';
import { inGit } from '../../drift/index.ts';
import type { Fabric } from '../../fabric/index.ts';
import { render } from '../../repository/render.ts';
import { fabricOf } from '../fabric-of.ts';
import { reportText } from '../fixture/report.ts';
import type { Stored } from '../live/cluster/api-server.ts';

export const SINCE = '2026-01-02T03:04:05Z';
export const LATER = '2026-02-03T04:05:06Z';

/** The fields of a value, as server-side apply records them: lists of objects with names by name, all others whole. */
export function fieldsOf(value: unknown): FieldSet {
  if (Array.isArray(value)) {
    const named = value.every((one) => typeof one === 'object' && one !== null && 'name' in one);
    if (!named || value.length === 0) return {};
    return Object.fromEntries(
      value.map((one) => [`k:${JSON.stringify({ name: one.name })}`, { '.': {}, ...fieldsOf(one) }]),
    );
  }
  if (typeof value !== 'object' || value === null) return {};
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [`f:${key}`, fieldsOf(one)]));
}

export const entry = (manager: string, value: unknown, operation = 'Apply', time = SINCE) => ({
  manager,
  operation,
  time,
  apiVersion: 'v1',
  fieldsType: 'FieldsV1',
  fieldsV1: fieldsOf(value),
});

/** What the API server, or the Job's and Deployment's controllers, fill in. */
const FILLED: Readonly<Record<string, (spec: Fields) => Fields>> = {
  Deployment: (spec) => ({
    ...spec,
    progressDeadlineSeconds: 600,
    strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: '25%', maxSurge: '25%' } },
  }),
  Job: (spec) => ({ ...spec, parallelism: 1, completions: 1, suspend: false, completionMode: 'NonIndexed' }),
  Namespace: (spec) => ({ ...spec, finalizers: ['kubernetes'] }),
};

type Fields = Readonly<Record<string, unknown>>;

const isBuiltIn = (group: string): boolean => !/\.(tigera|projectcalico)\./.test(`.${group}`);

/** Kubernetes' own kinds go through Go types, whose JSON has no empty `value` of a variable, and no empty list. */
function withoutZeros(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutZeros);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key, one]) => !(key === 'value' && one === '') && !(Array.isArray(one) && one.length === 0))
      .map(([key, one]) => [key, withoutZeros(one)]),
  );
}

/** A cluster that has what git has, as an engine and Calico's operator leave it. */
export function syncedCluster(
  fabric: Fabric = fabricOf(parse(reportText())),
  engine = 'argocd-controller',
): Map<string, readonly Stored[]> {
  const { files } = render(fabric, undefined);
  const lists = new Map<string, Stored[]>();
  for (const { id, version, value, is } of inGit(fabric, files).objects) {
    const above = id.group === '' ? `/api/${version}` : `/apis/${id.group}/${version}`;
    const plural = `${id.kind.toLowerCase()}s`;
    const path =
      id.namespace === undefined ? `${above}/${plural}` : `${above}/namespaces/${id.namespace}/${plural}`;
    const { apiVersion: _, kind: __, metadata, spec, ...rest } = value;
    const { name: ___, namespace: ____, ...marks } = metadata as Fields;
    const applied = { metadata: marks, ...(spec === undefined ? {} : { spec }), ...rest };
    const filled = FILLED[id.kind]?.((spec ?? {}) as Fields) ?? spec;
    const manager = { rendered: engine, pool: 'operator', node: 'kubectl-label' }[is];
    const object: Stored = {
      ...(isBuiltIn(id.group) ? (withoutZeros(value) as Fields) : value),
      metadata: {
        ...(metadata as { name: string }),
        uid: '0',
        creationTimestamp: SINCE,
        managedFields: [
          entry(manager, applied, is === 'rendered' ? 'Apply' : 'Update'),
          {
            ...entry('kube-controller-manager', {}, 'Update'),
            subresource: 'status',
            fieldsV1: { 'f:status': {} },
          },
        ],
      },
      ...(filled === undefined ? {} : { spec: isBuiltIn(id.group) ? withoutZeros(filled) : filled }),
      status: { phase: 'Active' },
    };
    lists.set(path, [...(lists.get(path) ?? []), object]);
  }
  const other = (name: string) => ({ kind: 'ClusterRole', metadata: { name }, rules: [] });
  const roles = '/apis/rbac.authorization.k8s.io/v1/clusterroles';
  lists.set(roles, [other('cluster-admin'), ...(lists.get(roles) ?? [])]);
  const filters = `/apis/${fabric.calico.api}/bgpfilters`;
  if (!lists.has(filters)) lists.set(filters, []);
  return lists;
}

/** Changes an object as somebody with this field manager does. */
export function edited(
  lists: Map<string, readonly Stored[]>,
  path: string,
  name: string,
  change: { readonly spec?: Fields; readonly metadata?: Fields; readonly [field: string]: unknown },
  manager = 'kubectl-edit',
): void {
  const list = lists.get(path) ?? [];
  const object = list.find(({ metadata }) => metadata.name === name);
  if (object === undefined) throw new Error(`${path} has no ${name}`);
  const changed = merged(object, change) as Stored;
  const { managedFields } = object.metadata as unknown as { managedFields: object[] };
  const taken = fieldsOf(change);
  const left = managedFields.map((one) => ({
    ...one,
    fieldsV1: minus((one as { fieldsV1: FieldSet }).fieldsV1, taken),
  }));
  const metadata = { ...changed.metadata, managedFields: [...left, entry(manager, change, 'Update', LATER)] };
  lists.set(
    path,
    list.map((one) => (one === object ? { ...changed, metadata } : one)),
  );
}

/** Null takes a field away. */
function merged(value: unknown, change: unknown): unknown {
  if (typeof change !== 'object' || change === null || Array.isArray(change)) return change;
  const result: Record<string, unknown> = { ...(value as Fields) };
  for (const [key, one] of Object.entries(change)) {
    if (one === null) delete result[key];
    else result[key] = merged(result[key], one);
  }
  return result;
}

/** An update takes over the fields that it changes. */
function minus(set: FieldSet, taken: FieldSet): FieldSet {
  return Object.fromEntries(
    Object.entries(set).flatMap(([key, below]): [string, FieldSet][] => {
      const other = taken[key];
      if (other === undefined) return [[key, below]];
      return Object.keys(other).length === 0 ? [] : [[key, minus(below, other)]];
    }),
  );
}
