import { z } from 'zod';
import { count, document, text } from './shared.ts';

export const comment = document('comment', {
  action: z
    .enum(['created', 'updated', 'unchanged', 'skipped'])
    .describe('skipped: the pull request has moved on, and a newer run speaks for it'),
  url: text.nullable().describe('of the comment'),
  tier: z
    .enum(['full', 'short', 'list', 'summary'])
    .nullable()
    .describe(
      'how much of the review fits into a comment; null: it has another format, which the comment says',
    ),
  removed: count.describe('surplus comments that were deleted'),
});
