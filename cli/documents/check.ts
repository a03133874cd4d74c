import { z } from 'zod';
import { cluster, count, document, failed, place, text, texts } from './shared.ts';

export const finding = z
  .strictObject({
    code: text.describe('NE203: what checks.suppress of the topology names'),
    severity: z
      .enum(['error', 'warning', 'info'])
      .describe('error: broken today; warning: fragile or wasteful'),
    message: text,
    evidence: texts.describe('what the simulator found, a line each'),
    fix: text,
    place,
    page: text.describe('of the documentation: docs/checks/NE203.md'),
    suppressed: text.optional().describe('the reason in the topology; such a finding counts for nothing'),
  })
  .meta({ id: 'finding' });

/** Before the failure and after it; null where packets do not arrive, or no underlay says it. */
const beforeAndAfter = z.tuple([z.number().nullable(), z.number().nullable()]);

const pair = z.strictObject({
  from: text.describe('a node'),
  to: text.describe('a node'),
  prefix: text.describe('the block of pods it is about'),
  represents: count.describe('how many ordered pairs of nodes fare the same, itself included'),
  change: z.enum(['lost', 'partly lost', 'looping', 'worse']),
  hops: beforeAndAfter.describe('[before, after], of the longest path'),
  mtu: beforeAndAfter.describe('[before, after], of the narrowest path'),
  hairpin: z.boolean().describe('packets now leave a machine over the segment they arrived on'),
});

const failure = z.strictObject({
  failed: z.array(failed).describe('one, or with --failures 2 also two together'),
  represents: count.describe('how many failures have the same effect, itself included: equivalent nodes'),
  pairsLost: count.describe(
    'ordered pairs of nodes that lose all or some packets; failed nodes do not count',
  ),
  pairsWorse: count.describe('ordered pairs with a longer path, a smaller MTU or a hairpin'),
  moreHops: count.describe('by which a path grows at most'),
  lessMtu: count.describe('bytes by which a path MTU shrinks at most'),
  nodesMissingPeer: count.describe(
    'nodes that lose a session: BIRD there waits for the peer if it restarts meanwhile, and hides the pods (NE208)',
  ),
  pairs: z.array(pair),
});

export const check = document('check', {
  findings: z.array(finding),
  failures: z.array(failure).optional().describe('with --failures'),
  cluster: cluster.optional(),
});
