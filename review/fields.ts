import { diffArrays } from 'diff';

/** One changed field. */
export interface FieldChange {
  /** `spec.ipPools[name=default].cidr`; of lists whose items have no name `rules[].verbs[]`. */
  readonly path: string;
  /** Undefined where it was not there. */
  readonly before: unknown;
  /** Undefined where it is no longer there. */
  readonly after: unknown;
}

/** The placeholder for a secret value. */
export const HIDDEN = '(hidden)';

/**
 * The fields in which two objects of a kind differ. The order of keys means nothing, and that of lists only where the API gives
 * it a meaning. Values of Secrets are never shown.
 */
export function fieldChanges(kind: string, before: object, after: object): FieldChange[] {
  const found = differences(kind, '', before, after);
  return kind === 'Secret' ? found.map(hide) : found;
}

function hide(change: FieldChange): FieldChange {
  if (!/^(data|stringData)(\.|$)/.test(change.path)) return change;
  const hidden = (value: unknown) => (value === undefined ? undefined : HIDDEN);
  return { path: change.path, before: hidden(change.before), after: hidden(change.after) };
}

function differences(kind: string, path: string, before: unknown, after: unknown): FieldChange[] {
  if (Array.isArray(before) && Array.isArray(after)) return listDifferences(kind, path, before, after);
  if (isMap(before) && isMap(after)) {
    const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
    return keys.flatMap((key) =>
      differences(kind, joined(path, key), ownValue(before, key), ownValue(after, key)),
    );
  }
  return isSame(before, after) ? [] : [{ path, before, after }];
}

/** By name where all items have one, in order where the API has one, else as a set. */
function listDifferences(
  kind: string,
  path: string,
  before: readonly unknown[],
  after: readonly unknown[],
): FieldChange[] {
  if (isOrdered(kind, path)) return orderedDifferences(path, before, after);
  const names = [namesOf(path, before), namesOf(path, after)] as const;
  if (names[0] !== undefined && names[1] !== undefined) {
    const [itemsBefore, itemsAfter] = names;
    const all = [...new Set([...itemsBefore.keys(), ...itemsAfter.keys()])].sort();
    return all.flatMap((name) =>
      differences(kind, `${path}[${name}]`, itemsBefore.get(name), itemsAfter.get(name)),
    );
  }
  const left = [...after];
  // Not isSame: a rule with its verbs in another order is the same rule.
  const isEqual = (one: unknown, other: unknown) => differences(kind, `${path}[]`, one, other).length === 0;
  const gone = before.filter((item) => {
    const at = left.findIndex((other) => isEqual(item, other));
    if (at >= 0) left.splice(at, 1);
    return at < 0;
  });
  const [was, is] = [gone[0], left[0]];
  // One for one: that is an item in which something changed.
  if (gone.length === 1 && left.length === 1 && isMap(was) && isMap(is)) {
    return differences(kind, `${path}[]`, was, is);
  }
  return [
    ...gone.map((item) => ({ path: `${path}[]`, before: item, after: undefined })),
    ...left.map((item) => ({ path: `${path}[]`, before: undefined, after: item })),
  ];
}

/** Added and removed items, by position; a moved item counts as both. */
function orderedDifferences(
  path: string,
  before: readonly unknown[],
  after: readonly unknown[],
): FieldChange[] {
  const found: FieldChange[] = [];
  let [was, is] = [0, 0];
  for (const part of diffArrays([...before], [...after], { comparator: isSame })) {
    for (const item of part.value) {
      if (part.removed) found.push({ path: `${path}[${was}]`, before: item, after: undefined });
      else if (part.added) found.push({ path: `${path}[${is}]`, before: undefined, after: item });
      if (!part.added) was += 1;
      if (!part.removed) is += 1;
    }
  }
  return found;
}

/** Commands and their arguments, and what Calico's filters try one after the other. Every other list of ours is a set or a map. */
export const isOrdered = (kind: string, path: string): boolean =>
  /(^|\.)(command|args)$/.test(path) ||
  (kind === 'BGPFilter' && /^spec\.(import|export)V[46]$/.test(path)) ||
  (kind === 'BGPPeer' && path === 'spec.filters');

/** What items of lists without names are told apart by (Kubernetes' `listMapKeys`). */
const KEYS: Readonly<Record<string, readonly string[]>> = {
  ports: ['containerPort', 'port', 'protocol'],
  volumeMounts: ['mountPath'],
  subjects: ['kind', 'namespace', 'name'],
  conditions: ['type'],
};

/** The items of a list by what they are called; undefined if two are called the same, or one is not called anything. */
export function namesOf(path: string, items: readonly unknown[]): ReadonlyMap<string, unknown> | undefined {
  const keys = KEYS[path.split('.').at(-1) ?? ''] ?? ['name'];
  const named = new Map<string, unknown>();
  for (const item of items) {
    if (!isMap(item)) return undefined;
    const given = keys.filter((key) => item[key] !== undefined);
    if (given.some((key) => typeof item[key] === 'object')) return undefined;
    const parts = given.map((key) => `${key}=${String(item[key])}`);
    const name = parts.join(',');
    if (name === '' || named.has(name)) return undefined;
    named.set(name, item);
  }
  return named;
}

/** A key with a dot or a bracket stands in quotes: labels have both. */
export const joined = (path: string, key: string): string => {
  const step = /^[A-Za-z0-9_-]+$/.test(key) ? key : JSON.stringify(key);
  return path === '' ? step : `${path}.${step}`;
};

export const ownValue = (map: Readonly<Record<string, unknown>>, key: string): unknown =>
  Object.hasOwn(map, key) ? map[key] : undefined;

export const isMap = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Of values as YAML has them; the order of keys means nothing, that of lists does. */
function isSame(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length && a.every((item, index) => isSame(item, b[index]));
  }
  if (!isMap(a) || !isMap(b)) return false;
  const keys = Object.keys(a);
  return (
    keys.length === Object.keys(b).length &&
    keys.every((key) => Object.hasOwn(b, key) && isSame(a[key], b[key]))
  );
}
