import { z } from 'zod';
import { SUBJECT_KINDS, VERDICT_KINDS } from '../../verify/verdict.ts';
import { document, text, texts } from './shared.ts';

export const verdict = z
  .strictObject({
    about: z.strictObject({
      kind: z.enum(SUBJECT_KINDS),
      name: text.describe('of a session, its id: gateway--kube-1/ipv4'),
      machine: text.optional().describe('whose view it is, where that is not the name'),
    }),
    is: z.enum(['as-promised', 'different', 'unknown']),
    kind: z.enum(VERDICT_KINDS),
    expected: text.optional(),
    found: text.optional(),
    cause: z
      .strictObject({ message: text, evidence: texts.describe('what was read') })
      .optional()
      .describe('the likely cause of a difference, or why something is unknown'),
    next: text.optional().describe('the next command to run'),
  })
  .meta({ id: 'verdict' });

export const verify = document('verify', {
  network: text,
  verdicts: z.array(verdict).describe('one for each thing that the topology promises'),
});
