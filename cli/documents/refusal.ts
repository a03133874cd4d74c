import { z } from 'zod';
import { count, fault, text, VERSION } from './shared.ts';

/** All that print a document, by what was typed; `noencap` where the command line names none of them. */
export const commands = z.enum([
  'noencap',
  'adopt',
  'bootstrap',
  'bootstrap --run',
  'check',
  'comment',
  'diff',
  'drain',
  'drain --check',
  'drift',
  'drift --adopt',
  'explain',
  'init',
  'issue',
  'lab',
  'lab birdc',
  'lab down',
  'lab exec',
  'lab rehearse',
  'lab rehearse --reboot',
  'lab routes',
  'lab up',
  'mtu',
  'path',
  'ship',
  'ship --check',
  'ship --plan',
  'ship --setup',
  'status',
  'synth',
  'synth --check',
  'undrain',
  'upgrade',
  'upgrade --check',
  'verify',
]);

export type CommandName = z.infer<typeof commands>;

/** Codes of faults that are none of the topology's own (`topology/codes.ts`). docs/json.md explains each. */
export const refusalCodes = z.enum([
  'adopt-input',
  'app',
  'base',
  'busy',
  'cluster-environment',
  'cluster-expired',
  'cluster-interrupted',
  'bug',
  'cut-off',
  'cluster-refused',
  'drift',
  'file',
  'github',
  'host-key',
  'lab',
  'rehearsal',
  'review',
  'secret',
  'stale',
  'topology',
  'unknown-name',
  'usage',
]);

export type RefusalCode = z.infer<typeof refusalCodes>;

/** Instead of a command's own document, where the command could not do its work. */
export const refusal = z
  .strictObject({
    version: z.literal(VERSION),
    command: commands,
    ok: z.literal(false),
    faults: z.array(fault).min(1),
    faultCount: count.optional().describe('of all faults, where there are more than the document has'),
    notes: z
      .array(z.strictObject({ subject: text, message: text, place: fault.shape.place }))
      .optional()
      .describe('of adopt: what of the running network it left out, which may be why'),
  })
  .meta({ id: 'refusal' });
