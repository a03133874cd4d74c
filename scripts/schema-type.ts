/** The part of JSON Schema that topology.schema.json uses. */
interface Schema {
  readonly type?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly Schema[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | Schema;
  readonly items?: Schema | readonly Schema[];
  readonly description?: string;
  readonly default?: unknown;
}

/**
 * A JSON Schema as a type of TypeScript, with its descriptions: the package types a topology without the schema library that reads
 * it.
 */
export function typeOfSchema(schema: Schema, indent = ''): string {
  const { anyOf, properties, additionalProperties, items } = schema;
  if ('const' in schema) return JSON.stringify(schema.const);
  if (schema.enum !== undefined) return schema.enum.map((value) => JSON.stringify(value)).join(' | ');
  if (anyOf !== undefined) return anyOf.map((one) => typeOfSchema(one, indent)).join(' | ');
  if (schema.type === 'array') return arrayType(items ?? {}, indent);
  if (properties !== undefined) return objectType(schema, properties, indent);
  if (schema.type === 'object' && typeof additionalProperties === 'object') {
    return `{ [name: string]: ${typeOfSchema(additionalProperties, indent)} }`;
  }
  const plain = { string: 'string', number: 'number', integer: 'number', boolean: 'boolean' }[
    schema.type ?? ''
  ];
  if (plain === undefined) throw new Error(`no type for ${JSON.stringify(schema).slice(0, 200)}`);
  return plain;
}

function arrayType(items: Schema | readonly Schema[], indent: string): string {
  if (!('length' in items)) return `(${typeOfSchema(items, indent)})[]`;
  return `[${items.map((one) => typeOfSchema(one, indent)).join(', ')}]`;
}

function objectType(
  { required = [] }: Schema,
  properties: Readonly<Record<string, Schema>>,
  indent: string,
): string {
  const inner = `${indent}  `;
  const lines = Object.entries(properties).flatMap(([name, schema]) => {
    const isRequired = required.includes(name);
    const type = typeOfSchema(schema, inner);
    return [
      ...commentOf(schema, inner),
      `${inner}${JSON.stringify(name)}${isRequired ? '' : '?'}: ${type}${isRequired ? '' : ' | undefined'};`,
    ];
  });
  return `{\n${lines.join('\n')}\n${indent}}`;
}

function commentOf(schema: Schema, indent: string): string[] {
  const usual = schema.default === undefined ? '' : ` Default: \`${JSON.stringify(schema.default)}\`.`;
  const text = `${schema.description ?? ''}${usual}`.trim().replaceAll('*/', '*\\/');
  return text === '' ? [] : [`${indent}/** ${text} */`];
}
