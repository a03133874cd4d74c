import type { Engine } from './engine.ts';

/** An object of the cluster, with the record of field ownership. */
export interface OwnedObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly resourceVersion?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly managedFields?: readonly ManagedFields[];
  };
}

/** An entry of metadata.managedFields. */
export interface ManagedFields {
  readonly manager?: string;
  readonly operation?: string;
  readonly subresource?: string;
  readonly fieldsV1?: FieldSet;
}

/** Fields as a tree: `f:spec`, `k:{"name":"a"}`, `v:"x"`; `.` is the map or item itself. */
export interface FieldSet {
  readonly [key: string]: FieldSet;
}

/** Another manager that owns fields set in git. */
export interface ForeignOwner {
  readonly manager: string;
  /** `spec.template`, sorted. */
  readonly fields: readonly string[];
}

/** The Tigera operator's field manager: its program name. It may own the fields that it fills in itself. */
const OPERATOR = 'operator';

/**
 * Other owners of our fields, besides the engine and the operator. Ours are those that the engine's manager applied. With a second
 * owner a field removed from git stays in the cluster, since the API server removes it only when nobody owns it any more.
 */
export function foreignOwners(object: OwnedObject, engine: Engine): ForeignOwner[] {
  const ours = fieldsOf(object, engine);
  return (object.metadata.managedFields ?? []).flatMap((entry): ForeignOwner[] => {
    if (!isForeign(entry, engine)) return [];
    const fields = pathsOf(common(entry.fieldsV1 ?? {}, ours)).sort();
    return fields.length === 0 ? [] : [{ manager: entry.manager ?? 'somebody', fields }];
  });
}

/** An operation of a JSON patch (RFC 6902). */
export interface PatchOperation {
  readonly op: 'test' | 'replace' | 'remove';
  readonly path: string;
  readonly value?: unknown;
}

/**
 * A patch that leaves our fields to the engine alone: others keep their other fields. K3s' deploy controller also loses its mark
 * on the object. It uses the mark to find what to delete when an object is removed from its file (wrangler's apply), which is the
 * engine's decision from now on. Empty if there is nothing to do; refused by the API server if the object has changed.
 */
export function handOver(object: OwnedObject, engine: Engine): PatchOperation[] {
  const { managedFields = [], resourceVersion, labels = {}, annotations = {} } = object.metadata;
  const ours = fieldsOf(object, engine);
  const marks = [
    ...K3S_LABELS.filter((key) => key in labels).map((key) => ['labels', key]),
    ...Object.keys(annotations)
      .filter((key) => key.startsWith(K3S_MARK))
      .map((key) => ['annotations', key]),
  ];
  const foreign = foreignOwners(object, engine).length > 0;
  if (marks.length === 0 && !foreign) return [];
  const given = union(ours, { 'f:metadata': fieldsOfMarks(marks) });
  const left = managedFields.flatMap((entry): ManagedFields[] => {
    if (!isForeign(entry, engine)) return [entry];
    const fieldsV1 = without(entry.fieldsV1 ?? {}, given);
    return Object.keys(fieldsV1).length === 0 ? [] : [{ ...entry, fieldsV1 }];
  });
  return [
    { op: 'test', path: '/metadata/resourceVersion', value: resourceVersion },
    ...marks.map(([map = '', key = '']): PatchOperation => {
      return { op: 'remove', path: `/metadata/${map}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}` };
    }),
    ...(foreign ? [{ op: 'replace' as const, path: '/metadata/managedFields', value: left }] : []),
  ];
}

const fieldsOfMarks = (marks: readonly (readonly string[])[]): FieldSet =>
  marks.map(([map, key]) => ({ [`f:${map}`]: { [`f:${key}`]: {} } })).reduce<FieldSet>(union, {});

const K3S_MARK = 'objectset.rio.cattle.io/';
const K3S_LABELS = [`${K3S_MARK}hash`];

/** Status and scale are separate fields, owned by others. */
const isForeign = ({ manager, subresource }: ManagedFields, engine: Engine): boolean =>
  subresource === undefined && manager !== engine.fieldManager && manager !== OPERATOR;

/** What the engine's manager applied, in any number of entries. */
function fieldsOf(object: OwnedObject, engine: Engine): FieldSet {
  const entries = (object.metadata.managedFields ?? []).filter(
    ({ manager, operation, subresource }) =>
      manager === engine.fieldManager && operation === 'Apply' && subresource === undefined,
  );
  return entries.map(({ fieldsV1 = {} }) => fieldsV1).reduce(union, {});
}

function union(a: FieldSet, b: FieldSet): FieldSet {
  const keys = new Set([...Object.keys(a), ...Object.keys(b)]);
  return Object.fromEntries([...keys].map((key) => [key, union(a[key] ?? {}, b[key] ?? {})]));
}

/** A value, or a map whose existence is owned but none of its contents. */
const isLeaf = (set: FieldSet): boolean => Object.keys(set).length === 0;

function common(a: FieldSet, b: FieldSet): FieldSet {
  return Object.fromEntries(
    Object.entries(a).flatMap(([key, below]): [string, FieldSet][] => {
      const other = b[key];
      if (other === undefined || key === '.') return [];
      if (isLeaf(below) && isLeaf(other)) return [[key, {}]];
      const shared = common(below, other);
      return isLeaf(shared) ? [] : [[key, shared]];
    }),
  );
}

/** Ownership of a map or list item itself (`.`) ends with the manager's last field in it. */
function without(a: FieldSet, b: FieldSet): FieldSet {
  return Object.fromEntries(
    Object.entries(a).flatMap(([key, below]): [string, FieldSet][] => {
      const other = b[key];
      if (other === undefined || key === '.') return [[key, below]];
      if (isLeaf(below) || isLeaf(other)) return [];
      const left = without(below, other);
      return Object.keys(left).every((one) => one === '.') ? [] : [[key, left]];
    }),
  );
}

function pathsOf(set: FieldSet, above: readonly string[] = []): string[] {
  return Object.entries(set).flatMap(([key, below]) => {
    const path = [...above, key.replace(/^[fkv]:/, '')];
    return isLeaf(below) ? [path.join('.')] : pathsOf(below, path);
  });
}
