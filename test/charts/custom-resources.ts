import { isIP } from 'node:net';
import { Environment } from '@marcbachmann/cel-js';
import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import { metadataErrors } from './kubernetes-schemas.ts';
import { type CelRule, type KubernetesObject, type Schema, schemaOf } from './upstream.ts';

/**
 * The objections of an API server with that version's CRDs to a custom resource, under strict field validation; empty
 * if it accepts it. `old` is the object in the cluster: transition rules apply between the two.
 */
export function crdErrors(
  upstream: string,
  version: string,
  object: KubernetesObject,
  old?: KubernetesObject,
): string[] {
  const schema = schemaOf(upstream, version, object);
  if (schema === undefined) return [`no kind ${object.apiVersion} ${object.kind} in Calico ${version}`];
  return [
    ...schemaErrors(schema, object),
    ...metadataErrors(object.metadata),
    ...ruleErrors(schema, object, old),
  ];
}

const compiled = new WeakMap<Schema, ValidateFunction>();

/** Every field known, every value of its type. */
export function schemaErrors(schema: Schema, object: unknown): string[] {
  const validate = compiled.get(schema) ?? ajv().compile(strict(rootSchema(schema)));
  compiled.set(schema, validate);
  return validate(object) ? [] : (validate.errors ?? []).map(errorText);
}

function errorText({ instancePath, message, params }: ErrorObject): string {
  const { additionalProperty } = params as { additionalProperty?: string };
  return additionalProperty === undefined
    ? `${instancePath} ${message}`
    : `${instancePath}/${additionalProperty} is unknown`;
}

/** apiVersion, kind and metadata are the API server's own; metadata has its own schema. */
const rootSchema = (schema: Schema): Schema => ({
  ...schema,
  properties: {
    ...schema.properties,
    apiVersion: { type: 'string' },
    kind: { type: 'string' },
    metadata: { 'x-kubernetes-preserve-unknown-fields': true, type: 'object' },
  },
  required: [
    ...new Set(['apiVersion', 'kind', 'metadata', ...((schema.required as string[] | undefined) ?? [])]),
  ],
});

/** `format` by the ranges of Kubernetes' types, and list types as the API server checks them. */
function ajv(): Ajv {
  const validator = new Ajv({
    allErrors: true,
    strictTypes: false,
    strictRequired: false,
    code: { regExp: goRegExp },
  });
  validator.addFormat('int32', {
    type: 'number',
    validate: (value) => value >= -(2 ** 31) && value < 2 ** 31,
  });
  validator.addFormat('int64', { type: 'number', validate: Number.isSafeInteger });
  validator.addFormat('cidr', (value) => {
    const [address = '', length = ''] = value.split('/');
    return isIP(address) !== 0 && /^\d+$/.test(length) && Number(length) <= (isIP(address) === 4 ? 32 : 128);
  });
  for (const format of ['date-time', 'byte']) validator.addFormat(format, true);
  validator.addKeyword({
    keyword: 'x-kubernetes-list-map-keys',
    type: 'array',
    validate: (keys: string[], items: Record<string, unknown>[]) => {
      const ids = items.map((item) => JSON.stringify(keys.map((key) => item[key])));
      return new Set(ids).size === ids.length;
    },
    error: { message: 'holds one key twice' },
  });
  return validator;
}

/** Go writes the flag for either case inside the pattern. */
const goRegExp = Object.assign(
  (pattern: string, flags: string): RegExp =>
    pattern.includes('(?i)')
      ? new RegExp(pattern.replace('(?i)', ''), `${flags}i`)
      : new RegExp(pattern, flags),
  { code: 'new RegExp' },
);

const IGNORED = new Set(['default', 'nullable', 'x-kubernetes-validations', 'x-kubernetes-map-type']);

