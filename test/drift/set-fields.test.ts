import fc from 'fast-check';
import { parse } from 'yaml';
import { inGit } from '../../drift/index.ts';
import { setByGit } from '../../drift/set-fields.ts';
import { render } from '../../repository/render.ts';
import { fieldChanges } from '../../review/fields.ts';
import { dualStack } from '../charts/topologies.ts';
import { fabricOf } from '../fabric-of.ts';
import { reportText } from '../fixture/report.ts';

const fabrics = [fabricOf(parse(reportText())), fabricOf(dualStack)];
const OBJECTS = fabrics.flatMap((fabric) => inGit(fabric, render(fabric, undefined).files).objects);

const differ = (kind: string, git: object, live: object) =>
  fieldChanges(kind, git, setByGit(kind, '', git, live) as object).map(({ path }) => path);

type Fields = Record<string, unknown>;
const isMap = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Each map in a value, also in lists. */
function mapsIn(value: unknown): Fields[] {
  if (Array.isArray(value)) return value.flatMap(mapsIn);
  return isMap(value) ? [value, ...Object.values(value).flatMap(mapsIn)] : [];
}

/** Each value that is no map and no list, with the place to change it. */
function leavesIn(value: unknown): { set(to: unknown): unknown; is: unknown; key: string }[] {
  if (typeof value !== 'object' || value === null) return [];
  const container = value as Fields;
  return Object.entries(container).flatMap(([key, one]) =>
    typeof one === 'object' && one !== null
      ? leavesIn(one)
      : [{ key, is: one, set: (to: unknown) => Object.assign(container, { [key]: to }) }],
  );
}

test('whatever else is filled in, anywhere, no object that git renders differs', () => {
  fc.assert(
    fc.property(fc.constantFrom(...OBJECTS), fc.infiniteStream(fc.nat(3)), ({ id, value }, numbers) => {
      const live = structuredClone(value) as Fields;
      for (const map of mapsIn(live)) {
        const count = numbers.next().value ?? 0;
        for (let at = 0; at < count; at += 1) map[`filledIn${at}`] = at === 0 ? { a: [1] } : at;
      }
      expect(differ(id.kind, value, live)).toEqual([]);
    }),
    { numRuns: 300 },
  );
});

test('whatever leaf of it is changed or removed, it differs', () => {
  fc.assert(
    fc.property(fc.constantFrom(...OBJECTS), fc.nat(), fc.boolean(), ({ id, value }, pick, isRemoved) => {
      const live = structuredClone(value) as Fields;
      const leaves = leavesIn(live).filter(({ is }) => is !== '' && is !== 0);
      const leaf = leaves[pick % leaves.length];
      if (leaf === undefined) return;
      leaf.set(isRemoved ? undefined : `${String(leaf.is)}-edited`);
      expect(differ(id.kind, value, JSON.parse(JSON.stringify(live))).length).toBeGreaterThan(0);
    }),
    { numRuns: 500 },
  );
});

const container = (change: object) => ({ spec: { containers: [{ name: 'a', ...change }] } });

test.each([
  ['an empty value of a variable', { env: [{ name: 'A', value: '' }] }, { env: [{ name: 'A' }] }],
  [
    'read and write',
    { volumeMounts: [{ mountPath: '/a', name: 'a', readOnly: false }] },
    { volumeMounts: [{ mountPath: '/a', name: 'a' }] },
  ],
  ['an empty list', { args: [] }, {}],
  ['1024Mi', { resources: { limits: { memory: '1024Mi' } } }, { resources: { limits: { memory: '1Gi' } } }],
  ['half a CPU', { resources: { requests: { cpu: 0.5 } } }, { resources: { requests: { cpu: '500m' } } }],
  ['a number as text', { resources: { requests: { cpu: '2' } } }, { resources: { requests: { cpu: 2 } } }],
] as const)('%s is what the API server makes of it', (_, git, live) => {
  expect(differ('Deployment', container(git), container(live))).toEqual([]);
});

test.each([
  ['a pointer in Go', { securityContext: { allowPrivilegeEscalation: false } }, { securityContext: {} }],
  [
    'another quantity',
    { resources: { limits: { memory: '1Gi' } } },
    { resources: { limits: { memory: '1G' } } },
  ],
  ['a value that somebody set', { env: [{ name: 'A', value: '' }] }, { env: [{ name: 'A', value: 'x' }] }],
  ['arguments in another order', { args: ['-a', '-b'] }, { args: ['-b', '-a'] }],
  ['one argument more', { args: ['-a'] }, { args: ['-a', '-b'] }],
  ['one container less', { name: 'a' }, { name: 'b' }],
] as const)('%s is drift', (_, git, live) => {
  expect(differ('Deployment', container(git), container(live)).length).toBeGreaterThan(0);
});
