import { readFileSync } from 'node:fs';
import { Ajv, type ValidateFunction } from 'ajv';

/** A request to GitHub's API, and the answer. */
export interface Exchange {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
  readonly status: number;
  /** Undefined if there is none. */
  readonly answer: unknown;
}

type Schema = Readonly<Record<string, unknown>>;
interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query';
  readonly required?: boolean;
  readonly schema: Schema;
}
interface Operation {
  readonly parameters: readonly (Parameter | { readonly $ref: string })[];
  readonly requestBody?: { readonly content: { readonly 'application/json': { readonly schema: Schema } } };
  readonly responses: Readonly<Record<string, Response | { readonly $ref: string }>>;
}
interface Response {
  readonly content?: { readonly 'application/json': { readonly schema: Schema } };
}

/** The published description of the operations that noencap uses: see scripts/github-openapi.ts. */
const DESCRIPTION = nullable(JSON.parse(readFileSync('test/github/openapi.json', 'utf8'))) as {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
};

/** Possible for every operation, listed or not: no token, no permission, not found, rate limits, a broken server. */
const ANYWHERE = new Set([301, 307, 401, 403, 404, 429, 500, 502, 503]);

const ajv = new Ajv({
  strict: false,
  allErrors: true,
  // Paths and queries contain only strings.
  coerceTypes: false,
  formats: {
    uri: (text: string) => URL.canParse(text),
    'date-time': /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/,
    int64: true,
  },
});
ajv.addSchema(DESCRIPTION, 'github');

/** All deviations of a request or its answer from GitHub's description. */
export function violations(exchange: Exchange): string[] {
  const { method, url, headers, body, status, answer } = exchange;
  const { pathname, searchParams } = new URL(url, 'http://github');
  const found = operationOf(method, pathname);
  if (found === undefined) return [`${method} ${pathname} is no operation`];
  const { template, operation, values } = found;
  const wrong: string[] = [...headerViolations(headers, body)];
  const parameters = operation.parameters.map((one) => resolved<Parameter>(one));

  const path = parameters.filter((one) => one.in === 'path');
  for (const { name, schema } of path) wrong.push(...ofText(values[name], schema, name));
  const query = parameters.filter((one) => one.in === 'query');
  for (const name of searchParams.keys()) {
    const parameter = query.find((one) => one.name === name);
    if (parameter === undefined) wrong.push(`${name} is no parameter`);
    else wrong.push(...ofText(searchParams.get(name) ?? undefined, parameter.schema, name));
  }
  // GitHub accepts at most 100 per page, and says so only in prose.
  if (Number(searchParams.get('per_page') ?? 1) > 100) wrong.push('per_page is more than 100');

  const wanted = operation.requestBody?.content['application/json'].schema;
  if (wanted === undefined) {
    if (body !== '') wrong.push('a body where none belongs');
  } else {
    const sent = JSON.parse(body);
    wrong.push(...against(wanted, sent, 'body'));
    for (const key of Object.keys(sent)) {
      if (!(key in (wanted.properties as object))) wrong.push(`body.${key} is not described`);
    }
  }

  const response = operation.responses[status];
  if (response === undefined) {
    if (!ANYWHERE.has(status)) wrong.push(`${status} is no answer of ${method} ${template}`);
    else if (typeof answer === 'object') wrong.push(...against(BASIC_ERROR, answer, 'answer'));
  } else {
    const schema = resolved<Response>(response).content?.['application/json'].schema;
    if (schema === undefined) {
      if (answer !== undefined) wrong.push('an answer where none belongs');
    } else wrong.push(...against(schema, answer, 'answer'));
  }
  return wrong.map((one) => `${method} ${url} -> ${status}: ${one}`);
}

const BASIC_ERROR = { $ref: '#/components/schemas/basic-error' };

