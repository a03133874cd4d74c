import { writeFileSync } from 'node:fs';
import { reviewJsonSchema } from '../review/document.ts';
import { topologyJsonSchema } from '../topology/json-schema.ts';

/** Writes topology.schema.json and docs/review.schema.json after a change of topology/schema.ts or review/document.ts: `npm run schema`. */
writeFileSync('topology.schema.json', topologyJsonSchema());
writeFileSync('docs/review.schema.json', reviewJsonSchema());
