import { z } from 'zod';
import { document, text, texts } from './shared.ts';

export const driftAdopt = document('drift --adopt', {
  network: text,
  adopted: z.array(
    z.strictObject({
      settings: z.array(z.strictObject({ path: text, value: text.describe('as JSON') })),
      covers: texts.describe('what differs no longer'),
      follows: texts.describe('what the engine and the operator make the same with the next sync'),
      afterwards: text.optional().describe('what is left to do by hand'),
    }),
  ),
  left: z
    .array(z.strictObject({ what: text, why: text }))
    .describe('what the topology cannot express, or what could not be proven'),
  diff: text.nullable().describe('of the topology, unified; null if nothing was written'),
});
