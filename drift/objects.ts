import type { Fabric } from '../fabric/index.ts';
import { fieldChanges } from '../review/fields.ts';
import { keyOf, type ObjectId } from '../review/objects.ts';
import { parsePrefix } from '../topology/address.ts';
import { typed } from '../verify/typed.ts';
import { inWords, nextAfterUnread } from '../verify/unread.ts';
import type { DriftUnknown, ObjectDrift } from './document.ts';
import { type GitObject, type InGit, inDefault, isOursAlone, withDefaults } from './expected.ts';
import { extraFields } from './extra-fields.ts';
import type { LiveObject, ObjectsLook } from './live-object.ts';
import { lastOf, lastOther, writerOf } from './owners.ts';
import { setByGit } from './set-fields.ts';

export interface ObjectsDrift {
  readonly objects: readonly ObjectDrift[];
  readonly unknown: readonly DriftUnknown[];
  /** How many are as in git. */
  readonly same: number;
}

/** The objects of a cluster against git: those that are missing, that differ in what git sets, and that nobody wrote in git. */
export function objectsDrift(fabric: Fabric, { objects: wanted }: InGit, look: ObjectsLook): ObjectsDrift {
  if (look.unread !== undefined) {
    const { evidence, what } = look.unread;
    const message = inWords(look.unread, look);
    const next = nextAfterUnread(fabric, look, look.unread);
    const about = { kind: 'cluster', name: what } as const;
    return {
      objects: [],
      unknown: [{ about, message, evidence: [...evidence], ...(next && { next }) }],
      same: 0,
    };
  }
  const found: ObjectDrift[] = [];
  const unknown: DriftUnknown[] = [];
  let same = 0;
  for (const { of, read } of look.kinds) {
    const ours = wanted.filter(({ id }) => id.group === of.group && id.kind === of.kind);
    if (!read.ok && read.why.because !== 'not-served') {
      const message = inWords(read.why, look);
      const next = nextAfterUnread(fabric, look, read.why);
      const about = { kind: 'objects', name: read.why.what } as const;
      unknown.push({ about, message, evidence: [...read.why.evidence], ...(next && { next }) });
      continue;
    }
    const there = read.ok ? read.value : [];
    const byKey = new Map(there.map((one) => [liveKey(one), one]));
    for (const one of ours) {
      const live = byKey.get(gitKey(one));
      if (live !== undefined) byKey.delete(gitKey(one));
      // verify tells which nodes are missing: git makes none.
      if (live === undefined && one.is === 'node') continue;
      const drift = live === undefined ? missing(fabric, one, read.ok) : changed(fabric, one, live);
      if (drift === undefined) same += 1;
      else found.push(drift);
    }
    for (const one of byKey.values()) if (isOursAlone(one.id)) found.push(byHand(fabric, one));
  }
  return { objects: found.sort((a, b) => (placeOf(a) < placeOf(b) ? -1 : 1)), unknown, same };
}

const placeOf = ({ id }: ObjectDrift): string => `${id.kind} ${id.namespace ?? ''} ${id.name} ${id.group}`;

/** The operator tells pools apart by their range, and a cluster's first ones have names of their own. */
const gitKey = ({ id, value, is }: GitObject): string =>
  is === 'pool' ? poolKey(value) : keyOf(inDefault(id));
const liveKey = ({ id, value }: LiveObject): string =>
  id.kind === 'IPPool' ? poolKey(value) : keyOf(inDefault(id));

function poolKey(value: Readonly<Record<string, unknown>>): string {
  const text = String(((value.spec ?? {}) as { cidr?: unknown }).cidr);
  const parsed = parsePrefix(text);
  return `IPPool ${parsed.ok ? parsed.prefix.text : text}`;
}

const written = (id: ObjectId): ObjectDrift['id'] => ({
  group: id.group,
  kind: id.kind,
  namespace: id.namespace ?? null,
  name: id.name,
});

const resourceOf = ({ group, kind }: ObjectId): string =>
  `${kind.toLowerCase()}${group === '' ? '' : `.${group}`}`;

