import { z } from 'zod';
import { count, document, text, texts } from './shared.ts';

const byKind = z.record(text, count).describe('how many objects of each kind');

const files = {
  added: texts.describe('paths below the output folder'),
  changed: texts,
  removed: texts,
};

const extra = texts.describe('files that noencap did not write, but readers of the output folder use');

export const synth = document('synth', {
  network: text,
  nodes: count,
  routers: count,
  plannedRouters: count,
  sessions: z.strictObject({ reflector: count, backbone: count, mesh: count.describe("Calico's own") }),
  objects: byKind,
  gitops: byKind,
  files: z.strictObject({ ...files, unchanged: count }),
  extra,
  leftBehind: text
    .optional()
    .describe('the previous output folder, if files of another user in it could not be removed'),
});

export const synthCheck = document('synth --check', {
  files: z.strictObject(files),
  extra,
  hidden: z
    .array(z.strictObject({ path: text, attribute: text.describe('of git: -diff, filter=..., ...') }))
    .describe('files whose changes git does not show to reviewers'),
});
