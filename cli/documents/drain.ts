import { z } from 'zod';
import { journalEvent, routerResult } from '../../delivery/journal.ts';
import { pings } from './lab.ts';
import { count, document, text, texts } from './shared.ts';

const drained = z
  .strictObject({ since: text.describe('UTC'), by: text })
  .nullable()
  .describe('null: traffic is not kept away from it');

const changed = {
  network: text,
  router: routerResult,
  events: z.array(journalEvent).describe('what --journal writes, in order'),
};

const drainBody = {
  ...changed,
  drained,
  cutOff: z
    .array(
      z.strictObject({
        from: text,
        to: text,
        prefix: text,
        pairs: count.describe('of nodes that it stands for'),
        becomes: z.enum(['lost', 'partly lost', 'looping', 'worse']),
      }),
    )
    .describe('pods that lose packets while the router is away, for want of another way'),
  stays: texts.describe('what goes on to lead through the router, for people'),
  rehearsal: z
    .strictObject({
      passedOn: count.describe('packets that the drained router still passed on in a second'),
      parts: z.array(z.strictObject({ part: z.enum(['drain', 'away', 'back', 'undrain']), pairs: pings })),
    })
    .nullable()
    .describe('in the lab; null: there was none'),
  traffic: z
    .strictObject({
      still: z.boolean().describe('nothing was passed on in the last window'),
      seconds: z.number().nonnegative().describe('of the last window'),
      packets: z
        .strictObject({ ipv4: count, ipv6: count.optional() })
        .describe('that the router passed on in it'),
      interfaces: z
        .array(z.strictObject({ name: text, received: count, sent: count }))
        .describe("packets in it, with the router's own"),
    })
    .nullable()
    .describe('null: unknown, or nobody asked'),
};

export const drain = document('drain', drainBody);

export const drainCheck = document('drain --check', drainBody);

export const undrain = document('undrain', {
  ...changed,
  drained: drained.describe('what it was before; null: it was not drained'),
});
