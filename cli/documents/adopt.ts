import { z } from 'zod';
import { document, place, sessionChange, text, texts } from './shared.ts';

export const adopt = document('adopt', {
  topology: text.describe('the YAML'),
  notes: z
    .array(z.strictObject({ subject: text, message: text, place: place.optional() }))
    .describe('what of the running network the topology does not contain'),
  compared: z
    .array(
      z.strictObject({
        where: text.describe("cluster, or a router's name"),
        what: text.describe('an object, a session, a file'),
        change: z
          .enum(['same', 'added', 'changed', 'left', ...sessionChange.options, 'unknown'])
          .describe(
            'by applying what the topology renders. left: noencap does not render it, and it stays; kept to gone: of sessions; unknown: nothing was found to compare it with',
          ),
        differences: z.array(
          z.strictObject({
            field: text.describe('or option; empty for the whole'),
            before: text.optional(),
            after: text.optional(),
            explanation: z
              .strictObject({ code: text, message: text })
              .optional()
              .describe('none: look at it before you apply anything'),
          }),
        ),
      }),
    )
    .describe("today's network against the rendered one"),
  manualSteps: texts.describe('in order'),
});
