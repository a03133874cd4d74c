import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type FieldChange, HIDDEN } from '../../review/fields.ts';
import { type ObjectChange, type ObjectId, objectChanges } from '../../review/objects.ts';
import { dyffCases } from './dyff-cases.ts';
import { type Half, type Reordered, readDyffReport } from './dyff-report.ts';

/**
 * dyff (https://github.com/homeport/dyff) knows Kubernetes' objects, but nothing about Calico: it is compared with noencap on the same
 * two sides. Its results are in `dyff/`, written by `npm run dyff`. Both must report the same differences, except for their form:
 *
 * - One of them reports a changed list item as an item removed and one added, the other as a changed field of the item.
 *   What the finer one says must then hold in what the coarser one shows.
 * - dyff takes similar objects for the same one. noencap goes by name, as the API server does, except for Jobs whose name
 *   ends with a hash of their content.
 * - noencap ignores order where the API does. dyff reports it, and if it is inside an item takes the item for a different one.
 */
const FOLDER = join(__dirname, 'dyff');

const read = (file: string): string => readFileSync(join(FOLDER, file), 'utf8');

/** One side in a single file, each document of the other in its own file: the file does not matter. */
function changesIn(name: string): ObjectChange[] {
  const apart = read(`${name}.after.yaml`)
    .split(/^---\n/m)
    .map((text, index): [string, string] => [`cluster/${index}.yaml`, text]);
  return objectChanges(new Map([['cluster/all.yaml', read(`${name}.before.yaml`)]]), new Map(apart));
}

const names = dyffCases.map(({ name }) => name);

test('every case is recorded, and no other', () => {
  const files = names.flatMap((name) => ['after.yaml', 'before.yaml', 'diff'].map((end) => `${name}.${end}`));
  expect(readdirSync(FOLDER).sort()).toEqual(files.sort());
});

test.each(names)('dyff has seen both sides of %s as they are: else run npm run dyff', (name) => {
  const sums = ['before', 'after'].map((side) => {
    const file = `${name}.${side}.yaml`;
    return `${createHash('sha256').update(read(file)).digest('hex')}  test/review/dyff/${file}`;
  });
  expect(read(`${name}.diff`).split('\n').slice(1, 3)).toEqual(sums);
});

test.each(names)('noencap misses nothing that dyff sees in %s', (name) => {
  expect(held(name, changesIn(name)).missed).toEqual([]);
});

test.each(names)('noencap sees nothing in %s that dyff does not see', (name) => {
  expect(held(name, changesIn(name)).invented).toEqual([]);
});

test('if only the order differs, noencap reports nothing', () => {
  expect(changesIn('order-only')).toEqual([]);
});

test.each(names)(
  'whatever noencap would leave out of %s is missed, and what it would make up is not believed',
  (name) => {
    const changes = changesIn(name);
    for (const left of changes) {
      expect(
        held(
          name,
          changes.filter((one) => one !== left),
        ).missed,
      ).not.toEqual([]);
      for (const place of new Set(left.fields.map(placeOf))) {
        const fields = left.fields.filter((field) => placeOf(field) !== place);
        const less = changes.map((one) => (one === left ? { ...left, fields } : one));
        expect({ place, missed: held(name, less).missed }).not.toEqual({ place, missed: [] });
      }
      const more = {
        ...left,
        change: 'changed' as const,
        fields: [{ path: 'made.up', before: 1, after: undefined }],
      };
      expect(held(name, [...changes, more]).invented).toEqual([expect.stringMatching(/ \/made\/up$/)]);
    }
  },
);

/** A field, or the list whose items are added and removed: dyff reports two swapped items once. */
const placeOf = ({ path }: FieldChange): string => path.replace(/\[[^\]]*\]$/, '');

/** Differences that only dyff reports, and those that only noencap reports. */
function held(name: string, changes: readonly ObjectChange[]): { missed: string[]; invented: string[] } {
  const { halves, reordered } = readDyffReport(read(`${name}.diff`));
  const [theirs, ours] = [withoutReordered(halves), changes.flatMap(halvesOf)];
  const orders = reordered.filter(isMeant);
  return {
    missed: [
      ...theirs.filter((one) => !ours.some((other) => accounts(other, one))).map(textOf),
      ...orders
        .filter((order) => !ours.some((one) => isWithin(one, order)))
        .map(({ object, steps }) => `⇆ ${object} /${steps.join('/')}`),
    ],
    invented: ours
      .filter(
        (one) =>
          !theirs.some((other) => accounts(other, one)) && !orders.some((order) => isWithin(one, order)),
      )
      .map(textOf),
  };
}

const textOf = ({ sign, objects, steps }: Half): string =>
  `${sign} ${objects.join(', ')} /${steps.join('/')}`;

/** Where the API tries or runs one after the other. */
const isMeant = ({ object, steps }: Reordered): boolean =>
  ['command', 'args'].includes(steps.at(-1) ?? '') ||
  /\/BGPFilter\/\S+ spec (import|export)V[46]$|\/BGPPeer\/\S+ spec filters$/.test(
    [object, ...steps].join(' '),
  );

