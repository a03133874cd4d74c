import { writeFileSync } from 'node:fs';
import { documentsJsonSchema } from '../cli/documents/index.ts';
import ours from '../package.json' with { type: 'json' };
import { reviewJsonSchema } from '../review/document.ts';
import { topologyJsonSchema } from '../topology/json-schema.ts';

/** Writes the JSON Schemas after a change of topology/schema.ts, review/document.ts or cli/documents: `npm run schema`. */
writeFileSync('topology.schema.json', topologyJsonSchema(ours.version));
writeFileSync('docs/review.schema.json', reviewJsonSchema());
writeFileSync('docs/json.schema.json', documentsJsonSchema());
