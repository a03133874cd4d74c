import { z } from 'zod';
import { bytes, document, family, text, texts } from './shared.ts';

export const mtu = document('mtu', {
  network: text,
  pairs: z
    .array(
      z.strictObject({
        from: text,
        to: text,
        family,
        found: bytes.describe('the largest packet that arrives in one piece'),
        written: bytes.optional().describe('the least that the topology has on its way'),
      }),
    )
    .describe('of nodes, in this direction'),
  links: z
    .array(
      z.strictObject({
        segment: text.optional().describe('missing if only the machine before it is known'),
        from: text,
        to: text.optional(),
        found: bytes,
        written: bytes.optional(),
        silent: z.boolean().describe('what is larger is dropped without an ICMP error'),
        evidence: texts,
      }),
    )
    .describe('that carry less than the topology has'),
  unknown: z.array(z.strictObject({ about: text, message: text, evidence: texts })),
  pods: z.strictObject({
    now: bytes.optional().describe('pods.mtu'),
    least: bytes.optional().describe('what passes everywhere'),
    proposed: bytes.optional().describe('in place of pods.mtu; missing if that fits'),
    reason: text,
  }),
  left: text.optional().describe('what could not be removed from the cluster'),
  edits: z
    .array(z.strictObject({ path: text, before: bytes, after: bytes }))
    .describe('of the topology, which --write has made'),
});
