import { jsonText } from '../topology/foreign.ts';

/** What `--json` prints, and nothing else: one JSON document, of a form that has a version. */
export const documentOf = (command: string, body: object): string =>
  `${jsonText({ version: 1, command, ...body })}\n`;