/** A structural schema as JSON Schema that rejects what the API server would prune. */
function strict(schema: Schema): Schema {
  const result: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(schema)) {
    if (IGNORED.has(key)) continue;
    if (key === 'properties') {
      result[key] = Object.fromEntries(
        Object.entries(value as Record<string, Schema>).map(([name, item]) => [name, strict(item)]),
      );
    } else if (key === 'items' || (key === 'additionalProperties' && typeof value === 'object')) {
      result[key] = strict(value as Schema);
    } else if (key === 'x-kubernetes-int-or-string') {
      result.type = ['integer', 'string'];
    } else if (key === 'x-kubernetes-list-type') {
      if (value === 'set') result.uniqueItems = true;
    } else if (key !== 'x-kubernetes-preserve-unknown-fields' && key !== 'x-kubernetes-embedded-resource') {
      result[key] = value;
    }
  }
  if (schema.type === 'object' && schema.additionalProperties === undefined) {
    result.additionalProperties = schema['x-kubernetes-preserve-unknown-fields'] === true;
  }
  return schema.nullable === true ? { anyOf: [{ type: 'null' }, result] } : result;
}

/** Rules that cel-js cannot run, by text, with the same check written by hand. */
export const BY_HAND: Readonly<Record<string, (self: unknown) => boolean>> = {};

const cel = new Environment().registerVariable('self', 'dyn').registerVariable('oldSelf', 'dyn');

/** Undefined if cel-js can run a rule, else its error. */
export function unsupported({ rule }: CelRule): string | undefined {
  const result = cel.check(rule);
  return result.valid ? undefined : (result.error?.message ?? 'not valid');
}

/** Every rule of a schema, with the path it applies to. */
export function rulesOf(schema: Schema, path = ''): { path: string; rule: CelRule }[] {
  return [
    ...(schema['x-kubernetes-validations'] ?? []).map((rule) => ({ path, rule })),
    ...Object.entries(schema.properties ?? {}).flatMap(([name, item]) => rulesOf(item, `${path}/${name}`)),
    ...(schema.items === undefined ? [] : rulesOf(schema.items, `${path}/*`)),
    ...(typeof schema.additionalProperties === 'object'
      ? rulesOf(schema.additionalProperties, `${path}/*`)
      : []),
  ];
}

/** The x-kubernetes-validations of a schema, for each value they apply to. */
export function ruleErrors(schema: Schema, value: unknown, old: unknown, path = ''): string[] {
  if (value === undefined || value === null) return [];
  const own = (schema['x-kubernetes-validations'] ?? []).flatMap((rule) => {
    // A transition rule applies only to changes.
    if (/\boldSelf\b/.test(rule.rule) && old === undefined && rule.optionalOldSelf !== true) return [];
    const self = typed(schema, value);
    const holds =
      BY_HAND[rule.rule]?.(self) ?? cel.evaluate(rule.rule, { self, oldSelf: typed(schema, old) }) === true;
    return holds ? [] : [`${path} ${rule.message ?? rule.rule}`];
  });
  const below = (key: string, item: Schema | undefined): string[] =>
    item === undefined
      ? []
      : ruleErrors(item, (value as never)[key], (old as never)?.[key], `${path}/${key}`);
  if (Array.isArray(value)) {
    // Items of lists without keys are not matched with old items (Kubernetes, CRD validation rules).
    return [
      ...own,
      ...value.flatMap((item, index) =>
        schema.items === undefined ? [] : ruleErrors(schema.items, item, undefined, `${path}/${index}`),
      ),
    ];
  }
  if (typeof value !== 'object') return own;
  const { properties, additionalProperties } = schema;
  return [
    ...own,
    ...Object.keys(value).flatMap((key) =>
      below(
        key,
        properties?.[key] ?? (typeof additionalProperties === 'object' ? additionalProperties : undefined),
      ),
    ),
  ];
}

/** CEL distinguishes integers from doubles, JavaScript does not: the schema says which it is. */
function typed(schema: Schema | undefined, value: unknown): unknown {
  if (typeof value === 'number') {
    const whole = schema?.type === 'integer' || schema?.['x-kubernetes-int-or-string'] === true;
    return whole ? BigInt(value) : value;
  }
  if (Array.isArray(value)) return value.map((item) => typed(schema?.items, item));
  if (typeof value !== 'object' || value === null) return value;
  const more = schema?.additionalProperties;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      key,
      typed(schema?.properties?.[key] ?? (typeof more === 'object' ? more : undefined), item),
    ]),
  );
}
