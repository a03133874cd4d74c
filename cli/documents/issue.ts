import { z } from 'zod';
import { count, document, text } from './shared.ts';

export const issue = document('issue', {
  action: z
    .enum(['created', 'updated', 'unchanged', 'closed', 'none'])
    .describe('none: there is no issue, and none is needed'),
  url: text.nullable().describe('of the issue'),
  tier: z.enum(['full', 'short', 'list', 'summary']).describe('how much of the drift fits into an issue'),
  surplus: count.describe('surplus issues that were closed'),
});
