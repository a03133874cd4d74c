import { parseAllDocuments, type ScalarTag, type Tags } from 'yaml';
import { grouped } from '../analysis/index.ts';
import { type FieldChange, fieldChanges } from './fields.ts';

/** What the API server tells objects apart by; versions of one group are the same object. */
export interface ObjectId {
  /** Empty for the core group. */
  readonly group: string;
  readonly kind: string;
  /** Undefined for what belongs to the whole cluster. */
  readonly namespace: string | undefined;
  readonly name: string;
}

export interface ObjectChange {
  readonly id: ObjectId;
  /**
   * `recreated`: an immutable field changes, so the object must be deleted first.
   * `replaced`: another name with another content, as Jobs have it that run once; `before` is the one that goes.
   */
  readonly change: 'added' | 'deleted' | 'changed' | 'recreated' | 'replaced';
  readonly before: ObjectId | undefined;
  /** None of what is added or deleted whole. */
  readonly fields: readonly FieldChange[];
}

/**
 * What applying the manifests of `after` does to a cluster that has those of `before`: by object, wherever it stands, and by
 * field. `files` are rendered files by path; what is no YAML is passed over. Throws on YAML that nothing of ours wrote.
 */
export function objectChanges(
  before: ReadonlyMap<string, string>,
  after: ReadonlyMap<string, string>,
): ObjectChange[] {
  const [objectsBefore, objectsAfter] = objectsOfBoth(before, after);
  const gone = new Map([...objectsBefore].filter(([key]) => !objectsAfter.has(key)));
  const come = [...objectsAfter].filter(([key]) => !objectsBefore.has(key));
  const lines = grouped([...gone], ([, { id }]) => lineOf(id) ?? '');
  lines.delete('');
  const changes: ObjectChange[] = [];
  for (const [key, { id, value }] of objectsAfter) {
    const old = objectsBefore.get(key);
    if (old === undefined) continue;
    const fields = fieldChanges(id.kind, old.value, value);
    if (fields.length === 0) continue;
    const isStuck = fields.some(({ path }) => isImmutable(id, path));
    changes.push({ id, change: isStuck ? 'recreated' : 'changed', before: old.id, fields });
  }
  for (const [, { id, value }] of come) {
    const [key, old] = lines.get(lineOf(id) ?? '')?.shift() ?? [];
    if (key === undefined || old === undefined) {
      changes.push({ id, change: 'added', before: undefined, fields: [] });
      continue;
    }
    gone.delete(key);
    const fields = fieldChanges(id.kind, old.value, value).filter(({ path }) => path !== 'metadata.name');
    changes.push({ id, change: 'replaced', before: old.id, fields });
  }
  for (const { id } of gone.values()) changes.push({ id, change: 'deleted', before: id, fields: [] });
  return changes.sort((a, b) => (keyOf(a.id) < keyOf(b.id) ? -1 : 1));
}

/** `BGPPeer route-reflector-wds-gateway`, `Job noencap-system/label-a`. */
export const objectText = ({ kind, namespace, name }: ObjectId): string =>
  `${kind} ${namespace === undefined ? '' : `${namespace}/`}${name}`;

export interface Held {
  readonly id: ObjectId;
  readonly value: object;
}

/** Every object of rendered files; a kustomization.yaml is one too. Throws on YAML that nothing of ours wrote. */
export const objectsOf = (files: ReadonlyMap<string, string>): Held[] => [
  ...objectsIn(documentsIn(files)).values(),
];

/** What differs: a document whose text stands on the other side too is the same object, and need not be understood. */
function objectsOfBoth(
  before: ReadonlyMap<string, string>,
  after: ReadonlyMap<string, string>,
): [Map<string, Held>, Map<string, Held>] {
  const [documentsBefore, documentsAfter] = [documentsIn(before), documentsIn(after)];
  const [keysBefore, keysAfter] = [documentsBefore, documentsAfter].map(
    (documents) => new Set(documents.map(keyOfText)),
  );
  return [
    objectsIn(documentsBefore.filter((one) => !keysAfter?.has(keyOfText(one)))),
    objectsIn(documentsAfter.filter((one) => !keysBefore?.has(keyOfText(one)))),
  ];
}

