import { z } from 'zod';
import { document, text } from './shared.ts';

const body = {
  noencap: text.describe('the version that writes them'),
  files: z
    .array(
      z.strictObject({
        path: text,
        does: z
          .enum(['renew', 'add', 'edited', 'removed', 'retire'])
          .describe(
            'edited: yours since, so noencap leaves it and shows what it would write; removed: yours to do without; retire: noencap removes what it has no use for',
          ),
        diff: text.optional().describe('unified; none of what is left out'),
      }),
    )
    .describe('those that are not as noencap writes them'),
};

export const upgrade = document('upgrade', body);
export const upgradeCheck = document('upgrade --check', body);
