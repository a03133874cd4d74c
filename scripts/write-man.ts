import { writeFileSync } from 'node:fs';
import { manPage } from './man-page.ts';

/** Writes docs/noencap.1 after a change of cli/commands: `npm run man`. */
writeFileSync('docs/noencap.1', manPage());
