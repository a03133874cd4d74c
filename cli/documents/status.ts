import { z } from 'zod';
import { finding } from './check.ts';
import { count, document, text, texts } from './shared.ts';
import { verdict } from './verify.ts';

const tally = z.strictObject({
  expected: count,
  up: count.describe('of sessions, those that are Established; of nodes, those that are Ready'),
  unknown: count,
});

export const status = document('status', {
  network: text,
  regions: z.array(z.strictObject({ name: text, routers: texts, nodes: tally })),
  routers: z.array(
    z.strictObject({
      name: text,
      planned: z.boolean().describe('the topology has it for later: nothing is expected of it'),
      sessions: tally,
      differ: count.describe('how many of the verdicts are about it and differ'),
      unread: text.optional().describe('why it could not be read'),
      delivered: z
        .strictObject({
          commit: text.optional().describe('the youngest that renders what was delivered, of the last ones'),
          secondsAgo: count.optional().describe("by the router's own clock"),
          drainedSince: text.optional().describe('traffic is led around it since then'),
        })
        .optional()
        .describe('what was delivered last; none if nothing ever was, or if it was not read'),
    }),
  ),
  cluster: z
    .strictObject({ context: text.optional(), server: text.optional() })
    .optional()
    .describe('the one that was asked'),
  asPromised: count.describe('how many verdicts are as promised'),
  verdicts: z.array(verdict).describe('those that differ or are unknown'),
  findings: z.array(finding).describe('of check, those that are not suppressed'),
  changes: z
    .array(z.strictObject({ commit: text, at: text, subject: text }))
    .describe('the last commits that changed the topology, the youngest first'),
  uncommitted: z.boolean().describe('the topology differs from its last commit'),
});
