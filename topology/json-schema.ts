import { z } from 'zod';
import { topologyFile } from './schema.ts';

/**
 * The file format as JSON Schema, for editors: the text of topology.schema.json. It covers the shape of each field on
 * its own; only `noencap check` knows the rules across fields and the meaning of addresses.
 */
export function topologyJsonSchema(): string {
  const schema = z.toJSONSchema(topologyFile, { io: 'input', target: 'draft-7' });
  return `${JSON.stringify({ $schema: schema.$schema, title: 'noencap topology', ...schema }, null, 2)}\n`;
}
