import { jsonText } from '../topology/foreign.ts';
import type { Body, CommandName } from './documents/index.ts';

/** What `--json` prints, and nothing else: one JSON document, of a form that has a version. */
export const documentOf = <C extends CommandName>(command: C, body: Body<C>): string =>
  `${jsonText({ version: 1, command, ...body })}\n`;
