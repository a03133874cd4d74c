import fc from 'fast-check';
import { type FieldChange, fieldChanges, HIDDEN } from '../../review/fields.ts';
import { shuffled } from '../cli/arbitrary-topology.ts';

const paths = (changes: readonly FieldChange[]): string[] => changes.map(({ path }) => path);

test('lists of named items are maps: their order means nothing, and a change is named', () => {
  const before = {
    spec: {
      containers: [
        { name: 'a', image: 'a:1' },
        { name: 'b', image: 'b:1' },
      ],
    },
  };
  const after = {
    spec: {
      containers: [
        { name: 'b', image: 'b:2' },
        { name: 'a', image: 'a:1' },
      ],
    },
  };
  expect(fieldChanges('Deployment', before, after)).toEqual([
    { path: 'spec.containers[name=b].image', before: 'b:1', after: 'b:2' },
  ]);
});

test('lists of values are sets', () => {
  const rule = (verbs: string[]) => ({ rules: [{ apiGroups: [''], resources: ['nodes'], verbs }] });
  expect(fieldChanges('ClusterRole', { verbs: ['get', 'list'] }, { verbs: ['list', 'get'] })).toEqual([]);
  expect(paths(fieldChanges('ClusterRole', rule(['get']), rule(['get', 'patch'])))).toEqual([
    'rules[].verbs[]',
  ]);
});

test('rules with their verbs in a different order are the same rules, however many', () => {
  const rules = [
    { apiGroups: ['', 'apps'], resources: ['nodes'], verbs: ['get', 'list'] },
    { apiGroups: ['batch'], resources: ['jobs', 'cronjobs'], verbs: ['get', 'patch'] },
  ];
  const turned = [...rules].reverse().map(({ apiGroups, resources, verbs }) => ({
    verbs: [...verbs].reverse(),
    resources: [...resources].reverse(),
    apiGroups: [...apiGroups].reverse(),
  }));
  expect(fieldChanges('ClusterRole', { rules }, { rules: turned })).toEqual([]);
  const more = turned.map((rule, index) =>
    index === 0 ? { ...rule, verbs: [...rule.verbs, 'watch'] } : rule,
  );
  expect(fieldChanges('ClusterRole', { rules }, { rules: more })).toEqual([
    { path: 'rules[].verbs[]', before: undefined, after: 'watch' },
  ]);
});

test('a set with one value twice is not one with it once', () => {
  expect(fieldChanges('X', { a: [1, 1] }, { a: [1] })).toEqual([
    { path: 'a[]', before: 1, after: undefined },
  ]);
});

test('arguments and the rules of filters have an order', () => {
  expect(paths(fieldChanges('Job', { args: ['-a', '-b'] }, { args: ['-b', '-a'] }))).toEqual([
    'args[0]',
    'args[1]',
  ]);
  const filter = (actions: string[]) => ({ spec: { importV4: actions.map((action) => ({ action })) } });
  expect(fieldChanges('BGPFilter', filter(['Accept', 'Reject']), filter(['Reject', 'Accept']))).not.toEqual(
    [],
  );
});

test('two ports with one number are distinguished by protocol', () => {
  const ports = (udp: number) => ({
    ports: [
      { port: 53, protocol: 'TCP', nodePort: 1 },
      { port: 53, protocol: 'UDP', nodePort: udp },
    ],
  });
  expect(paths(fieldChanges('Service', ports(2), ports(3)))).toEqual([
    'ports[port=53,protocol=UDP].nodePort',
  ]);
});

test('keys that a path could not be read with stand in quotes', () => {
  const labels = (value: string) => ({ metadata: { labels: { 'a.b/c': value } } });
  expect(paths(fieldChanges('Node', labels('1'), labels('2')))).toEqual(['metadata.labels."a.b/c"']);
});

