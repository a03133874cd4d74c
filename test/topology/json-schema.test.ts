import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { parse } from 'yaml';
import { STARTER } from '../../start/starter.ts';
import { loadTopology } from '../../topology/index.ts';
import { topologyJsonSchema } from '../../topology/json-schema.ts';
import { reportText } from '../fixture/report.ts';

const text = readFileSync('topology.schema.json', 'utf8');
const validate = new Ajv({ strict: false, allErrors: true }).compile(JSON.parse(text));

const saysNo = (yaml: string): boolean => !validate(parse(yaml, { logLevel: 'error' }));

test('topology.schema.json matches the schema (npm run schema)', () => {
  expect(text).toBe(topologyJsonSchema());
});

test("it accepts the field report's network, the starter and a topology with every field", () => {
  for (const yaml of [reportText(), readFileSync('test/cli/full-topology.yaml', 'utf8'), STARTER]) {
    expect([validate(parse(yaml)), validate.errors]).toEqual([true, null]);
  }
});

test('every field has a description, which editors show', () => {
  const bare: string[] = [];
  const visit = (schema: unknown, path: string): void => {
    if (typeof schema !== 'object' || schema === null) return;
    const { description } = schema as { description?: string };
    if (/\.properties\.[^.]+$/.test(path) && description === undefined) bare.push(path);
    for (const [key, inner] of Object.entries(schema)) visit(inner, `${path}.${key}`);
  };
  visit(JSON.parse(text), '');
  expect(bare).toEqual([]);
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