function missing(fabric: Fabric, { id, is }: GitObject, isServed: boolean): ObjectDrift {
  const engine =
    fabric.gitops.engine === 'flux' ? 'kubectl get kustomizations -A' : 'kubectl -n argocd get applications';
  return {
    id: written(id),
    change: 'missing',
    fields: [],
    ...(isServed ? {} : { note: 'the cluster does not have this kind' }),
    next: is === 'pool' ? 'kubectl describe tigerastatus ippools' : engine,
  };
}

function changed(fabric: Fabric, one: GitObject, live: LiveObject): ObjectDrift | undefined {
  const { id, is } = one;
  const git = withDefaults(id, one.value);
  const value = withDefaults(id, live.value);
  // A pool's name is Calico's; what it is made of is not.
  const ours = is === 'pool' ? { spec: git.spec } : without(git, 'apiVersion');
  const theirs = setByGit(id.kind, '', ours, value) as Readonly<Record<string, unknown>>;
  const compared = fieldChanges(id.kind, ours, theirs).map(({ path, before, after }) => {
    const by = writerOf(fabric, live.managed, path);
    return { path, ...defined('before', before), ...defined('after', after), ...(by && { by }) };
  });
  const isDone = (path: string) => compared.some((field) => path.startsWith(field.path));
  const extras = (is === 'node' ? nodeExtras(fabric, live) : extraFields(fabric, git, live))
    .filter(({ path }) => !isDone(path))
    .map(({ path, value: after, by }) => ({ path, ...defined('after', after), ...(by && { by }) }));
  const fields = [...compared, ...extras];
  if (fields.length === 0) return undefined;
  const isEngines = fields.every(({ by }) => by?.is === 'engine');
  const by = lastOf(fields.flatMap((field) => field.by ?? [])) ?? lastOther(fabric, live.managed);
  const namespace = live.id.namespace === undefined ? [] : ['-n', live.id.namespace];
  const [resource, name] = [resourceOf(live.id), live.id.name];
  const next =
    namespace.length === 0
      ? typed`kubectl get ${resource} ${name} -o yaml --show-managed-fields`
      : typed`kubectl get -n ${namespace[1] ?? ''} ${resource} ${name} -o yaml --show-managed-fields`;
  return {
    id: { ...written(live.id), group: id.group },
    change: isEngines ? 'not-applied' : 'changed',
    fields,
    ...(isEngines || by === undefined ? {} : { by }),
    ...(next && { next }),
  };
}

function without(value: Readonly<Record<string, unknown>>, key: string): Readonly<Record<string, unknown>> {
  const { [key]: _, ...rest } = value;
  return rest;
}

type Field = ObjectDrift['fields'][number];

/** JSON has no undefined. */
const defined = (key: 'before' | 'after', value: unknown): Partial<Pick<Field, 'before' | 'after'>> =>
  value === undefined ? {} : { [key]: value as Field['after'] };

/** What a Node's annotations make of its calico-node: git has one AS number, and reflectors are routers. */
function nodeExtras(fabric: Fabric, { value, managed }: LiveObject) {
  const annotations = ((value.metadata ?? {}) as { annotations?: Readonly<Record<string, unknown>> })
    .annotations;
  return ['projectcalico.org/ASNumber', 'projectcalico.org/RouteReflectorClusterID'].flatMap((name) => {
    const set = annotations !== undefined && Object.hasOwn(annotations, name) ? annotations[name] : undefined;
    if (set === undefined || set === '' || String(set) === String(fabric.bgp.asNumber)) return [];
    const path = `metadata.annotations.${JSON.stringify(name)}`;
    return [{ path, value: set, by: writerOf(fabric, managed, path) }];
  });
}

function byHand(fabric: Fabric, { id, managed, value }: LiveObject): ObjectDrift {
  const by = lastOther(fabric, managed);
  const next = typed`kubectl get ${resourceOf(id)} ${id.name} -o yaml --show-managed-fields`;
  return {
    id: written(id),
    change: 'by-hand',
    fields: Object.entries((value.spec ?? {}) as Readonly<Record<string, unknown>>).map(([key, after]) => ({
      path: `spec.${key}`,
      ...defined('after', after),
    })),
    ...(by && { by }),
    ...(next && { next }),
  };
}
