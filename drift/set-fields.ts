import { isMap, isOrdered, joined, namesOf, ownValue } from '../review/fields.ts';

/**
 * Of a live value only what git sets: what the API server and operators fill in besides is no drift. In a list that git sets, every item
 * counts: one more is drift.
 */
export function setByGit(kind: string, path: string, git: unknown, live: unknown): unknown {
  if (isMap(git) && isMap(live)) {
    return Object.fromEntries(
      Object.keys(git).flatMap((key): [string, unknown][] => {
        const [ours, theirs] = [ownValue(git, key), ownValue(live, key)];
        if (theirs === undefined && isLeftOut(key, ours)) return [[key, ours]];
        if (isSameQuantity(path, ours, theirs)) return [[key, ours]];
        return Object.hasOwn(live, key) ? [[key, setByGit(kind, joined(path, key), ours, theirs)]] : [];
      }),
    );
  }
  if (Array.isArray(git) && Array.isArray(live)) return itemsSetByGit(kind, path, git, live);
  return live;
}

/**
 * Whether the API server leaves a value out when it writes an object: empty maps and lists, and of its own kinds what is no pointer in Go
 * (k8s.io/api, `omitempty`). Of what is one, `automountServiceAccountToken: false` say, nothing means something else than false.
 */
const isLeftOut = (key: string, value: unknown): boolean =>
  value === null ||
  (Array.isArray(value) && value.length === 0) ||
  (isMap(value) && Object.keys(value).length === 0) ||
  (LEFT_OUT.has(key) && (value === '' || value === 0 || value === false));

const LEFT_OUT = new Set([
  'apiGroup',
  'hostIPC',
  'hostNetwork',
  'hostPID',
  'initialDelaySeconds',
  'minReadySeconds',
  'paused',
  'preserveUnknownFields',
  'readOnly',
  'stdin',
  'stdinOnce',
  'subPath',
  'tty',
  'value',
]);

/** Of resources the API server writes the shortest form: 1Gi for 1024Mi, 500m for 0.5. */
function isSameQuantity(path: string, ours: unknown, theirs: unknown): boolean {
  if (!/(^|\.)(limits|requests|hard)$/.test(path)) return false;
  const [one, other] = [quantity(ours), quantity(theirs)];
  return one !== undefined && one === other;
}

/** In thousandths (k8s.io/apimachinery, resource.Quantity). */
function quantity(value: unknown): number | undefined {
  const [, number, unit = ''] = /^(\d+(?:\.\d+)?)(m|[kMGTPE]|[KMGTPE]i)?$/.exec(String(value)) ?? [];
  if (number === undefined) return undefined;
  if (unit === 'm') return Number(number);
  const power = 'kMGTPE'.indexOf(unit.slice(0, 1).replace('K', 'k')) + 1;
  return Number(number) * 1000 * (unit === '' ? 1 : unit.endsWith('i') ? 1024 ** power : 1000 ** power);
}

function itemsSetByGit(
  kind: string,
  path: string,
  git: readonly unknown[],
  live: readonly unknown[],
): unknown[] {
  if (isOrdered(kind, path)) return live.map((item, at) => setByGit(kind, `${path}[]`, git[at], item));
  const ours = namesOf(path, git);
  const theirs = namesOf(path, live);
  // An operator may have given a name to what git does not name.
  if (ours !== undefined && theirs !== undefined && [...ours.keys()].some((name) => theirs.has(name))) {
    return [...theirs].map(([name, item]) => setByGit(kind, `${path}[${name}]`, ours.get(name), item));
  }
  const left = [...git];
  return live.map((item) => {
    const shown = left.map((one) => setByGit(kind, `${path}[]`, one, item));
    const at = left.findIndex(
      (one, index) => JSON.stringify(sorted(one)) === JSON.stringify(sorted(shown[index])),
    );
    if (at >= 0) return left.splice(at, 1)[0];
    return left.length === 1 && live.length === git.length ? shown[0] : item;
  });
}

/** With its keys in one order, to be compared as text. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isMap(value)) return value;
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map((key) => [key, sorted(ownValue(value, key))]),
  );
}
