import { z } from 'zod';
import { journalEvent, routerResult } from '../../delivery/journal.ts';
import { count, document, sessionChange, text, texts } from './shared.ts';

const delivery = {
  outcome: z
    .enum(['delivered', 'unhealthy', 'stopped'])
    .describe('unhealthy: everything is delivered, or could be, but something is wrong'),
  routers: z.array(routerResult),
  drained: z
    .array(z.strictObject({ router: text, since: text, by: text }))
    .describe('routers that traffic is kept away from, and since when; they stay so'),
  events: z.array(journalEvent).describe('what --journal writes, in order'),
};

export const ship = document('ship', delivery);

export const shipCheck = document('ship --check', delivery);

const sessionReason = z.strictObject({
  speaker: text.nullable().describe('where it changes; null: in between'),
  message: text,
});

const placed = z.strictObject({ router: text, reason: text });

export const shipPlan = document('ship --plan', {
  network: text,
  maxParallel: count,
  accepted: z
    .strictObject({
      drift: z.boolean().describe('files that were edited on the routers are overwritten'),
      excused: texts.describe('sessions and protocols that may be down afterwards'),
    })
    .describe('what whoever delivers takes upon himself'),
  waves: z.array(
    z.strictObject({
      routers: z.array(
        placed.extend({
          files: z
            .array(z.strictObject({ path: text, added: count, removed: count }))
            .nullable()
            .describe("below the router's folder, with lines; null: what the router has is unknown"),
          delivery: texts.describe(
            'what is different for its delivery though no file tells: the machine, its host keys',
          ),
          refused: z
            .strictObject({ message: text, fix: text })
            .nullable()
            .describe('why its machine will not take it; null: nothing is known against it'),
          sessions: z
            .array(z.strictObject({ id: text, change: sessionChange, reasons: z.array(sessionReason) }))
            .nullable()
            .describe('that do not just stay up; null: unknown'),
        }),
      ),
    }),
  ),
  skipped: z.array(placed).describe('routers that get nothing'),
  order: z
    .strictObject({
      first: z
        .enum(['either', 'routers', 'cluster', 'apart'])
        .describe('apart: neither order is safe, split the change'),
      message: text,
    })
    .nullable()
    .describe('of routers and cluster; null: unknown'),
  byHand: z
    .array(
      z.strictObject({
        when: z.enum(['before the merge', 'after the merge', 'after shipping']),
        action: text,
        machines: texts.describe('machines, in the order of the work'),
        reason: text,
      }),
    )
    .nullable()
    .describe('what neither an engine nor ship does, in order; null: unknown'),
});

export const shipSetup = document('ship --setup', {
  router: text,
  script: text.describe('for root on that router'),
});
