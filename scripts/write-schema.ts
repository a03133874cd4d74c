import { writeFileSync } from 'node:fs';
import { topologyJsonSchema } from '../topology/json-schema.ts';

/** Writes topology.schema.json after a change of topology/schema.ts: `npx tsx scripts/write-schema.ts`. */
writeFileSync('topology.schema.json', topologyJsonSchema());