interface DocumentText {
  readonly path: string;
  readonly text: string;
}

/** A kustomization.yaml is called by its path: elsewhere the same text is another object. */
const keyOfText = ({ path, text }: DocumentText): string =>
  /^\s*kind: Kustomization$/m.test(text) ? `${path}\n${text}` : text;

/** `---` at the start of a line begins a document (YAML 1.2 section 9.1.2), inside a block scalar as well. */
const documentsIn = (files: ReadonlyMap<string, string>): DocumentText[] =>
  [...files]
    .filter(([path]) => path.endsWith('.yaml'))
    .flatMap(([path, text]) => text.split(/^---(?=\s|$)/m).map((one) => ({ path, text: one })));

/** Kubernetes reads 0644 as YAML 1.1 has it, which the files that lie beside ours may hold: not the number 644. */
const OCTAL: ScalarTag = {
  tag: 'tag:yaml.org,2002:int',
  default: true,
  test: /^[-+]?0[0-7]+$/,
  resolve: (text) => Number.parseInt(text, 8),
};

const READING = {
  version: '1.2',
  merge: true,
  customTags: (tags: Tags) => [OCTAL, ...tags],
} as const;

function objectsIn(documents: readonly DocumentText[]): Map<string, Held> {
  const found = new Map<string, Held>();
  for (const { path, text } of documents) {
    for (const document of parseAllDocuments(text, READING)) {
      const [error] = document.errors;
      if (error !== undefined) throw new Error(`${path}: ${error.message}`);
      const value: unknown = document.toJS();
      if (typeof value !== 'object' || value === null) continue;
      const id = idOf(value as Manifest, path);
      if (id !== undefined) found.set(keyOf(id), { id, value });
    }
  }
  return found;
}

interface Manifest {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata?: { readonly name?: string; readonly namespace?: string };
}

/** A kustomization.yaml has no name: it is the file. Undefined for what is no manifest. */
function idOf({ apiVersion = '', kind, metadata = {} }: Manifest, path: string): ObjectId | undefined {
  if (kind === undefined) return undefined;
  const group = apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : '';
  return { group, kind, namespace: metadata.namespace, name: metadata.name ?? path };
}

export const keyOf = ({ group, kind, namespace = '', name }: ObjectId): string =>
  JSON.stringify([group, kind, namespace, name]);

/** Names of what runs once end with a hash of its content: the next one is another object of the same stem. */
const stemOf = (name: string): string | undefined => /^(.+)-[0-9a-f]{10}$/.exec(name)?.[1];

/** What an object that runs once has in common with the one that takes its place; undefined for what has no hash in its name. */
function lineOf(id: ObjectId): string | undefined {
  const stem = stemOf(id.name);
  return stem === undefined ? undefined : keyOf({ ...id, name: stem });
}

/** Fields that the API server, or Calico's validation, refuses to change. */
const IMMUTABLE: Readonly<Record<string, readonly string[]>> = {
  'apps/Deployment': ['spec.selector'],
  'batch/Job': ['spec.template', 'spec.selector', 'spec.completions', 'spec.podFailurePolicy'],
  'rbac.authorization.k8s.io/ClusterRoleBinding': ['roleRef'],
  'rbac.authorization.k8s.io/RoleBinding': ['roleRef'],
  'crd.projectcalico.org/IPPool': ['spec.cidr', 'spec.blockSize'],
  'projectcalico.org/IPPool': ['spec.cidr', 'spec.blockSize'],
};

const isImmutable = ({ group, kind }: ObjectId, path: string): boolean =>
  (IMMUTABLE[`${group}/${kind}`] ?? []).some(
    (field) => path === field || path.startsWith(`${field}.`) || path.startsWith(`${field}[`),
  );