const isWithin = ({ objects, steps }: Half, order: Reordered): boolean =>
  objects.includes(order.object) &&
  steps.length > order.steps.length &&
  order.steps.every((step, index) => agree(step, steps[index] ?? ''));

/** Noencap's differences of one object, in the terms of dyff's report. */
function halvesOf({ id, change, before, fields }: ObjectChange): Half[] {
  const objects = [...new Set([keyOf(id), keyOf(before ?? id)])];
  if (change === 'added') return [{ sign: '+', objects, steps: [], values: undefined }];
  if (change === 'deleted') return [{ sign: '-', objects, steps: [], values: undefined }];
  // It reports a replaced object as renamed, and does not list the name as a field.
  const renamed =
    change === 'replaced' ? [{ path: 'metadata.name', before: before?.name, after: id.name }] : [];
  return [...renamed, ...fields].flatMap(({ path, before: was, after: is }): Half[] => {
    const steps = stepsOf(path);
    return [
      ...(was === undefined ? [] : [{ sign: '-' as const, objects, steps, values: valuesOf(was) }]),
      ...(is === undefined ? [] : [{ sign: '+' as const, objects, steps, values: valuesOf(is) }]),
    ];
  });
}

const valuesOf = (value: unknown) => (value === HIDDEN ? undefined : [value]);

const keyOf = ({ group, kind, namespace, name }: ObjectId): string =>
  [group, kind, namespace ?? '', name].filter((part) => part !== '').join('/');

/** `a[name=b]."c.d/e"` as `a`, `name=b`, `c.d`, `e`: dyff separates with slashes, even if a key contains one. Indices are `*`. */
const stepsOf = (path: string): string[] =>
  [...path.matchAll(/"(?:[^"\\]|\\.)*"|\[[^\]]*\]|[^.[\]]+/g)].flatMap(([step]) => {
    if (step.startsWith('"')) return (JSON.parse(step) as string).split('/');
    if (!step.startsWith('[')) return [step];
    return [/^\[\d*\]$/.test(step) ? '*' : step.slice(1, -1)];
  });

const isItem = (step: string | undefined): boolean =>
  step === undefined || step === '*' || step.includes('=');

/** Two names of one kind must be equal; a missing name, or one of another kind, matches any. */
const agree = (one: string, other: string): boolean => {
  if (one === other) return true;
  if (!isItem(one) || !isItem(other)) return false;
  return one.split('=')[0] !== other.split('=')[0];
};

/** Whether `one` says the same as `other`, or contains it. */
function accounts(one: Half, other: Half): boolean {
  if (!one.objects.some((object) => other.objects.includes(object))) return false;
  const shared = Math.min(one.steps.length, other.steps.length);
  if (!one.steps.slice(0, shared).every((step, index) => agree(step, other.steps[index] ?? ''))) return false;
  // Only items and objects are shown in full.
  const coarser = [one, other].find(({ steps }) => steps.length === shared);
  if (one.steps.length !== other.steps.length && !isItem(coarser?.steps.at(-1))) return false;
  // Whether the finer difference holds is checked when it is its turn.
  if (one.steps.length > other.steps.length) return true;
  if (one.sign !== other.sign) return false;
  const { values: shown } = one;
  const { values: told } = other;
  if (shown === undefined || told === undefined) return true;
  return shown.some((value) => told.some((wanted) => holds(value, other.steps.slice(shared), wanted)));
}

/** Whether `wanted` is in `value` at the end of this path. A key with slashes takes more than one step. */
function holds(value: unknown, steps: readonly string[], wanted: unknown): boolean {
  const [first, ...rest] = steps;
  if (first === undefined) return canonical(value) === canonical(wanted);
  if (Array.isArray(value)) return isItem(first) && value.some((item) => holds(item, rest, wanted));
  if (typeof value !== 'object' || value === null) return false;
  return Object.entries(value).some(([key, entry]) => {
    const taken = key.split('/').length;
    return steps.slice(0, taken).join('/') === key && holds(entry, steps.slice(taken), wanted);
  });
}

/** Without what is removed and added again with inner lists in a different order. */
function withoutReordered(halves: readonly Half[]): Half[] {
  const keyed = halves.map((half) => ({
    half,
    key: `${half.objects} ${half.steps} ${canonical(half.values)}`,
  }));
  const isBoth = (key: string) =>
    ['-', '+'].every((sign) => keyed.some((one) => one.key === key && one.half.sign === sign));
  return keyed.filter(({ half, key }) => half.values === undefined || !isBoth(key)).map(({ half }) => half);
}

/** A canonical text for equal values. dyff prints an empty text as nothing at all. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).sort()}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value === '' ? null : value) ?? '';
  const entries = Object.entries(value).map(([key, entry]) => `${JSON.stringify(key)}:${canonical(entry)}`);
  return `{${entries.sort()}}`;
}
