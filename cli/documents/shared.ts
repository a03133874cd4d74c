import { z } from 'zod';
import { place as placeInFile } from '../../review/document.ts';

/**
 * What `--json` prints, command by command. Tests, `npm run schema` and the types of the code that makes the documents come from here; a
 * command that runs loads none of it.
 */
export const text = z.string();
export const texts = z.array(text);
export const count = z.number().int().nonnegative();
export const bytes = z.number().int().positive();
export const family = z.enum(['ipv4', 'ipv6']);

/** The form of all documents but a review's, which has a version of its own. Raised with a key that is renamed or removed, or that changes its meaning. */
export const VERSION = 1;

/** The document of one command. */
export const document = <C extends string, Body extends z.ZodRawShape>(command: C, body: Body) =>
  z
    .strictObject({
      version: z.literal(VERSION),
      command: z.literal(command),
      ok: z.boolean().describe('exit code 0'),
      ...body,
    })
    .meta({ id: command.replace(/[ -]+/g, '-') });

export const place = placeInFile
  .extend({
    variable: text.optional().describe('of the environment, where no file is at fault'),
  })
  .meta({ id: 'place' });

export const fault = z
  .strictObject({
    code: text.describe('stable: what a program may compare'),
    message: text.describe('what is wrong, in a sentence'),
    fix: text.describe('what to do about it'),
    place: place.optional(),
    details: texts
      .optional()
      .describe('lines that belong to the message: file names, or what another program said'),
  })
  .meta({ id: 'fault' });

/** A machine, segment or session that was treated as failed (`--fail`). */
export const failed = z.strictObject({
  kind: z.enum(['router', 'node', 'host', 'segment', 'session']),
  name: text.describe('of a session, its id: gateway--kube-1/ipv4'),
});

/** Where blocks and addresses are from, if a cluster was asked (`--live`, `--blocks`). */
export const cluster = z.strictObject({
  context: text.describe("the kubeconfig's name for it"),
  takenAt: text.describe('when, by its own clock'),
});

/** What a change does to a session. */
export const sessionChange = z.enum(['kept', 'reloaded', 'reset', 'new', 'gone']);