test('a value that is null, false, 0 or empty is not one that is absent', () => {
  for (const value of [null, false, 0, '', [], {}]) {
    expect(fieldChanges('X', {}, { a: value })).toEqual([{ path: 'a', before: undefined, after: value }]);
    expect(fieldChanges('X', { a: value }, {})).toEqual([{ path: 'a', before: value, after: undefined }]);
  }
});

test('a number is not the text of it', () => {
  expect(fieldChanges('X', { a: 1 }, { a: '1' })).toHaveLength(1);
});

test('the values of a Secret are never shown', () => {
  const secret = (value: string) => ({ data: { password: value }, stringData: { other: value } });
  const changes = fieldChanges('Secret', secret('b2xk'), secret('bmV3'));
  expect(paths(changes)).toEqual(['data.password', 'stringData.other']);
  expect(JSON.stringify(changes)).not.toMatch(/b2xk|bmV3/);
  expect(changes[0]).toEqual({ path: 'data.password', before: HIDDEN, after: HIDDEN });
  const whole = fieldChanges('Secret', {}, secret('bmV3'));
  expect(JSON.stringify(whole)).not.toContain('bmV3');
});

test('a name that is not text does not count', () => {
  const odd = (value: number) => ({ spec: [{ name: { a: value } }, { name: null }] });
  expect(paths(fieldChanges('X', odd(1), odd(1)))).toEqual([]);
  expect(paths(fieldChanges('X', odd(1), odd(2)))).toEqual(['spec[].name.a']);
});

test('keys like __proto__ are keys like others', () => {
  const odd = (value: number) =>
    JSON.parse(`{"__proto__": {"a": ${value}}, "constructor": ${value}}`) as object;
  expect(paths(fieldChanges('X', odd(1), odd(2)))).toEqual(['__proto__.a', 'constructor']);
});

const value = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.string({ maxLength: 3 }),
    fc.integer({ min: 0, max: 3 }),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom('a', 'name', 'args', 'spec', 'ports'), tie('value'), { maxKeys: 3 }),
  ),
})).value;
const object = fc.dictionary(fc.constantFrom('spec', 'metadata', 'rules'), value, { minKeys: 1, maxKeys: 3 });

test('an object does not differ from itself with its keys in a different order', () => {
  fc.assert(
    fc.property(object, (one) => {
      const other = shuffled(one, (keys) => [...keys].reverse()) as object;
      expect(fieldChanges('X', one, other)).toEqual([]);
    }),
  );
});

test('an object does not differ from itself with its sets in a different order, however deep', () => {
  fc.assert(
    fc.property(object, (one) => {
      expect(fieldChanges('X', one, turned(one) as object)).toEqual([]);
    }),
    { numRuns: 500 },
  );
});

/** With all lists reversed, except those whose order matters. */
function turned(one: unknown): unknown {
  if (Array.isArray(one)) return one.map(turned).reverse();
  if (typeof one !== 'object' || one === null) return one;
  return Object.fromEntries(
    Object.entries(one).map(([name, item]) => [name, name === 'args' ? item : turned(item)]),
  );
}

test('no difference is missed: of two objects that differ beyond the order of sets, some field is named', () => {
  fc.assert(
    fc.property(object, object, (one, other) => {
      const isSilent = fieldChanges('X', one, other).length === 0;
      expect(isSilent).toBe(canonical(one) === canonical(other));
    }),
    { numRuns: 500 },
  );
});

/** A canonical text for equal objects: keys sorted, and lists as well, except those whose order matters and everything in them. */
function canonical(one: unknown, isOrdered = false): string {
  if (Array.isArray(one)) {
    const items = one.map((item) => canonical(item, isOrdered));
    return `[${(isOrdered ? items : items.sort()).join()}]`;
  }
  if (typeof one !== 'object' || one === null) return JSON.stringify(one);
  const entries = Object.entries(one).map(
    ([name, item]) => `${JSON.stringify(name)}:${canonical(item, isOrdered || name === 'args')}`,
  );
  return `{${entries.sort().join()}}`;
}
