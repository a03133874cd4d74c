import { z } from 'zod';
import { bytes, count, document, failed, family, sessionChange, text, texts } from './shared.ts';

const result = z
  .strictObject({
    code: z.enum([
      'address',
      'daemon',
      'session',
      'export',
      'route',
      'next-hop',
      'absent',
      'pair',
      'path',
      'hairpin',
      'mtu',
      'log',
    ]),
    hosts: texts.describe('the machines to look at'),
    message: text,
  })
  .meta({ id: 'lab-result' });

const failures = z.array(result).describe('failed checks');

export const lab = document('lab', {
  network: text,
  failed: z.array(failed).describe('what --fail broke'),
  approximation: z.boolean().describe('nodes run BIRD 2, since BIRD 1.6.8 is not installed'),
  sessions: z.array(
    z.strictObject({
      id: text,
      kind: z.enum(['reflector', 'mesh', 'backbone']),
      established: z.boolean(),
    }),
  ),
  pairs: z.array(
    z.strictObject({
      from: text.describe('a pod, by its node'),
      to: text.describe('a pod, by its node'),
      family,
      expected: z.boolean().describe('packets should arrive'),
      reached: z.boolean().describe('packets come back on some path'),
      lossy: z.boolean().describe('they are lost on another path'),
      paths: z.array(texts).describe("by the kernels' routes: the machines of each"),
      pathMtu: bytes.optional().describe('none where no path leads there'),
    }),
  ),
  borrowed: z
    .strictObject({ asked: count, answered: count })
    .describe("pings to addresses that nodes borrow from each other's blocks"),
  failures,
  notes: z.array(result).describe('deviations that the topology intends'),
  seconds: z.number().nonnegative(),
});

export const labUp = document('lab up', {
  network: text,
  hosts: texts,
  unsettled: text.optional().describe('what had not settled when the command gave up waiting'),
});

export const labDown = document('lab down', { network: text });

export const labRoutes = document('lab routes', {
  host: text,
  routes: texts.describe('as ip(8) prints them'),
});

export const labBirdc = document('lab birdc', {
  host: text,
  replies: z.array(
    z.strictObject({
      daemon: text.describe('bird, or of a node bird and bird6'),
      code: z.number().int().nullable().describe('of the reply: 8000 and more is an error; null: no answer'),
      text,
    }),
  ),
});

/** Packets between two pods that ping each other all the time. */
export const pings = z.array(
  z.strictObject({
    from: text.describe('a pod, by its node'),
    to: text.describe('a pod, by its node'),
    sent: count,
    lost: count,
    gap: z.number().nonnegative().describe('milliseconds: the longest run of lost packets'),
    lostForUnknownReason: count.describe('while the lab had no processor; not part of lost'),
    silentAtEnd: z.boolean().describe('the last packets are lost'),
  }),
);

export const labRehearse = document('lab rehearse', {
  base: text.describe('what ran before the change'),
  steps: texts.describe('how the change was made, in order'),
  pairs: pings,
  sessions: z.array(
    z.strictObject({
      id: text,
      change: sessionChange.exclude(['reloaded']).describe('a reload leaves no trace'),
    }),
  ),
  staleState: texts.describe('differences of the end state from a fresh boot of the same topology'),
  failures,
});

export const labReboot = document('lab rehearse --reboot', {
  node: text,
  failed: z.array(failed).describe('what --fail took down before the reboot'),
  recovery: z
    .number()
    .nonnegative()
    .optional()
    .describe(
      "milliseconds from the start of BIRD until it announces the node's pods and knows those of others; none: it waits",
    ),
  waitingFor: z
    .strictObject({ peers: texts, seconds: z.number().describe('until it waits no longer') })
    .optional(),
  pairs: pings,
  failures,
});
