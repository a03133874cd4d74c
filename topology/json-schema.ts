import { z } from 'zod';
import { topologyFile } from './schema.ts';

/**
 * The file format as JSON Schema, for editors: text of topology.schema.json. It knows the shape of every field on
 * its own; rules across fields, and what an address means, only `noencap check` knows.
 */
export function topologyJsonSchema(): string {
  const schema = z.toJSONSchema(topologyFile, { io: 'input', target: 'draft-7' });
  return `${JSON.stringify({ $schema: schema.$schema, title: 'noencap topology', ...schema }, null, 2)}\n`;
}
