import { z } from 'zod';
import { topologyFile } from './schema.ts';

/**
 * The file format as JSON Schema, for editors: the text of topology.schema.json. It covers the shape of each field on
 * its own; only `noencap check` knows the rules across fields and the meaning of addresses. Its address is that of the npm package's
 * copy, which never changes: a topology can name it where noencap is not installed.
 */
export function topologyJsonSchema(version: string): string {
  const schema = z.toJSONSchema(topologyFile, { io: 'input', target: 'draft-7' });
  const { $schema, ...rest } = JSON.parse(JSON.stringify(schema), (_key, value) => withFormsDescribed(value));
  const $id = `https://unpkg.com/noencap@${version}/topology.schema.json`;
  return `${JSON.stringify({ $schema, $id, title: 'noencap topology', ...rest }, null, 2)}\n`;
}

interface Described {
  readonly description?: string;
  readonly anyOf?: readonly Described[];
}

/** Over a value, editors show the description of the form that it has, and not the field's: each form says both. */
function withFormsDescribed(field: unknown): unknown {
  const { description, anyOf } = (field ?? {}) as Described;
  if (!Array.isArray(anyOf)) return field;
  const forms = anyOf.map((form: Described) => ({
    ...form,
    markdownDescription: [...new Set([description, form.description])]
      .flatMap((text) => (text === undefined ? [] : markdown(text)))
      .join('\n\n'),
  }));
  return { ...(field as Described), anyOf: forms };
}

const markdown = (text: string): string => text.replace(/[\\`*_{}[\]<>#]/g, '\\$&');