function headerViolations(headers: Exchange['headers'], body: string): string[] {
  return [
    ...(/^application\/vnd\.github(\.v3)?\+json$/.test(String(headers.accept)) ? [] : ['accept']),
    ...(/^(token|bearer) \S+$/.test(String(headers.authorization)) ? [] : ['authorization']),
    // GitHub answers 403 without one.
    ...(headers['user-agent'] ? [] : ['user-agent']),
    ...(headers['x-github-api-version'] === '2022-11-28' ? [] : ['x-github-api-version']),
    ...(body === '' || String(headers['content-type']).startsWith('application/json')
      ? []
      : ['content-type']),
  ].map((name) => `header ${name}: ${String(headers[name])}`);
}

function operationOf(method: string, pathname: string) {
  for (const [template, operations] of Object.entries(DESCRIPTION.paths)) {
    const operation = operations[method.toLowerCase()];
    const pattern = new RegExp(`^${template.replace(/\{(\w+)\}/g, '(?<$1>[^/]+)')}$`);
    const match = pattern.exec(pathname);
    if (operation !== undefined && match !== null) return { template, operation, values: match.groups ?? {} };
  }
  return undefined;
}

/** A value in a path or query, which is a string whatever its type. */
function ofText(value: string | undefined, schema: Schema, name: string): string[] {
  if (value === undefined) return [`${name} is missing`];
  const isNumber = schema.type === 'integer' && /^\d+$/.test(value);
  return against(schema, isNumber ? Number(value) : decodeURIComponent(value), name);
}

const compiled = new Map<Schema, ValidateFunction>();

function against(schema: Schema, value: unknown, what: string): string[] {
  let validate = compiled.get(schema);
  if (validate === undefined) {
    validate = ajv.compile(absolute(schema) as Schema);
    compiled.set(schema, validate);
  }
  if (validate(value)) return [];
  return (validate.errors ?? []).map(({ instancePath, message }) => `${what}${instancePath} ${message}`);
}

/** A value with everything that a component requires, and nothing else. */
export function sample(component: string): Record<string, unknown> {
  return minimal({ $ref: `#/components/schemas/${component}` }) as Record<string, unknown>;
}

function minimal(schema: Schema): unknown {
  if (typeof schema.$ref === 'string') return minimal(at(schema.$ref) as Schema);
  const choices = (schema.anyOf ?? schema.oneOf ?? schema.allOf) as readonly Schema[] | undefined;
  if (choices?.[0] !== undefined) return minimal(choices[0]);
  if (Array.isArray(schema.enum)) return schema.enum[0];
  switch (schema.type) {
    case 'object': {
      const required = (schema.required ?? []) as readonly string[];
      const properties = (schema.properties ?? {}) as Readonly<Record<string, Schema>>;
      return Object.fromEntries(required.map((name) => [name, minimal(properties[name] ?? {})]));
    }
    case 'array':
      return [];
    case 'integer':
    case 'number':
      return 0;
    case 'boolean':
      return false;
    case 'string':
      if (schema.format === 'uri') return 'https://github.example/';
      return schema.format === 'date-time' ? '2026-01-01T00:00:00Z' : '';
    default:
      return null;
  }
}

const resolved = <T>(value: T | { readonly $ref: string }): T =>
  typeof value === 'object' && value !== null && '$ref' in value ? (at(value.$ref) as T) : (value as T);

const at = (reference: string): unknown =>
  reference
    .split('/')
    .slice(1)
    .reduce<unknown>((value, key) => (value as Record<string, unknown>)[key], DESCRIPTION);

/** OpenAPI 3.0 says `nullable` where JSON Schema has a type `null`. */
function nullable(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(nullable);
  if (typeof value !== 'object' || value === null) return value;
  const inner = Object.fromEntries(Object.entries(value).map(([key, item]) => [key, nullable(item)]));
  if (inner.nullable !== true) return inner;
  const { nullable: _, ...rest } = inner;
  return { anyOf: [{ type: 'null' }, rest] };
}

function absolute(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(absolute);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      key,
      key === '$ref' && typeof item === 'string' ? `github${item}` : absolute(item),
    ]),
  );
}
