/** What `--json` prints, and nothing else: one JSON document, of a form that has a version. */
export const documentOf = (command: string, body: object): string =>
  `${JSON.stringify({ version: 1, command, ...body }, null, 2)}\n`;
