import { z } from 'zod';
import { count, document, text, texts } from './shared.ts';

export const init = document('init', {
  file: text.describe('the topology that was written'),
  repository: z
    .strictObject({
      folder: text,
      files: count.describe('with those of dist/, without installed packages'),
      repoURL: text.optional().describe('none where a placeholder stands in its place'),
      packages: z.enum(['installed', 'not installed']),
      commit: z
        .enum(['committed', 'staged', 'without git'])
        .describe('staged: git would not commit, or does not know who you are'),
      notes: texts.describe('why packages are not installed, or nothing is committed'),
    })
    .optional()
    .describe('with a folder'),
});
