import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { parse } from 'yaml';
import { STARTER } from '../../start/starter.ts';
import { loadTopology } from '../../topology/index.ts';
import { topologyJsonSchema } from '../../topology/json-schema.ts';
import { reportText } from '../fixture/report.ts';

const { version } = JSON.parse(readFileSync('package.json', 'utf8'));
const text = readFileSync('topology.schema.json', 'utf8');
const validate = new Ajv({ strict: false, allErrors: true }).compile(JSON.parse(text));

const saysNo = (yaml: string): boolean => !validate(parse(yaml, { logLevel: 'error' }));

test('topology.schema.json matches the schema (npm run schema)', () => {
  expect(text).toBe(topologyJsonSchema(version));
});

test("it accepts the field report's network, the starter and a topology with every field", () => {
  for (const yaml of [reportText(), readFileSync('test/cli/full-topology.yaml', 'utf8'), STARTER]) {
    expect([validate(parse(yaml)), validate.errors]).toEqual([true, null]);
  }
});

/** Every schema in it: of a field, a name, an entry, a form of a field. */
function schemas(): { path: string; schema: Readonly<Record<string, unknown>> }[] {
  const found: { path: string; schema: Readonly<Record<string, unknown>> }[] = [];
  const visit = (value: unknown, path: string): void => {
    if (typeof value !== 'object' || value === null) return;
    if (
      /\.properties\.[^.]+$|\.anyOf\.\d+$|\.items(\.\d+)?$|\.(propertyNames|additionalProperties)$/.test(
        path,
      ) &&
      !Array.isArray(value)
    )
      found.push({ path, schema: value as Record<string, unknown> });
    for (const [key, inner] of Object.entries(value)) visit(inner, `${path}.${key}`);
  };
  visit(JSON.parse(text), '');
  expect(found.length).toBeGreaterThan(200);
  return found;
}

const without = (key: string, where: (schema: Readonly<Record<string, unknown>>) => boolean): string[] =>
  schemas().flatMap(({ path, schema }) => (where(schema) && schema[key] === undefined ? [path] : []));

test('every field, form, name and entry has a description, which editors show', () => {
  expect(without('description', () => true)).toEqual([]);
});

test('every pattern has words for what does not match it, and every word of several its meaning', () => {
  expect(without('errorMessage', ({ pattern }) => pattern !== undefined)).toEqual([]);
  const words = schemas().filter(({ schema }) => Array.isArray(schema.enum));
  expect(words.length).toBeGreaterThan(10);
  for (const { path, schema } of words)
    expect({ path, meanings: (schema.enumDescriptions as string[])?.length }).toEqual({
      path,
      meanings: (schema.enum as string[]).length,
    });
});

/** Rules that need no second field: an editor can mark them while typing. */
test.each([
  'choice-did-you-mean',
  'unknown-key',
  'missing-key',
  'too-many',
  'mtu-too-small',
  'hold-time',
  'type-number-for-text',
  'check-id',
  'k3s-version',
  'name-of-fabric',
  'cidr-without-length',
])('an editor sees %s', (name) => {
  expect(saysNo(readFileSync(join('test', 'topology', 'errors', `${name}.yaml`), 'utf8'))).toBe(true);
});

test('it refuses nothing that noencap accepts, and marks most faults of a single field', () => {
  const folder = join('test', 'topology', 'errors');
  const marked = readdirSync(folder)
    .filter((file) => file.endsWith('.yaml'))
    .filter((file) => {
      const bytes = readFileSync(join(folder, file));
      if (loadTopology({ file, bytes }).ok) throw new Error(`${file} is no error`);
      try {
        return saysNo(bytes.toString('utf8'));
      } catch {
        return false;
      }
    });
  expect(marked.length).toBeGreaterThan(50);
});
