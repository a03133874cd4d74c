import { writeFileSync } from 'node:fs';
import { documentsJsonSchema } from '../cli/documents/index.ts';
import { reviewJsonSchema } from '../review/document.ts';
import { topologyJsonSchema } from '../topology/json-schema.ts';

/** Writes the JSON Schemas after a change of topology/schema.ts, review/document.ts or cli/documents: `npm run schema`. */
writeFileSync('topology.schema.json', topologyJsonSchema());
writeFileSync('docs/review.schema.json', reviewJsonSchema());
writeFileSync('docs/json.schema.json', documentsJsonSchema());
